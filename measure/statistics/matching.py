"""AUC among examples matched on something else (displacement, givens): how much of a separation is left where they are alike.

How strata are compared and weighted stands in `unsettled.measure.statistics.strata`; here they are quantile bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.sample import as_classes, as_mask, as_values, check_choice, degenerate
from unsettled.measure.statistics.strata import WEIGHTS, Stratum, areas_within, combined, grouped, method_of, weighted
from unsettled.measure.support.counts import at_least

EDGES = ("pooled", "within")


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
    check_choice("weights", weights, WEIGHTS)
    values, mask, _ = as_classes(scores, positives)
    matched = as_values("by", by)
    if matched.shape != values.shape:
        raise UserError(f"by has shape {matched.shape}, expected {values.shape}")
    chosen = np.ones(len(values), bool) if within is None else as_mask("within", within, len(values))
    (found,) = Bins(matched, chosen, bins=bins, edges=edges).areas(
        values, mask, weights=(weights,), minimum=minimum, level=level, denominator=denominator
    )
    return found


class Groups:
    """Examples in given strata, sorted once for all scores that are compared within them.

    Args:
        strata: (N,) whole numbers. chosen: (N,) which examples are compared.
    """

    def __init__(self, strata: np.ndarray, chosen: np.ndarray) -> None:
        self._chosen = None if chosen.all() else chosen
        groups = self.among(strata)
        self._strata = grouped(groups, groups)

    def among(self, values: np.ndarray) -> np.ndarray:
        """The values (N,) of the examples that are compared."""
        return values if self._chosen is None else values[self._chosen]

    def areas(
        self,
        scores: np.ndarray,
        positives: np.ndarray,
        *,
        weights: Sequence[str],
        minimum: int = 1,
        level: float = 0.95,
        denominator: str = "examples",
    ) -> list[Estimate]:
        """Areas of ``scores`` for ``positives`` of all examples (N,), as `stratified_auc` gives them: one for each of the ``weights``."""
        values, mask = self.among(scores), self.among(positives)
        if reason := degenerate(values, mask):
            return [undefined(reason, n=len(values), method=method_of(each), denominator=denominator) for each in weights]
        rows = areas_within(values, mask, self._strata, minimum=minimum)
        return [combined(rows, weights=each, level=level, denominator=denominator) for each in weights]


class Bins(Groups):
    """Quantile bins of ``by`` (N,) among the ``chosen`` (N,), drawn once for all scores that are compared within them.

    Other arguments as in `matched_auc`.
    """

    def __init__(self, by: np.ndarray, chosen: np.ndarray, *, bins: int = 10, edges: str = "within") -> None:
        check_choice("edges", edges, EDGES)
        self._chosen = None if chosen.all() else chosen
        self._by, self._asked, self._edges = self.among(by), bins, edges
        source = self._by if edges == "within" else by
        self._missing = int(np.isnan(source).sum())
        self._known: tuple[np.ndarray, int, list[Stratum]] | None = None
        if self._missing or not len(self._by):
            return
        self._inner = quantile_edges(source, bins)
        count = len(self._inner) + 1
        names = {index: f"bin {index + 1} of {count}" for index in range(count)}
        groups = np.searchsorted(self._inner, self._by, side="left").astype(np.min_scalar_type(count))
        self._strata = grouped(self._by, groups, names=names)

    def areas(
        self,
        scores: np.ndarray,
        positives: np.ndarray,
        *,
        weights: Sequence[str],
        minimum: int = 1,
        level: float = 0.95,
        denominator: str = "examples",
    ) -> list[Estimate]:
        """Areas as `matched_auc` gives them: one for each of the ``weights``."""
        mask = self.among(positives)
        if reason := f"{self._missing} matching values are NaN" if self._missing else degenerate(self.among(scores), mask):
            about: list[About] = [
                {"n": len(mask), "method": f"AUC matched in {self._asked} bins, {each} weights", "denominator": denominator}
                for each in weights
            ]
            return [undefined(reason, **each) for each in about]
        found = super().areas(scores, positives, weights=weights, minimum=minimum, level=level, denominator=denominator)
        rows = self._residual(positives, minimum)
        edges = " ".join(f"{edge:.6g}" for edge in self._inner)
        told = []
        for area, each in zip(found, weights, strict=True):
            residual = float(sum(row.weight * row.auc for row in weighted(rows, each) if not row.dropped))
            extra = dict(area.extra) | {"edges": edges, "edges_from": self._edges, "residual": residual}
            told.append(replace(area, extra=extra, method=f"{area.method}, {self._asked} quantile bins") if area.defined else area)
        return told

    def _residual(self, positives: np.ndarray, minimum: int) -> list[Stratum]:
        """The areas of what is matched on: the same for all scores, so that it is found once."""
        known = self._known
        if known is None or known[0] is not positives or known[1] != minimum:
            known = self._known = positives, minimum, areas_within(self._by, self.among(positives), self._strata, minimum=minimum)
        return known[2]


def quantile_edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Distinct inner edges of ``bins`` quantile bins, observed values; a bin is (previous edge, edge].

    Tied values never straddle an edge, so heavy ties give fewer bins. −inf is a value like others.
    """
    shares = np.arange(1, at_least(1, bins, "bins")) / bins
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf")) if len(shares) else np.empty(0)
    return edges[edges < values.max()] if len(values) else edges
