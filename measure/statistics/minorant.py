"""The greatest convex minorant of `unsettled.measure.statistics.dip` in one compiled pass, for many values."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True)
def compiled(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # pragma: no cover (compiled)
    """The greatest convex function below the points (x_i, i): its value at every point (N,), and the points on it."""
    n, count = len(x), 0
    knots, heights = np.empty(n, np.int64), np.empty(n)
    for i in range(n):
        while count > 1:
            a, b = knots[count - 2], knots[count - 1]
            if (x[i] - x[b]) * (b - a) < (x[b] - x[a]) * (i - b):
                break
            count -= 1
        knots[count] = i
        count += 1
    for k in range(count - 1):
        a, b = knots[k], knots[k + 1]
        slope = (b - a) / (x[b] - x[a]) if x[b] > x[a] else 0.0
        for i in range(a, b):
            heights[i] = a + (x[i] - x[a]) * slope
    heights[n - 1] = n - 1
    return heights, knots[:count].copy()
