"""(claim, record) → verdict: the only place that decides.

Two questions, never one tolerance. *Recompute* asks whether the same examples print the same digits: the rounding
interval, widened by measured numerical noise, and no sampling error. *Replicate* and *transfer* ask what a sample says
of something beyond it: an interval, and whether the sample could have contradicted the claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from claims.arithmetic import digits_of
from claims.case import Case, PopulationLike, mode_of
from claims.catalogue import MissingInput, estimate, lookup
from claims.evidence import ENOUGH, against_fresh, fresh_evidence
from claims.forms import Exists, Form, NotApplicable, describe, region
from claims.ledger import AnyClaim, Ledger
from claims.noise_band import largest_change, under_noise
from claims.stated import Stated
from claims.verdict import Outcome, Verdict
from claims.wording import interval, number
from measure.errors import UserError
from measure.record import Record
from measure.statistics.estimate import Estimate
from measure.statistics.multiplicity import holm
from measure.statistics.proportion import zero_event_power

ALPHA = 0.05


def judge(claim: AnyClaim, population: PopulationLike, record: Record | None = None, *, ledger: Ledger) -> Verdict:
    """The verdict on one claim for one population.

    Args:
        record: what was measured; the population's own record if none is given.

    Never raises on data: what fails inside a statistic becomes an ERROR.
    """
    case = Case(claim, population, mode_of(claim, population, ledger))
    contradictions = [finding for _, possible, finding in digits_of(claim) if not possible]
    if contradictions and case.mode != "transfer":
        criterion = "the printed digits are possible with their declared denominator"
        return case.verdict(Outcome.IMPOSSIBLE, contradictions[0], criterion=criterion, mode="arithmetic")
    if isinstance(case.form, NotApplicable) and case.mode == "transfer":
        return case.verdict(Outcome.UNVERIFIABLE, f"no other checkpoint can speak to it: {case.form.reason}")
    record = population.record if record is None else record
    if record is None:
        return case.verdict(Outcome.UNVERIFIABLE, _how_to_get(population))
    try:
        return _decide(case, estimate(claim, record, elsewhere=case.mode == "transfer"), record)
    except MissingInput as missing:
        get = f"; get it with `{missing.command}`" if missing.command else ""
        return case.verdict(Outcome.UNVERIFIABLE, f"this needs {missing.needs}{get}")
    except UserError as error:
        return case.verdict(Outcome.UNVERIFIABLE, str(error))
    except Exception as error:  # a fault of the harness must never look like a verdict on the paper
        return case.verdict(Outcome.ERROR, f"{claim.statistic} failed: {type(error).__name__}: {error}")


def judge_all(ledger: Ledger, populations: Iterable[PopulationLike]) -> list[Verdict]:
    """Every verdict on every population that a claim concerns, refutations held to Holm's level within the paper."""
    return adjust(
        [
            judge(claim, population, ledger=ledger)
            for population in populations
            for claim in ledger.claims
            if ledger.concerns(claim, population.name, population.architecture)
        ]
    )


def adjust(verdicts: list[Verdict], *, alpha: float = ALPHA) -> list[Verdict]:
    """Holm over the printed figures that fresh samples were compared with: raw and adjusted p-values side by side.

    A refutation that does not survive is UNDERPOWERED: among so many claims, chance would do.
    """
    family = {verdict.key: verdict.p_value for verdict in verdicts if verdict.p_value is not None}
    adjusted = holm(family, alpha=alpha) if family else {}
    result = []
    for verdict in verdicts:
        if verdict.key not in adjusted:
            result.append(verdict)
            continue
        p = adjusted[verdict.key].adjusted
        changes: dict[str, Any] = {"p_adjusted": p}
        if verdict.outcome is Outcome.REFUTED and p > alpha:
            told = f"not beyond chance among {len(family)} claims (Holm p = {number(p, 2)})"
            changes |= {"outcome": Outcome.UNDERPOWERED, "reason": f"{verdict.reason}; {told}"}
        result.append(verdict.model_copy(update=changes))
    return result


