"""By how much paired values are shifted: Hodges and Lehmann's estimate with the interval of Wilcoxon's signed ranks.

The estimate is the shift at which the signed ranks balance (the median of all pairwise means of the differences), its limits the
shifts at which the test would just reject. It takes no moments, so that one wild example does not decide; the differences must be
symmetric about the shift. Source: Hodges & Lehmann (1963), Annals of Mathematical Statistics 34:598; Hollander, Wolfe & Chicken
(2014), Nonparametric Statistical Methods, §3.1–3.3.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.libraries import rankdata, upper_quantile, wilcoxon
from unsettled.measure.statistics.sample import as_values, check_share

#: Up to so many differences the law of the signed ranks is exact.
EXACT = 50


def paired_shift(
    first: ArrayLike,
    second: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    unit: str = "",
    denominator: str = "examples",
) -> Estimate:
    """By how much ``first`` (N,) is shifted from ``second`` (N,), example by example.

    ``extra``: the two medians and Wilcoxon's ``p_value`` (two-sided, of no shift). Of the examples of one of ``groups`` (N,) the mean
    difference counts, once. Two equal infinities differ by 0. No interval where there are too few to reject anything.

    Raises:
        UserError: arrays of different lengths.

    >>> found = paired_shift([1.1, 2.3, 3.2, 4.6, 5.4, 6.9], [1, 2, 3, 4, 5, 6])
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (0.4, 0.1, 0.9)
    """
    level = check_share("level", level)
    one, other = as_values("first", first), as_values("second", second)
    about = {"method": "Hodges–Lehmann shift, interval of signed ranks", "unit": unit, "denominator": denominator}
    with np.errstate(invalid="ignore"):
        apart = np.where(one == other, 0.0, one - other)
    counts = {"n": len(apart)}
    if groups is not None and (clusters := len(np.unique(np.asarray(groups)))) < len(apart):
        _, at = np.unique(np.asarray(groups), return_inverse=True)
        with np.errstate(invalid="ignore"):
            apart = np.bincount(at, weights=apart) / np.bincount(at)
        counts["groups"] = clusters
    if not len(apart) or np.isnan(apart).any():
        lost = int(np.isnan(apart).sum())
        return undefined(f"{lost} of {len(apart)} differences are NaN" if lost else "no examples", n=len(one), **about)
    n = len(apart)
    half = n * (n + 1) / 4
    spare = _critical(n, (1 - level) / 2)
    # half a rank off what is met, so that each search ends at one pairwise mean; of two middle ones the mean
    value = (_balanced(apart, half + 0.25) + _balanced(apart, half - 0.25)) / 2
    low, high = (_balanced(apart, half + sign * (half - spare - 0.5)) if spare >= 0 else math.nan for sign in (1, -1))
    extra: dict[str, float | str] = {"median_first": float(np.median(one)), "median_second": float(np.median(other))}
    extra["p_value"] = float(wilcoxon(apart, zero_method="pratt" if (apart == 0).any() else "wilcox").pvalue) if (apart != 0).any() else 1.0
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=len(one),
        counts=counts,
        extra=extra,
        error=(high - low) / (2 * upper_quantile((1 - level) / 2)) if high > low else None,
        **about,
    )


def _critical(n: int, tail: float) -> float:
    """The largest sum of ranks that is no larger with a chance of at most ``tail``; −1 where there is none."""
    if n > EXACT:
        return n * (n + 1) / 4 - upper_quantile(tail) * math.sqrt(n * (n + 1) * (2 * n + 1) / 24) - 0.5
    chances = np.ones(1)
    for rank in range(1, n + 1):  # each rank is added or not, with chance one half
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    return float(np.searchsorted(np.cumsum(chances), tail, side="right")) - 1


def _balanced(apart: np.ndarray, wanted: float) -> float:
    """The shift at which the ranks of what lies above it sum to ``wanted``, by bisection: the sum falls as the shift rises."""
    finite = apart[np.isfinite(apart)]
    if not len(finite):
        return float(np.median(apart))
    low, high = float(finite.min()), float(finite.max())
    for _ in range(60):
        middle = low + (high - low) / 2
        if _sum_above(apart, middle) > wanted:
            low = middle
        else:
            high = middle
    return low + (high - low) / 2


def _sum_above(apart: np.ndarray, shift: float) -> float:
    away = apart - shift
    ranks = rankdata(np.abs(away))
    return float(ranks[away > 0].sum() + ranks[away == 0].sum() / 2)
