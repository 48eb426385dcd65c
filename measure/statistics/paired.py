"""Difference of two shares on the same examples, with an interval that holds where few pairs differ.

Source: Agresti & Min (2005), Statistics in Medicine 24:729: the Wald interval after half an observation was added to each of
the four cells. With no pair that differs the plain Wald and the bootstrap interval have no width; this one has. Where few
pairs differ it is too narrow at zero, so it is widened to the Clopper–Pearson limits among the pairs that differ: it leaves
zero out only where McNemar's exact test does; and where all pairs that differ do so in one way, to the exact limits of the share that
does. So it covers .94 and more of 95 % from five pairs on, by enumeration (Agresti and Min's alone .83).

Examples that depend on each other widen it to the intervals by groups: Student's, the same with half a group added, and the differences
that the score test of Durkalski, Palesch, Lipsitz & Rust (2003), Statistics in Medicine 22:2417, does not reject, which are all where
one group outweighs the others. Of few groups a normal law says too much: six alike, which is 1 in 32, would have p = .014. So the
test is that of the signs of the groups (Canay, Romano & Shaikh 2017, Econometrica 85:1013). The mid-p of McNemar's test: Fagerland,
Lydersen & Laake (2013), BMC Medical Research Methodology 13:91.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import binom, norm, student
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.roots import root
from unsettled.measure.statistics.sample import as_mask, check_share

#: Up to so many additions the law of the signs of groups is exact.
FEW_SUMS = 1 << 18


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, groups: ArrayLike | None = None, level: float = 0.95, denominator: str = "examples"
) -> Estimate:
    """Share of ``first`` minus share of ``second``, two yes/no arrays (N,) on the same examples.

    ``counts``: ``first_only``, ``second_only``, ``n``. ``extra``: the two shares, the exact McNemar ``p_value`` (two-sided) and its
    ``mid_p_value``. With ``groups`` (N,) of dependent examples, fewer than there are examples, the interval is no narrower than those
    by groups, ``p_value`` is that of the signs of the groups (never below McNemar's), and there is no mid-p. Not for two independent
    samples, whose examples do not come in pairs.

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
    centre, error = _half_added(only - other, only + other, n)
    half = upper_quantile((1 - level) / 2) * error
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    share_low, share_high, p_value, mid_p_value = _exact(only, other, level)
    if differ := only + other:
        low, high = min(low, differ * (2 * share_low - 1) / n), max(high, differ * (2 * share_high - 1) / n)
    low, high = _hull((low, high), *_one_way(only, other, n, level))
    extra = {"p_value": p_value, "mid_p_value": mid_p_value}
    counts = {"first_only": only, "second_only": other, "n": n}
    at = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if at is not None and (clusters := int(at.max()) + 1) < n:
        sums, sizes = np.bincount(at, weights=first.astype(float) - second), np.bincount(at)
        p_value = max(p_value, _signs(sums))
        by_group = group_error((first.astype(float) - second - (only - other) / n) / n, at)
        reach = float(student.isf((1 - level) / 2, clusters - 1)) * by_group if clusters > 1 else 1.0
        each = sums * clusters / n
        added, half = _half_added(float(each.sum()), float(each @ each), clusters)
        half *= upper_quantile((1 - level) / 2)
        zero = [(0.0, 0.0)] if p_value > 1 - level else []  # left out only where the test rejects it
        centred = ((only - other) / n - reach, (only - other) / n + reach)
        low, high = _hull((low, high), centred, (added - half, added + half), _score_limits(sums, sizes, level), *zero)
        error, extra, counts["groups"] = max(error, by_group), {"p_value": p_value}, clusters
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


def _half_added(total: float, squares: float, n: int) -> tuple[float, float]:
    """Mean and standard error of ``n`` differences with this sum and sum of squares, and of one more either way, of half the weight."""
    return total / (n + 2), math.sqrt(squares + 1 - total**2 / (n + 2)) / (n + 2)


def _hull(*intervals: tuple[float, float]) -> tuple[float, float]:
    """The smallest interval of possible differences that holds all of them."""
    return max(-1.0, min(low for low, _ in intervals)), min(1.0, max(high for _, high in intervals))


def _one_way(only: int, other: int, n: int, level: float) -> list[tuple[float, float]]:
    """Where all pairs that differ do so in one way, the exact limits of the share that does; of both ways where none differs."""
    found = [(share.low, share.high) for share in [proportion(only, n, level=level)] if not other]
    return found + [(-share.high, -share.low) for share in [proportion(other, n, level=level)] if not only]


def _score_limits(sums: np.ndarray, sizes: np.ndarray, level: float) -> tuple[float, float]:
    """The differences δ whose test by groups does not reject: (Σs − δΣn)² ≤ z²·Σ(s − δn)², s being the ``sums`` of groups of ``sizes`` n.

    All of them where one group, or a few, are nearly all there is.
    """
    squared, n, total = upper_quantile((1 - level) / 2) ** 2, float(sizes.sum()), float(sums.sum())
    a, b, c = n**2 - squared * float(sizes @ sizes), n * total - squared * float(sums @ sizes), total**2 - squared * float(sums @ sums)
    if a <= 0:
        return -1.0, 1.0
    spread = math.sqrt(max(b * b - a * c, 0.0))
    return (b - spread) / a, (b + spread) / a


def _signs(sums: np.ndarray) -> float:
    """Two-sided p-value of the ``sums`` of groups whose signs are as likely one as the other, exact where few numbers are added."""
    sizes = np.abs(np.rint(sums)).astype(np.int64)
    total, sizes = abs(int(np.rint(sums).sum())), sizes[sizes > 0]
    if len(sizes) * int(sizes.sum()) > FEW_SUMS:
        return 2 * float(norm.sf(total / math.sqrt(float(sizes @ sizes))))
    chances = np.ones(1)
    for size in sizes.tolist():
        chances = (np.pad(chances, (0, 2 * size)) + np.pad(chances, (2 * size, 0))) / 2
    # places are twice the sum of what is positive: as far from the middle as the total
    return min(1.0, 2 * float(chances[len(chances) // 2 + total :].sum())) if total else 1.0


def detectable_change(turned: int, n: int, *, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """The smallest difference of shares that McNemar's exact test finds with this power in ``n`` pairs; None where no difference is.

    Of those pairs ``turned`` differ where there is no difference, as many either way and half a pair more; what makes the difference comes
    on top. (z_{1−α/2} + z_{power})·√turned/n, which leaves that out, is found in 4 of 10 cases where six have turned.

    >>> round(detectable_change(6, 100), 3)
    0.126
    """
    loss = (turned + 1) / 2 / (n + 2)

    def lacking(difference: float) -> float:
        return mcnemar_power(loss + difference, loss, n, alpha=alpha) - power

    most = 1 - 2 * loss
    return root(lacking, 0.0, most, within=1e-3 / n) if most > 0 and lacking(most) > 0 else None


def mcnemar_power(gain: float, loss: float, n: int, *, alpha: float = 0.05) -> float:
    """Chance that McNemar's exact test rejects with ``n`` pairs, of which a share turns one way and another share the other way."""
    share, spread = gain + loss, 8 * math.sqrt(n * (gain + loss)) + 8
    differ = np.arange(max(0, math.floor(n * share - spread)), min(n, math.ceil(n * share + spread)) + 1)
    least = binom.ppf(1 - alpha / 2, differ, 0.5) + 1  # the fewest of one way that reject
    rejects = binom.sf(least - 1, differ, gain / share) + binom.cdf(differ - least, differ, gain / share)
    return float(binom.pmf(differ, n, share) @ rejects)


def group_error(contributions: ArrayLike, groups: ArrayLike) -> float:
    """Standard error of a sum of contributions (N,) that add up to 0, a group's taken as one: √(G/(G − 1) · Σ (sum of a group)²)."""
    _, at = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(at, weights=np.asarray(contributions, np.float64))
    return math.sqrt(len(sums) / max(len(sums) - 1, 1) * float(sums @ sums))
