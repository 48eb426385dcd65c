"""(claim, record) → verdict: the only place that decides.

Two questions, never one tolerance. *Recompute* asks whether the same examples print the same digits: the rounding
interval, widened by measured numerical noise, and no sampling error. *Replicate* and *transfer* ask what a sample says
of something beyond it: an interval, and whether the sample could have contradicted the claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from unsettled.claims.catalogue.registered import MissingInput, lookup
from unsettled.claims.catalogue.registry import Freshly
from unsettled.claims.digits.arithmetic import digits_of
from unsettled.claims.judgement.case import Case, PopulationLike, estimate, estimate_over, how_to_get, mode_of
from unsettled.claims.judgement.evidence import against_fresh, from_count, level_reached
from unsettled.claims.judgement.families import adjust, tests_of
from unsettled.claims.judgement.noise_band import largest_change, noisy_values
from unsettled.claims.judgement.power import standard_error
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import Exists, Form, NotApplicable, describe, region
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.claims.wording import caveat, figure
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.support.figures import as_percent, listing, number

ALPHA = 0.05


def judge(claim: AnyClaim, population: PopulationLike, record: Record | None = None, *, ledger: Ledger) -> Verdict:
    """The verdict on one claim for one population.

    Args:
        claim: of the ``ledger``.
        population: on its own populations the printed figure (or the declared form) decides, elsewhere the form for transfers.
        record: what was measured; the population's own record if none is given.

    Never raises on data: what is missing makes it UNVERIFIABLE, what fails inside a statistic an ERROR. The example in
    `unsettled.claims` runs.
    """
    case = Case(claim, population, mode_of(claim, population, ledger), tests=tests_of(claim, ledger))
    own = record is None or record is population.record
    record = population.record if record is None else record
    verdict = _beforehand(case)
    if verdict is not None:
        return verdict
    return case.verdict(Outcome.UNVERIFIABLE, how_to_get(population)) if record is None else _measured(case, record, own=own)


def _beforehand(case: Case) -> Verdict | None:
    """The verdict where no measurement has a say: a draft, impossible digits, or a claim that does not apply to other checkpoints."""
    if case.claim.draft:
        hint = "confirm its statistic, parameters, smallest effect and form, then strike `draft`"
        return case.verdict(Outcome.UNVERIFIABLE, f"a draft of the ledger that nobody has confirmed: {hint}")
    contradictions = [finding for _, possible, finding in digits_of(case.claim) if not possible]
    if contradictions and case.mode != "transfer":
        criterion = "the printed digits are possible with their declared denominator"
        return case.verdict(Outcome.IMPOSSIBLE, contradictions[0], criterion=criterion, mode="arithmetic")
    if isinstance(case.form, NotApplicable) and case.mode == "transfer":
        return case.verdict(Outcome.UNVERIFIABLE, f"not applicable to other checkpoints: {case.form.reason}")
    return None


def _measured(case: Case, record: Record, *, own: bool) -> Verdict:
    """The verdict on what the claim's statistic gives; what fails inside it becomes UNVERIFIABLE or ERROR.

    A mean over networks is that of all records of the population, where there are several and the record is its ``own``.
    """
    try:
        record, elsewhere = _independent(case, record), case.mode == "transfer"
        if case.claim.spread == "sd" and own and case.population.networks:
            records = [record, *(_independent(case, other) for other in case.population.networks)]
            measured = estimate_over(case.claim, records, elsewhere=elsewhere, examples=not case.population.same_examples)
        else:
            measured = estimate(case.claim, record, elsewhere=elsewhere, side=case.population.side)
        return _decide(case, measured, record)
    except MissingInput as missing:
        get = f"; get it with `{missing.command}`" if missing.command else ""
        return case.verdict(Outcome.UNVERIFIABLE, f"this needs {missing.needs}{get}")
    except UserError as error:
        return case.verdict(Outcome.UNVERIFIABLE, str(error))
    except Exception as error:  # a fault of the harness must never look like a verdict on the paper
        return case.verdict(Outcome.ERROR, f"{case.claim.statistic} failed: {type(error).__name__}: {error}")


def _independent(case: Case, record: Record) -> Record:
    """One example of each group of dependent ones, the first: an interval counts independent examples.

    The same examples are counted as they are, and a side record holds what it holds.
    """
    if case.mode == "recompute" or lookup(case.claim.statistic).needs or record.clusters == len(record):
        return record
    case.dependent = len(record) - record.clusters
    return record.independent()


def judge_all(ledger: Ledger, populations: Iterable[PopulationLike]) -> list[Verdict]:
    """Every verdict on every population that a claim concerns, adjusted for multiplicity within families and networks (`adjust`)."""
    return adjust(
        [
            judge(claim, population, ledger=ledger)
            for population in populations
            for claim in ledger.claims
            if ledger.concerns(claim, population.name, population.architecture)
        ]
    )


def _decide(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Send an estimate to the question that it answers."""
    if not measured.defined:
        return _undefined(case, measured)
    if case.exact:
        if case.mode == "replicate" and lookup(case.claim.statistic).exact == "choice":
            reason = f"a design choice, not a measurement: this record's {case.told(measured)} cannot confirm or refute the paper's"
            return case.verdict(Outcome.UNVERIFIABLE, reason, measured)
        return _recompute_form(case, case.form, measured, record) if case.form else _recompute_digits(case, measured, record)
    return _by_interval(case, case.form, measured) if case.form else _replicate(case, measured, record)


