"""Two classes of millions of scores compared, compiled: how many of all pairs are in order, exactly, and how many lie below each score.

A sorted copy of each class tells an area and its variance: both are sums of whole numbers, which are added up without rounding, and
no place of a score has to be known. Statistics that follow an example from one score to another need its counts, in the order of the input.
`unsettled.measure.statistics.auc` says from how many scores on it asks here: loading numba takes longer than a million comparisons.
"""

from __future__ import annotations

import math

import numba
import numpy as np


def area_and_error(scores: np.ndarray, positives: np.ndarray) -> tuple[float, float | None]:
    """The Mann–Whitney area of ``scores`` (N,) without NaN for ``positives`` (N,), ties ½, and DeLong's error; None for a class of one."""
    up, down = scores[positives], scores[~positives]
    up.sort()
    down.sort()
    m, n = len(up), len(down)
    pairs, *squares = (int(number) for number in _sums(up, down))
    value = pairs / (2 * m * n)
    if m < 2 or n < 2:
        return value, None
    # Σ(c − c̄)² = Σc² − (Σc)²/m of twice the counts c of a class; a placement is its count over 2n, or over 2m
    of_up, of_down = (squares[0] << 32) + squares[1], (squares[2] << 32) + squares[3]
    spread_up, spread_down = m * of_up - pairs**2, n * of_down - pairs**2
    variance = spread_up / (m * m * (m - 1) * 4 * n * n) + spread_down / (n * n * (n - 1) * 4 * m * m)
    return value, math.sqrt(variance)


def others_below(scores: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Of each score (N,) how many of the other class lie below it, ties ½, in the order of the input."""
    return np.asarray(_below(scores, positives, np.argsort(scores)))


@numba.njit(cache=True)
def _sums(up: np.ndarray, down: np.ndarray) -> np.ndarray:  # pragma: no cover (compiled)
    """Of sorted classes: twice the pairs in order, and of the squares of twice each count the sums of their upper and lower 32 bits."""
    m, n, i, j = len(up), len(down), 0, 0
    sums, low = np.zeros(5, np.int64), np.int64(0xFFFFFFFF)
    while i < m or j < n:
        here = up[i] if j == n or (i < m and up[i] <= down[j]) else down[j]
        ups = downs = 0
        while i + ups < m and up[i + ups] == here:
            ups += 1
        while j + downs < n and down[j + downs] == here:
            downs += 1
        of_up, of_down = np.int64(2 * j + downs), np.int64(2 * (m - i) - ups)
        sums[0] += ups * of_up
        sums[1] += ups * ((of_up * of_up) >> 32)
        sums[2] += ups * ((of_up * of_up) & low)
        sums[3] += downs * ((of_down * of_down) >> 32)
        sums[4] += downs * ((of_down * of_down) & low)
        i += ups
        j += downs
    return sums


@numba.njit(cache=True)
def _below(scores: np.ndarray, positives: np.ndarray, order: np.ndarray) -> np.ndarray:  # pragma: no cover (compiled)
    counts = np.empty(len(order))
    i = below_up = below_down = 0
    while i < len(order):
        end, ups, here = i, 0, scores[order[i]]
        while end < len(order) and scores[order[end]] == here:
            ups += positives[order[end]]
            end += 1
        downs = end - i - ups
        of_up, of_down = below_down + 0.5 * downs, below_up + 0.5 * ups
        for place in range(i, end):
            row = order[place]
            counts[row] = of_up if positives[row] else of_down
        below_up += ups
        below_down += downs
        i = end
    return counts


@numba.njit(cache=True)
def add_pairs(
    concordant: np.ndarray, pairs: np.ndarray, compared: np.ndarray, positives: np.ndarray, below: np.ndarray
) -> None:  # pragma: no cover (compiled)
    """Add what each of the ``compared`` (N,) is in order with, and is compared with, from `others_below` of them alone, in place."""
    ups, place = 0, 0
    for row in range(len(compared)):
        ups += compared[row] and positives[row]
    downs = len(below) - ups
    for row in range(len(compared)):
        if compared[row]:
            concordant[row] += below[place] if positives[row] else ups - below[place]
            pairs[row] += downs if positives[row] else ups
            place += 1
