"""A manuscript with every number and every claim marked where it stands: what a reader colours by its verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.manuscript.binding import Binding
from unsettled.claims.manuscript.reader import Manuscript, Number
from unsettled.claims.manuscript.vocabulary import NEAR, Vocabulary, stems

# What a claim without digits must share with a sentence: less within the paragraph that its locator names.
WITHIN, WORDS = 0.2, 2
# A block of text with fewer words is a heading, a caption or a note, and is not counted as a paragraph.
PROSE = 25
_PLACE = re.compile(r"¶\s*(\d+)")


class Piece(BaseModel):
    """A stretch of text; ``claims`` are those whose digits it prints, None where it is no number, empty where nothing binds it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str
    claims: tuple[str, ...] | None = None


class Sentence(BaseModel):
    """A sentence in pieces; ``claims`` are those without digits that it makes in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pieces: tuple[Piece, ...]
    claims: tuple[str, ...] = ()


class Marked(BaseModel):
    """A manuscript by paragraphs; its pieces, joined, are its text."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    paragraphs: tuple[tuple[Sentence, ...], ...]


def marked(manuscript: Manuscript, ledger: Ledger) -> Marked:
    """The manuscript with its numbers bound by their digits and words, and its sentences by the claims that print no digits.

    A claim without digits goes to the one sentence that holds most of the weight of its words, within the paragraphs that its
    locator counts (¶1 is the first of prose) where the text has so many, and anywhere else only where that is much.
    """
    spans = [list(_sentences(manuscript, start, end)) for start, end in _paragraphs(manuscript)]
    made = _made_in(manuscript, ledger, spans)
    numbers = {number.start: (number, owners) for number, owners in _owners(Binding(manuscript, ledger))}
    paragraphs = [
        tuple(Sentence(pieces=tuple(_pieces(manuscript, span, numbers)), claims=tuple(made.get(span, ()))) for span in paragraph)
        for paragraph in spans
    ]
    return Marked(name=manuscript.path.name, paragraphs=tuple(paragraphs))


def _owners(binding: Binding) -> Iterator[tuple[Number, tuple[str, ...]]]:
    """Each number with what binds it, a stated figure before a setting."""
    for number, fits in binding.fits.items():
        stated = [anchor.owner for anchor, _ in fits if anchor.role in ("stated", "member")]
        yield number, tuple(dict.fromkeys(stated or [anchor.owner for anchor, _ in fits]))


def _paragraphs(manuscript: Manuscript) -> Iterator[tuple[int, int]]:
    """Where each block of text between empty lines begins and ends."""
    start = 0
    while start < len(manuscript.clean):
        _, end = manuscript.paragraph(start)
        yield start, end
        start = end


def _sentences(manuscript: Manuscript, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = min(manuscript.sentence(start)[1], end)
        yield start, stop
        start = stop


def _made_in(manuscript: Manuscript, ledger: Ledger, spans: list[list[tuple[int, int]]]) -> dict[tuple[int, int], list[str]]:
    """The claims without digits by the sentence that makes them."""
    words = Vocabulary(ledger)
    found: dict[tuple[int, int], list[str]] = {}
    passages = {span: stems(manuscript.clean[slice(*span)]) for paragraph in spans for span in paragraph}
    prose = [paragraph for paragraph in spans if sum(len(manuscript.clean[slice(*span)].split()) for span in paragraph) >= PROSE]
    for claim in (claim for claim in ledger.claims if claim.printed is None):
        within = [span for place in _places(claim) if place <= len(prose) for span in prose[place - 1]]
        best = max(within or passages, key=lambda span: words.coverage(claim.id, passages[span]), default=None)
        least = WITHIN if within else NEAR
        if best and words.coverage(claim.id, passages[best]) >= least and words.shared(claim.id, passages[best]) >= WORDS:
            found.setdefault(best, []).append(claim.id)
    return found


def _places(claim: AnyClaim) -> list[int]:
    return [place for place in map(int, _PLACE.findall(claim.locator)) if place]


def _pieces(manuscript: Manuscript, span: tuple[int, int], numbers: dict[int, tuple[Number, tuple[str, ...]]]) -> Iterator[Piece]:
    """The text of a sentence, cut where numbers begin and end."""
    reached, end = span
    for start in sorted(start for start in numbers if span[0] <= start < end):
        number, owners = numbers[start]
        if start > reached:
            yield Piece(text=manuscript.text[reached:start])
        yield Piece(text=manuscript.text[start : number.end], claims=owners)
        reached = number.end
    if reached < end:
        yield Piece(text=manuscript.text[reached:end])
