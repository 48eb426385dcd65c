"""Hartigan's dip: how far a sample lies from every unimodal distribution, and how often chance alone puts it as far.

The dip is the smallest largest distance between the empirical distribution and a unimodal one, that is, one whose
distribution function is convex up to its mode and concave from there. Of all unimodal distributions the uniform one has the
largest dips, so a p-value from uniform samples holds for each of them: skewed, heavy-tailed, or with an atom at its mode.

Sources: Hartigan & Hartigan (1985), Annals of Statistics 13:70, whose Theorem 6 gives the algorithm; Hartigan (1985), Applied
Statistics 34:320. The uniform null was simulated for each of a few sizes (`simulated`) and lies beside this module; √n·dip hardly
depends on n beyond them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.libraries import minorant
from unsettled.measure.statistics.sample import as_values
from unsettled.measure.support.counts import at_least

SIZES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
DRAWS = 2000
# Up to so many values arrays take the minorant in a moment; of millions, its passes are compiled.
FEW = 10_000
NULLS = Path(__file__).with_name("dip_nulls.npy")  # half a second's simulation, which every audit would wait for


def dip(values: ArrayLike) -> float:
    """The dip of ``values`` (N,), between 1/(2N) and 1/4 (½ of a single value); infinite values count as lying beyond all finite ones.

    >>> round(dip([0, 0, 0, 1, 1, 1]), 3)
    0.25
    """
    ordered = np.sort(as_values("values", values))
    if not len(ordered):
        return math.nan
    return float(_dip(_finite(ordered)))


def dip_p_value(values: ArrayLike) -> float:
    """Chance of a dip at least as large in a uniform sample of the same size; at most α in α of all unimodal samples.

    NaN for an empty sample. The Monte Carlo p-value (b + 1)/(B + 1) of Phipson & Smyth (2010), so that it is never 0.
    """
    array = as_values("values", values)
    if not len(array):
        return math.nan
    return p_value_of(dip(array), len(array))


def p_value_of(statistic: float, n: int) -> float:
    """The p-value of a dip found in ``n`` values."""
    at_least(1, n, "n")
    if 2 * n * statistic <= 1 + 1e-9:
        return 1.0  # no sample of this size has a smaller one
    null = _nulls()[next((row for row, size in enumerate(SIZES) if size >= n), -1)]
    above = len(null) - int(np.searchsorted(null, statistic * math.sqrt(n), side="left"))
    return (above + 1) / (len(null) + 1)


@lru_cache(maxsize=1)
def _nulls() -> np.ndarray:
    """`simulated` of all `SIZES`, a row each, as it was kept."""
    found: np.ndarray = np.load(NULLS, allow_pickle=False)
    return found


def simulated(size: int) -> np.ndarray:
    """√n·dip of `DRAWS` uniform samples of ``size``, sorted; always the same."""
    rng = np.random.default_rng(at_least(1, size, "size"))
    draws = np.array([_dip(np.sort(rng.random(size)), minorant) for _ in range(DRAWS)])
    return np.sort(draws) * math.sqrt(size)


def _finite(ordered: np.ndarray) -> np.ndarray:
    """Sorted values with −∞ and +∞ set as far beyond the finite ones as these reach."""
    known = ordered[np.isfinite(ordered)]
    if len(known) == len(ordered):
        return ordered
    low, high = (known[0], known[-1]) if len(known) else (0.0, 0.0)
    reach = max(high - low, 1.0)
    return np.asarray(np.clip(ordered, low - reach, high + reach))


class FewValues:
    """The passes over the greatest convex function below the points (x_i, i), by arrays: of sorted values, or of them ``mirrored``.

    `unsettled.measure.statistics.minorant` has the same, compiled.
    """

    @staticmethod
    def knots_of(x: np.ndarray, mirrored: bool) -> np.ndarray:
        """The places of the points on it: of those that are left, all are struck off at once that lie on the chord between their
        neighbours or above it, until none does."""
        x = _turned(x, mirrored)
        knots = np.arange(len(x))
        while len(knots) > 2:
            run, rise = np.diff(x[knots]), np.diff(knots)
            below = np.concatenate(([True], run[1:] * rise[:-1] < run[:-1] * rise[1:], [True]))
            if below.all():
                break
            knots = knots[below]
        return knots

    @staticmethod
    def heights(x: np.ndarray, knots: np.ndarray, places: np.ndarray, mirrored: bool) -> np.ndarray:
        """Its value at ``places`` (M,)."""
        x = _turned(x, mirrored)
        run, rise = np.diff(x[knots]), np.diff(knots)
        slopes = np.append(np.divide(rise, run, out=np.zeros(len(run)), where=run > 0), 0.0)
        before = np.searchsorted(knots, places, side="right") - 1
        start = knots[before]
        return np.asarray(start + (x[places] - x[start]) * slopes[before])

    @staticmethod
    def farthest(x: np.ndarray, knots: np.ndarray, last: int, mirrored: bool) -> float:
        """How far the empirical distribution rises above it up to the knot ``last``."""
        n, places = len(x), np.arange(last + 1)
        heights = FewValues.heights(x, knots, places, mirrored)
        return float(((n - heights) - (n - 1 - places) if mirrored else places + 1 - heights).max())


def _turned(x: np.ndarray, mirrored: bool) -> np.ndarray:
    return -x[::-1] if mirrored else x


def _dip(x: np.ndarray, by: Any = None) -> float:
    """The dip of sorted finite values.

    Between the ends ``low`` and ``high`` of the modal interval lie the convex minorant and the concave majorant of the empirical
    distribution. The interval shrinks to the knots about the place where the two are farthest apart, until they are no farther
    apart than what is left outside already needs. Distances are in counts; the dip is half of the largest, over n.
    """
    low, high, found = 0, len(x) - 1, 1.0
    by = by or (FewValues if len(x) <= FEW else minorant)
    while x[low] != x[high]:
        part, size = x[low : high + 1], high + 1 - low
        lower_knots, mirrored_knots = by.knots_of(part, False), by.knots_of(part, True)
        upper_knots = size - 1 - mirrored_knots[::-1]
        knots = np.concatenate((lower_knots, upper_knots))  # between knots the two are straight, so that none is farther apart there
        # the majorant is the size less the minorant of the mirrored values, read backwards
        gaps = (size - by.heights(part, mirrored_knots, size - 1 - knots, True)) - by.heights(part, lower_knots, knots, False)
        place = knots[np.argmax(gaps)]
        if gaps.max() <= found:
            break
        first = int(lower_knots[np.searchsorted(lower_knots, place, side="right") - 1])
        last = int(upper_knots[np.searchsorted(upper_knots, place, side="left")])
        found = max(found, by.farthest(part, lower_knots, first, False), by.farthest(part, mirrored_knots, size - 1 - last, True))
        if (first, last) == (0, high - low):
            break
        low, high = low + first, low + last
    return float(found / (2 * len(x)))
