"""The ratio of two shares with exact limits: how often the one group succeeds, over how often the other does.

Log and score intervals take a normal law for counts that may be 0 or 1: with ten examples in the smaller group they exclude a
true ratio of ½ in 5–10 % where 2.5 % are meant. Here every ratio is tested exactly: the chance of a score (Koopman 1984,
Biometrics 40:513) at least as extreme, summed over both binomials, at the worst of all base rates within their own 99.9 %
limits, whose .1 % is added (Berger & Boos 1994, Journal of the American Statistical Association 89:1012).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import beta, binom, norm
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.statistics.sample import check_share
from unsettled.measure.support.counts import at_least

NUISANCE = 0.001
GRID = 33
#: Of larger groups, counts that have no chance are left out of a sum.
EVERY_COUNT = 50
FARTHEST = 1e4
#: How near to each other, in logarithms, a limit lies to ratios that are not excluded.
NEAR = 1e-4
#: How far beyond a limit of small groups, in standard errors, others are looked for, and at how many places.
BEYOND, LOOKS = 0.3, 24
#: Every so many-th ratio that is tried lies half-way.
HALVED = 8
#: A count with a smaller chance has no say: all of them together are a last bit of nothing.
NEVER = 1e-30


def risk_ratio(hits: int, n: int, other_hits: int, others: int, *, level: float = 0.95, denominator: str = "examples") -> Estimate:
    """``hits``/``n`` over ``other_hits``/``others`` with exact two-sided limits; each side misses with at most (1 − level)/2.

    The upper limit is infinite where no ratio can be excluded, the lower one 0. Undefined with an empty group, or where none
    of the others is a hit.

    >>> found = risk_ratio(3, 20, 60, 180)
    >>> round(found.value, 2), found.low < 0.45 < found.high
    (0.45, True)
    """
    level = check_share("level", level)
    at_least(0, hits, "hits", most=at_least(0, n, "n"))
    at_least(0, other_hits, "other_hits", most=at_least(0, others, "others"))
    method = "ratio of shares, exact limits (score, worst base rate)"
    if not (n and others and other_hits):
        reason = "none of the others is a hit" if n and others else "one group is empty"
        return undefined(reason, n=n + others, method=method, denominator=denominator)
    value, alpha = hits / n / (other_hits / others), (1 - level) / 2
    tables = (hits, n, other_hits, others)
    low = _limit(tables, value, alpha, above=True) if hits else 0.0
    counts = {"hits": hits, "group": n, "other_hits": other_hits, "others": others}
    return Estimate(
        value=value,
        low=low,
        high=_limit(tables, value, alpha, above=False),
        level=level,
        n=n + others,
        method=method,
        denominator=denominator,
        counts=counts,
    )


def ratio_p_value(hits: int, n: int, other_hits: int, others: int, ratio: float, *, above: bool) -> float:
    """One-sided p-value of "the ratio is ``ratio``" against a larger one (``above``) or a smaller one."""
    base, chance = _chances((hits, n, other_hits, others), ratio, above=above)
    return min(1.0, float(chance(base).max()) + NUISANCE)


def _chances(tables: tuple[int, int, int, int], ratio: float, *, above: bool) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """The base rates to try, and the chance of a score at least as extreme at given ones of them."""
    hits, n, other_hits, others = tables
    seen = float(_scores(np.array(hits), n, others, ratio)(np.array(other_hits)))
    base = _base_rates(hits, n, other_hits, others, ratio)
    counts = _likely(n, np.minimum(ratio * base, 1.0))
    # of each count of the group, up to which count of the others the score is at least as extreme
    edge = _edge(counts, n, others, ratio, seen, above=above)

    def chance(rates: np.ndarray) -> np.ndarray:
        chances = binom.pmf(counts, n, np.minimum(ratio * rates[:, None], 1.0))
        rate, count = np.nonzero(chances > NEVER)
        chances[rate, count] *= (binom.cdf if above else binom.sf)(edge[count], others, rates[rate])
        return np.asarray(chances.sum(axis=1))

    return base, chance


def _base_rates(hits: int, n: int, other_hits: int, others: int, ratio: float) -> np.ndarray:
    """Rates (GRID,) of the others that are not excluded by their own count, nor by the group's at this ratio."""
    tail, most = NUISANCE / 4, min(1.0, 1 / ratio)
    low = max(_share_limit(other_hits, others, tail, upper=False), _share_limit(hits, n, tail, upper=False) / ratio)
    high = min(_share_limit(other_hits, others, tail, upper=True), _share_limit(hits, n, tail, upper=True) / ratio, most)
    return np.linspace(min(low, most), max(high, min(low, most)), GRID)


def _likely(n: int, rates: np.ndarray) -> np.ndarray:
    """Counts of a group of ``n`` at these rates: all of a small group, and of a large one all but those that are never seen.

    By Bernstein's inequality those that are left out have together a chance below 10⁻³⁰ at each of the rates, a last bit of nothing.
    """
    if n <= EVERY_COUNT:
        return np.arange(n + 1)
    reach = 12 * np.sqrt(n * rates * (1 - rates)) + 50
    return np.arange(max(0, math.floor((n * rates - reach).min())), min(n, math.ceil((n * rates + reach).max())) + 1)


