"""AUC within strata: the same score compared only among examples alike in something else (displacement, givens).

The weights of the strata are part of the definition: on one data set they can move the result by .02, so there is no
default that a caller could overlook. Bins that cannot be compared are dropped *by name*, never silently.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc, auc_interval
from unsettled.measure.statistics.auc_limits import hanley_mcneil_error, shrunk_interval
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.sample import as_classes, as_mask, as_values, check_choice, check_share, degenerate

WEIGHTS = ("pairs", "positives", "macro")
EDGES = ("pooled", "within")


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One stratum of a stratified AUC; ``auc``, ``error`` and ``weight`` are NaN, NaN and 0 when it is dropped.

    ``bounded``: ``error`` is an upper bound (see `stratum_error`).
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
    small for a DeLong variance (see `stratum_error`). ``extra``: ``auc in NAME`` of every stratum used. The standard
    error takes the strata's sizes as given.
    """
    check_choice("weights", weights, WEIGHTS)
    level = check_share("level", level)
    method = f"AUC within strata, {weights} weights, DeLong within stratum, shrunk interval"
    values, mask, reason = as_classes(scores, positives)
    if reason:
        return undefined(reason, n=len(values), method=method, denominator=denominator)
    rows = strata_of(values, mask, strata, weights=weights, minimum=minimum, names=names)
    used = [row for row in rows if not row.dropped]
    dropped = "; ".join(f"{row.name}: {row.dropped}" for row in rows if row.dropped)
    if not used:
        return undefined(f"no stratum can be compared ({dropped})", n=len(values), method=method, denominator=denominator)
    value = float(sum(row.weight * row.auc for row in used))
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
        method=method,
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


def matched_auc(
    scores: ArrayLike,
    positives: ArrayLike,
    by: ArrayLike,
    *,
    weights: str,
    bins: int = 10,
    edges: str = "within",
    within: ArrayLike | None = None,
    minimum: int = 5,
    level: float = 0.95,
    denominator: str = "examples",
) -> Estimate:
    """AUC of ``scores`` among examples matched on ``by`` (N,): stratified by its quantile bins.

    Args:
        within: yes/no array (N,) of the examples that are compared (say, the unsettled); all by default.
        edges: where the quantiles come from: ``"within"`` (the compared examples: bins of equal size) or ``"pooled"``
            (all examples: bins of equal meaning, of which some may be empty; those are named).

    Other arguments and the result as in `stratified_auc`. ``extra["edges"]`` lists the inner edges, and
    ``extra["residual"]`` is the same matched AUC of ``by`` itself: what the bins are too coarse to remove (½ is none).
    Not a causal adjustment: it compares within bins of what was measured, and of nothing else.

    Raises:
        UserError: an unknown choice, or arrays of different lengths.

    >>> found = matched_auc([1, 3, 2, 4] * 5, [False, True, False, True] * 5, [0, 0, 1, 1] * 5, weights="pairs", bins=2)
    >>> found.value, found.counts["strata"]
    (1.0, 2)
    """
    check_choice("edges", edges, EDGES)
    values, mask, _ = as_classes(scores, positives)
    matched = as_values("by", by)
    if matched.shape != values.shape:
        raise UserError(f"by has shape {matched.shape}, expected {values.shape}")
    chosen = np.ones(len(values), bool) if within is None else as_mask("within", within, len(values))
    about: About = {"n": int(chosen.sum()), "method": f"AUC matched in {bins} bins, {weights} weights", "denominator": denominator}
    source = matched[chosen] if edges == "within" else matched
    if np.isnan(source).any():
        return undefined(f"{int(np.isnan(source).sum())} matching values are NaN", **about)
    reason = degenerate(values[chosen], mask[chosen])
    if reason:
        return undefined(reason, **about)
    inner = quantile_edges(source, bins)
    strata = np.searchsorted(inner, matched[chosen], side="left")
    result = stratified_auc(
        values[chosen],
        mask[chosen],
        strata,
        weights=weights,
        minimum=minimum,
        level=level,
        names={index: f"bin {index + 1} of {len(inner) + 1}" for index in range(len(inner) + 1)},
        denominator=denominator,
    )
    if not result.defined:
        return result
    rows = strata_of(matched[chosen], mask[chosen], strata, weights=weights, minimum=minimum)
    extra = dict(result.extra) | {
        "edges": " ".join(f"{edge:.6g}" for edge in inner),
        "edges_from": edges,
        "residual": float(sum(row.weight * row.auc for row in rows if not row.dropped)),
    }
    return replace(result, extra=extra, method=f"{result.method}, {bins} quantile bins")


def quantile_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Distinct inner edges of ``bins`` quantile bins, observed values; a bin is (previous edge, edge].

    Tied values never straddle an edge, so heavy ties give fewer bins. −inf is a value like others.
    """
    if int(bins) != bins or bins < 1:
        raise UserError(f"{bins} bins, at least one is needed")
    shares = np.arange(1, int(bins)) / bins
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf")) if len(shares) else np.empty(0)
    return edges[edges < values.max()] if len(values) else edges


def strata_of(
    values: np.ndarray, positives: np.ndarray, strata: ArrayLike, *, weights: str, minimum: int = 1, names: dict[int, str] | None = None
) -> list[Stratum]:
    """The table behind `stratified_auc`: one row per stratum in ascending order, weights summing to one."""
    groups = np.asarray(strata)
    if groups.shape != values.shape or not np.issubdtype(groups.dtype, np.integer):
        raise UserError(f"strata must be {len(values)} whole numbers, got {groups.dtype} of shape {groups.shape}")
    if minimum < 1:
        raise UserError(f"a minimum of {minimum} per class cannot be compared, use at least 1")
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(order) else np.empty(0, np.int64)
    labels = ordered[starts]
    members = dict(zip(labels.tolist(), np.split(order, starts[1:]), strict=True))
    rows = []
    for label in sorted(set(members) | set(names or {})):
        index = members.get(label, np.empty(0, np.int64))
        m = int(positives[index].sum())
        name = (names or {}).get(label, str(label))
        row = Stratum(name=name, positives=m, negatives=len(index) - m)
        if min(m, len(index) - m) < minimum:
            rows.append(replace(row, dropped=f"{m} positives, {len(index) - m} negatives"))
            continue
        inside = auc(values[index], positives[index])
        weight = {"pairs": m * (len(index) - m), "positives": m, "macro": 1}[weights]
        rows.append(replace(row, auc=inside.value, error=stratum_error(inside), weight=float(weight), bounded=inside.error is None))
    total = sum(row.weight for row in rows)
    return [replace(row, weight=row.weight / total) if row.weight else row for row in rows]


def _planned(rows: list[Stratum]) -> Callable[[float], float]:
    """The standard error to expect of the weighted mean when every stratum has the area θ."""
    return lambda theta: math.sqrt(sum((row.weight * hanley_mcneil_error(theta, row.positives, row.negatives)) ** 2 for row in rows))


def stratum_error(inside: Estimate) -> float:
    """DeLong error of one stratum, or an upper bound where there is none.

    A stratum with one example of a class, with complete separation, or with nothing but ties has no usable DeLong
    variance. The variance of an AUC never exceeds θ(1 − θ)/k, k = min(m, n) (Birnbaum & Klose 1957); θ is shrunk to
    (kθ + 1)/(k + 2) so that separation does not pass for certainty.
    """
    if inside.error is not None:
        return inside.error
    smaller = min(inside.counts["positives"], inside.counts["negatives"])
    shrunk = (smaller * inside.value + 1) / (smaller + 2)
    return math.sqrt(shrunk * (1 - shrunk) / smaller)
