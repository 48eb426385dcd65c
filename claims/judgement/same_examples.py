"""*Recompute*: the same examples must print the same digits, or meet the same form, give or take numerical noise.

The value has no sampling error, so that no interval is asked: the rounding interval of the printed digits is widened by what noise
alone moves the figure.
"""

from __future__ import annotations

from dataclasses import replace

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.case import Case
from unsettled.claims.judgement.common import counts_of, doubted, printed_digits, span_of
from unsettled.claims.judgement.noise_band import largest_change, noisy_values
from unsettled.claims.ledger.forms import Exists, Form, describe
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.claims.wording import caveat
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate


def by_digits(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Same examples: the value must print as stated, give or take numerical noise."""
    claim, stated = case.claim, printed_digits(case.claim)
    got, hedge = case.got(measured), claim.tolerance
    count = stated.shape == "count"
    pair = (stated.numerator, stated.denominator)
    if counts_of(measured) == pair if count else stated.contains(measured.value, widen=hedge):
        return case.verdict(case.agrees, f"{got}, which {stated.agrees}", measured, noise=0.0)
    versions = _noisy(case, record)
    noise = largest_change(versions, measured.value)
    told = f"numerical noise moves it by {_noise(case, measured, noise)}" if versions else "no numerical noise is on record"
    if _counts_within(stated, measured, versions) if count else stated.contains(measured.value, widen=noise + hedge):
        reason = f"{got}, within numerical noise of {claim.stated} ({told})"
        return case.verdict(case.agrees, reason, measured, noise=noise)
    return case.verdict(Outcome.REFUTED, f"{got}, but {claim.stated} is printed ({told})", measured, noise=noise)


def by_value(case: Case, form: Form, measured: Estimate, record: Record) -> Verdict:
    """Same examples, no digits: the value itself must meet the declared form, give or take numerical noise."""
    value, got = measured.value, case.got(measured)
    noise = largest_change(_noisy(case, record), value)
    lines = [measured.counts[name] / measured.n for name in ("least", "most") if name in measured.counts]
    sides = {_holds_at(form, x + off, measured) for x in (value, *lines) for off in (-noise, 0.0, noise)}
    if len(sides) > 1:
        reason = (
            f"{got}, inconclusive: the value is within numerical noise of the threshold, which is {_noise(case, measured, noise)}"
            f"{caveat(measured)}"
        )
        return case.verdict(Outcome.UNDERPOWERED, reason, measured, noise=noise)
    outcome, verb = (case.agrees, "which is") if sides == {True} else (Outcome.REFUTED, "which is not")
    outcome, doubt = doubted(case, outcome, measured)
    return case.verdict(outcome, f"{got}, {verb} {describe(form, case.notation(measured))}{doubt}", measured, noise=noise)


def _noise(case: Case, measured: Estimate, noise: float) -> str:
    """By how much noise moves a value, with two digits."""
    return replace(case.notation(measured), digits=2).difference(noise)


def _holds_at(form: Form, value: float, measured: Estimate) -> bool:
    """Whether a form holds at a single value."""
    if isinstance(form, Exists):
        return bool(counts_of(measured)[0])
    low, high = span_of(form)
    return low < value < high


def _noisy(case: Case, record: Record) -> list[Estimate]:
    """What noise alone could have given in place of the claim's figure."""
    return noisy_values(lookup(case.claim.statistic), case.claim.settings(), record, case.population.side)


def _counts_within(stated: Stated, measured: Estimate, versions: list[Estimate]) -> bool:
    """Whether the printed k and n lie no farther off than noise alone moves them."""
    moved = [counts_of(version) for version in versions if version.defined]
    for i, printed in enumerate((stated.numerator or 0, stated.denominator or 0)):
        here = counts_of(measured)[i]
        if abs(printed - here) > max((abs(pair[i] - here) for pair in moved), default=0):
            return False
    return True
