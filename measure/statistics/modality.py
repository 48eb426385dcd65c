"""All at rest, none at rest, or two modes: what late steps of many runs say, with a declared error rate.

Where a distribution has one hump, halves of it are no classes: whichever line is drawn, a share of runs on one side of it
says where the line was drawn. So nothing is called settled before two modes are shown, or before all runs, or none, are at
rest in an absolute sense.

Steps are fractions of the norm of the state. How far those within ``rest`` lie below it does not count, for that is
rounding: float32 leaves a network at rest at 2·10⁻⁷, float64 at 10⁻¹⁵. They are taken as spread evenly over the `DEPTH`
decades that float64 resolves below, which keeps one mode one mode, whether it lies above or below. A number type that cannot
resolve ``rest`` itself (bfloat16: one part in 128) calls at rest what lies within `RESOLVED` of its units, and then never all.

Two tests of one mode, each at half the level (Bonferroni), so that a unimodal distribution is called bimodal with a
probability of at most ``alpha``:

* the dip (`unsettled.measure.statistics.dip`), which finds two modes wherever they lie, but not a small one;
* the valley. A density on the logarithmic scale with one mode is nowhere lower than on both sides. So if the decades
  (rest, `MOVING`·rest] are emptier, each in proportion to its width, than those below and than those above, there are two
  modes. Two exact binomial tests, both of which must reject (intersection–union).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.dip import dip_p_value
from unsettled.measure.statistics.sample import as_values, check_share

REST = 1e-4
MOVING = 100.0
DEPTH = 12.0
LARGEST = 2.0
RESOLVED = 16
STRAY = 0.01
UNITS = {"float64": 2.0**-52, "float32": 2.0**-23, "bfloat16": 2.0**-7, "float16": 2.0**-10}


class Modes(StrEnum):
    """What the late steps of many runs show. `ONE` is a single hump, or too few runs to show two: nothing is decided."""

    ALL = "all at rest"
    NONE = "none at rest"
    TWO = "two modes"
    ONE = "no two modes"


@dataclass(frozen=True, kw_only=True)
class Modality:
    """The answer with its evidence: of ``n`` runs ``at_rest``, ``slow`` (the valley) and ``moving``; ``p_value`` that there is one mode.

    ``rest`` is the tolerance that was used, which is larger than the one asked for where the number type is coarse.
    """

    modes: Modes
    n: int
    at_rest: int
    slow: int
    moving: int
    p_value: float
    rest: float

    @property
    def words(self) -> str:
        """The answer in one phrase, for a reason."""
        seen = f"{self.at_rest:,} of {self.n:,} runs at rest within {self.rest:g} of the norm, {self.moving:,} moving"
        if self.modes is Modes.ONE:
            return f"late steps show no two modes (p = {self.p_value:.2g}; {seen})"
        return f"{self.modes} ({seen})" if self.modes is not Modes.TWO else f"two modes (p = {self.p_value:.2g}; {seen})"


def modality(steps: ArrayLike, *, rest: float = REST, dtype: str = "float32", alpha: float = 0.05) -> Modality:
    """Whether late ``steps`` (N,), fractions of the norm of the state, fall into rest and motion.

    Args:
        rest: a step at most this large is none. ``dtype``: of the arithmetic that computed the steps.
        alpha: the most often that one mode may be taken for two.

    `Modes.ALL` and `Modes.NONE` allow `STRAY` runs otherwise; none at rest asks that nobody is slow either. Two modes
    besides lie on both sides of the tolerance: two speeds of motion are not rest and motion. NaN steps are refused.

    >>> modality([1e-7] * 30 + [0.1] * 20).modes
    <Modes.TWO: 'two modes'>
    >>> modality(np.geomspace(1e-6, 1, 50)).modes
    <Modes.ONE: 'no two modes'>

    Raises:
        UserError: a negative or NaN step, a tolerance that is not positive, or a number type that is not known.
    """
    values, alpha = as_values("steps", steps), check_share("alpha", alpha)
    if np.isnan(values).any() or (values < 0).any():
        raise UserError("some steps are NaN or negative, they must be lengths")
    if not (rest > 0 and math.isfinite(rest)):
        raise UserError(f"rest is {rest}, it must be positive")
    tolerance = max(rest, RESOLVED * unit_of(dtype))
    n, at_rest = len(values), int((values <= tolerance).sum())
    slow = int(((values > tolerance) & (values <= MOVING * tolerance)).sum())
    counts = {"n": n, "at_rest": at_rest, "slow": slow, "moving": n - at_rest - slow, "rest": tolerance}
    if not n:
        return Modality(modes=Modes.ONE, p_value=1.0, **counts)
    logs = np.log10(np.maximum(values, rest))
    p_value = min(1.0, 2 * min(dip_p_value(spread(values, rest)), valley_p_value(values, tolerance)))
    all_rest = tolerance == rest and n - at_rest <= STRAY * n
    modes = Modes.ALL if all_rest else _answer(values, logs, counts, p_value <= alpha)
    return Modality(modes=modes, p_value=p_value, **counts)


def _answer(values: np.ndarray, logs: np.ndarray, counts: dict[str, int], two: bool) -> Modes:
    """The answer where not all are at rest, once it is known whether one mode is rejected."""
    n, tolerance = counts["n"], counts["rest"]
    if counts["at_rest"] + (counts["slow"] if MOVING * tolerance < LARGEST else 0) <= STRAY * n:
        return Modes.NONE
    if not two:
        return Modes.ONE
    cut = 10.0 ** split(logs)
    low, high = values[values <= cut], values[values > cut]
    apart = len(low) and len(high) and np.median(low) <= tolerance < np.median(high)
    return Modes.TWO if apart else Modes.ONE


def valley_p_value(values: np.ndarray, rest: float) -> float:
    """Of "the density of log10 ``values`` (N,) has one mode": whether the decades above ``rest`` are emptier than both sides.

    1 where the tolerance is so coarse that no room is left for a valley.
    """
    edge = MOVING * rest
    width_above = math.log10(LARGEST / edge) if edge < LARGEST / 10 else 0.0
    if not width_above:
        return 1.0
    inside, width = int(((values > rest) & (values <= edge)).sum()), math.log10(MOVING)
    sides = ((int((values <= rest).sum()), DEPTH), (int(((values > edge) & (values <= LARGEST)).sum()), width_above))
    return max(float(binom.cdf(inside, inside + count, width / (width + wide))) for count, wide in sides)


def split(values: np.ndarray) -> float:
    """Where two classes of ``values`` (N,) differ most (Otsu 1979), midway between the values around that cut; NaN for one value."""
    ordered = np.sort(values)
    n = len(ordered)
    if n < 2 or ordered[0] == ordered[-1]:
        return math.nan
    below = np.arange(1, n)
    sums = np.cumsum(ordered - ordered.mean())[:-1]
    cut = int(np.argmax(sums**2 * (1 / below + 1 / (n - below))))
    return float((ordered[cut] + ordered[cut + 1]) / 2)


def spread(values: np.ndarray, rest: float) -> np.ndarray:
    """log10 of ``values`` (N,): what is at rest evenly over `DEPTH` decades below the tolerance, ties evenly over a step.

    Rounded values pile up on a grid, and every pile would be a mode of its own: so a pile is spread over the smallest step
    between different values, which on a grid is what rounding took away. A pile among continuous values stays one.
    """
    ordered = np.sort(np.log10(values[values > rest]))
    still = math.log10(rest) - DEPTH * (np.arange(len(values) - len(ordered)) + 0.5) / max(1, len(values) - len(ordered))
    distinct, first, counts = np.unique(ordered, return_index=True, return_counts=True)
    if 1 < len(distinct) < len(ordered):
        place = np.arange(len(ordered)) - np.repeat(first, counts)
        ordered = ordered + np.diff(distinct).min() * ((place + 0.5) / np.repeat(counts, counts) - 0.5)
    return np.concatenate((still, ordered))


def unit_of(dtype: str) -> float:
    """The relative spacing of a number type's values near 1. Raises UserError for a type that is not known."""
    try:
        return UNITS[dtype.removeprefix("torch.")]
    except KeyError:
        raise UserError(f"the number type {dtype!r} is not known", hint="one of " + ", ".join(UNITS)) from None
