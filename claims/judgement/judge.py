"""(claim, record) → verdict: the only way to one.

Two questions, never one tolerance. *Recompute* asks whether the same examples print the same digits (`same_examples`). *Replicate* and
*transfer* ask what a sample says of something beyond it (`other_sample`). What needs no measurement is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable

from unsettled.claims.catalogue.registered import MissingInput, lookup
from unsettled.claims.digits.arithmetic import digits_of
from unsettled.claims.judgement.case import Case, PopulationLike, estimate, estimate_over, how_to_get, mode_of
from unsettled.claims.judgement.common import undefined
from unsettled.claims.judgement.families import adjust, tests_of
from unsettled.claims.judgement.other_sample import by_interval, replicate
from unsettled.claims.judgement.same_examples import by_digits, by_value
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate


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
        return undefined(case, measured)
    if case.exact:
        if case.mode == "replicate" and lookup(case.claim.statistic).exact == "choice":
            reason = f"a design choice, not a measurement: this record's {case.told(measured)} cannot confirm or refute the paper's"
            return case.verdict(Outcome.UNVERIFIABLE, reason, measured)
        return by_value(case, case.form, measured, record) if case.form else by_digits(case, measured, record)
    return by_interval(case, case.form, measured) if case.form else replicate(case, measured, record)
