"""Otsu's threshold: the cut of a sample into two classes that differ most.

Source: Otsu (1979), IEEE Transactions on Systems, Man, and Cybernetics 9:62. It cuts whatever it is given, one hump as well as
two: whether there are two modes is another question (see `unsettled.measure.statistics.modality`).
"""

from __future__ import annotations

import math

import numpy as np

from unsettled.measure.columns.streamed import PIECE_ROWS


def otsu_threshold(values: np.ndarray) -> tuple[float, float]:
    """Otsu's threshold of ``values`` (N,), exact (every cut is tried, no histogram), and its separation η.

    The threshold lies midway between the two values around the best cut. Infinite values are left out of the fit (a
    displacement of exactly 0 is in the low mode under any threshold). (NaN, NaN) with fewer than two distinct values.
    """
    ordered = values[np.isfinite(values)]
    ordered.sort()
    n = len(ordered)
    if n < 2 or ordered[0] == ordered[-1]:
        return math.nan, math.nan
    centred = ordered - ordered.mean()
    total = float((centred**2).sum())
    sums = np.cumsum(centred, out=centred)[:-1]
    # with total mean 0, between-class variance × n is s²/k + s²/(n − k). Within a run of equal values s is linear in k
    # and this strictly convex, so its maximum is at an end of the run: no cut separates equal values
    cut, most = 0, -math.inf
    for first in range(0, n - 1, PIECE_ROWS):  # a piece at a time, so that millions of values cost no more memory than themselves
        below = np.arange(first + 1, min(first + PIECE_ROWS, n - 1) + 1)
        between = sums[first : first + PIECE_ROWS] ** 2 * (1 / below + 1 / (n - below))
        place = int(np.argmax(between))
        if between[place] > most:
            cut, most = first + place, float(between[place])
    return float((ordered[cut] + ordered[cut + 1]) / 2), most / total
