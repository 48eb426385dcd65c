"""Share of successes whose displacement is below the minimum over failures, and what a sample says of such an extreme.

The bootstrap is wrong here: a resample contains the minimum itself with probability 1 − 1/e, so the bootstrap law of a
minimum has an atom that never vanishes. The statement is several questions, and each has an exact answer:

* *Given this threshold* (the displacement of that very failure), which share of all successes lies below it?
  Binomial in the successes: Clopper–Pearson. `outmoved_share`, its interval.
* Which share of *all failures* lies below the threshold? Its law is Beta(rank, m + 1 − rank) whatever the
  distribution: ``failures_below_high`` (for the minimum of 254: at most 1.172 % at one-sided 95 %).
* Where may the least mobile of a *fresh* sample of failures fall? By exchangeability its rank among the present
  ones has a known law, so the share has an upper limit, ``fresh_high``. There is no lower limit without an assumption
  on the tail: with probability ½ a fresh minimum of as many failures lies below the present one.
* What does the statement say of *the network*, whatever the size of the sample? The least mobile of ``of`` failures lies above
  the 1 − ½^(1/of) quantile of all failures in half of all samples: `typical_extreme` is the share of successes below that
  quantile. With as many failures at hand it is the very share; with more or fewer it stays what it is.
* Does a fresh sample contradict the printed statement? It says "0 of m failures lie below the q-quantile of the
  successes": compare that count, `failures_below_successes`, by Fisher's exact test. This is the one to replicate.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.laws import beta, binom, hypergeom, one_sided_fisher
from unsettled.measure.statistics.median import order_statistic_ranks, sample_quantile
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.sample import as_classes, check_share
from unsettled.measure.support.counts import at_least

#: So many counts above the fewest that refute one-sided are tried one by one by the two-sided test.
NEAR = 40


def outmoved_share(displacement: ArrayLike, failures: ArrayLike, *, rank: int = 1, level: float = 0.95) -> Estimate:
    """Share of successes whose displacement is below the ``rank``-th smallest over failures, the threshold taken as given.

    Args:
        displacement: (N,) mobility of each example, any unit. failures: (N,) yes/no, the rest are successes.
        rank: 1 for the least mobile failure, 2 for the next, …

    ``extra``: ``threshold``, ``tied`` successes at it, ``failures_below_high`` and ``fresh_high`` (see the module),
    ``next_rank``, the share when that failure is left out: how much hangs on one example.
    """
    level = check_share("level", level)
    at_least(1, rank, "rank")  # 1 is that of the least mobile failure
    method = f"share below the failure of rank {rank}, Clopper–Pearson given the threshold"
    values, mask, reason = as_classes(displacement, failures)
    about: About = {"n": int((~mask).sum()), "method": method, "denominator": "successes"}
    if reason:
        return undefined(reason.replace("positive", "failing").replace("negative", "successful"), **about)
    moving, calm = np.sort(values[mask]), np.sort(values[~mask])
    if rank > len(moving):
        return undefined(f"only {len(moving)} failures, none of rank {rank}", **about)
    threshold = float(moving[rank - 1])
    below = int(np.searchsorted(calm, threshold, side="left"))
    share = proportion(below, len(calm), level=level, denominator="successes")
    extra: dict[str, float | str] = {
        "threshold": threshold,
        "tied": float(np.searchsorted(calm, threshold, side="right") - below),
        "failures_below_high": float(beta.ppf(level, rank, len(moving) + 1 - rank)),
        "fresh_high": _fresh_high(moving, calm, rank, level),
    }
    if rank < len(moving):
        extra["next_rank"] = float(np.searchsorted(calm, moving[rank], side="left") / len(calm))
    return Estimate(
        value=share.value,
        low=share.low,
        high=share.high,
        level=level,
        method=method,
        n=len(calm),
        denominator="successes",
        extra=extra,
        error=share.error,
        counts={"outmoved": below, "successes": len(calm), "failures": len(moving), "rank": rank},
    )


def typical_extreme(displacement: ArrayLike, failures: ArrayLike, *, of: int, level: float = 0.95) -> Estimate:
    """Share of successes that the least mobile of ``of`` failures outmoves in half of all samples, from any number of failures.

    The interval is exact for every pair of distributions: order statistics for the quantile of the failures, Clopper–Pearson
    for the successes below each, at half the risk each. Few failures know nothing of so low a quantile: the lower limit is
    then 0. ``extra`` as in `outmoved_share`, and ``outmoved``, what the least mobile failure of this sample outmoves.
    """
    level = check_share("level", level)
    at_least(1, of, "of")
    values, mask, reason = as_classes(displacement, failures)
    if reason:
        return outmoved_share(values, mask, level=level)
    moving, calm = np.sort(values[mask]), np.sort(values[~mask])
    quantile = 1 - 0.5 ** (1 / of)
    rank = max(1, int(np.ceil(quantile * len(moving) - 1e-9)))
    found, half = outmoved_share(values, mask, rank=rank, level=level), 1 - (1 - level) / 2
    low_rank, high_rank, _ = order_statistic_ranks(len(moving), quantile, level=half)
    low, high = 0.0, 1.0
    if low_rank >= 1:
        low = proportion(int(np.searchsorted(calm, moving[low_rank - 1], side="left")), len(calm), level=half).low
    if high_rank <= len(moving):
        high = proportion(int(np.searchsorted(calm, moving[high_rank - 1], side="left")), len(calm), level=half).high
    extra = dict(found.extra) | {"outmoved": outmoved_share(values, mask, level=level).value}
    method = f"share below the least mobile of {of:,} failures in half of all samples, order statistics"
    return Estimate(**{**vars(found), "low": low, "high": high, "error": None, "extra": extra, "method": method})


def failures_below_successes(
    displacement: ArrayLike,
    failures: ArrayLike,
    *,
    share: float,
    stated_below: int = 0,
    stated_failures: int | None = None,
    level: float = 0.95,
) -> Estimate:
    """Share of failures at or below the ``share``-quantile of the successes, Clopper–Pearson.

    "96.5 % of successes lie below the minimum over failures" says that this count is zero at share .965. With
    ``stated_failures`` (how many failures the statement rests on), ``extra["p_value"]`` is Fisher's exact test that the
    rate is no higher here than there; one-sided, since fewer failures below would only strengthen the statement. The
    interval takes the quantile of the successes as known; ``extra`` has the quantile (``threshold``).
    """
    share, level = check_share("share", share), check_share("level", level)
    method = f"failures at or below the {share:g} quantile of successes, Clopper–Pearson"
    values, mask, reason = as_classes(displacement, failures)
    if reason:
        reason = reason.replace("positive", "failing").replace("negative", "successful")
        return undefined(reason, n=int(mask.sum()), method=method, denominator="failures")
    threshold = sample_quantile(np.sort(values[~mask]), share)
    below, m = int((values[mask] <= threshold).sum()), int(mask.sum())
    counted = proportion(below, m, level=level, denominator="failures")
    extra = dict(counted.extra) | {"threshold": threshold}
    if stated_failures is not None:
        at_least(0, stated_below, "stated_below", most=at_least(0, stated_failures, "stated_failures"))
        table = [[stated_below, stated_failures - stated_below], [below, m - below]]
        extra["p_value"] = one_sided_fisher(table, alternative="less")
    return replace(counted, method=method, extra=extra)


def extreme_power(rate: float, failures: int, *, stated_failures: int, alpha: float = 0.05, both_tails: bool = False) -> float:
    """Chance that ``failures`` fresh failures refute "0 of ``stated_failures``" by Fisher's test at a true ``rate``.

    One-sided, or with ``both_tails`` two-sided.
    """
    check_share("rate", rate)
    at_least(1, failures, "failures"), at_least(1, stated_failures, "stated_failures")
    # given k events in all, "none of them among the stated" has probability C(failures, k) / C(all, k), falling in k
    alpha = check_share("alpha", alpha)
    fewest = bisect_left(
        range(failures + 1), True, key=lambda count: bool(hypergeom.pmf(0, failures + stated_failures, count, stated_failures) <= alpha)
    )
    if both_tails:
        # the other tail is added, which makes p fall unevenly: the next counts one by one, and all beyond
        near = np.arange(fewest, min(failures, fewest + NEAR) + 1)
        held = [count for count in near.tolist() if _two_sided(count, failures, stated_failures) <= alpha]
        return float(binom.pmf(held, failures, rate).sum() + binom.sf(fewest + NEAR, failures, rate)) if held else 0.0
    return float(binom.sf(fewest - 1, failures, rate)) if fewest <= failures else 0.0


def _two_sided(count: int, failures: int, stated_failures: int) -> float:
    """Fisher's p-value of ``count`` of the failures and none of the stated ones."""
    chances = hypergeom.pmf(np.arange(min(count, stated_failures) + 1), failures + stated_failures, count, stated_failures)
    return float(chances[chances <= chances[0] * (1 + 1e-7)].sum())


