"""Proportions with exact and score intervals, the bound behind "none of n", and what n examples can refute.

Sources: Clopper & Pearson (1934), Biometrika 26:404; Wilson (1927), JASA 22:209. Intervals come from scipy.
"""

from __future__ import annotations

import math

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import beta, binom
from unsettled.measure.statistics.libraries import binomtest
from unsettled.measure.statistics.sample import check_choice, check_share
from unsettled.measure.support.counts import at_least

INTERVALS = ("clopper-pearson", "wilson")


def proportion(
    successes: int, n: int, *, level: float = 0.95, interval: str = "clopper-pearson", denominator: str = "examples"
) -> Estimate:
    """successes / n with a two-sided interval; without a success or a failure ``extra`` also has the one-sided bound.

    "clopper-pearson" inverts the binomial test, P(X ≥ k | low) = P(X ≤ k | high) = (1 − level)/2, and never covers less than it
    says; "wilson" inverts the score test and covers its level on average. ``error`` is √(p(1 − p)/n), None at 0 and at 1.
    Not for counts that depend on each other (several answers to one example): take one for each example.

    Raises:
        UserError: counts that are not those of a sample, or an unknown interval.

    >>> found = proportion(3, 254)
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.0118, 0.0024, 0.0341)
    """
    check_choice("interval", interval, INTERVALS)
    level = check_share("level", level)
    successes, n = _check_counts(successes, n)
    method = f"proportion, {interval} interval"
    if n == 0:
        return undefined(f"no {denominator}", method=method, denominator=denominator)
    low, high = _exact(successes, n, level) if interval == "clopper-pearson" else _wilson(successes, n, level)
    share = successes / n
    extra: dict[str, float | str] = {}
    if successes == 0:
        extra["one_sided_high"] = float(beta.ppf(level, 1, n))
    if successes == n:
        extra["one_sided_low"] = float(beta.ppf(1 - level, n, 1))
    return Estimate(
        value=share,
        low=low,
        high=high,
        level=level,
        n=n,
        method=method,
        denominator=denominator,
        counts={"successes": successes, "n": n},
        extra=extra,
        error=math.sqrt(share * (1 - share) / n) if 0 < successes < n else None,
    )


def _exact(successes: int, n: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson's limits as quantiles of beta distributions; at 0 (or n) successes one of them is 0 (or 1) by definition."""
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes else 0.0
    return low, float(beta.isf(tail, successes + 1, n - successes)) if successes < n else 1.0


def _wilson(successes: int, n: int, level: float) -> tuple[float, float]:
    found = binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def zero_event_bound(n: int, *, level: float = 0.95, denominator: str = "examples") -> Estimate:
    """What "none of n" allows: value 0 and the one-sided exact upper limit 1 − (1 − level)^(1/n).

    The bound is one-sided, unlike the two-sided limit of `proportion`.

    >>> round(100 * zero_event_bound(254).high, 3)
    1.172
    """
    level = check_share("level", level)
    _, n = _check_counts(0, n)
    method = "no events, one-sided exact upper bound"
    if n == 0:
        return undefined(f"no {denominator}", method=method, denominator=denominator)
    high = -math.expm1(math.log1p(-level) / n)
    return Estimate(
        value=0.0, low=0.0, high=high, level=level, n=n, method=method, denominator=denominator, counts={"successes": 0, "n": n}
    )


def zero_event_power(n: int, rate: float) -> float:
    """Chance that n examples show at least one event when each has ``rate``: what could refute a stated "none"."""
    return float(-np.expm1(at_least(0, n, "n") * np.log1p(-check_share("rate", rate))))


def acceptance_counts(stated: float | tuple[float, float], n: int, *, alpha: float = 0.05, widen: float = 1.0) -> tuple[int, int]:
    """The counts [lowest, highest] of n whose Clopper–Pearson interval of level 1 − alpha meets ``stated``.

    Args:
        stated: a share, or the interval of shares that round to the printed digits.
        widen: factor on both half-intervals, for the sampling error of the stated share itself: √(1 + n/n_stated).
    """
    low, high = stated if isinstance(stated, tuple) else (stated, stated)
    if not (high >= 0 and low <= 1):
        raise UserError(f"a proportion of {stated} does not exist")
    counts, tail = np.arange(at_least(1, n, "n") + 1), check_share("alpha", alpha) / 2
    share = counts / n
    with np.errstate(invalid="ignore"):
        lower = np.where(counts == 0, 0.0, beta.ppf(tail, counts, n - counts + 1))
        upper = np.where(counts == n, 1.0, beta.ppf(1 - tail, counts + 1, n - counts))
    meets = (share + (upper - share) * widen >= low) & (share - (share - lower) * widen <= high)
    found = np.flatnonzero(meets)
    return int(found[0]), int(found[-1])


def binomial_power(stated: float | tuple[float, float], truth: float, n: int, *, alpha: float = 0.05, widen: float = 1.0) -> float:
    """Exact chance that n examples refute ``stated`` when the share is ``truth``; arguments as in `acceptance_counts`.

    >>> round(binomial_power(0.526, 0.56, 2048), 2)
    0.86
    """
    if not 0 <= truth <= 1:
        raise UserError(f"a proportion of {truth} does not exist")
    lowest, highest = acceptance_counts(stated, n, alpha=alpha, widen=widen)
    return float(binom.cdf(lowest - 1, n, truth) + binom.sf(highest, n, truth))


def _check_counts(successes: int, n: int) -> tuple[int, int]:
    whole = [int(successes), int(n)]
    if whole != [successes, n] or not 0 <= whole[0] <= whole[1]:
        raise UserError(f"{successes} of {n} is not a count of a sample")
    return whole[0], whole[1]
