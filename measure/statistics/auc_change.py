"""Difference of two areas on the same examples whose classes need not be the same: two networks, each with its own outcomes.

An area is a mean of what each example contributes (DeLong's structural components), and so is the difference of two; its variance is
that of the differences of the contributions, example by example. With one set of outcomes this is DeLong, DeLong &
Clarke-Pearson (1988), Biometrics 44:837; examples that depend on each other contribute as one (Obuchowski 1997, Biometrics 53:567).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import placements
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import student
from unsettled.measure.statistics.paired import group_error
from unsettled.measure.statistics.sample import as_classes, check_share


@dataclass(frozen=True)
class Classed:
    """One score of each example (N,) and which of them are positive (N,)."""

    scores: ArrayLike
    positives: ArrayLike


def auc_change(
    first: Classed, second: Classed, *, groups: ArrayLike | None = None, level: float = 0.95, denominator: str = "examples"
) -> Estimate:
    """Area of ``first`` minus area of ``second``, on the same examples, with a paired interval and p-value.

    ``extra``: ``auc_first``, ``auc_second``, ``p_value`` (two-sided, of no difference). Both take Student's t with Satterthwaite's degrees
    of freedom, as Brunner and Munzel (2000, Biometrical Journal 42:17) do for one area: with five positives the normal law rejects no
    difference in up to 11 % where 5 % are meant, and with two in 12 %. ``groups`` (N,) are of examples that depend on each other; the
    error is never smaller than without them, nor the degrees of freedom larger than those of the groups. Where both separate
    completely, or order the classes alike, there is a value and no interval.

    Raises:
        UserError: arrays of different lengths.

    >>> outcomes = [False, False, True, False, True, True]
    >>> found = auc_change(Classed([1, 2, 3, 4, 5, 6], outcomes), Classed([2, 1, 4, 3, 6, 5], outcomes))
    >>> round(found.value, 3), round(found.error, 3)
    (-0.111, 0.157)
    """
    level = check_share("level", level)
    about = {"method": "paired DeLong difference of AUC, each with its own outcomes", "denominator": denominator}
    parts, areas, masks = [], [], []
    for classed in (first, second):
        scores, positives, reason = as_classes(classed.scores, classed.positives)
        if reason:
            return undefined(reason, n=len(scores), **about)
        area, contributed = _contributions(scores, positives)
        areas.append(area)
        parts.append(contributed)
        masks.append(positives)
    if len(parts[0]) != len(parts[1]):
        raise UserError(f"{len(parts[0])} and {len(parts[1])} examples are no pairs")
    value, apart, n = areas[0] - areas[1], parts[0] - parts[1], len(parts[0])
    error, degrees, counts = math.sqrt(float(apart @ apart)), _by_class(apart, masks[0], masks[1], np.arange(n))[1], {"n": n}
    if groups is not None and (clusters := len(np.unique(np.asarray(groups)))) < n:
        by_class, degrees = _by_class(apart, masks[0], masks[1], np.unique(np.asarray(groups), return_inverse=True)[1])
        error, degrees, counts["groups"] = max(error, group_error(apart, groups), by_class), min(degrees, clusters - 1), clusters
        about["method"] = about["method"].replace("paired", "paired clustered")
    known = math.isfinite(error) and error > 0
    quantile = float(student.isf((1 - level) / 2, degrees)) if degrees else math.inf
    half = quantile * error if known else math.nan
    extra: dict[str, float | str] = {"auc_first": areas[0], "auc_second": areas[1]}
    if known:
        extra["p_value"] = float(2 * student.sf(abs(value) / error, degrees)) if degrees else 1.0
    elif not apart.any() and parts[0].any():
        extra |= {"p_value": 1.0, "note": "both scores order the classes alike"}
    else:
        extra["note"] = "no variance of the difference: complete separation, or a class of one example"
    return Estimate(
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        n=n,
        counts=counts,
        extra=extra,
        error=error if known else None,
        **about,
    )


def _contributions(scores: np.ndarray, positives: np.ndarray) -> tuple[float, np.ndarray]:
    """The area, and by how much each example moves it (N,): the squares add up to DeLong's variance; NaN for a class of one."""
    above, below = placements(scores, positives)
    area = float(above.mean())
    moved = np.empty(len(scores))
    for chosen, placed in ((positives, above), (~positives, below)):
        m = len(placed)
        moved[chosen] = (placed - area) / math.sqrt(m * (m - 1)) if m > 1 else math.nan
    return area, moved


def _by_class(apart: np.ndarray, first: np.ndarray, second: np.ndarray, at: np.ndarray) -> tuple[float, float]:
    """The error of the sum of contributions (N,) by what is summed at each place ``at`` (N,), of each class (in both sets of outcomes, or
    in one) on its own; and Satterthwaite's degrees of freedom of its square."""
    total, variance, spent = 0.0, 0.0, 0.0
    for chosen in (first & second, first & ~second, ~first & second, ~first & ~second):
        places, inverse = np.unique(at[chosen], return_inverse=True)
        sums, degrees = np.bincount(inverse, weights=apart[chosen], minlength=1), max(len(places) - 1, 1)
        squares = float(sums @ sums)
        total, variance, spent = total + squares, variance + len(places) / degrees * squares, spent + squares**2 / degrees
    return math.sqrt(variance), total**2 / spent if spent > 0 else math.inf
