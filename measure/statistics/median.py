"""Quantiles and medians with distribution-free intervals, and the difference of two medians.

Order-statistic intervals (Conover 1999, §3.2) assume only that the examples are independent; they hold for any
distribution, infinite values included. Source of the resampling shortcut: the median of a bootstrap sample is the
order statistic x₍ⱼ₎ with J = ⌈n·U₍ₘ₎⌉, U₍ₘ₎ the m-th of n uniforms (Efron 1979, §3), so it is drawn without resampling.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.sample import as_values, check_share


def median(values: ArrayLike, *, level: float = 0.95, unit: str = "", denominator: str = "examples") -> Estimate:
    """Sample median of ``values`` (N,) with an order-statistic interval; see `quantile`."""
    return quantile(values, 0.5, level=level, unit=unit, denominator=denominator)


def quantile(values: ArrayLike, share: float, *, level: float = 0.95, unit: str = "", denominator: str = "examples") -> Estimate:
    """Quantile at ``share`` of ``values`` (N,) with the interval of exact binomial ranks.

    Infinite values are values like others: −inf ranks lowest. A limit is −inf or +inf when the sample is too small
    to bound that side at this level. ``extra["coverage"]`` is the exact coverage of the ranks (at least the level for a
    continuous distribution), ``counts`` has the two ranks (0 and n + 1 stand for no limit) and the infinite values.
    The value is the mean of the two middle order statistics for an even-sized median, else the inverted empirical
    distribution; when the two middle ones are −inf and +inf there is none. ``error`` is the half-width of the interval
    over its normal quantile (McKean & Schrader 1984), for planning.
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
    bounded = math.isfinite(low) and math.isfinite(high) and high > low
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
        error=(high - low) / (2 * float(norm.isf((1 - coverage) / 2))) if bounded else None,
    )


def order_statistic_ranks(n: int, share: float = 0.5, *, level: float = 0.95) -> tuple[int, int, float]:
    """Ranks (low, high) whose order statistics enclose the quantile with at least ``level``, and their exact coverage.

    Each side misses with at most (1 − level)/2. Rank 0 means "no lower limit", rank n + 1 "no upper limit".
    """
    tail = (1 - check_share("level", level)) / 2
    # the quantile lies below x₍ₗ₎ with probability P(Bin(n, share) ≤ l − 1): the largest l that keeps it ≤ tail
    low = int(binom.ppf(tail, n, share))
    low += int(binom.cdf(low, n, share) <= tail)
    high = int(binom.ppf(1 - tail, n, share)) + 1
    return low, high, float(binom.cdf(high - 1, n, share) - binom.cdf(low - 1, n, share))


def median_difference(
    first: ArrayLike,
    second: ArrayLike,
    *,
    level: float = 0.95,
    unit: str = "",
    resamples: int = 10_000,
    seed: int = 0,
    denominator: str = "examples",
) -> Estimate:
    """Median of ``first`` minus median of ``second``: percentile bootstrap within each sample.

    ``extra``: both medians, and ``share_above_zero``, the share of resamples whose difference is positive. Infinite
    medians give an infinite difference; two of the same sign give none.
    """
    level = check_share("level", level)
    if resamples < 100:
        raise UserError(f"{resamples} resamples are too few for an interval, use at least 100")
    samples = [np.sort(as_values(name, values)) for name, values in (("first", first), ("second", second))]
    method = "difference of medians, bootstrap within class"
    n = sum(map(len, samples))
    about = {"method": method, "unit": unit, "denominator": denominator}
    if not all(map(len, samples)):
        return undefined(f"no {denominator} in one class", n=n, **about)
    if any(np.isnan(sample).any() for sample in samples):
        return undefined("some values are NaN", n=n, **about)
    medians = [float(sample_quantile(sample, 0.5)) for sample in samples]
    with np.errstate(invalid="ignore"):
        value = float(np.subtract(*medians))
        rng = np.random.default_rng(seed)
        draws = np.subtract(*(bootstrap_medians(sample, resamples, rng) for sample in samples))
    if math.isnan(value):
        return undefined("the medians are infinite, with no difference", n=n, **about)
    unusable = int(np.isnan(draws).sum())
    draws = np.sort(draws[~np.isnan(draws)])
    low, high = (float(sample_quantile(draws, share)) for share in ((1 - level) / 2, (1 + level) / 2))
    error = float(draws.std(ddof=1)) if len(draws) > 1 and np.isfinite(draws).all() else None
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=n,
        unit=unit,
        method=method,
        denominator=denominator,
        counts={"first": len(samples[0]), "second": len(samples[1]), "resamples": resamples, "unusable": unusable},
        extra={"first": medians[0], "second": medians[1], "share_above_zero": float((draws > 0).mean())},
        error=error,
    )


def sample_quantile(ordered: np.ndarray, share: float) -> float:
    """Quantile of a sorted sample: inverted empirical distribution, averaged where it jumps exactly at ``share``."""
    place = share * len(ordered)
    index = math.ceil(place - 1e-9)
    if abs(place - round(place)) < 1e-9 and 1 <= index < len(ordered):
        below, above = float(ordered[index - 1]), float(ordered[index])  # Python's −inf + inf is a quiet NaN
        return below if below == above else below / 2 + above / 2
    return float(ordered[min(max(index, 1), len(ordered)) - 1])


def bootstrap_medians(ordered: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Medians of ``resamples`` bootstrap samples of a sorted sample, drawn through uniform order statistics."""
    n = len(ordered)
    middle = (n + 1) // 2
    lower = rng.beta(middle, n + 1 - middle, resamples)
    first = ordered[np.minimum((lower * n).astype(np.int64), n - 1)]
    if n % 2:
        return first
    # given the lower middle uniform, the next one is the least of n/2 uniforms on what remains above it
    upper = lower + (1 - lower) * -np.expm1(np.log1p(-rng.random(resamples)) / (n - middle))
    second = ordered[np.minimum((upper * n).astype(np.int64), n - 1)]
    with np.errstate(invalid="ignore"):
        return np.where(first == second, first, first / 2 + second / 2)