def _decide(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Send an estimate to the question that it answers."""
    if not measured.defined:
        return _undefined(case, measured)
    if case.mode == "recompute" or (lookup(case.claim.statistic).exact and case.mode == "replicate"):
        return _recompute_form(case, measured, record) if case.form else _recompute_digits(case, measured, record)
    return _by_interval(case, case.form, measured) if case.form else _replicate(case, measured, record)


def _undefined(case: Case, measured: Estimate) -> Verdict:
    """No value: a measurement that failed is missing, a sample without the cases it takes could not refute."""
    reason = measured.undefined_reason
    if "NaN" in reason:
        return case.verdict(Outcome.UNVERIFIABLE, f"the record has no usable value here: {reason}", measured)
    return case.verdict(Outcome.UNDERPOWERED, f"nothing to decide by among {measured.n:,} rows: {reason}", measured)


def _recompute_digits(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Same examples: the value must print as stated, give or take numerical noise."""
    claim, stated = case.claim, _printed(case.claim)
    value, hedge = measured.value, _hedge(claim, stated)
    got = f"the same examples give {_figure(measured)}"
    if stated.shape != "count" and stated.contains(value, widen=hedge):
        return case.verdict(Outcome.REPRODUCED, f"{got}, which prints as {claim.stated}", measured, noise=0.0)
    if stated.shape == "count" and _counts(measured) == (stated.numerator, stated.denominator):
        return case.verdict(Outcome.REPRODUCED, f"{got}, just as printed", measured, noise=0.0)
    versions = under_noise(_plain(claim), record)
    noise = largest_change(versions, value)
    told = f"numerical noise moves it by {number(noise, 2)}" if versions else "no numerical noise is on record"
    if stated.shape == "count":
        allowed = _counts_within(stated, [measured, *versions])
    else:
        allowed = noise > 0 and stated.contains(value, widen=noise + hedge)
    if allowed:
        reason = f"{got}, within numerical noise of {claim.stated} ({told})"
        return case.verdict(Outcome.REPRODUCED, reason, measured, noise=noise)
    verb = "not" if stated.shape == "count" else "which does not print as"
    return case.verdict(Outcome.REFUTED, f"{got}, {verb} {claim.stated} ({told})", measured, noise=noise)


def _recompute_form(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Same examples, no digits: the value itself must meet the declared form, give or take numerical noise."""
    form, value = case.form, measured.value
    noise = largest_change(under_noise(_plain(case.claim), record), value)
    sides = {_holds_at(form, x, measured) for x in (value - noise, value, value + noise)}
    got = f"the same examples give {_figure(measured)}"
    if len(sides) > 1:
        reason = f"{got}, too close to call within numerical noise of {number(noise, 2)}"
        return case.verdict(Outcome.UNDERPOWERED, reason, measured, noise=noise)
    outcome, verb = (Outcome.REPRODUCED, "as declared") if sides == {True} else (Outcome.REFUTED, "not")
    return case.verdict(outcome, f"{got}, {verb} {describe(form)}", measured, noise=noise)


def _replicate(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Fresh examples against printed digits: excluded, or covered by a sample that could have excluded them."""
    claim, stated = case.claim, _printed(case.claim)
    statistic = lookup(claim.statistic)
    if stated.shape in ("most", "least"):
        return _bound(case, measured, stated)
    if statistic.fresh is not None:
        counted, power = statistic.fresh(record, claim.settings(), stated.value, claim.smallest_contradiction)
        if not counted.defined:
            return _undefined(case, counted)
        evidence = fresh_evidence(counted, power)
        got = f"{_figure(measured)}; {_figure(counted)} by the {counted.method}"
    elif not (math.isfinite(measured.low) and math.isfinite(measured.high)):
        return case.verdict(Outcome.UNDERPOWERED, f"{_figure(measured)}, a sample too small for an interval", measured)
    else:
        printed_n = claim.of or claim.sample
        hedge = _hedge(claim, stated)
        evidence = against_fresh(
            stated, measured, smallest=claim.smallest_contradiction, printed_n=printed_n, hedge=hedge
        )
        got = f"{_figure(measured)}, allowing for both samples {interval(evidence.low, evidence.high)}"
    if evidence.excluded:
        reason = f"{got}, excludes {claim.stated} (p = {number(evidence.p_value, 2)})"
        return case.verdict(Outcome.REFUTED, reason, measured, evidence=evidence)
    seen = f"a contradiction of {number(claim.smallest_contradiction)} would be seen with power {evidence.power:.2f}"
    outcome = Outcome.CONSISTENT if evidence.power >= ENOUGH else Outcome.UNDERPOWERED
    return case.verdict(outcome, f"{got}, covers {claim.stated}; {seen}", measured, evidence=evidence)


def _bound(case: Case, measured: Estimate, stated: Stated) -> Verdict:
    """A printed bound: the whole interval on the right side, on the wrong side, or across."""
    limit = float(stated.high if stated.shape == "most" else stated.low)  # type: ignore[arg-type]
    span = (-math.inf, limit) if stated.shape == "most" else (limit, math.inf)
    return _placed(case, measured, span, f"{'at most' if stated.shape == 'most' else 'at least'} {number(limit)}")


def _by_interval(case: Case, form: Form, measured: Estimate) -> Verdict:
    """A declared form: it holds when the whole interval lies in its region."""
    if isinstance(form, Exists):
        return _exists(case, form, measured)
    span = region(form)
    if span is None:
        raise TypeError(f"form {form.test!r} cannot be judged by an interval")
    return _placed(case, measured, span, describe(form))


def _placed(case: Case, measured: Estimate, span: tuple[float, float], words: str) -> Verdict:
    """Where an interval lies against an open region: inside, outside, or across its edge."""
    transfer = case.mode == "transfer"
    low, high, edge = measured.low, measured.high, f"{_figure(measured)}"
    if math.isnan(low) or math.isnan(high):
        return case.verdict(Outcome.UNDERPOWERED, f"{edge}, without an interval, cannot be placed {words}", measured)
    if span[0] < low and high < span[1]:
        outcome = Outcome.TRANSFERS if transfer else Outcome.CONSISTENT
        return case.verdict(outcome, f"{edge} is wholly {words}", measured)
    if high <= span[0] or low >= span[1]:
        outcome = Outcome.DOES_NOT_TRANSFER if transfer else Outcome.REFUTED
        return case.verdict(outcome, f"{edge} is wholly outside: not {words}", measured)
    return case.verdict(Outcome.UNDERPOWERED, f"{edge} reaches across the edge: not decided whether {words}", measured)


def _exists(case: Case, form: Exists, measured: Estimate) -> Verdict:
    """One case is enough; none counts only when the sample would have shown the declared rate."""
    hits, n = _counts(measured)
    transfer = case.mode == "transfer"
    if hits:
        outcome = Outcome.TRANSFERS if transfer else Outcome.CONSISTENT
        return case.verdict(outcome, f"{hits:,} of {n:,} {measured.denominator}: they exist", measured)
    power = zero_event_power(n, form.rate)
    told = f"none of {n:,} {measured.denominator}; at a rate of {form.rate:.2%} one would be seen with power {power:.2f}"
    if power < 1 - ALPHA:
        return case.verdict(Outcome.UNDERPOWERED, told, measured)
    return case.verdict(Outcome.DOES_NOT_TRANSFER if transfer else Outcome.REFUTED, told, measured)


def _holds_at(form: Form, value: float, measured: Estimate) -> bool:
    """Whether a form holds at a single value."""
    if isinstance(form, Exists):
        return bool(_counts(measured)[0])
    span = region(form)
    if span is None:
        raise TypeError(f"form {form.test!r} cannot be judged by a value")
    return span[0] < value < span[1]


def _plain(claim: AnyClaim) -> Any:
    """The claim's statistic without the figures beside it: what is computed many times under noise."""
    settings = claim.settings()
    if hasattr(settings, "baselines"):
        settings = settings.model_copy(update={"baselines": False})
    function = lookup(claim.statistic).function
    return lambda record: function(record, settings)


def _printed(claim: AnyClaim) -> Stated:
    if claim.printed is None:
        raise TypeError(f"claim {claim.id!r} prints no digits")
    return claim.printed


def _hedge(claim: AnyClaim, stated: Stated) -> float:
    """What "~" and "≈" concede beyond rounding: less than what would matter."""
    if not stated.approximate or stated.low is None or stated.high is None:
        return 0.0
    half = float(stated.high - stated.low) / 2
    return max(0.0, claim.smallest_contradiction / 2 - half)


def _counts(measured: Estimate) -> tuple[int, int]:
    """(k, n) of a proportion. Raises TypeError for a statistic that is none."""
    try:
        return measured.counts["successes"], measured.counts["n"]
    except KeyError:
        raise TypeError("the statistic counts no cases, as this claim needs") from None


def _counts_within(stated: Stated, versions: list[Estimate]) -> bool:
    """Whether noise alone reaches the printed k of n."""
    pairs = [_counts(version) for version in versions if version.defined]
    ranges = [(min(values), max(values)) for values in zip(*pairs)]
    return all(low <= x <= high for (low, high), x in zip(ranges, (stated.numerator, stated.denominator)))


def _figure(measured: Estimate) -> str:
    """ "0.9931 [0.9907, 0.9948] (n = 2,048)", with counts and unit where there are any."""
    unit = f" {measured.unit}" if measured.unit else ""
    text = f"{number(measured.value)}{unit}"
    if measured.counts.get("n") == measured.n and "successes" in measured.counts:
        text += f" ({measured.counts['successes']:,} of {measured.n:,} {measured.denominator})".rstrip()
        return text if math.isnan(measured.low) else f"{text} {interval(measured.low, measured.high)}"
    if not math.isnan(measured.low) and measured.low != measured.high:
        text += f" {interval(measured.low, measured.high)}"
    return f"{text} (n = {measured.n:,})" if measured.n > 1 else text


def _how_to_get(population: PopulationLike) -> str:
    """Why there is no record, and the exact command that gets one."""
    reason = population.missing or f"no record of {population.name}"
    get = getattr(population, "command", None)
    return f"{reason}; get it with `{get}`" if get and get not in reason else reason
