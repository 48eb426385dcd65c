"""*Replicate* and *transfer*: what a sample says of something beyond it, by an interval, and whether it could have contradicted the claim.

Printed digits are rejected, or not rejected by a sample that had the power to; a declared form holds, fails, or lies within the
interval.
"""

from __future__ import annotations

import math

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.catalogue.registry import Freshly
from unsettled.claims.judgement.case import Case
from unsettled.claims.judgement.common import counts_of, doubted, printed_digits, span_of, undefined
from unsettled.claims.judgement.evidence import ALPHA, against_fresh, from_count, level_reached
from unsettled.claims.judgement.power import standard_error
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import Exists, Form, describe
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.claims.wording import caveat, figure
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.support.figures import as_percent, listing, number


def replicate(case: Case, measured: Estimate, record: Record) -> Verdict:
    """An independent sample against printed digits: it rejects them, or does not and had the power to, or is inconclusive."""
    claim, stated = case.claim, printed_digits(case.claim)
    statistic, smallest = lookup(claim.statistic), claim.smallest_contradiction
    if stated.shape in ("most", "least"):
        return _bound(case, measured, stated)
    got, notation = case.told(measured), case.notation(measured)
    if statistic.fresh is not None:
        counted, power = statistic.fresh(record, claim.settings(), _freshly(case, stated))
        if not counted.defined:
            return undefined(case, counted)
        evidence = from_count(counted, smallest, power)
        got += f"; {figure(counted)} ({counted.method})"
    elif not (math.isfinite(measured.low) and math.isfinite(measured.high)):
        return case.verdict(Outcome.UNDERPOWERED, f"{got}: inconclusive, the sample is too small for a confidence interval", measured)
    else:
        ratio = ratio_of(claim, measured, len(record))
        evidence = against_fresh(stated, measured, smallest=smallest, ratio=ratio, tolerance=claim.tolerance, tests=case.tests)
        if ratio and stated.shape != "count":
            got += f", {notation.interval(evidence.low, evidence.high)} with the sampling error of the printed figure added"
    if evidence.excluded:
        reason = f"{got}: rejects {claim.stated} (p = {number(evidence.p_value, 2)})"
        return case.verdict(Outcome.REFUTED, reason + caveat(measured), measured, evidence=evidence)
    off, outcome = notation.difference(smallest), Outcome.CONSISTENT if evidence.close else Outcome.UNDERPOWERED
    outcome, doubt = doubted(case, outcome, measured)
    told = f"but a difference of {off}" if evidence.close else f"nor a difference of {off}"
    reason = (
        f"{got}: does not reject {claim.stated}, {told} (power {evidence.power:.2f} of rejecting a figure that is off by as much){doubt}"
    )
    return case.verdict(outcome, reason, measured, evidence=evidence)


def ratio_of(claim: AnyClaim, measured: Estimate, rows: int) -> float:
    """Size of a fresh sample over that of the printed figure, or squared errors where the paper prints one; 0 where none is told.

    Of a mean over networks the error is the standard deviation over the root of their number, and where one network is compared with
    it, that one's own deviation comes on top.
    """
    stated = claim.printed
    if stated is not None and stated.spread is not None and claim.spread is not None:
        printed = float(stated.spread) / (upper_quantile(ALPHA / 2) if claim.spread == "interval" else 1.0)
        if claim.networks:
            printed *= math.sqrt(1 / claim.networks + ("networks" not in measured.counts))
        error = standard_error(measured)
        return (printed / error) ** 2 if 0 < error < math.inf else 0.0
    return measured.n / claim.of if claim.of else rows / claim.sample if claim.sample else 0.0


def _freshly(case: Case, stated: Stated) -> Freshly:
    """What a statistic that answers a replication itself is asked."""
    half = (float(stated.high) - float(stated.low)) / 2 if stated.low is not None and stated.high is not None else 0.0
    return Freshly(
        value=stated.value,
        half=half + case.claim.tolerance,
        smallest=case.claim.smallest_contradiction,
        sample=case.claim.of or case.claim.sample,
        alpha=ALPHA / case.tests,
    )


def _bound(case: Case, measured: Estimate, stated: Stated) -> Verdict:
    """A printed bound: the confidence interval lies on one side of it, or contains it."""
    low, high = stated.region
    words = f"above {case.notation(measured).value(low)}" if high == math.inf else f"below {case.notation(measured).value(high)}"
    return _placed(case, measured, (low, high), words)


def by_interval(case: Case, form: Form, measured: Estimate) -> Verdict:
    """A declared form: it holds when the whole interval lies in its region."""
    if isinstance(form, Exists):
        return _exists(case, form, measured)
    return _placed(case, measured, span_of(form), describe(form, case.notation(measured)))


def _placed(case: Case, measured: Estimate, span: tuple[float, float], words: str) -> Verdict:
    """Whether a confidence interval lies inside an open region, outside it, or contains one of its limits."""
    low, high, got, value = measured.low, measured.high, case.told(measured), case.notation(measured).value
    if math.isnan(low) or math.isnan(high):
        told = f"{got}: inconclusive, no confidence interval is available"
        return case.verdict(Outcome.UNDERPOWERED, told, measured)
    interval = f"the {measured.level:.0%} confidence interval"
    if span[0] < low and high < span[1]:
        outcome, told = case.agrees, f"{interval} lies entirely {words}"
    elif high <= span[0] or low >= span[1]:
        side = f"below {value(span[0])}" if high <= span[0] else f"above {value(span[1])}"
        outcome, told = case.disagrees, f"{interval} lies entirely {side}"
    else:
        thresholds = [value(edge) for edge in span if math.isfinite(edge) and low <= edge <= high]
        outcome, told = Outcome.UNDERPOWERED, f"inconclusive, {interval} contains the threshold {listing(thresholds)}"
    outcome, doubt = doubted(case, outcome, measured)
    return case.verdict(outcome, f"{got}: {told}{doubt}", measured, p_value=_placed_p_value(case, measured, span))


def _placed_p_value(case: Case, measured: Estimate, span: tuple[float, float]) -> float:
    """Of "it holds" on a paper's own population, where only a rejection is tested; elsewhere of the side that was not found."""
    if case.mode == "replicate":
        return level_reached(measured, span)
    # from within or without, the nearest limit is what an interval would reach first
    return max(level_reached(measured, (edge, edge)) for edge in span if math.isfinite(edge))


def _exists(case: Case, form: Exists, measured: Estimate) -> Verdict:
    """One case is enough; none counts only where the sample excludes the declared rate at level `ALPHA`.

    Where no threshold separates two modes, a case must be one under every threshold, and none must be one under any.
    """
    hits, n = counts_of(measured)
    most, least = measured.counts.get("most", hits), measured.counts.get("least", hits)
    unseen = (1 - form.rate) ** n if not most else 1.0
    p_value = unseen if case.mode == "replicate" or not most else None
    if most:
        outcome, doubt = doubted(case, case.agrees if least else Outcome.UNDERPOWERED, measured)
        told = f"{case.told(measured)}: {'at least one case observed' if least else 'inconclusive, it depends on the threshold'}{doubt}"
        return case.verdict(outcome, told, measured, p_value=p_value)
    told = f"{case.told(measured)}: no case observed; its probability at a rate of {as_percent(form.rate)} is {number(unseen, 2)}"
    outcome = Outcome.UNDERPOWERED if unseen > ALPHA else case.disagrees
    return case.verdict(outcome, told + caveat(measured), measured, p_value=p_value)
