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

from unsettled.measure.statistics.auc import midranks
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.libraries import upper_quantile, wilcoxon
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

    ``extra``: the two medians and Wilcoxon's ``p_value`` (two-sided, of no shift). Both are exact up to `EXACT` differences, and by a
    normal law beyond; ties and zeros (Pratt 1959) make the limits wider than they need be, not the test. Of the examples of one of
    ``groups`` (N,) the mean difference counts, once. Two equal infinities differ by 0; a limit is infinite where one of them is
    needed to bound the shift. No interval where there are too few to reject anything.

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
    if math.isnan(value):
        return undefined("the middle values are −inf and +inf", n=len(one), **about)
    low, high = (_balanced(apart, half + sign * (half - spare - 0.5), end=-sign) if spare >= 0 else math.nan for sign in (1, -1))
    extra: dict[str, float | str] = {"median_first": float(np.median(one)), "median_second": float(np.median(other))}
    extra["p_value"] = _p_value(apart)
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=len(one),
        counts=counts,
        extra=extra,
        error=(high - low) / (2 * upper_quantile((1 - level) / 2)) if 0 < high - low < math.inf else None,
        **about,
    )


def _critical(n: int, tail: float) -> float:
    """The largest sum of ranks that is no larger with a chance of at most ``tail``; −1 where there is none."""
    if n > EXACT:
        return n * (n + 1) / 4 - upper_quantile(tail) * math.sqrt(n * (n + 1) * (2 * n + 1) / 24) - 0.5
    return float(np.searchsorted(np.cumsum(_law(np.arange(1, n + 1))), tail, side="right")) - 1


def _law(ranks: np.ndarray) -> np.ndarray:
    """The chance of each sum of whole ``ranks``, of which each is added or not with chance one half."""
    chances = np.ones(1)
    for rank in ranks.tolist():
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    return chances


def _p_value(apart: np.ndarray) -> float:
    """Of no shift: zeros are ranked and left out, and of the others each sign is as likely as the other."""
    if not (apart != 0).any():
        return 1.0
    if len(apart) > EXACT:
        return float(wilcoxon(apart, zero_method="pratt" if (apart == 0).any() else "wilcox").pvalue)
    twice = np.rint(2 * midranks(np.abs(apart))).astype(np.int64)  # ties share a mean, which may be a half
    smaller = min(int(twice[apart > 0].sum()), int(twice[apart < 0].sum()))
    return min(1.0, 2 * float(_law(twice[apart != 0])[: smaller + 1].sum()))


def _balanced(apart: np.ndarray, wanted: float, end: int = 0) -> float:
    """The shift at which the ranks of what lies above it sum to ``wanted``, by bisection: the sum falls as the shift rises.

    Infinite where no finite shift does. What is left between the last two places counts with the lower ``end`` (−1) or the upper one.
    """
    finite = apart[np.isfinite(apart)]
    if not len(finite):
        return float(np.median(apart))
    low, high = float(finite.min()), float(finite.max())
    if len(finite) < len(apart):
        if _sum_above(apart, high) > wanted:
            return math.inf
        if _sum_above(apart, low) < wanted:
            return -math.inf
    for _ in range(60):
        middle = low + (high - low) / 2
        above = _sum_above(apart, middle) - wanted
        if above > 0 or (above == 0 and end > 0):  # of ties: the limit is where they end
            low = middle
        else:
            high = middle
    return (low, low + (high - low) / 2, high)[end + 1]


def _sum_above(apart: np.ndarray, shift: float) -> float:
    away = apart - shift
    ranks = midranks(np.abs(away))
    return float(ranks[away > 0].sum() + ranks[away == 0].sum() / 2)
