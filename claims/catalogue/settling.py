"""Statistics of settling and of mobility: bands, entering and staying, confidence, the least mobile failure."""

from __future__ import annotations

import math
from dataclasses import replace

from unsettled.claims.catalogue.bands import (
    band_figures,
    band_of,
    banded,
    contrasted,
    members,
    no_band,
    over_lines,
    same_in_both,
    told_apart,
    told_unusable,
    unusable,
    vacuous,
)
from unsettled.claims.catalogue.parameters import ConfidentShare, Extreme, SettledShare, Stays
from unsettled.claims.catalogue.registry import Freshly, statistic
from unsettled.measure.analysis.settling import enter_and_stay, entries
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.statistics.order import extreme_power, failures_below_successes, typical_extreme
from unsettled.measure.statistics.proportion import proportion


@statistic("settled_share", SettledShare, limits=(0, 1))
def settled_share(record: Record, parameters: SettledShare) -> Estimate:
    """Share of failures (successes, all) whose late displacement lies in the low band."""
    share = _settled(record, parameters, inside=True)
    late = record.late_displacement(part=parameters.part, window=parameters.window, scale=parameters.scale)
    return replace(share, extra=dict(share.extra) | {"auc_displacement": auc(late, ~record.solved).value})


@statistic("wandering_share", SettledShare, limits=(0, 1))
def wandering_share(record: Record, parameters: SettledShare) -> Estimate:
    """Share of failures (successes, all) whose late displacement lies outside the low band."""
    return _settled(record, parameters, inside=False)


def _settled(record: Record, parameters: SettledShare, *, inside: bool) -> Estimate:
    band, who = band_of(record, parameters), members(record, parameters.of)
    share = banded(record, band, lambda line: line.settled(record) == inside, who, parameters.of)
    return share if parameters.of == "all" else contrasted(share, band, band.settled(record), record.solved)


@statistic("stays_share", Stays, limits=(0, 1))
def stays_share(record: Record, parameters: Stays) -> Estimate:
    """Share of successes (or failures) that enter the low band and are in it for all of their last segments."""
    band, who = band_of(record, parameters), members(record, parameters.of)
    lines, times = (band, *band.others), []
    if not (reason := no_band(record, band)):
        times = entries(record, lines)
        reason = told_unusable(times[0].unknown, len(record), "trajectories")
    if reason:
        return undefined(reason, n=int(who.sum()), denominator=parameters.of)
    share, *others = (
        enter_and_stay(record, line, among=parameters.of, stay=parameters.stay, times=found)
        for line, found in zip(lines, times, strict=True)
    )
    share = over_lines(replace(share, extra=dict(share.extra) | band_figures(band)), others)
    return contrasted(share, band, times[0].since <= record.segments - parameters.stay, record.solved)


@statistic("confident_share", ConfidentShare, limits=(0, 1))
def confident_share(record: Record, parameters: ConfidentShare) -> Estimate:
    """Share of failures (or successes) whose last halting logit is above a threshold, settled ones only if asked.

    Undefined where most successes are below it too: a confidence that is never high carries no information. Where it is high no more
    often for successes than for failures, agreement is no evidence.
    """
    logits, solved, who = record.halting_logit[:, -1], record.solved, members(record, parameters.of)
    if reason := unusable(logits, "halting logits"):
        return undefined(reason, n=len(record), denominator=parameters.of)
    confident = logits > parameters.logit
    if solved.any() and (firing := float(confident[solved].mean())) < 0.5:
        reason = f"only {firing:.1%} of successes have a halting logit above {parameters.logit:g}, so it carries no information"
        return undefined(reason, n=len(record), denominator=parameters.of)
    if parameters.settled:
        band = band_of(record, parameters)
        share = banded(record, band, lambda line: confident & line.settled(record), who, parameters.of)
        share = contrasted(share, band, confident & band.settled(record), solved)
    else:
        share = proportion(int((confident & who).sum()), int(who.sum()), denominator=parameters.of)
        share = vacuous(share, told_apart(confident, solved, "failures are confident no less often than successes"))
    extra = dict(share.extra) | {"auc_halting": auc(logits, solved).value, "wrong_and_confident": float((confident & ~solved).sum())}
    if confident.any():
        extra["right_if_confident"] = float(solved[confident].mean())
    if solved.any():
        extra["confident_if_right"] = float(confident[solved].mean())
    return replace(share, extra=extra)


def _fresh_extreme(record: Record, parameters: Extreme, asked: Freshly) -> tuple[Estimate, float]:
    """The replicable form of a statement about an extreme: how many failures lie below that quantile of successes.

    A fresh minimum may fall anywhere below the old one; that none of ``failures`` lay below the stated quantile of the
    successes is a count, and Fisher's exact test compares counts, for every pair of distributions. How mobile that failure was is
    known by its quantile alone, which the digits and two samples of successes blur: so a quantile is taken that is lower by as
    much as a fifth of the level allows for, and that fifth is added to the p-value. ``smallest`` is a share of the failures.
    """
    late, solved = record.late_displacement(part=parameters.part, window=parameters.window, scale=parameters.scale), record.solved
    failures, successes = int((~solved).sum()), int(solved.sum())
    spent = asked.alpha / 5
    blur = math.sqrt(asked.value * (1 - asked.value) * (1 / max(successes, 1) + (1 / asked.sample if asked.sample else 0.0)))
    share = asked.value - asked.half - upper_quantile(spent) * blur
    if share <= 0 or not failures:
        return undefined("the printed share leaves no room below it", n=failures, denominator="failures"), 0.0
    below = failures_below_successes(late, ~solved, share=min(share, 1 - 1e-9), stated_failures=parameters.failures)
    if "p_value" in below.extra:
        p_value = min(1.0, float(below.extra["p_value"]) + spent)
        below = replace(below, extra=dict(below.extra) | {"p_value": p_value})
    return below, extreme_power(asked.smallest, failures, stated_failures=parameters.failures, alpha=asked.alpha - spent)


@statistic("least_mobile_failure", Extreme, limits=(0, 1), fresh=_fresh_extreme)
def least_mobile_failure(record: Record, parameters: Extreme) -> Estimate:
    """Share of successes whose late displacement is below the minimum over so many failures, in half of all samples.

    With as many failures as the paper has it is the share below their very minimum. The minimum of fewer, or of more, differs by
    their number alone, of which the claim says nothing.
    """
    late = record.late_displacement(part=parameters.part, window=parameters.window, scale=parameters.scale)
    found = typical_extreme(late, ~record.solved, of=parameters.failures)
    return vacuous(found, same_in_both(late, record.solved, "late displacements")) if found.defined else found
