"""The claims of an audit as rows of the page, by verdict, failures first; each with everything that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from unsettled.claims.audit.audit import Audit
from unsettled.claims.explain.explain import Fact, Recorded, explain
from unsettled.claims.verdict import TABLE, Outcome, Verdict
from unsettled.reports.html.strip import span_of, strip, zoom
from unsettled.reports.html.svg import slug

if TYPE_CHECKING:
    from unsettled.claims.ledger.ledger import Ledger
    from unsettled.claims.populations.populations import Population

# In the order of the page: outcome → glyph and family. A family has one colour and one shape of mark.
ORDER: dict[Outcome, tuple[str, str]] = {
    Outcome.ERROR: ("!", "fell"),
    Outcome.DRIFTED: ("Δ", "drifted"),
    Outcome.IMPOSSIBLE: ("✗", "fell"),
    Outcome.REFUTED: ("✗", "fell"),
    Outcome.DOES_NOT_TRANSFER: ("✗", "fell"),
    Outcome.REPRODUCED: ("✓", "held"),
    Outcome.CONSISTENT: ("✓", "held"),
    Outcome.TRANSFERS: ("✓", "held"),
    Outcome.UNDERPOWERED: ("?", "open"),
    Outcome.UNVERIFIABLE: ("–", "open"),
}
# Facts of `unsettled why` and what they are called on the page: of a claim, shown once, and of a verdict, under their headings.
DEFINITION = {
    "where": "where",
    "stated": "printed",
    "counted over": "denominator",
    "statistic": "definition",
    "parameters": "parameters",
    "would matter": "would matter",
    "elsewhere": "on other checkpoints",
}
SECTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "What was found",
        {
            "asked": "question",
            "criterion": "stands if",
            "measured": "measured",
            "method": "method",
            "counts": "counts",
            "power": "would have noticed",
            "baseline": "baseline",
            "λ₁ adds": "λ₁ adds",
            "beside it": "beside it",
            "would change": "would change it",
        },
    ),
    ("Where it comes from", {"weights": "weights", "file": "file", "puzzles": "puzzles", "record": "record"}),
)
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


def claims_of(
    audit: Audit, *, ledger: Ledger | None = None, populations: Mapping[str, Population] | None = None
) -> tuple[tuple[Group, ...], tuple[Definition, ...]]:
    """The verdicts of an audit by outcome, in the order of `ORDER` without empty ones; and the definition of every claim once.

    With the ledger and the populations that were judged, these are the facts of `unsettled why`; without, those of the verdict.
    """
    facts = _Facts(audit, ledger, populations or {})
    definitions = {}
    for verdict in audit.verdicts:
        if verdict.claim not in definitions:
            chosen = tuple(_named(facts.of(verdict), DEFINITION))
            definitions[verdict.claim] = Definition(claim=verdict.claim, identity=f"d-{slug(verdict.claim)}", facts=chosen)
    return tuple(_groups(audit, facts)), tuple(definitions.values())


def _groups(audit: Audit, facts: _Facts) -> Iterator[Group]:
    for outcome, (glyph, family) in ORDER.items():
        rows = tuple(_row(v, facts) for v in audit.verdicts if v.outcome is outcome)
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


def plain(outcome: str) -> str:
    """A verdict as words: ``does not transfer``."""
    return str(outcome).replace("_", " ").lower()


class _Facts:
    """Every fact on a verdict, those of its claim first; found once, since looking for deciding samples takes a while."""

    def __init__(self, audit: Audit, ledger: Ledger | None, populations: Mapping[str, Population]) -> None:
        self.claims = {claim.id: claim for claim in ledger.claims} if ledger else {}
        verdicts = {verdict.key: verdict for verdict in audit.verdicts}
        pairs = {
            key: (self.claims[verdict.claim], populations[verdict.population])
            for key, verdict in verdicts.items()
            if verdict.claim in self.claims and verdict.population in populations
        }
        self.judged = Recorded(ledger=ledger, pairs=pairs, verdicts=verdicts) if ledger else None
        self.found: dict[str, list[Fact]] = {}

    def of(self, verdict: Verdict) -> list[Fact]:
        """As `unsettled why` tells them; where the ledger or the population is not at hand, what the verdict alone tells."""
        key = verdict.key
        if key not in self.found:
            pages = explain(self.judged, key) if self.judged and key in self.judged.pairs else ()
            self.found[key] = [fact for page in pages for fact in page.facts] or list(_of_verdict(verdict))
        return self.found[key]


def _of_verdict(verdict: Verdict) -> Iterator[Fact]:
    """What a verdict alone tells, where the ledger it was judged by is not at hand."""
    yield Fact("where", verdict.locator)
    yield Fact("stated", verdict.stated)
    yield Fact("criterion", verdict.criterion)
    notation = verdict.notation
    if verdict.measured is not None:
        found = verdict.measured.estimate
        yield Fact("counted over", found.denominator)
        yield Fact("measured", f"{verdict.shown} {found.unit}".strip())
        yield Fact("method", found.method)
        yield Fact("counts", ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found.counts.items()))
    if (power := verdict.power) is not None:
        least = power.minimum_detectable_difference
        told = f"a difference of {notation.difference(least)} with power 0.8" if least else "no difference that could be named"
        yield Fact("power", f"{told}; one of {notation.difference(power.smallest_contradiction)} with power {power.power:.2f}")


def _row(verdict: Verdict, known: _Facts) -> Row:
    glyph, family = ORDER[verdict.outcome]
    span = span_of(verdict, known.claims.get(verdict.claim))
    found = verdict.measured
    facts = known.of(verdict) if found is not None else []
    sections = ((heading, tuple(_named(facts, names))) for heading, names in SECTIONS)
    return Row(
        verdict=verdict,
        identity=f"c-{slug(verdict.key)}",
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
        commands=(*([verdict.command] if verdict.command else []), f"unsettled why {verdict.key}"),
    )


def _named(facts: Sequence[Fact], names: Mapping[str, str]) -> Iterator[Fact]:
    """The facts of these labels in this order, renamed; fingerprints cut, and left out what has no text."""
    for label in names:
        for fact in facts:
            if fact.label == label and fact.text:
                digest = fact.whole and len(fact.text) == 64
                yield Fact(names[label], f"{fact.text[:FINGERPRINT]}…" if digest else fact.text, fact.whole)
