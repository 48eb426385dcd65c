"""Statistics of settling and of mobility: bands, entering and staying, confidence, the least mobile failure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from unsettled.claims.catalogue.parameters import ConfidentShare, Extreme, SettledShare, Settling, Stays
from unsettled.claims.catalogue.registry import statistic
from unsettled.measure.analysis.settling import Band, enter_and_stay, otsu_band, percentile_band
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.order import extreme_power, failures_below_successes, outmoved_share
from unsettled.measure.statistics.proportion import proportion


def band_of(record: Record, parameters: Settling) -> Band:
    """The low-velocity band that the parameters draw."""
    part, window = parameters.part, parameters.window
    if parameters.percentile is not None:
        return percentile_band(record, parameters.percentile, part=part, window=window)
    if parameters.edge is not None:
        return Band(kind=f"fixed {parameters.edge:g}", log10_threshold=math.log10(parameters.edge), part=part, window=window)
    return otsu_band(record, part=part, window=window)


def members(record: Record, of: str) -> np.ndarray:
    """The mask of failures, successes, or all, shape (N,)."""
    if of == "all":
        return np.ones(len(record), dtype=bool)
    return record.solved if of == "successes" else ~record.solved


def unusable(values: np.ndarray, what: str) -> str:
    """Why values (N,) cannot be compared with a threshold, empty if they can: a NaN would silently count as above."""
    bad = int(np.isnan(values).sum())
    return f"{bad:,} of {len(values):,} {what} are NaN" if bad else ""


def no_band(record: Record, band: Band) -> str:
    """Why nobody can be called settled; empty if one can."""
    reason = unusable(record.late_displacement(part=band.part, window=band.window), "late displacements")
    if not reason and math.isnan(band.log10_threshold):
        return "late displacement takes a single value, so that no threshold separates two modes"
    return reason


def share_within(record: Record, band: Band | None, chosen: np.ndarray, who: np.ndarray, of: str) -> Estimate:
    """Share of ``who`` that is ``chosen``, with the band's figures; undefined where there is no band."""
    reason = no_band(record, band) if band is not None else ""
    if reason:
        return undefined(reason, n=int(who.sum()), denominator=of)
    share = proportion(int((chosen & who).sum()), int(who.sum()), denominator=of)
    if band is None:
        return share
    method = f"{share.method}; {band.kind} band of {band.part} over {band.window} segments"
    return replace(share, extra=dict(share.extra) | band_figures(band), method=method)


def band_figures(band: Band) -> dict[str, float]:
    """The band's edge and, for Otsu's, how well it separates two modes (η)."""
    figures = {"log10_threshold": band.log10_threshold, "separation": band.separation}
    return {name: figure for name, figure in figures.items() if not math.isnan(figure)}


@statistic("settled_share", SettledShare, limits=(0, 1))
def settled_share(record: Record, parameters: SettledShare) -> Estimate:
    """Share of failures (successes, all) whose late displacement lies in the low band."""
    band = band_of(record, parameters)
    share = share_within(record, band, band.settled(record), members(record, parameters.of), parameters.of)
    late = record.late_displacement(part=parameters.part, window=parameters.window)
    return replace(share, extra=dict(share.extra) | {"auc_displacement": auc(late, ~record.solved).value})


@statistic("wandering_share", SettledShare, limits=(0, 1))
def wandering_share(record: Record, parameters: SettledShare) -> Estimate:
    """Share of failures (successes, all) whose late displacement lies outside the low band."""
    band = band_of(record, parameters)
    return share_within(record, band, ~band.settled(record), members(record, parameters.of), parameters.of)


@statistic("stays_share", Stays, limits=(0, 1))
def stays_share(record: Record, parameters: Stays) -> Estimate:
    """Share of successes (or failures) that enter the low band and are in it for all of their last segments."""
    band, who = band_of(record, parameters), members(record, parameters.of)
    reason = no_band(record, band) or unusable(record.displacement(band.part).sum(axis=1), "trajectories")
    if reason:
        return undefined(reason, n=int(who.sum()), denominator=parameters.of)
    share = enter_and_stay(record, band, among=parameters.of, stay=parameters.stay)
    return replace(share, extra=dict(share.extra) | band_figures(band))


@statistic("confident_share", ConfidentShare, limits=(0, 1))
def confident_share(record: Record, parameters: ConfidentShare) -> Estimate:
    """Share of failures (or successes) whose last halting logit is above a threshold, settled ones only if asked.

    Undefined where most successes are below it too: a confidence that is never high carries no information.
    """
    band = band_of(record, parameters) if parameters.settled else None
    if reason := unusable(record.halting_logit[:, -1], "halting logits"):
        return undefined(reason, n=len(record), denominator=parameters.of)
    confident = record.halting_logit[:, -1] > parameters.logit
    if record.solved.any() and (firing := float(confident[record.solved].mean())) < 0.5:
        reason = f"only {firing:.1%} of successes have a halting logit above {parameters.logit:g}, so it carries no information"
        return undefined(reason, n=len(record), denominator=parameters.of)
    chosen = confident & band.settled(record) if band else confident
    share = share_within(record, band, chosen, members(record, parameters.of), parameters.of)
    area = auc(record.halting_logit[:, -1], record.solved)
    wrong = float((confident & ~record.solved).sum())
    extra = dict(share.extra) | {"auc_halting": area.value, "wrong_and_confident": wrong}
    if confident.any():
        extra["right_if_confident"] = float(record.solved[confident].mean())
    if record.solved.any():
        extra["confident_if_right"] = float(confident[record.solved].mean())
    return replace(share, extra=extra)


def _fresh_extreme(record: Record, parameters: Extreme, share: float, smallest: float) -> tuple[Estimate, float]:
    """The replicable form of a statement about an extreme: how many failures lie below that quantile of successes.

    A fresh minimum may fall anywhere below the old one; that none of ``failures`` lay below the ``share``-quantile of
    the successes is a count, and Fisher's exact test compares counts. ``smallest`` is a share of the failures.
    """
    late = record.late_displacement(part=parameters.part, window=parameters.window)
    below = failures_below_successes(late, ~record.solved, share=share, stated_failures=parameters.failures)
    failures = int((~record.solved).sum())
    power = extreme_power(smallest, failures, stated_failures=parameters.failures) if failures else 0.0
    return below, power


@statistic("least_mobile_failure", Extreme, limits=(0, 1), fresh=_fresh_extreme)
def least_mobile_failure(record: Record, parameters: Extreme) -> Estimate:
    """Share of successes whose late displacement is below the minimum over failures."""
    late = record.late_displacement(part=parameters.part, window=parameters.window)
    return outmoved_share(late, ~record.solved)
