"""The compiled passes of `unsettled.measure.statistics.dip` and of `unsettled.measure.statistics.modality`, for many values: beside
them no array of their length is made."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def _at(x: np.ndarray, i: int, mirrored: bool) -> float:  # pragma: no cover (compiled)
    """The ``i``-th of sorted values, or of the same values mirrored: of millions no second copy is made."""
    found: float = -x[len(x) - 1 - i] if mirrored else x[i]
    return found


@numba.njit(cache=True)
def knots_of(x: np.ndarray, mirrored: bool) -> np.ndarray:  # pragma: no cover (compiled)
    """The places of the points (x_i, i) on the greatest convex function below them."""
    n, count = len(x), 0
    knots = np.empty(min(n, 1024), np.int64)
    for i in range(n):
        here = _at(x, i, mirrored)
        while count > 1:
            a, b = knots[count - 2], knots[count - 1]
            at_b = _at(x, b, mirrored)
            if (here - at_b) * (b - a) < (at_b - _at(x, a, mirrored)) * (i - b):
                break
            count -= 1
        if count == len(knots):
            knots = np.concatenate((knots, np.empty(min(count, n - count), np.int64)))
        knots[count] = i
        count += 1
    return knots[:count].copy()


@numba.njit(cache=True)
def _height(x: np.ndarray, a: int, b: int, i: int, mirrored: bool) -> float:  # pragma: no cover (compiled)
    """The convex function at ``i``, between its knots ``a`` and ``b``."""
    start, stop = _at(x, a, mirrored), _at(x, b, mirrored)
    slope = (b - a) / (stop - start) if stop > start else 0.0
    return a + (_at(x, i, mirrored) - start) * slope


@numba.njit(cache=True)
def heights(x: np.ndarray, knots: np.ndarray, places: np.ndarray, mirrored: bool) -> np.ndarray:  # pragma: no cover (compiled)
    """The convex function with these ``knots`` at ``places`` (M,)."""
    heights, after = np.empty(len(places)), np.searchsorted(knots, places, side="right")
    for k in range(len(places)):
        if after[k] == len(knots):
            heights[k] = places[k]
        else:
            heights[k] = _height(x, knots[after[k] - 1], knots[after[k]], places[k], mirrored)
    return heights


@numba.njit(cache=True)
def farthest(x: np.ndarray, knots: np.ndarray, last: int, mirrored: bool) -> float:  # pragma: no cover (compiled)
    """How far the empirical distribution rises above the convex function up to the knot ``last``."""
    n, most, k = len(x), 0.0, 0
    for i in range(last + 1):
        while k + 1 < len(knots) and knots[k + 1] <= i:
            k += 1
        height = _height(x, knots[k], knots[k + 1], i, mirrored) if k + 1 < len(knots) else float(i)
        above = (n - height) - (n - 1 - i) if mirrored else (i + 1) - height
        most = max(most, above)
    return most


@numba.njit(cache=True)
def without_ties(ordered: np.ndarray) -> np.ndarray:  # pragma: no cover (compiled)
    """Sorted values with each pile of equal ones spread over the smallest step between different ones, in place."""
    n, least = len(ordered), np.inf
    for i in range(1, n):
        if ordered[i - 1] < ordered[i]:
            least = min(least, ordered[i] - ordered[i - 1])
    first = 0
    while least < np.inf and first < n:
        here, count = ordered[first], 1
        while first + count < n and ordered[first + count] == here:
            count += 1
        for place in range(count):
            ordered[first + place] = here + least * ((place + 0.5) / count - 0.5)
        first += count
    return ordered
