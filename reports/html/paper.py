"""The paper itself, every number and sentence that a claim binds coloured by what its verdicts come to together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Verdict
from unsettled.reports.claim_grid import MARKS
from unsettled.reports.html.svg import slug

# Families of verdicts that were seen on a claim → its mark and its class; several together are mixed.
STANDINGS: dict[frozenset[str], tuple[str, str]] = {
    frozenset(): ("–", "open"),
    frozenset({"held"}): ("✓", "held"),
    frozenset({"fell"}): ("✗", "fell"),
    frozenset({"drifted"}): ("Δ", "drifted"),
}
MIXED = ("±", "mixed")


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A stretch of the paper: foreign text, the mark and class of what binds it, what it comes to in words, and where that stands."""

    text: str
    glyph: str = ""
    family: str = ""
    says: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A sentence: its pieces, a mark for each claim that it makes in words, and the class of these together."""

    pieces: tuple[Bound, ...]
    marks: tuple[Bound, ...]
    family: str


def paper_of(audit: Audit) -> tuple[tuple[Spoken, ...], ...]:
    """The manuscript of an audit by paragraphs; empty where none was given."""
    if audit.manuscript is None:
        return ()
    judged: dict[str, list[Verdict]] = {}
    for verdict in audit.verdicts:
        judged.setdefault(verdict.claim, []).append(verdict)
    return tuple(
        tuple(
            Spoken(
                pieces=tuple(_piece(piece.text, piece.claims, judged) for piece in sentence.pieces),
                marks=tuple(_bound("", (claim,), judged) for claim in sentence.claims),
                family=standing(v for claim in sentence.claims for v in judged.get(claim, ()))[1] if sentence.claims else "",
            )
            for sentence in paragraph
        )
        for paragraph in audit.manuscript.paragraphs
    )


def _piece(text: str, claims: tuple[str, ...] | None, judged: dict[str, list[Verdict]]) -> Bound:
    if claims is None:
        return Bound(text=text)
    if not claims:
        return Bound(text=text, family="unbound", says="no claim of the ledger binds this number")
    return _bound(text, claims, judged)


def _bound(text: str, claims: tuple[str, ...], judged: dict[str, list[Verdict]]) -> Bound:
    verdicts = [verdict for name in claims for verdict in judged.get(name, ())]
    glyph, family = standing(verdicts)
    says = f"{', '.join(claims)}: {'; '.join(_counted(verdicts)) or 'not judged'}"
    return Bound(text=text, glyph=glyph, family=family, says=says, href=f"#r-{slug(claims[0])}" if claims[0] in judged else "")


def standing(verdicts: Iterable[Verdict]) -> tuple[str, str]:
    """What verdicts come to together: holds wherever it was decided, nowhere, in some places, or not decided anywhere."""
    families = frozenset(MARKS[verdict.outcome][1] for verdict in verdicts) - {"open"}
    return STANDINGS.get(families, MIXED)


def _counted(verdicts: Iterable[Verdict]) -> Iterator[str]:
    for outcome, number in Counter(verdict.outcome for verdict in verdicts).most_common():
        yield f"{outcome.shown.replace('_', ' ').lower()} {number}"