@lru_cache(maxsize=1024)
def _share_limit(hits: int, n: int, tail: float, *, upper: bool) -> float:
    if upper:
        return 1.0 if hits == n else float(beta.isf(tail, hits + 1, n - hits))
    return 0.0 if hits == 0 else float(beta.ppf(tail, hits, n - hits + 1))


def _edge(counts: np.ndarray, n: int, others: int, ratio: float, seen: float, *, above: bool) -> np.ndarray:
    """For each count of the group the last count of the others with a score of at least ``seen``, −1 for none; below,
    the last with a score above it. The score falls as the others' count grows, so that it is found by halving."""
    low, high = np.full(len(counts), -1), np.full(len(counts), others)
    score_at = _scores(counts, n, others, ratio)
    while (low < high).any():
        middle = (low + high + 1) // 2
        score = score_at(middle)
        holds = score >= seen - 1e-9 if above else score > seen + 1e-9
        low, high = np.where(holds, middle, low), np.where(holds, high, middle - 1)
    return low


def _scores(hits: np.ndarray, n: int, others: int, ratio: float) -> Callable[[np.ndarray], np.ndarray]:
    """Koopman's score of "the ratio is ``ratio``" by the others' hits: positive where the group has more hits than that."""
    share, fixed, scale = hits / n, n * ratio + hits + others, 2 * (n + others) * ratio

    def score(other_hits: np.ndarray) -> np.ndarray:
        linear = fixed + other_hits * ratio
        rate = (linear - np.sqrt(np.maximum(linear * linear - 2 * scale * (hits + other_hits), 0.0))) / scale
        mine = rate * ratio
        variance = mine * (1 - mine) / n + mine * (ratio - mine) / others
        found: np.ndarray = (share - other_hits * (ratio / others)) / np.sqrt(np.maximum(variance, 1e-15))
        return found

    return score


@lru_cache(maxsize=256)
def _limit(tables: tuple[int, int, int, int], value: float, alpha: float, *, above: bool) -> float:
    """The ratio farthest from the value, on its lower or upper side, up to which ratios are not excluded; 0 or infinite where all are not.

    Of small groups the p-value does not fall evenly with the ratio: ratios somewhat beyond the first that is excluded may not be.
    """
    excess, error = _excess(tables, alpha, above=above), _log_error(*tables)
    far = math.log(1 / FARTHEST if above else FARTHEST)
    if excess(far) > 0:
        return 0.0 if above else math.inf
    inside, reached = math.log(max(value, 1 / FARTHEST)), upper_quantile(alpha)
    step = math.copysign(error, far - inside)
    limit = _crossing(excess, inside, far, inside + reached * step, reached)
    if min(tables[1], tables[3]) <= EVERY_COUNT:
        beyond = limit + step * BEYOND * np.arange(LOOKS, 0, -1) / LOOKS
        there = next((place for place in beyond if excess(place) > 0), None)
        if there is not None:
            limit = _crossing(excess, there, there + step * BEYOND / LOOKS, math.nan, 0.0)
    return math.exp(limit)


def _excess(tables: tuple[int, int, int, int], alpha: float, *, above: bool) -> Callable[[float], float]:
    """By the logarithm of a ratio: how far its p-value lies above alpha, as normal quantiles, which is nearly a line.

    One base rate is enough to tell that it lies above, and the one that was worst is likely so again.
    """
    worst, reached = GRID // 2, upper_quantile(alpha)

    def excess(place: float) -> float:
        nonlocal worst
        base, chance = _chances(tables, math.exp(place), above=above)
        p_value = float(chance(base[worst : worst + 1])[0]) + NUISANCE
        if p_value <= alpha:
            chances = chance(base)
            worst = int(chances.argmax())
            p_value = float(chances[worst]) + NUISANCE
        return reached - float(norm.isf(min(p_value, 1 - NUISANCE)))

    return excess


def _crossing(excess: Callable[[float], float], inside: float, outside: float, place: float, at_inside: float) -> float:
    """A place at which the excess is not positive, as near to one at which it is as `NEAR`; it is positive ``inside``, not ``outside``.

    Looked for first at ``place``, then where the line through the last two reaches zero; half-way where that is not between, and now and
    then, since there may be steps.
    """
    last, at_last, turn = inside, at_inside, 0
    while abs(outside - inside) > NEAR:
        turn += 1
        if turn % HALVED == 0 or not min(inside, outside) < place < max(inside, outside):
            place = (inside + outside) / 2
        found = excess(place)
        inside, outside = (place, outside) if found > 0 else (inside, place)
        zero = place - found * (place - last) / (found - at_last) if found != at_last else math.nan
        last, at_last = place, found
        # a little farther, so that the limit lies between the two
        place = zero + math.copysign(NEAR / 2, outside - inside) * (1 if found > 0 else -1)
    return outside


def _log_error(hits: int, n: int, other_hits: int, others: int) -> float:
    """The standard error of the logarithm of the ratio by the counts, half a hit added to each."""
    return math.sqrt(max(1 / (hits + 0.5) - 1 / (n + 0.5) + 1 / (other_hits + 0.5) - 1 / (others + 0.5), NEAR))
