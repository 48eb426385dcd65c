"""Proportions with exact and score intervals, the bound behind "none of n", and what n examples can refute.

Sources: Clopper & Pearson (1934), Biometrika 26:404; Wilson (1927), JASA 22:209; Newcombe (1998), Statistics in
Medicine 17:873 (difference of two proportions). Intervals come from statsmodels.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, binom, fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.sample import check_choice, check_share

INTERVALS = {"clopper-pearson": "beta", "wilson": "wilson"}


def proportion(
    successes: int, n: int, *, level: float = 0.95, interval: str = "clopper-pearson", denominator: str = "examples"
) -> Estimate:
    """successes / n with a two-sided interval; with no or only successes, ``extra`` also has the
    one-sided bound and there is no standard error."""
    check_choice("interval", interval, tuple(INTERVALS))
    level = check_share("level", level)
    successes, n = _check_counts(successes, n)
    method = f"proportion, {interval} interval"
    if n == 0:
        return undefined(f"no {denominator}", method=method, denominator=denominator)
    low, high = proportion_confint(successes, n, alpha=1 - level, method=INTERVALS[interval])
    # Clopper–Pearson of no (or only) successes: the limit is 0 (or 1) by definition, which the beta quantile leaves NaN
    low, high = (0.0 if successes == 0 else float(low)), (1.0 if successes == n else float(high))
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


def proportion_difference(
    first_successes: int, first_n: int, second_successes: int, second_n: int, *, level: float = 0.95, denominator: str = "examples"
) -> Estimate:
    """first share − second share of independent samples: Newcombe's interval; ``extra["p_value"]`` is Fisher's exact."""
    method = "difference of proportions, Newcombe interval"
    level = check_share("level", level)
    a, m = _check_counts(first_successes, first_n)
    b, n = _check_counts(second_successes, second_n)
    if m == 0 or n == 0:
        return undefined(f"no {denominator} in one group", n=m + n, method=method, denominator=denominator)
    low, high = confint_proportions_2indep(a, m, b, n, method="newcomb", compare="diff", alpha=1 - level)
    p, q = a / m, b / n
    return Estimate(
        value=p - q,
        low=float(low),
        high=float(high),
        level=level,
        n=m + n,
        method=method,
        denominator=denominator,
        counts={"first_successes": a, "first_n": m, "second_successes": b, "second_n": n},
        error=math.sqrt(p * (1 - p) / m + q * (1 - q) / n),
        extra={"first": p, "second": q, "p_value": float(fisher_exact([[a, m - a], [b, n - b]]).pvalue)},
    )


def zero_event_bound(n: int, *, level: float = 0.95, denominator: str = "examples") -> Estimate:
    """What "none of n" allows: value 0 and the one-sided exact upper limit 1 − (1 − level)^(1/n).

    0 of 254 at 95 % gives 1.172 %. The bound is one-sided, unlike the two-sided limit of `proportion`.
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


def n_for_zero_event_bound(bound: float, *, level: float = 0.95) -> int:
    """The smallest n for which "none of n" has an upper bound of at most ``bound``."""
    bound, level = check_share("bound", bound), check_share("level", level)
    n = max(1, math.ceil(math.log1p(-level) / math.log1p(-bound)) - 1)
    while zero_event_bound(n, level=level).high > bound:  # settles the rounding of the logarithms
        n += 1
    return n


def zero_event_power(n: int, rate: float) -> float:
    """Chance that n examples show at least one event when each has ``rate``: what could refute a stated "none"."""
    return float(-np.expm1(n * np.log1p(-check_share("rate", rate))))


def acceptance_counts(stated: float | tuple[float, float], n: int, *, alpha: float = 0.05, widen: float = 1.0) -> tuple[int, int]:
    """The counts [lowest, highest] of n whose Clopper–Pearson interval of level 1 − alpha meets ``stated``.

    Args:
        stated: a share, or the interval of shares that round to the printed digits.
        widen: factor on both half-intervals, for the sampling error of the stated share itself: √(1 + n/n_stated).
    """
    low, high = stated if isinstance(stated, tuple) else (stated, stated)
    if not (high >= 0 and low <= 1):
        raise UserError(f"a proportion of {stated} does not exist")
    _, n = _check_counts(0, n)
    counts, tail = np.arange(n + 1), check_share("alpha", alpha) / 2
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
    0.87
    """
    if not 0 <= truth <= 1:
        raise UserError(f"a proportion of {truth} does not exist")
    lowest, highest = acceptance_counts(stated, n, alpha=alpha, widen=widen)
    return float(binom.cdf(lowest - 1, n, truth) + binom.sf(highest, n, truth))


def proportion_minimum_detectable_difference(
    stated: float, n: int, *, power: float = 0.8, alpha: float = 0.05, side: str = "above"
) -> float:
    """Smallest |truth − stated| on one ``side`` that n examples refute with at least ``power``; NaN if there is none.

    ``side``: ``"above"``, ``"below"``, or ``"either"`` (the larger of the two that exist).
    """
    check_choice("side", side, ("above", "below", "either"))
    check_share("power", power)
    if side == "either":
        both = [proportion_minimum_detectable_difference(stated, n, power=power, alpha=alpha, side=one) for one in ("above", "below")]
        return float(np.nanmax(both)) if np.isfinite(both).any() else math.nan
    end = 1.0 if side == "above" else 0.0
    if stated == end or binomial_power(stated, end, n, alpha=alpha) < power:
        return math.nan
    lowest, highest = acceptance_counts(stated, n, alpha=alpha)

    def short_of_power(truth: float) -> float:
        return float(binom.cdf(lowest - 1, n, truth) + binom.sf(highest, n, truth)) - power

    return abs(float(brentq(short_of_power, stated, end, xtol=1e-10)) - stated)


def _check_counts(successes: int, n: int) -> tuple[int, int]:
    whole = [int(successes), int(n)]
    if whole != [successes, n] or not 0 <= whole[0] <= whole[1]:
        raise UserError(f"{successes} of {n} is not a count of a sample")
    return whole[0], whole[1]
