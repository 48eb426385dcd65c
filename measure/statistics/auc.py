"""ROC AUC with ties, its DeLong variance in O(n log n), and intervals that hold near the boundary.

AUC = P(score of a positive > score of a negative) + ½ P(tie), the Mann–Whitney form.

Sources: DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837; the midrank algorithm of Sun & Xu (2014), IEEE
Signal Processing Letters 21:1389; the logit interval of Pepe (2003), §5.2; limits that hang on more than that in
`unsettled.measure.statistics.auc_limits`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.auc_limits import hanley_mcneil_error, score_interval, shrunk_interval
from unsettled.measure.statistics.equivalence import equivalence
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import student
from unsettled.measure.statistics.libraries import expit, logit, ranking, upper_quantile
from unsettled.measure.statistics.sample import as_classes, check_choice, check_share

#: Of more scores than this pairs are counted by compiled code, in whole numbers, which leaves the last digit of a mean to nothing.
LARGE = 1 << 17
INTERVALS = ("shrunk", "logit", "wald", "score")


def auc(
    scores: ArrayLike, positives: ArrayLike, *, level: float = 0.95, interval: str = "shrunk", denominator: str = "examples"
) -> Estimate:
    """ROC AUC of ``scores`` (N,) for the class ``positives`` (N,) with a two-sided interval.

    Args:
        interval: ``"shrunk"`` (`unsettled.measure.statistics.auc_limits`: what verdicts hang on), ``"logit"`` (DeLong
            variance on the logit scale), ``"wald"`` (DeLong, symmetric, may leave [0, 1]), or ``"score"``
            (`score_interval`). At .993 with 254 positives the nominal 95 % of the DeLong ones cover .83–.95 and .88–.95
            depending on the shape of the scores, the score interval .96–1; it covers .84 where positives are few and spread. None is exact:
            the shrunk one covers .92 and more of the shapes that were tried, less where a score has two values and positives are few.

    An AUC of exactly 0 or 1 has no DeLong variance. Its finite limit is then the Clopper–Pearson limit for
    min(m, n) concordant pairs out of min(m, n): perfect separation implies that those disjoint, independent pairs
    are all concordant, so the limit holds for every pair of distributions (it is conservative).
    When every score ties, or a class has one example, there is a value but no interval. ``extra["note"]`` says so, and
    ``error`` is None wherever there is no usable DeLong variance. Not for examples that depend on each other (several rollouts
    of one puzzle): the variance takes them as independent. Limits are mirrored with the classes, not with the scores: the planned
    variance takes exponential ones.

    Raises:
        UserError: arrays of different lengths, or an unknown interval.

    >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]).value
    0.75
    """
    check_choice("interval", interval, INTERVALS)
    level = check_share("level", level)
    method = f"Mann–Whitney AUC, {interval} interval"
    values, mask, reason = as_classes(scores, positives)
    if reason:
        return undefined(reason, n=len(values), method=method, denominator=denominator)
    m = int(mask.sum())
    n = len(mask) - m
    value, error = area_and_error(values, mask)
    low, high, note = auc_interval(value, error, m, n, level=level, interval=interval)
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=m + n,
        method=method,
        denominator=denominator,
        counts={"positives": m, "negatives": n, "pairs": m * n},
        error=error,
        extra={"note": note} if note else {},
    )


def auc_difference(
    first: ArrayLike, second: ArrayLike, positives: ArrayLike, *, level: float = 0.95, denominator: str = "examples"
) -> Estimate:
    """AUC of ``first`` minus AUC of ``second`` on the same examples (N,), paired DeLong interval and p-value.

    ``extra``: ``auc_first``, ``auc_second``, ``z``, ``p_value`` (two-sided, of no difference). Both take Student's t with Satterthwaite's
    degrees of freedom (Brunner & Munzel 2000, Biometrical Journal 42:17): by the normal law no difference is rejected in up to 11 % with
    five positives where 5 % are meant. Two scores that order the
    classes alike give 0 with p-value 1 and no interval; where the variance fails otherwise (a class of one example, two
    kinds of complete separation) there is a value and neither interval nor p-value. ``extra["note"]`` says so. Not for a score
    that was fitted on these examples: see `unsettled.measure.statistics.increment`.

    Raises:
        UserError: arrays of different lengths.

    >>> found = auc_difference([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5], [False, False, True, False, True, True])
    >>> round(found.value, 3), round(found.extra["auc_first"], 3), round(found.extra["auc_second"], 3)
    (-0.111, 0.889, 1.0)
    """
    method = "paired DeLong difference of AUC"
    level = check_share("level", level)
    values, mask, reason = as_classes(first, positives)
    others, _, other_reason = as_classes(second, positives)
    if reason or other_reason:
        return undefined(reason or other_reason, n=len(mask), method=method, denominator=denominator)
    first_of_positives, first_of_negatives = placements(values, mask)
    second_of_positives, second_of_negatives = placements(others, mask)
    auc_first, auc_second = float(first_of_positives.mean()), float(second_of_positives.mean())
    value = auc_first - auc_second
    apart = first_of_positives - second_of_positives, first_of_negatives - second_of_negatives
    error = _usable(_delong_error(*apart))
    extra: dict[str, float | str] = {"auc_first": auc_first, "auc_second": auc_second}
    low = high = math.nan
    if error is None:
        alike = min(len(first_of_positives), len(first_of_negatives)) > 1 and value == 0
        extra["note"] = "both scores order the classes alike" if alike else "no DeLong variance of the difference"
        if alike:
            extra |= {"z": 0.0, "p_value": 1.0}
    else:
        degrees = _degrees(*apart)
        half = float(student.isf((1 - level) / 2, degrees)) * error
        low, high = value - half, value + half
        extra |= {"z": value / error, "p_value": float(2 * student.sf(abs(value / error), degrees))}
    counts = {"positives": len(first_of_positives), "negatives": len(first_of_negatives)}
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=len(mask),
        method=method,
        denominator=denominator,
        counts=counts,
        extra=extra,
        error=error,
    )


def auc_equivalence(scores: ArrayLike, positives: ArrayLike, *, target: float = 0.5, margin: float = 0.1, alpha: float = 0.05) -> Estimate:
    """Is the AUC equivalent to ``target`` within ± ``margin``? Two one-sided tests on the DeLong error.

    The interval has level 1 − 2·alpha, as the test does. ``extra``: see `equivalence.equivalence`; its ``power`` is
    the chance that a sample of this size shows equivalence when the AUC is ``target`` exactly, computed with the
    Hanley–McNeil error at the target (under no association the exact variance of Mann–Whitney when it is ½).
    """
    level = round(1 - 2 * check_share("alpha", alpha), 12)
    measured = auc(scores, positives, level=level, interval="wald")
    if not measured.defined:
        return measured
    planned = hanley_mcneil_error(target, measured.counts["positives"], measured.counts["negatives"])
    return equivalence(measured, target=target, margin=margin, alpha=alpha, planned_error=planned)


def area_and_error(scores: np.ndarray, positives: np.ndarray) -> tuple[float, float | None]:
    """The area of scores (N,) for a class that some of them have and some have not, and its DeLong error; None where that is not usable.

    What `auc` begins with, for who asks for no interval: arrays as `unsettled.measure.statistics.sample.as_classes` gives them.
    """
    if len(scores) > LARGE:
        value, error = ranking.area_and_error(scores, positives)
        return value, _usable(error)
    of_positives, of_negatives = placements(scores, positives)
    return float(of_positives.mean()), _usable(_delong_error(of_positives, of_negatives))


def placements(scores: np.ndarray, positives: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """DeLong's structural components: for each positive the share of negatives below it (ties ½), and for each
    negative the share of positives above it. Both in the order of the input; both have the AUC as their mean."""
    m = int(positives.sum())
    n = len(scores) - m
    if len(scores) > LARGE:
        counts = ranking.others_below(scores, positives)
        return counts[positives] / n, 1.0 - counts[~positives] / m
    order = np.argsort(scores)
    ordered, up = scores[order], positives[order]
    seen = np.cumsum(up)  # of each place in the order, how many positives stand up to there
    places = np.arange(1, len(scores) + 1)
    rising = ordered[1:] != ordered[:-1]
    counts = np.empty(len(scores))
    if rising.all():  # no ties: what stands below is what was passed
        counts[order] = np.where(up, places - seen, seen)
    else:  # half of what ties stands below: the mean of what stands below the tie and of what stands up to its end
        starts = np.flatnonzero(np.concatenate(([True], rising)))
        lengths = np.diff(np.append(starts, len(scores)))
        ends = starts + lengths - 1
        first = seen[starts] - up[starts]
        ups, both = np.repeat(0.5 * (first + seen[ends]), lengths), np.repeat(0.5 * (starts + places[ends]), lengths)
        counts[order] = np.where(up, both - ups, ups)
    return counts[positives] / n, 1.0 - counts[~positives] / m


def midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing the mean of their ranks; infinities of one sign tie."""
    order, ranks = np.argsort(values), np.empty(len(values))
    ordered = values[order]
    rising = ordered[1:] != ordered[:-1]
    if rising.all():  # no ties: the same ranks with a third of the memory
        ranks[order] = np.arange(1.0, len(values) + 1)
        return ranks
    starts = np.flatnonzero(np.concatenate(([True], rising)))
    ends = np.append(starts[1:], len(values))
    ranks[order] = np.repeat(0.5 * (starts + ends + 1), ends - starts)
    return ranks


