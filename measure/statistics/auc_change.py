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
from unsettled.measure.statistics.laws import norm, student
from unsettled.measure.statistics.libraries import upper_quantile
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

    ``extra``: ``auc_first``, ``auc_second``, ``p_value`` (two-sided, of no difference). ``groups`` (N,) are of examples that depend on
    each other; the error is never smaller than without them. Where both separate completely there is a value and no interval.

    Raises:
        UserError: arrays of different lengths.

    >>> outcomes = [False, False, True, False, True, True]
    >>> found = auc_change(Classed([1, 2, 3, 4, 5, 6], outcomes), Classed([2, 1, 4, 3, 6, 5], outcomes))
    >>> round(found.value, 3), round(found.error, 3)
    (-0.111, 0.157)
    """
    level = check_share("level", level)
    about = {"method": "paired DeLong difference of AUC, each with its own outcomes", "denominator": denominator}
    parts, areas = [], []
    for classed in (first, second):
        scores, positives, reason = as_classes(classed.scores, classed.positives)
        if reason:
            return undefined(reason, n=len(scores), **about)
        area, contributed = _contributions(scores, positives)
        areas.append(area)
        parts.append(contributed)
    if len(parts[0]) != len(parts[1]):
        raise UserError(f"{len(parts[0])} and {len(parts[1])} examples are no pairs")
    value, apart, n = areas[0] - areas[1], parts[0] - parts[1], len(parts[0])
    error, quantile = math.sqrt(float(apart @ apart)), upper_quantile((1 - level) / 2)
    counts = {"n": n}
    if groups is not None and (clusters := len(np.unique(np.asarray(groups)))) < n:
        error, counts["groups"] = max(error, group_error(apart, groups)), clusters
        quantile = float(student.isf((1 - level) / 2, clusters - 1)) if clusters > 1 else math.inf
        about["method"] = about["method"].replace("paired", "paired clustered")
    known = math.isfinite(error) and error > 0
    half = quantile * error if known else math.nan
    extra: dict[str, float | str] = {"auc_first": areas[0], "auc_second": areas[1]}
    if known:
        extra["p_value"] = float(2 * norm.sf(abs(value) / error))
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
