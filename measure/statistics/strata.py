"""AUC within strata: the same score compared only among examples alike in something else.

The weights of the strata are part of the definition: on one data set they can move the result by .02, so there is no
default that a caller could overlook. Strata that cannot be compared are dropped *by name*, never silently.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import area_and_error, auc_interval
from unsettled.measure.statistics.auc_limits import hanley_mcneil_error, shrunk_interval
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.sample import as_classes, check_choice, check_share
from unsettled.measure.support.counts import at_least

WEIGHTS = ("pairs", "positives", "macro")


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One stratum of a stratified AUC; ``auc``, ``error`` and ``weight`` are NaN, NaN and 0 when it is dropped.

    ``bounded``: ``error`` is an upper bound (see `bounded_error`).
    """

    name: str
    positives: int
    negatives: int
    auc: float = math.nan
    error: float = math.nan
    weight: float = 0.0
    bounded: bool = False
    dropped: str = ""


def stratified_auc(
    scores: ArrayLike,
    positives: ArrayLike,
    strata: ArrayLike,
    *,
    weights: str,
    minimum: int = 1,
    level: float = 0.95,
    names: dict[int, str] | None = None,
    denominator: str = "examples",
) -> Estimate:
    """Weighted mean of the AUCs within the integer ``strata`` (N,), with an interval of shrunk variance (`auc_limits`).

    Args:
        weights: ``"pairs"`` (positive–negative pairs in the stratum: the chance that a random *comparable* pair is
            in order), ``"positives"`` (positives in the stratum) or ``"macro"`` (every stratum alike).
        minimum: strata with fewer positives or fewer negatives are dropped, and named in ``extra["dropped"]``.
        names: how to call a stratum; its number by default. Named strata that hold no example count as dropped.

    ``counts``: ``strata``, ``dropped``, ``positives`` and ``negatives`` used, and ``bounded_errors``, the strata too
    small for a DeLong variance (see `bounded_error`). ``extra``: ``auc in NAME`` of every stratum used. The standard
    error takes the strata's sizes as given.
    """
    check_choice("weights", weights, WEIGHTS)
    level = check_share("level", level)
    values, mask, reason = as_classes(scores, positives)
    if reason:
        return undefined(reason, n=len(values), method=method_of(weights), denominator=denominator)
    rows = areas_within(values, mask, grouped(values, strata, names=names), minimum=minimum)
    return combined(rows, weights=weights, level=level, denominator=denominator)


def combined(rows: Sequence[Stratum], *, weights: str, level: float = 0.95, denominator: str = "examples") -> Estimate:
    """What `stratified_auc` returns, of strata that are known (`areas_within`): other weights need no other look at the scores."""
    rows = weighted(rows, weights)
    used = [row for row in rows if not row.dropped]
    dropped = "; ".join(f"{row.name}: {row.dropped}" for row in rows if row.dropped)
    if not used:
        n = sum(row.positives + row.negatives for row in rows)
        return undefined(f"no stratum can be compared ({dropped})", n=n, method=method_of(weights), denominator=denominator)
    areas = {row.auc for row in used}
    # of equal areas their mean, however weights round: ten strata that separate completely are 1 and not .9999999999999999
    value = areas.pop() if len(areas) == 1 else float(sum(row.weight * row.auc for row in used))
    error = math.sqrt(sum((row.weight * row.error) ** 2 for row in used))
    m, n = sum(row.positives for row in used), sum(row.negatives for row in used)
    low, high, note = *shrunk_interval(min(value, 1.0), error, m, n, level=level, planned=_planned(used)), ""
    if value in (0.0, 1.0):  # only pairs within a stratum were compared, so only those count as disjoint pairs
        pairs = sum(min(row.positives, row.negatives) for row in used)
        low, high, note = auc_interval(value, error, pairs, pairs, level=level)
    extra: dict[str, float | str] = {f"auc in {row.name}": row.auc for row in used}
    if dropped:
        extra["dropped"] = dropped
    if note:
        extra["note"] = note
    return Estimate(
        value=value,
        low=low,
        high=high,
        level=level,
        n=m + n,
        method=method_of(weights),
        denominator=denominator,
        error=error,
        counts={
            "strata": len(rows),
            "dropped": len(rows) - len(used),
            "positives": m,
            "negatives": n,
            "bounded_errors": sum(row.bounded for row in used),
        },
        extra=extra,
    )