def _undefined(case: Case, measured: Estimate) -> Verdict:
    """No value: a measurement that failed is missing, a sample without the cases it takes could not refute."""
    reason = measured.undefined_reason
    if "NaN" in reason:
        return case.verdict(Outcome.UNVERIFIABLE, f"the record has no usable value here: {reason}", measured)
    return case.verdict(Outcome.UNDERPOWERED, f"this sample cannot decide it: {reason}", measured)


def _recompute_digits(case: Case, measured: Estimate, record: Record) -> Verdict:
    """Same examples: the value must print as stated, give or take numerical noise."""
    claim, stated = case.claim, _printed(case.claim)
    got, hedge = case.got(measured), claim.tolerance
    count = stated.shape == "count"
    pair = (stated.numerator, stated.denominator)
    if _counts(measured) == pair if count else stated.contains(measured.value, widen=hedge):
        return case.verdict(case.agrees, f"{got}, which {stated.agrees}", measured, noise=0.0)
    versions = _noisy(case, record)
    noise = largest_change(versions, measured.value)
    told = f"numerical noise moves it by {_noise(case, measured, noise)}" if versions else "no numerical noise is on record"
    if _counts_within(stated, measured, versions) if count else stated.contains(measured.value, widen=noise + hedge):
        reason = f"{got}, within numerical noise of {claim.stated} ({told})"
        return case.verdict(case.agrees, reason, measured, noise=noise)
    return case.verdict(Outcome.REFUTED, f"{got}, but {claim.stated} is printed ({told})", measured, noise=noise)


def _recompute_form(case: Case, form: Form, measured: Estimate, record: Record) -> Verdict:
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
    outcome, doubt = _doubted(case, outcome, measured)
    return case.verdict(outcome, f"{got}, {verb} {describe(form, case.notation(measured))}{doubt}", measured, noise=noise)


def _replicate(case: Case, measured: Estimate, record: Record) -> Verdict:
    """An independent sample against printed digits: it rejects them, or does not and had the power to, or is inconclusive."""
    claim, stated = case.claim, _printed(case.claim)
    statistic, smallest = lookup(claim.statistic), claim.smallest_contradiction
    if stated.shape in ("most", "least"):
        return _bound(case, measured, stated)
    got, notation = case.told(measured), case.notation(measured)
    if statistic.fresh is not None:
        counted, power = statistic.fresh(record, claim.settings(), _freshly(case, stated))
        if not counted.defined:
            return _undefined(case, counted)
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
    outcome, doubt = _doubted(case, outcome, measured)
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


def _by_interval(case: Case, form: Form, measured: Estimate) -> Verdict:
    """A declared form: it holds when the whole interval lies in its region."""
    if isinstance(form, Exists):
        return _exists(case, form, measured)
    return _placed(case, measured, _span(form), describe(form, case.notation(measured)))


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
    outcome, doubt = _doubted(case, outcome, measured)
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
    hits, n = _counts(measured)
    most, least = measured.counts.get("most", hits), measured.counts.get("least", hits)
    unseen = (1 - form.rate) ** n if not most else 1.0
    p_value = unseen if case.mode == "replicate" or not most else None
    if most:
        outcome, doubt = _doubted(case, case.agrees if least else Outcome.UNDERPOWERED, measured)
        told = f"{case.told(measured)}: {'at least one case observed' if least else 'inconclusive, it depends on the threshold'}{doubt}"
        return case.verdict(outcome, told, measured, p_value=p_value)
    told = f"{case.told(measured)}: no case observed; its probability at a rate of {as_percent(form.rate)} is {number(unseen, 2)}"
    outcome = Outcome.UNDERPOWERED if unseen > ALPHA else case.disagrees
    return case.verdict(outcome, told + caveat(measured), measured, p_value=p_value)


def _doubted(case: Case, outcome: Outcome, measured: Estimate) -> tuple[Outcome, str]:
    """Agreement that a network without the claimed behaviour would meet as well is inconclusive."""
    vacuous = "vacuous" in measured.extra and outcome is case.agrees
    return (Outcome.UNDERPOWERED if vacuous else outcome), caveat(measured)


def _noise(case: Case, measured: Estimate, noise: float) -> str:
    """By how much noise moves a value, with two digits."""
    return replace(case.notation(measured), digits=2).difference(noise)


def _holds_at(form: Form, value: float, measured: Estimate) -> bool:
    """Whether a form holds at a single value."""
    if isinstance(form, Exists):
        return bool(_counts(measured)[0])
    low, high = _span(form)
    return low < value < high


def _span(form: Form) -> tuple[float, float]:
    span = region(form)
    if span is None:
        raise TypeError(f"form {type(form).__name__} has no region of values")
    return span


def _noisy(case: Case, record: Record) -> list[Estimate]:
    """What noise alone could have given in place of the claim's figure."""
    return noisy_values(lookup(case.claim.statistic), case.claim.settings(), record, case.population.side)


def _printed(claim: AnyClaim) -> Stated:
    if claim.printed is None:
        raise TypeError(f"claim {claim.id!r} prints no digits")
    return claim.printed


def _counts(measured: Estimate) -> tuple[int, int]:
    """(k, n) of a proportion. Raises TypeError for a statistic that is not one."""
    try:
        return measured.counts["successes"], measured.counts["n"]
    except KeyError:
        raise TypeError("the statistic does not count cases, which this claim needs") from None


def _counts_within(stated: Stated, measured: Estimate, versions: list[Estimate]) -> bool:
    """Whether the printed k and n lie no farther off than noise alone moves them."""
    moved = [_counts(version) for version in versions if version.defined]
    for i, printed in enumerate((stated.numerator or 0, stated.denominator or 0)):
        here = _counts(measured)[i]
        if abs(printed - here) > max((abs(pair[i] - here) for pair in moved), default=0):
            return False
    return True
