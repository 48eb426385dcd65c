"""Limits of an area under the ROC curve that hold for few positives and near 1, where DeLong's variance fails.

DeLong's variance comes from the sample: near 1 it hangs on the few pairs that are out of order, and with few positives on how
far these happen to lie apart. Hanley & McNeil's (1982, Radiology 143:29) needs no sample, but takes exponential scores. The two
are shrunk together, by how much the sample can know of its own variance, and inverted as Wilson's interval is (Newcombe 2006,
Statistics in Medicine 25:559): the variance is that at each θ which is tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.laws import norm, student
from unsettled.measure.statistics.libraries import expit, logit, upper_quantile
from unsettled.measure.statistics.roots import root

# As many examples out of order as count for as much as the planned variance. Of 5, 10 and 20, tried on six shapes of scores at
# .5 … .993 with 2 to 254 positives, 5 keeps the coverage within .92 and 1 with the narrowest intervals. Of scores of two values near 0 or
# 1 with few positives it covers less, since one positive moves the area by a tenth: .77 with 5 of 35 at .025, by enumeration.
PRIOR = 5.0
FEW = 5
#: Up to so many pairs, with fewer than ten examples of a class, Mann and Whitney's law is exact.
FEW_PAIRS = 2000


def shrunk_interval(
    value: float, error: float | None, m: int, n: int, *, level: float = 0.95, planned: Callable[[float], float] | None = None
) -> tuple[float, float]:
    """Limits of an area with its DeLong ``error``, ``m`` positives and ``n`` negatives, two-sided at ``level``.

    The θ with |value − θ| ≤ z·s(θ), s²(θ) = h²(θ)·(`PRIOR` + k·error²/h²(value)) / (`PRIOR` + k), where h is the ``planned``
    error (Hanley & McNeil's for one pair of classes) and k = 4·min(m, n)·value·(1 − value) counts the examples that show how
    scores scatter. With fewer than `FEW` of a class the logit interval of Student's t with min(m, n) − 1 degrees of freedom is
    united with it.

    >>> low, high = shrunk_interval(0.9, 0.03, 30, 100)
    >>> round(low, 3), round(high, 3)
    (0.834, 0.942)
    """
    tail, fewer = (1 - level) / 2, min(m, n)
    at = planned or _hanley_mcneil(m, n)
    known, expected = 4 * fewer * value * (1 - value), at(value)
    ratio = 1.0
    if error and expected > 0:
        ratio = (PRIOR + known * (error / expected) ** 2) / (PRIOR + known)
    low, high = _inverted(value, upper_quantile(tail) * math.sqrt(ratio), at)
    if 1 < fewer < FEW and error and 0 < value < 1:
        half = float(student.isf(tail, fewer - 1)) * error / (value * (1 - value))
        low, high = min(low, float(expit(logit(value) - half))), max(high, float(expit(logit(value) + half)))
    return low, high


def score_interval(value: float, m: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """The θ with |value − θ| ≤ z·s(θ), s the Hanley–McNeil error: Wilson's idea for an AUC. Needs no scores."""
    z = upper_quantile((1 - level) / 2)
    return _inverted(value, z, _hanley_mcneil(m, n))


def _inverted(value: float, z: float, error: Callable[[float], float]) -> tuple[float, float]:
    """The ends of the θ with |value − θ| ≤ z·error(θ), for an error that vanishes at 0 and at 1."""

    squared = z**2

    def outside(theta: float) -> float:
        return (value - theta) ** 2 - squared * error(theta) ** 2

    # outside(value) < 0 inside the unit interval; at 0 and at 1 the error is 0, so each side has one sign change
    inner_low, inner_high = min(value, 1 - 1e-12), max(value, 1e-12)
    low = 0.0 if value <= 0.0 else root(outside, 0.0, inner_low, within=1e-14)
    high = 1.0 if value >= 1.0 else root(outside, inner_high, 1.0, within=1e-14)
    return low, high


def hanley_mcneil_error(value: float, m: int, n: int) -> float:
    """Standard error expected of an AUC with m positives and n negatives, for planning (Hanley & McNeil 1982).

    Exact for a pair of exponential score distributions; at ½ it is the null variance (m + n + 1) / (12 m n) of
    Mann–Whitney. Near 1 it exceeds what normal scores of equal variance give: plan with it, do not test with it.
    """
    return _hanley_mcneil(m, n)(min(max(float(value), 0.0), 1.0))


def _hanley_mcneil(m: int, n: int) -> Callable[[float], float]:
    """The same as a function of the area alone, within 0 and 1: a limit asks it a dozen times."""
    if m < 1 or n < 1:
        raise UserError(f"planning an AUC needs both classes, got {m} positives and {n} negatives")

    def error(value: float) -> float:
        square = value**2
        both_positives, both_negatives = value / (2 - value), 2 * square / (1 + value)
        variance = value * (1 - value) + (m - 1) * (both_positives - square) + (n - 1) * (both_negatives - square)
        return math.sqrt(max(variance, 0.0) / (m * n))

    return error


def half_p_value(value: float, m: int, n: int) -> float:
    """Two-sided p-value of an area of ½ with m positives and n negatives, without ties exact of few of them, else by a normal law.

    The normal law has p = .0495 for three of each that are wholly apart, which is one order in ten.

    >>> round(half_p_value(1.0, 3, 3), 3)
    0.1
    """
    if min(m, n) >= 10 or m * n > FEW_PAIRS:
        return float(2 * norm.sf(abs(value - 0.5) / hanley_mcneil_error(0.5, m, n)))
    fewer = math.ceil(m * n * (0.5 - abs(value - 0.5)) - 1e-9)  # with a tie counted whole: the test rejects no more than it says
    return min(1.0, 2 * float(_in_order(min(m, n), max(m, n))[: fewer + 1].sum()))


@lru_cache(maxsize=64)
def _in_order(m: int, n: int) -> np.ndarray:
    """The chance of each number of pairs in order, 0 … m·n, where all orders of m positives and n negatives are as likely."""
    ways = np.zeros((m + 1, m * n + 1))
    ways[0, 0] = 1.0
    for place in range(m + n):  # in ascending order: the next is a positive, above the negatives before it, or it is a negative
        for ups in range(min(m, place + 1), 0, -1):
            if (below := place + 1 - ups) <= n:
                ways[ups, below:] += ways[ups - 1, : m * n + 1 - below]
    return np.asarray(ways[m] / ways[m].sum())