def method_of(weights: str) -> str:
    """How a stratified area was made, in words."""
    return f"AUC within strata, {weights} weights, DeLong within stratum, shrunk interval"


@dataclass(frozen=True)
class Strata:
    """Which examples are compared with each other: the ``names`` of the strata in ascending order, and the places of their members."""

    names: list[str]
    members: list[np.ndarray]


def grouped(values: np.ndarray, strata: ArrayLike, *, names: dict[int, str] | None = None) -> Strata:
    """The integer ``strata`` (N,) of ``values`` (N,), sorted once for all that is compared within them; names as in `stratified_auc`."""
    groups = np.asarray(strata)
    if groups.shape != values.shape or not np.issubdtype(groups.dtype, np.integer):
        raise UserError(f"strata must be {len(values)} whole numbers, got {groups.dtype} of shape {groups.shape}")
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    found = dict(zip(ordered[starts].tolist(), np.split(order, starts[1:]), strict=True)) if len(order) else {}
    labels = sorted(found.keys() | (names or {}).keys())
    none = np.empty(0, np.int64)
    return Strata([(names or {}).get(label, str(label)) for label in labels], [found.get(label, none) for label in labels])


def areas_within(values: np.ndarray, positives: np.ndarray, strata: Strata, *, minimum: int = 1) -> list[Stratum]:
    """The table behind `stratified_auc`: one row per stratum in ascending order, not weighted yet."""
    at_least(1, minimum, "minimum")
    rows = []
    for name, index in zip(strata.names, strata.members, strict=True):
        right = positives[index]
        m = int(right.sum())
        row = Stratum(name=name, positives=m, negatives=len(index) - m)
        if min(m, len(index) - m) < minimum:
            rows.append(replace(row, dropped=f"{m} positives, {len(index) - m} negatives"))
            continue
        value, error = area_and_error(values[index], right)
        rows.append(replace(row, auc=value, error=error or bounded_error(value, min(m, len(index) - m)), bounded=error is None))
    return rows


def weighted(rows: Sequence[Stratum], weights: str) -> list[Stratum]:
    """The same rows with the weights of those that are not dropped, which sum to one."""
    sizes = {
        "pairs": [row.positives * row.negatives for row in rows],
        "positives": [row.positives for row in rows],
        "macro": [1] * len(rows),
    }
    rows = [row if row.dropped else replace(row, weight=float(size)) for row, size in zip(rows, sizes[weights], strict=True)]
    total = sum(row.weight for row in rows)
    return [replace(row, weight=row.weight / total) if row.weight else row for row in rows]


def _planned(rows: list[Stratum]) -> Callable[[float], float]:
    """The standard error to expect of the weighted mean when every stratum has the area θ."""
    return lambda theta: math.sqrt(sum((row.weight * hanley_mcneil_error(theta, row.positives, row.negatives)) ** 2 for row in rows))


def bounded_error(value: float, smaller: int) -> float:
    """An upper bound of the error of one stratum's area, whose smaller class has so many examples, where DeLong gives none.

    A stratum with one example of a class, with complete separation, or with nothing but ties has no usable DeLong
    variance. The variance of an AUC never exceeds θ(1 − θ)/k, k = min(m, n) (Birnbaum & Klose 1957); θ is shrunk to
    (kθ + 1)/(k + 2) so that separation does not pass for certainty.
    """
    shrunk = (smaller * value + 1) / (smaller + 2)
    return math.sqrt(shrunk * (1 - shrunk) / smaller)
