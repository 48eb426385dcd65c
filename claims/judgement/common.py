"""What both questions ask of a claim and of an estimate: its digits, its region, its counts, and whether agreement means anything."""

from __future__ import annotations

from unsettled.claims.judgement.case import Case
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import Form, region
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.claims.wording import caveat
from unsettled.measure.statistics.estimate import Estimate


def doubted(case: Case, outcome: Outcome, measured: Estimate) -> tuple[Outcome, str]:
    """Agreement that a network without the claimed behaviour would meet as well is inconclusive."""
    vacuous = "vacuous" in measured.extra and outcome is case.agrees
    return (Outcome.UNDERPOWERED if vacuous else outcome), caveat(measured)


def span_of(form: Form) -> tuple[float, float]:
    """The open region (low, high) of values at which a form holds. Raises TypeError for one that has none."""
    span = region(form)
    if span is None:
        raise TypeError(f"form {type(form).__name__} has no region of values")
    return span


def printed_digits(claim: AnyClaim) -> Stated:
    """What the paper prints. Raises TypeError for a claim without digits."""
    if claim.printed is None:
        raise TypeError(f"claim {claim.id!r} prints no digits")
    return claim.printed


def counts_of(measured: Estimate) -> tuple[int, int]:
    """(k, n) of a proportion. Raises TypeError for a statistic that is not one."""
    try:
        return measured.counts["successes"], measured.counts["n"]
    except KeyError:
        raise TypeError("the statistic does not count cases, which this claim needs") from None


def undefined(case: Case, measured: Estimate) -> Verdict:
    """No value: a measurement that failed is missing, a sample without the cases it takes could not refute."""
    reason = measured.undefined_reason
    if "NaN" in reason:
        return case.verdict(Outcome.UNVERIFIABLE, f"the record has no usable value here: {reason}", measured)
    return case.verdict(Outcome.UNDERPOWERED, f"this sample cannot decide it: {reason}", measured)
