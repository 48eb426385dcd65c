"""The paper itself, every number and sentence that a claim binds coloured by what its verdicts come to together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from unsettled.claims.audit.audit import Audit
from unsettled.claims.manuscript.marked import Sentence
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
HEADING = re.compile(r"\s*#{1,6}\s")
# Kind of a paragraph → what each of its lines begins with.
KINDS = (("table", re.compile(r"\s*\|")), ("list", re.compile(r"\s*(?:[-*+]|\d+[.)])\s|\s{2,}\S")))


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
    """A sentence: its pieces, a mark for each claim that it makes in words, and the class of these together; ``space`` stands before it."""

    space: str
    pieces: tuple[Bound, ...]
    marks: tuple[Bound, ...]
    family: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A paragraph, a heading, a table or a list (its ``kind``), sentence by sentence."""

    kind: str
    sentences: tuple[Spoken, ...]


def paper_of(audit: Audit) -> tuple[Block, ...]:
    """The manuscript of an audit by paragraphs; empty where none was given."""
    if audit.manuscript is None:
        return ()
    judged: dict[str, list[Verdict]] = {}
    for verdict in audit.verdicts:
        judged.setdefault(verdict.claim, []).append(verdict)
    return tuple(
        Block(kind=kind, sentences=tuple(_spoken(sentence, judged, kind) for sentence in sentences))
        for paragraph in audit.manuscript.paragraphs
        for kind, sentences in _blocks(paragraph)
    )


def _blocks(paragraph: Iterable[Sentence]) -> Iterator[tuple[str, list[Sentence]]]:
    """A paragraph, cut at the headings within it; each part with its kind."""
    for heading, run in groupby(paragraph, key=lambda sentence: bool(HEADING.match(_text(sentence)))):
        sentences = list(run)
        if heading:
            yield from (("heading", [sentence]) for sentence in sentences)
        elif text := "".join(map(_text, sentences)).strip():
            yield next((kind for kind, lines in KINDS if all(map(lines.match, text.splitlines()))), ""), sentences


def _text(sentence: Sentence) -> str:
    return "".join(piece.text for piece in sentence.pieces)


def _spoken(sentence: Sentence, judged: dict[str, list[Verdict]], kind: str) -> Spoken:
    pieces = [_piece(piece.text, piece.claims, judged) for piece in sentence.pieces]
    first = pieces[0].text.lstrip()
    space = pieces[0].text[: len(pieces[0].text) - len(first)]
    pieces[0] = replace(pieces[0], text=first.lstrip("# ") if kind == "heading" else first)
    return Spoken(
        space=space,
        pieces=tuple(pieces),
        marks=tuple(_bound("", (claim,), judged) for claim in sentence.claims),
        family=standing(v for claim in sentence.claims for v in judged.get(claim, ()))[1] if sentence.claims else "",
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
