"""One verdict in full, as facts: what is claimed, how it is measured, what was found, and what would change it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from unsettled.claims.audit.known import Known
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.explanation.facts import Fact, Page
from unsettled.claims.explanation.measured import measured_facts
from unsettled.claims.explanation.turning import Asked, turning
from unsettled.claims.judgement.case import form_of, notation_of
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import NotApplicable, describe
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.load import PAPER
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import TABLE, Verdict
from unsettled.claims.wording import KIND
from unsettled.measure.errors import UserError
from unsettled.measure.support.figures import Notation


class Judged(Protocol):
    """What is explained: a ledger, which claim was judged on which population, and the verdict on each pair by its key."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def pairs(self) -> Mapping[str, tuple[AnyClaim, Population]]: ...
    def judge(self, key: str) -> Verdict: ...


def explain(run: Judged, target: str, *, known: Known | None = None) -> list[Page]:
    """The pages on ``CLAIM`` or ``CLAIM@POPULATION``: the claim itself, then each population that it is judged on.

    Raises:
        UserError: no such claim, or it is not judged on that population; names the nearest.
    """
    name = target.partition("@")[0]
    if any(check.id == name for check in run.ledger.checks):
        return [_of_digits(run.ledger, name, known or Known())]
    keys = keys_of(target, run.pairs, [*(claim.id for claim in run.ledger.claims), *(check.id for check in run.ledger.checks)])
    return [claim_page(run.ledger, run.ledger[name]), *(verdict_page(run, key) for key in keys)]


def keys_of(target: str, keys: Iterable[str], claims: list[str]) -> list[str]:
    """Of the keys ``claim@population`` those that ``CLAIM`` or ``CLAIM@POPULATION`` names, in their order.

    Raises:
        UserError: it is none of ``claims``, or has no key on that population; names the nearest.
    """
    name, at, where = target.partition("@")
    if name not in claims:
        raise unknown("claim", name, claims)
    places = [population for claim, _, population in (key.partition("@") for key in keys) if claim == name]
    if at and where not in places:
        raise unknown(f"population on which {name} is judged,", where, places)
    return [f"{name}@{population}" for population in places if not at or population == where]


def unknown(what: str, name: str, known: list[str]) -> UserError:
    """That there is no such name, in one line with the nearest ones; all of them where they are few and none is near."""
    near = difflib.get_close_matches(name, known, n=4, cutoff=0.4) or [x for x in known if name.lower() in x.lower()][:4]
    near = near or (known if len(known) <= 6 else [])
    return UserError(f"no {what} {name!r}", hint=f"nearest: {', '.join(near)}" if near else "the ledger lists them all")


def claim_page(ledger: Ledger, claim: AnyClaim) -> Page:
    """The page on a claim, whatever it is judged on."""
    statistic = lookup(claim.statistic)
    smallest = notation_of(claim, "recompute").difference(claim.smallest_contradiction)
    facts = [
        Fact("claimed", claim.words),
        Fact("where", f"{claim.locator}; {_ledger_name(ledger)}, line {claim.line}"),
        Fact("printed", told_digits(claim)),
        Fact("denominator", f"{claim.denominator} ({claim.population})"),
        Fact("definition", f"{claim.statistic}: {_prose(statistic.function)}"),
        Fact("parameters", _parameters(claim)),
        *([Fact("assumed", claim.assumed)] if claim.assumed else []),
        Fact("smallest effect", f"{smallest} (smallest effect of interest; `smallest_contradiction` in the ledger)"),
        Fact("other checkpoints", _elsewhere(claim)),
    ]
    return Page(claim.id, tuple(facts))


def told_digits(claim: AnyClaim) -> str:
    """The printed figure with what its digits admit."""
    stated, form = claim.printed, claim.own_form
    if form is not None:
        return f"{claim.stated}: no digits; it stands if the statistic is {describe(form)} ({form.why})"
    if stated is None or stated.shape == "count":
        return f"{claim.stated}: an exact count"
    exactly = Notation(stated.percent, digits=stated.digits + 6)
    if stated.low is None or stated.high is None:
        side, limit = ("at most", stated.high) if stated.low is None else ("at least", stated.low)
        return f"{stated.text}: a bound, {side} {exactly.value(limit)}"
    told = f"{stated.text}: any value in {exactly.interval(*stated.region)} rounds to it"
    told += "; the text itself hedges it" if stated.approximate else ""
    members = [member.text for member in claim.summarised]
    return told + (f"; its members are {', '.join(members)}" if members else "")


