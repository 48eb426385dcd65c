"""*Recompute*: the same examples must print the same digits, or meet the same form, give or take numerical noise.

The value has no sampling error, so that no interval is asked: the rounding interval of the printed digits is widened by what noise
alone moves the figure. Where settled and unsettled are one hump, a figure that every line between them does not give alike decides nothing,
as on another sample.
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
from unsettled.claims.wording import LINES, WITHOUT_PAIRS, caveat, span_of_lines
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
    if _printed_by_a_line(stated, measured, noise + hedge):
        return _on_the_line(case, measured, noise)
    return case.verdict(Outcome.REFUTED, f"{got}, but {claim.stated} is printed ({told})", measured, noise=noise)


def by_value(case: Case, form: Form, measured: Estimate, record: Record) -> Verdict:
    """Same examples, no digits: the value itself must meet the declared form, give or take numerical noise, with every line drawn."""
    value, got = measured.value, case.got(measured)
    noise = largest_change(_noisy(case, record), value)
    sides = {_holds_at(form, value + off, measured) for off in (-noise, 0.0, noise)}
    if len(sides) > 1:
        reason = (
            f"{got}, inconclusive: the value is within numerical noise of the threshold, which is {_noise(case, measured, noise)}"
            f"{caveat(measured)}"
        )
        return case.verdict(Outcome.UNDERPOWERED, reason, measured, noise=noise)
    if WITHOUT_PAIRS in measured.extra or len(sides | _with_lines(form, measured, noise)) > 1:
        return _on_the_line(case, measured, noise)
    outcome, verb = (case.agrees, "which is") if sides == {True} else (Outcome.REFUTED, "which is not")
    outcome, doubt = doubted(case, outcome, measured)
    return case.verdict(outcome, f"{got}, {verb} {describe(form, case.notation(measured))}{doubt}", measured, noise=noise)


def _with_lines(form: Form, measured: Estimate, noise: float) -> set[bool]:
    """Whether a form holds with the lines between settled and unsettled that give the least and the most; empty where none was drawn."""
    if isinstance(form, Exists):
        return {bool(measured.counts[name]) for name in ("least", "most") if name in measured.counts}
    return {_holds_at(form, x + off, measured) for x in span_of_lines(measured) or () for off in (-noise, 0.0, noise)}


def _printed_by_a_line(stated: Stated, measured: Estimate, widen: float) -> bool:
    """Whether a line that could be drawn as well may give the printed digits; one that leaves no pairs gives nothing at all."""
    lines = span_of_lines(measured)
    if lines is None:
        return False
    if stated.shape == "count":
        n, cases = counts_of(measured)[1], (stated.numerator or 0)
        return stated.denominator == n and measured.counts["least"] <= cases <= measured.counts["most"]
    return WITHOUT_PAIRS in measured.extra or stated.meets(*lines, widen=widen)


def _on_the_line(case: Case, measured: Estimate, noise: float) -> Verdict:
    """Inconclusive: where one hump is cut, every line is as good as the one that was drawn, and not all of them say the same."""
    told = "it depends on the line between settled and unsettled"
    if lines := span_of_lines(measured):
        least, most = map(case.notation(measured).value, lines)
        told += f", and those that could be drawn give {least} to {most}"
    if WITHOUT_PAIRS in measured.extra:
        told += f"; {measured.extra[WITHOUT_PAIRS]} of {measured.extra[LINES]} leave no pairs"
    return case.verdict(Outcome.UNDERPOWERED, f"{case.got(measured)}, inconclusive: {told}{caveat(measured)}", measured, noise=noise)


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
