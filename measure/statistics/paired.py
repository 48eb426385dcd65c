"""Difference of two shares on the same examples, with an interval that holds where few pairs differ.

Source: Agresti & Min (2005), Statistics in Medicine 24:729: the Wald interval after half an observation was added to each of
the four cells. With no pair that differs the plain Wald and the bootstrap interval have no width; this one has. Where few
pairs differ it is too narrow at zero, so it is widened to the Clopper–Pearson limits among the pairs that differ: it leaves
zero out only where McNemar's exact test does. Examples that depend on each other widen it to the interval by groups, and are tested
by Durkalski, Palesch, Lipsitz & Rust (2003), Statistics in Medicine 22:2417. The mid-p of McNemar's test: Fagerland, Lydersen &
Laake (2013), BMC Medical Research Methodology 13:91.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import binom, norm, student
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.statistics.roots import root
from unsettled.measure.statistics.sample import as_mask, check_share


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, groups: ArrayLike | None = None, level: float = 0.95, denominator: str = "examples"
) -> Estimate:
    """Share of ``first`` minus share of ``second``, two yes/no arrays (N,) on the same examples.

    ``counts``: ``first_only``, ``second_only``, ``n``. ``extra``: the two shares, the exact McNemar ``p_value`` (two-sided) and its
    ``mid_p_value``. With ``groups`` (N,) of dependent examples, fewer than there are examples, the interval is no narrower than the one
    by groups, ``p_value`` is by groups (never below the exact one), and there is no mid-p. Not for two independent samples, whose
    examples do not come in pairs.

    Raises:
        UserError: arrays of different lengths, or that are not yes/no.

    >>> found = paired_difference([True, True, True, False], [True, False, True, False])
    >>> found.value, found.counts["first_only"], found.extra["p_value"]
    (0.25, 1, 1.0)
    """
    level = check_share("level", level)
    first = as_mask("first", first, len(np.asarray(first)))
    second = as_mask("second", second, len(first))
    method, n = "paired difference of shares, Agresti–Min interval widened to the exact one at zero", len(first)
    if not n:
        return undefined("no examples", method=method, denominator=denominator)
    only, other = int((first & ~second).sum()), int((~first & second).sum())
    more = n + 2
    centre = (only - other) / more
    error = math.sqrt(only + other + 1 - (only - other) ** 2 / more) / more
    half = upper_quantile((1 - level) / 2) * error
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    share_low, share_high, p_value, mid_p_value = _exact(only, other, level)
    if differ := only + other:
        low, high = min(low, differ * (2 * share_low - 1) / n), max(high, differ * (2 * share_high - 1) / n)
    extra = {"p_value": p_value, "mid_p_value": mid_p_value}
    counts = {"first_only": only, "second_only": other, "n": n}
    if groups is not None and (clusters := len(np.unique(np.asarray(groups)))) < n:
        by_group = group_error((first.astype(float) - second - (only - other) / n) / n, groups)
        reach = float(student.isf((1 - level) / 2, clusters - 1)) * by_group if clusters > 1 else 1.0
        low, high = max(-1.0, min(low, (only - other) / n - reach)), min(1.0, max(high, (only - other) / n + reach))
        null = group_error((first.astype(float) - second) / n, groups, centred=False)
        beyond = 2 * float(norm.sf(abs(only - other) / n / null)) if null else 1.0
        error, extra, counts["groups"] = max(error, by_group), {"p_value": max(p_value, beyond)}, clusters
        method = method.replace("shares,", "shares, by groups,")
    return Estimate(
        value=(only - other) / n,
        low=low,
        high=high,
        level=level,
        n=n,
        method=method,
        denominator=denominator,
        counts=counts,
        error=error,
        extra={"share_first": float(first.mean()), "share_second": float(second.mean()), **extra},
    )


@lru_cache(maxsize=1024)
def _exact(only: int, other: int, level: float) -> tuple[float, float, float, float]:
    """Limits of the share of ``only`` among the pairs that differ, with the p-value of a half and its mid-p; the same counts come again."""
    differ, least, tail = only + other, min(only, other), (1 - level) / 2
    low = root(lambda share: float(binom.sf(only - 1, differ, share)) - tail, 0, 1) if only else 0.0
    high = root(lambda share: float(binom.cdf(only, differ, share)) - tail, 0, 1) if other else 1.0
    # of a half both tails are alike, so that what is as unlikely as the count seen are the two beyond it
    p_value = float(binom.cdf(least, differ, 0.5) + binom.sf(differ - least - 1, differ, 0.5)) if only != other else 1.0
    # the exact test counts an outcome as likely as the one seen in full, the mid-p by half
    half = float(binom.pmf(only, differ, 0.5)) * (0.5 if only == other else 1.0)
    return low, high, p_value, p_value - half


def group_error(contributions: ArrayLike, groups: ArrayLike, *, centred: bool = True) -> float:
    """Standard error of a sum of contributions (N,), those of one group taken as one: √(G/(G − 1) · Σ (sum of a group)²).

    The contributions of a ``centred`` estimate add up to 0; without the factor it is the error under the hypothesis that they do.
    """
    _, at = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(at, weights=np.asarray(contributions, np.float64))
    factor = len(sums) / (len(sums) - 1) if centred and len(sums) > 1 else 1.0
    return math.sqrt(factor * float(sums @ sums))