def _parameters(claim: AnyClaim) -> str:
    settings = claim.settings()
    values = ", ".join(f"{name} = {value}" for name, value in settings.model_dump().items() if value is not None)
    return f"{values}. {_prose(type(settings))}" if values else "none"


def _prose(documented: object) -> str:
    """A docstring as running text."""
    return " ".join((inspect.getdoc(documented) or "").replace("``", "").split())


def _elsewhere(claim: AnyClaim) -> str:
    if isinstance(claim.form, NotApplicable):
        return f"not judged on other checkpoints: {claim.form.reason}"
    changed = ", ".join(f"{name} = {value}" for name, value in claim.form.parameters.items())
    return f"must be {describe(claim.form)}: {claim.form.why}" + (f" (there with {changed})" if changed else "")


def verdict_page(run: Judged, key: str, judged: Verdict | None = None) -> Page:
    """The page on the verdict of ``claim@population``: the one that was ``judged``, or that the run comes to."""
    verdict, (claim, population) = judged or run.judge(key), run.pairs[key]
    rows = 0 if population.record is None else len(population.record)
    facts = [
        Fact("verdict", f"{verdict.outcome.shown}: {TABLE[verdict.outcome].meaning}"),
        Fact("because", verdict.reason),
        Fact("question", f"{verdict.mode}: {_QUESTIONS[verdict.mode]}"),
        Fact("criterion", verdict.criterion),
    ]
    if verdict.acknowledged:
        facts.append(Fact("acknowledged", verdict.acknowledged))
    if verdict.declared is not None and population.record is not None and (declared := population.record.provenance.declared):
        told = "as it stands" if verdict.declared else "in another form, or not at all"
        facts.append(Fact("declared", f"{told}, when the ledger was locked before this record was measured ({declared.at})"))
    if verdict.measured is not None:
        facts += measured_facts(verdict, verdict.measured)
    asked = Asked(claim=claim, verdict=verdict, form=form_of(claim, verdict.mode), rows=rows)
    facts += [Fact("would change it", told) for told in turning(asked)]
    facts += _fingerprints(population)
    if verdict.command:
        facts.append(Fact("reproduce with", verdict.command, whole=True))
    return Page(title_of(population.name, population.kind, rows, population.title), tuple(facts))


def title_of(name: str, kind: str, rows: int, title: str) -> str:
    """What a page on a verdict is called: its population, what that is to the paper, and its size."""
    return " · ".join(part for part in (name, KIND[kind], f"{rows:,} puzzles" if rows else "nothing measured", title) if part)


_QUESTIONS = {
    "arithmetic": "are the printed digits possible at all?",
    "recompute": "do the same examples give the same digits?",
    "replicate": "does an independent sample of the paper's own population reject what is claimed?",
    "transfer": "does the declared form hold on another checkpoint?",
}


def _fingerprints(population: Population) -> Iterator[Fact]:
    if population.record is None:
        return
    kept = population.record.provenance
    yield Fact("weights", kept.checkpoint_tensors, whole=True)
    yield Fact("file", kept.checkpoint_bytes, whole=True)
    yield Fact("puzzles", kept.puzzles_digest, whole=True)
    yield Fact("record", population.record.digest(), whole=True)


def _of_digits(ledger: Ledger, name: str, known: Known) -> Page:
    """A check of the printed digits alone: every row of its table."""
    found = arithmetic(ledger)
    verdict = known.acknowledge(next(v for v in found.verdicts if v.claim == name))
    facts = [
        Fact("checked", verdict.words),
        Fact("where", f"{verdict.locator} ({verdict.population})"),
        Fact("printed", verdict.stated),
        Fact("criterion", verdict.criterion),
        Fact("verdict", f"{verdict.outcome}: {verdict.reason}"),
    ]
    facts += [Fact("acknowledged", verdict.acknowledged)] if verdict.acknowledged else []
    for row in found.rows:
        if row.check == name:
            side = "" if row.decides else " (a reading beside the declared one)"
            facts.append(Fact("possible" if row.possible else "impossible", f"{row.subject}: {row.finding}{side}"))
    facts.append(Fact("would change it", "other printed digits or another declared denominator; no measurement can"))
    if verdict.command:
        facts.append(Fact("reproduce with", verdict.command, whole=True))
    return Page(name, tuple(facts))


def _ledger_name(ledger: Ledger) -> str:
    return "the shipped ledger" if ledger.path.resolve() == PAPER.resolve() else str(ledger.path)
