"""All at rest, none at rest, or two modes: what late steps of many runs say, with a declared error rate.

Where a distribution has one hump, halves of it are no classes: whichever line is drawn, a share of runs on one side of it
says where the line was drawn. So nothing is called settled before two modes are shown, or before all runs, or none, are at
rest in an absolute sense. Steps are fractions of the norm of the state, and two absolute lengths give them a meaning:

* ``floor``, `FLOOR` by default: a step within it is none. How far below it lies is rounding: float32 leaves a network at rest
  at 2·10⁻⁷, float64 at 10⁻¹⁵. Such steps are taken as spread evenly over the `DEPTH` decades that float64 resolves below,
  which keeps one mode one mode, whether it lies above or below. A number type that cannot resolve the floor (bfloat16: one
  part in 128) has one of `RESOLVED` of its units, and never shows all at rest.
* ``rest``, `REST` by default: a state that changes by more than this in a segment is at rest in no sense. The slower of two
  modes is called rest if it lies within. The paper's own bands lie at .005 (HRM) and .083 (TRM) of the norm.

Two tests of one mode, each at half the level (Bonferroni), so that a unimodal distribution is called bimodal with a
probability of at most ``alpha``:

* the dip (`unsettled.measure.statistics.dip`), which finds two modes wherever they lie, but not a small one;
* the valley. A density on the logarithmic scale with one mode is nowhere lower than on both sides. So if the decades
  (floor, `MOVING`·floor] are emptier, each in proportion to its width, than those below and than those above, there are two
  modes. Two exact binomial tests, both of which must reject (intersection–union).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.dip import FEW, dip_p_value
from unsettled.measure.statistics.laws import binom
from unsettled.measure.statistics.libraries import minorant
from unsettled.measure.statistics.otsu import otsu_threshold
from unsettled.measure.statistics.sample import as_values, check_share

FLOOR = 1e-4
REST = 0.1
MOVING = 100.0
DEPTH = 12.0
LARGEST = 2.0
RESOLVED = 2
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
    """The answer with its evidence: of ``n`` runs ``still`` (within the floor), ``slow`` (the valley) and ``moving``.

    ``p_value`` is that of one mode; ``floor`` the one that was used, larger than the one asked for where the number type is coarse.
    """

    modes: Modes
    n: int
    still: int
    slow: int
    moving: int
    p_value: float
    floor: float

    @property
    def words(self) -> str:
        """The answer in one phrase, for a reason."""
        seen = f"{self.still:,} of {self.n:,} runs stand still within {self.floor:g} of the norm, {self.moving:,} move"
        tested = f"p = {self.p_value:.2g}; " if self.modes in (Modes.ONE, Modes.TWO) else ""
        return f"late displacement: {self.modes} ({tested}{seen})"


def floor_of(dtype: str, floor: float = FLOOR) -> float:
    """The floor that a number type can resolve: the one asked for, or `RESOLVED` units of a coarse type.

    >>> floor_of("float32"), floor_of("bfloat16")
    (0.0001, 0.015625)

    Raises:
        UserError: the number type is not known.
    """
    try:
        return max(floor, RESOLVED * UNITS[dtype.removeprefix("torch.")])
    except KeyError:
        raise UserError(f"the number type {dtype!r} is not known", hint="one of " + ", ".join(UNITS)) from None


def modality(steps: ArrayLike, *, floor: float = FLOOR, rest: float = REST, dtype: str = "float32", alpha: float = 0.05) -> Modality:
    """Whether late ``steps`` (N,), fractions of the norm of the state, fall into rest and motion.

    Args:
        floor: a step at most this large is none. rest: the largest median of a mode that is called rest.
        dtype: of the arithmetic that computed the steps. alpha: the most often that one mode may be taken for two.

    `Modes.ALL` and `Modes.NONE` allow a share `STRAY` of the runs otherwise. Two speeds of motion are not rest and motion.

    >>> modality([1e-7] * 30 + [0.1] * 20).modes
    <Modes.TWO: 'two modes'>
    >>> modality(np.geomspace(1e-6, 1, 50)).modes
    <Modes.ONE: 'no two modes'>

    Raises:
        UserError: a negative or NaN step, a length that is not positive, or a number type that is not known.
    """
    values, alpha = as_values("steps", steps), check_share("alpha", alpha)
    if np.isnan(values).any() or (values < 0).any():
        raise UserError("some steps are NaN or negative, they must be lengths")
    if not 0 < floor < rest < math.inf:
        raise UserError(f"floor {floor} and rest {rest} are not two lengths, the smaller first")
    known = floor_of(dtype, floor)
    n, still = len(values), int((values <= known).sum())
    slow = int((values <= MOVING * known).sum()) - still
    p_value = min(1.0, 2 * min(dip_p_value(spread(values, known)), valley_p_value(values, known))) if n else 1.0
    if n and known == floor and n - still <= STRAY * n:
        modes = Modes.ALL
    elif n and (values <= rest).sum() <= STRAY * n:
        modes = Modes.NONE
    else:
        modes = Modes.TWO if p_value <= alpha and _rest_and_motion(values, known, rest) else Modes.ONE
    return Modality(modes=modes, n=n, still=still, slow=slow, moving=n - still - slow, p_value=p_value, floor=known)


def _rest_and_motion(values: np.ndarray, floor: float, rest: float) -> bool:
    """Whether the slower of two modes is rest, and the faster is not within the floor."""
    logs = np.log10(np.maximum(values, floor))
    cut, _ = otsu_threshold(logs)
    slow, fast = values[logs <= cut], values[logs > cut]
    return bool(len(slow) and len(fast) and np.median(slow) <= rest and np.median(fast) > floor)


def valley_p_value(values: np.ndarray, floor: float) -> float:
    """Of "the density of log10 ``values`` (N,) has one mode": whether the decades above the floor are emptier than both sides.

    1 where the floor is so coarse that no room is left for a valley.
    """
    edge = MOVING * floor
    width_above = math.log10(LARGEST / edge) if edge < LARGEST / 10 else 0.0
    if not width_above:
        return 1.0
    inside, width = int(((values > floor) & (values <= edge)).sum()), math.log10(MOVING)
    sides = ((int((values <= floor).sum()), DEPTH), (int(((values > edge) & (values <= LARGEST)).sum()), width_above))
    return max(float(binom.cdf(inside, inside + count, width / (width + wide))) for count, wide in sides)


def spread(values: np.ndarray, floor: float) -> np.ndarray:
    """log10 of ``values`` (N,): what stands still evenly over `DEPTH` decades below the floor, ties evenly over a step.

    Rounded values pile up on a grid, and every pile would be a mode of its own: so a pile is spread over the smallest step
    between different values, which on a grid is what rounding took away. A pile among continuous values stays one.
    """
    ordered = values[values > floor]
    np.log10(ordered, out=ordered)
    ordered.sort()
    still = math.log10(floor) - DEPTH * (np.arange(len(values) - len(ordered)) + 0.5) / max(1, len(values) - len(ordered))
    apart = minorant.without_ties if len(ordered) > FEW else _without_ties
    return np.concatenate((still, apart(ordered)))


def _without_ties(ordered: np.ndarray) -> np.ndarray:
    """Sorted values with each pile of equal ones spread over the smallest step between different ones."""
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(ordered) else np.empty(0, np.int64)
    if not 1 < len(first) < len(ordered):
        return ordered
    distinct, counts = ordered[first], np.diff(np.append(first, len(ordered)))
    place = np.arange(len(ordered)) - np.repeat(first, counts)
    spread_out: np.ndarray = ordered + np.diff(distinct).min() * ((place + 0.5) / np.repeat(counts, counts) - 0.5)
    return spread_out
