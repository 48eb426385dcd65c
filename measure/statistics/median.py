"""Quantiles and medians with distribution-free intervals.

Order-statistic intervals (Conover 1999, §3.2) assume only that the examples are independent; they hold for any
distribution, infinite values included.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import binom
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.statistics.sample import as_values, check_share
from unsettled.measure.support.counts import at_least

#: Level of the interval that the standard error is taken from.
PLANNED = 0.999


def median(values: ArrayLike, *, level: float = 0.95, unit: str = "", denominator: str = "examples") -> Estimate:
    """Sample median of ``values`` (N,) with an order-statistic interval; see `quantile`.

    Raises:
        UserError: values that are not one axis.

    >>> found = median(range(1, 12))
    >>> found.value, found.low, found.high, round(found.extra["coverage"], 3)
    (6.0, 2.0, 10.0, 0.988)
    """
    return quantile(values, 0.5, level=level, unit=unit, denominator=denominator)


def quantile(values: ArrayLike, share: float, *, level: float = 0.95, unit: str = "", denominator: str = "examples") -> Estimate:
    """Quantile at ``share`` of ``values`` (N,) with the interval of exact binomial ranks.

    Infinite values are values like others: −inf ranks lowest. A limit is −inf or +inf when the sample is too small
    to bound that side at this level. ``extra["coverage"]`` is the exact coverage of the ranks (at least the level for a
    continuous distribution), ``counts`` has the two ranks (0 and n + 1 stand for no limit) and the infinite values.
    The value is the mean of the two middle order statistics for an even-sized median, else the inverted empirical
    distribution; when the two middle ones are −inf and +inf there is none. ``error`` is the half-width of an interval
    over its normal quantile (McKean & Schrader 1984), for planning; of the interval at `PLANNED`, where the sample bounds it: a
    narrow one scatters from sample to sample, and the power that is stated with it is too high on average.
    """
    share, level = check_share("share", share), check_share("level", level)
    array = as_values("values", values)
    n = len(array)
    method = "median, order-statistic interval" if share == 0.5 else f"quantile {share:g}, order-statistic interval"
    if n == 0:
        return undefined(f"no {denominator}", method=method, unit=unit, denominator=denominator)
    if np.isnan(array).any():
        reason = f"{int(np.isnan(array).sum())} of {n} values are NaN"
        return undefined(reason, n=n, method=method, unit=unit, denominator=denominator)
    ordered = np.sort(array)
    value = float(sample_quantile(ordered, share))
    if math.isnan(value):
        reason = "the middle values are −inf and +inf"
        return undefined(reason, n=n, method=method, unit=unit, denominator=denominator)
    low_rank, high_rank, coverage = order_statistic_ranks(n, share, level=level)
    low = float(ordered[low_rank - 1]) if low_rank >= 1 else -math.inf
    high = float(ordered[high_rank - 1]) if high_rank <= n else math.inf
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        method=method,
        unit=unit,
        denominator=denominator,
        counts={
            "low_rank": low_rank,
            "high_rank": high_rank,
            "minus_infinity": int(np.isneginf(array).sum()),
            "plus_infinity": int(np.isposinf(array).sum()),
        },
        extra={"coverage": coverage},
        error=_error(ordered, share, PLANNED) or _error(ordered, share, level),
    )


def _error(ordered: np.ndarray, share: float, level: float) -> float | None:
    """Standard error by the width of the interval at a level; None where the sample does not bound it."""
    low, high, coverage = order_statistic_ranks(len(ordered), share, level=level)
    if low < 1 or high > len(ordered):
        return None
    width = float(ordered[high - 1]) - float(ordered[low - 1]) if ordered[high - 1] > ordered[low - 1] else 0.0
    return width / (2 * upper_quantile((1 - coverage) / 2)) if 0 < width < math.inf else None


def order_statistic_ranks(n: int, share: float = 0.5, *, level: float = 0.95) -> tuple[int, int, float]:
    """Ranks (low, high) whose order statistics enclose the quantile with at least ``level``, and their exact coverage.

    Each side misses with at most (1 − level)/2. Rank 0 means "no lower limit", rank n + 1 "no upper limit".
    """
    n, tail = at_least(0, n, "n"), (1 - check_share("level", level)) / 2
    # the quantile lies below x₍ₗ₎ with probability P(Bin(n, share) ≤ l − 1): the largest l that keeps it ≤ tail
    low = int(binom.ppf(tail, n, share))
    low += int(binom.cdf(low, n, share) <= tail)
    high = int(binom.ppf(1 - tail, n, share)) + 1
    return low, high, float(binom.cdf(high - 1, n, share) - binom.cdf(low - 1, n, share))


def sample_quantile(ordered: np.ndarray, share: float) -> float:
    """Quantile of a sorted sample: inverted empirical distribution, averaged where it jumps exactly at ``share``."""
    place = share * len(ordered)
    index = math.ceil(place - 1e-9)
    if abs(place - round(place)) < 1e-9 and 1 <= index < len(ordered):
        below, above = float(ordered[index - 1]), float(ordered[index])  # Python's −inf + inf is a quiet NaN
        return below if below == above else below / 2 + above / 2
    return float(ordered[min(max(index, 1), len(ordered)) - 1])