def _delong_error(of_positives: np.ndarray, of_negatives: np.ndarray) -> float | None:
    m, n = len(of_positives), len(of_negatives)
    if m < 2 or n < 2:
        return None
    return math.sqrt(of_positives.var(ddof=1) / m + of_negatives.var(ddof=1) / n)


def _degrees(of_positives: np.ndarray, of_negatives: np.ndarray) -> float:
    """Satterthwaite's degrees of freedom of `_delong_error`, of which each class is known as well as it is large."""
    parts = [(len(part) - 1, float(part.var(ddof=1)) / len(part)) for part in (of_positives, of_negatives)]
    return sum(variance for _, variance in parts) ** 2 / sum(variance**2 / degrees for degrees, variance in parts)


def _usable(error: float | None) -> float | None:
    # a variance of 0 is the estimator's failure (separation, all ties), not certainty
    return error or None


def auc_interval(
    value: float, error: float | None, m: int, n: int, *, level: float = 0.95, interval: str = "logit"
) -> tuple[float, float, str]:
    """(low, high, note) of an AUC with its standard error, m positives and n negatives."""
    tail = (1 - level) / 2
    z = upper_quantile(tail)
    if interval == "score":
        return *score_interval(value, m, n, level=level), ""
    if value in (0.0, 1.0):
        limit = tail ** (1 / min(m, n))
        ends = (limit, 1.0) if value else (0.0, 1.0 - limit)
        return *ends, "complete separation: limit from min(m, n) disjoint pairs"
    if not error:
        reason = "a class has one example" if min(m, n) < 2 else "all scores tie"
        return math.nan, math.nan, f"{reason}: no DeLong variance, no interval"
    if interval == "shrunk":
        return *shrunk_interval(value, error, m, n, level=level), ""
    if interval == "wald":
        return value - z * error, value + z * error, ""
    half = z * error / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half)), ""
