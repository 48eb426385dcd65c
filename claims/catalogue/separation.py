"""Statistics of the exponents: medians, expansion, areas under the ROC curve, and the baselines λ₁ must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from unsettled.claims.catalogue.bands import (
    area_over_lines,
    band_figures,
    band_of,
    has_lengths,
    lacking,
    members,
    same_in_both,
    unusable,
    vacuous,
)
from unsettled.claims.catalogue.parameters import Baselined, ExponentOf, Matched
from unsettled.claims.catalogue.registry import statistic
from unsettled.measure.errors import UserError
from unsettled.measure.record.movement import Scale
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc, auc_interval
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.increment import incremental_auc
from unsettled.measure.statistics.matching import Bins, Groups
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.strata import WEIGHTS


def score_of(record: Record, name: str, scale: Scale = "raw") -> np.ndarray:
    """One score per example, shape (N,): λ₁, mean of the spectrum, late displacement of z_H on a scale, or last halting logit."""
    if name in ("exponent", "spectrum_mean"):
        exponents = exponents_of(record, 1)
        return exponents[:, 0] if name == "exponent" else exponents.mean(axis=1)
    return record.late_displacement(scale=scale) if name == "displacement" else record.halting_logit[:, -1]


def exponents_of(record: Record, index: int, unit: Literal["update", "segment"] = "update") -> np.ndarray:
    """Exponents (N, k) of a record that has at least ``index`` of them."""
    if record.k < index:
        what = f"the record holds {record.k} exponents, exponent {index} is needed"
        raise UserError(what, hint=f"measure with --k {max(8, index)}")
    return record.exponents(unit=unit)


@statistic("median_exponent", ExponentOf)
def median_exponent(record: Record, parameters: ExponentOf) -> Estimate:
    """Median of an exponent over failures, successes, or all, in nats per update or per segment."""
    values = exponents_of(record, parameters.index, parameters.unit)[:, parameters.index - 1]
    found = median(values[members(record, parameters.of)], unit=f"nats per {parameters.unit}", denominator=parameters.of)
    return found if parameters.of == "all" else vacuous(found, same_in_both(values, record.solved, "the exponents"))


@statistic("expansive_share", ExponentOf, limits=(0, 1))
def expansive_share(record: Record, parameters: ExponentOf) -> Estimate:
    """Share of failures (successes, all) whose exponent is above zero: locally expansive."""
    values = exponents_of(record, parameters.index)[:, parameters.index - 1]
    who = members(record, parameters.of)
    if reason := unusable(values[who], "exponents"):
        return undefined(reason, n=int(who.sum()), denominator=parameters.of)
    share = proportion(int((values[who] > 0).sum()), int(who.sum()), denominator=parameters.of)
    return share if parameters.of == "all" else vacuous(share, same_in_both(values, record.solved, "the exponents"))


@statistic("auc", Baselined, limits=(0, 1))
def separation(record: Record, parameters: Baselined) -> Estimate:
    """Area under the ROC curve of a score, with the same area for what λ₁ must beat."""
    if reason := lacking(record.solved, "of the puzzles"):
        return undefined(reason, n=len(record))
    scores, positives = score_of(record, parameters.score, parameters.scale), _positives(record, parameters)
    # Refutations hang on the limits: those that hold for few positives and near 1 decide, and DeLong's are shown beside them.
    measured = auc(scores, positives)
    if measured.defined and measured.error:
        m, n = measured.counts["positives"], measured.counts["negatives"]
        low, high, _ = auc_interval(measured.value, measured.error, m, n)
        beside = {"DeLong logit low": low, "DeLong logit high": high, "DeLong error": measured.error}
        measured = replace(measured, error=None, extra=dict(measured.extra) | beside)
    return _with_baselines(measured, record, parameters, lambda values: auc(values, positives), positives)


@statistic("matched_auc", Matched, limits=(0, 1))
def matched(record: Record, parameters: Matched) -> Estimate:
    """Area under the ROC curve within bins of late displacement or of the number of givens.

    Among the unsettled of one hump, the interval reaches over the areas of all lines that could be drawn.
    """
    band = band_of(record, parameters) if parameters.among == "unsettled" else None
    chosen = ~band.settled(record) if band else np.ones(len(record), dtype=bool)
    if reason := lacking(record.solved[chosen], f"of the {'unsettled' if band else 'puzzles'}"):
        return undefined(reason, n=int(chosen.sum()))
    scores, positives = score_of(record, parameters.score, parameters.scale), _positives(record, parameters)
    # the weighting is a choice that moves the figure: the others are also reported
    weights = WEIGHTS if parameters.weighting == "pairs" else (parameters.weighting,)
    compared = _compared(record, parameters, chosen)

    def areas(values: np.ndarray, among: Groups, weights: Sequence[str]) -> list[Estimate]:
        return among.areas(values, positives, weights=weights, minimum=parameters.minimum)

    measured, *weighted = areas(scores, compared, weights)
    if band and band.others and measured.defined:
        others = [areas(scores, _compared(record, parameters, ~line.settled(record)), weights[:1])[0] for line in band.others]
        measured = area_over_lines(replace(measured, extra=dict(measured.extra) | band_figures(band)), others)
    if measured.defined:
        beside = {f"auc with {name} weights": other.value for name, other in zip(weights[1:], weighted, strict=True)}
        measured = replace(measured, extra=dict(measured.extra) | beside)
    return _with_baselines(measured, record, parameters, lambda values: areas(values, compared, weights[:1])[0], positives, within=chosen)


def _compared(record: Record, parameters: Matched, among: np.ndarray) -> Groups:
    """Those ``among`` the examples (N,) that are alike in what the parameters name."""
    if parameters.by == "givens":
        return Groups(record.givens, among)
    late = record.late_displacement(part=parameters.part, window=parameters.window, scale=parameters.scale)
    return Bins(late, among, bins=parameters.bins, edges=parameters.edges)


def _positives(record: Record, parameters: Any) -> np.ndarray:
    return members(record, parameters.positives)


def _beside(record: Record) -> dict[str, np.ndarray]:
    """What λ₁ must beat, as far as the record holds it: score → (N,)."""
    scale: Scale = "raw" if has_lengths(record) else "relative"
    found = {}
    for name in ("displacement", "halting", "spectrum_mean"):
        try:
            values = score_of(record, name, scale)
        except UserError:
            continue
        found["relative_displacement" if name == "displacement" and scale == "relative" else name] = values
    return found


def _with_baselines(
    measured: Estimate,
    record: Record,
    parameters: Baselined,
    area: Callable[[np.ndarray], Estimate],
    positives: np.ndarray,
    *,
    within: np.ndarray | None = None,
) -> Estimate:
    """Add the areas of late displacement, halting logit and spectrum mean on the same examples, and what λ₁ adds.

    The halting logit is high for the right answer, so its area is given for its reverse when failures are positive. Displacement is
    that over the norm where there is no scale of rest; what the record does not hold is left out.
    """
    if not (parameters.baselines and measured.defined and parameters.score == "exponent"):
        return measured
    sign = -1.0 if parameters.positives == "failures" else 1.0
    extra, beside = dict(measured.extra), _beside(record)
    for name, values in beside.items():
        extra[f"auc_{name}"] = area((sign if name == "halting" else -sign) * values).value
    chosen = slice(None) if within is None else within
    with np.errstate(divide="ignore"):
        columns = [values if name == "halting" else np.log10(values) for name, values in beside.items() if name != "spectrum_mean"]
    if not columns:
        return replace(measured, extra=extra)
    if within is not None and within.all():
        chosen = slice(None)

    def gained() -> Estimate:
        table = tuple(values[chosen] for values in columns)
        return incremental_auc(table, score_of(record, "exponent")[chosen], positives[chosen], folds=parameters.folds)

    # several claims compare all examples, and fit the same models
    gain = gained() if within is not None and chosen is within else record.once(("gain", parameters.positives, parameters.folds), gained)
    extra |= {"increment": gain.value, "increment_low": gain.low, "increment_high": gain.high}
    if "p_value" in gain.extra:
        extra["increment_p_value"] = gain.extra["p_value"]
    return replace(measured, extra=extra)
