"""The claims of an audit as rows of the page, by verdict, failures first; each with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.retold import facts_of
from unsettled.claims.explanation.facts import Fact
from unsettled.claims.verdict import TABLE, Outcome, Verdict
from unsettled.reports.claim_grid import MARKS
from unsettled.reports.html.strip import span_of, strip, zoom
from unsettled.reports.html.svg import slug

# Labels of the facts that the page shows: of a claim, once, and of a verdict, under their headings.
DEFINITION = ("where", "printed", "denominator", "definition", "parameters", "assumed", "smallest effect", "other checkpoints")
FOUND = ("question", "criterion", "measured", "method", "counts", "power", "baseline", "λ₁ adds", "also reported", "would change it")
SECTIONS = (("What was found", FOUND), ("Where it comes from", ("weights", "file", "puzzles", "record")))
FINGERPRINT = 16


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a claim is, whatever it is judged on."""

    claim: str
    identity: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One claim on one population as the page shows it; ``definition`` is the identity of its `Definition`. All text is foreign."""

    verdict: Verdict
    identity: str
    definition: str
    glyph: str
    family: str
    stated: str
    value: str
    limits: str
    size: str
    strip: Markup
    zoom: Markup
    sections: tuple[tuple[str, tuple[Fact, ...]], ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """All rows with one verdict. ``closed``: nothing was measured, so that the page folds them away at first."""

    outcome: str
    name: str
    glyph: str
    family: str
    meaning: str
    rows: tuple[Row, ...]
    closed: bool


def claims_of(audit: Audit) -> tuple[tuple[Group, ...], tuple[Definition, ...]]:
    """The verdicts of an audit by outcome, in the order of `MARKS` without empty ones; and the definition of every claim once."""
    definitions = {}
    for verdict in audit.verdicts:
        if verdict.claim not in definitions:
            facts = tuple(_named(tuple(_defined(audit, verdict)), DEFINITION))
            definitions[verdict.claim] = Definition(claim=verdict.claim, identity=f"d-{slug(verdict.claim)}", facts=facts)
    return tuple(_groups(audit)), tuple(definitions.values())


def _groups(audit: Audit) -> Iterator[Group]:
    for outcome, (glyph, family) in MARKS.items():
        rows = tuple(_row(v, audit) for v in audit.verdicts if v.outcome is outcome)
        if rows:
            yield Group(
                outcome=outcome.value,
                name=plain(outcome),
                glyph=glyph,
                family=family,
                meaning=TABLE[outcome].meaning,
                rows=rows,
                closed=outcome is Outcome.UNVERIFIABLE,
            )


def identity_of(verdict: Verdict) -> str:
    """The identity of a verdict's row on the page."""
    return f"c-{slug(verdict.key)}"


def plain(outcome: str) -> str:
    """A verdict as words: ``does not transfer``."""
    return Outcome(outcome).shown.replace("_", " ").lower()


def _facts(audit: Audit, verdict: Verdict) -> Iterator[Fact]:
    """Every fact on a measured verdict; none on another."""
    if verdict.measured is None:
        return
    yield from facts_of(audit, verdict)
    if verdict.key not in audit.explained:
        yield Fact("measured", f"{verdict.shown} {verdict.measured.estimate.unit}".strip())


def _defined(audit: Audit, verdict: Verdict) -> Iterator[Fact]:
    """The facts on the claim of a verdict; where the audit has none, what the verdict says of it."""
    yield from audit.definitions.get(verdict.claim) or (Fact("where", verdict.locator), Fact("printed", verdict.stated))


def _row(verdict: Verdict, audit: Audit) -> Row:
    glyph, family = MARKS[verdict.outcome]
    span = span_of(verdict, audit.explained.get(verdict.key))
    found = verdict.measured
    facts = tuple(_facts(audit, verdict))
    sections = ((heading, tuple(_named(facts, names))) for heading, names in SECTIONS)
    return Row(
        verdict=verdict,
        identity=identity_of(verdict),
        definition=f"d-{slug(verdict.claim)}",
        glyph=glyph,
        family=family,
        stated=verdict.stated,
        value=found.shown_value if found else "–",
        limits=found.shown_limits if found else "",
        size=verdict.sample,
        strip=strip(span, family),
        zoom=zoom(span, verdict, family, f"Printed {verdict.stated}; measured {verdict.shown}; {verdict.criterion}."),
        sections=tuple((heading, chosen) for heading, chosen in sections if chosen),
        commands=(*([verdict.command] if verdict.command else []), f"unsettled why {verdict.key} --audit audit.json"),
    )


def _named(facts: Sequence[Fact], names: Sequence[str]) -> Iterator[Fact]:
    """The facts of these labels in this order; fingerprints cut, and left out what has no text."""
    for label in names:
        for fact in facts:
            if fact.label == label and fact.text:
                digest = fact.whole and len(fact.text) == 64
                yield Fact(label, f"{fact.text[:FINGERPRINT]}…" if digest else fact.text, fact.whole)