def fresh_rank_bound(present: int, fresh: int, rank: int, *, level: float = 0.95) -> int:
    """Smallest b such that the ``rank``-th of ``fresh`` values exceeds the b-th of ``present`` exchangeable ones with
    probability at most 1 − level; present + 1 when no rank bounds it. Distribution-free (negative hypergeometric).

    Raises:
        UserError: a size or rank that does not exist.
    """
    at_least(1, present, "present"), at_least(1, rank, "rank", most=at_least(1, fresh, "fresh"))
    # fresh₍rank₎ > present₍b₎  ⇔  fewer than `rank` fresh values among the first b + rank − 1 of the pooled order, rarer as b rises
    ranks = range(1, present + 1)
    return 1 + bisect_left(ranks, True, key=lambda b: bool(hypergeom.cdf(rank - 1, present + fresh, fresh, b + rank - 1) <= 1 - level))


def _fresh_high(moving: np.ndarray, calm: np.ndarray, rank: int, level: float) -> float:
    """Upper limit for the population share below the same rank of a fresh sample as large; each part at half the risk."""
    half = 1 - (1 - level) / 2
    bound = fresh_rank_bound(len(moving), len(moving), rank, level=half)
    if bound > len(moving):
        return 1.0
    below = int(np.searchsorted(calm, moving[bound - 1], side="right"))
    return 1.0 if below == len(calm) else float(beta.ppf(half, below + 1, len(calm) - below))
