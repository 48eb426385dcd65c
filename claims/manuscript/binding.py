"""Which digits of a ledger each number of a manuscript is: by the digits themselves, and by the words that stand near."""

from __future__ import annotations

from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.manuscript.anchors import Anchor, Fit, anchors_of, fit, slip
from unsettled.claims.manuscript.places import Places
from unsettled.claims.manuscript.reader import Manuscript, Number
from unsettled.claims.manuscript.tables import headings
from unsettled.claims.manuscript.vocabulary import NEAR, Vocabulary, stems


class Binding:
    """Which digits of the ledger each number of a manuscript is: ``fits`` has them by number, empty where nothing binds it."""

    def __init__(self, manuscript: Manuscript, ledger: Ledger) -> None:
        self.text, self.ledger = manuscript, ledger
        self.words, self.places = Vocabulary(ledger), Places(ledger)
        self.anchors = anchors_of(ledger)
        self._passages: dict[tuple[int, int], frozenset[str]] = {}
        self.sizes: list[Number] = []
        self.fits = {number: self._fits(number) for number in self._all_numbers()}
        self.bound: dict[tuple[int, int], list[Number]] = {}  # by sentence
        for number, fits in self.fits.items():
            if fits:
                self.bound.setdefault(self.text.sentence(number.start), []).append(number)
        fitting = [*self.fits.items(), *((number, self._fits(number)) for number in self.sizes)]
        self.printed = {a.owner for number, fits in fitting for a, _ in fits if a.role in ("stated", "member") and _whole(number, a)}

    def _all_numbers(self) -> list[Number]:
        """Every number; a count or range falls apart into its figures when they bind alone and no slip explains it."""
        numbers: list[Number] = []
        for number in self.text.numbers:
            whole = not number.parts or self._fits(number) or self._slipped(number)
            apart = not whole and not number.text[0].isalpha() and any(self._fits(part) for part in number.parts)
            numbers += number.parts if apart else [number]
            if whole and number.stated is not None and number.stated.shape == "count":
                self.sizes += [part for part in number.parts if self._fits(part)]  # "0 of 254" prints the 254 too
        return numbers

    def _slipped(self, number: Number) -> bool:
        passage = self.passage(number.start)
        return any(
            a.role == "stated" and a.stated.shape == number.stated.shape and slip(number, a) and self.words.touches(a.owner, passage)
            for a in self.anchors
            if number.stated is not None
        )

    def passage(self, offset: int) -> frozenset[str]:
        """The words of the sentence around an offset, and of what heads its column where it lies in a table."""
        cell = headings(self.text.clean, offset)
        return self._sentence(offset) | stems(" ".join(cell)) if cell else self._sentence(offset)

    def _sentence(self, offset: int) -> frozenset[str]:
        span = self.text.sentence(offset)
        if span not in self._passages:
            self._passages[span] = stems(self.text.clean[slice(*span)])
        return self._passages[span]

    def _fits(self, number: Number) -> list[tuple[Anchor, Fit]]:
        """The anchors whose digits these are and whose words stand near, in the sentence or at least in the paragraph."""
        found = [(anchor, how) for anchor in self.anchors if (how := fit(number, anchor))]
        near = [pair for pair in found if self._touched(pair[0], self.passage(number.start))]
        if near or not found:
            return near
        around = stems(self.text.clean[slice(*self.text.paragraph(number.start))])
        known = [pair for pair in found if pair[0].owner in self.words and pair[0].role != "setting"]
        return [pair for pair in known if self.words.coverage(pair[0].owner, around) >= NEAR]

    def _touched(self, anchor: Anchor, passage: frozenset[str]) -> bool:
        """Whether a passage has words of an anchor. Small whole numbers are common: a setting needs its name or many
        words, a sourced figure two."""
        if anchor.role == "setting":
            return bool(anchor.words & passage) or self.words.coverage(anchor.owner, passage) >= NEAR
        return self.words.touches(anchor.owner, passage) if anchor.owner in self.words else len(anchor.words & passage) > 1


def _whole(number: Number, anchor: Anchor) -> bool:
    """Whether a number is all of an anchor's digits, not one end of a range or the n of a count."""
    return number.stated is not None and len(number.stated.figures) == len(anchor.stated.figures)
