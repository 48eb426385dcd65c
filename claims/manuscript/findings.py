"""A manuscript against a ledger: numbers that no claim binds, other digits, digits that never appear, hedges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.manuscript.anchors import Anchor, Fit, fit, same_shape, slip
from unsettled.claims.manuscript.binding import Binding
from unsettled.claims.manuscript.concession import concedes
from unsettled.claims.manuscript.policy import BESIDE
from unsettled.claims.manuscript.reader import Manuscript, Number, Phrase
from unsettled.claims.manuscript.swaps import in_place_of
from unsettled.claims.manuscript.vocabulary import NEAR

Kind = Literal["unbound", "differs", "absent", "hedge"]
# What a slip of the pen weighs beside words, whose weight goes from 0 to 1.
SLIP = 0.5
CLAUSE = 80  # characters from a hedge to the number that it may speak of
# A hedge without a number stands beside the claims that share so many words with its sentence, and nearly the most.
ENOUGH_WORDS, SHARE_OF_BEST = 3, 0.6
# A claim that never appears takes a number from another only where its own words are so much nearer.
NEARER = 1.5


@dataclass(frozen=True)
class Finding:
    """One thing to look at: where, what it is, and what to do about it."""

    line: int
    column: int
    kind: Kind
    what: str
    hint: str


def check(manuscript: Manuscript, ledger: Ledger) -> list[Finding]:
    """All findings, in the order of the text; digits that never appear stand at its beginning."""
    return Checked(manuscript, ledger).findings()


class Checked(Binding):
    """A manuscript whose numbers are bound, and what there is to say of them, of its hedges, and of what it leaves out."""

    def findings(self) -> list[Finding]:
        findings, named = [], set()
        for number, fits in self.fits.items():
            for finding, claim in self._of_number(number, fits):
                findings.append(finding)
                named.add(claim)
        for phrase in self.text.phrases:
            findings += self._of_phrase(phrase)
        findings += self._absent(named)
        return sorted(findings, key=lambda f: (f.line, f.column))

    def _of_number(self, number: Number, fits: list[tuple[Anchor, Fit]]) -> Iterator[tuple[Finding, str | None]]:
        if not fits:
            yield self._unfitted(number)
            return
        if rival := self._rival(number, fits):
            stated = self.ledger[rival].stated
            what = f"{number.text} stands beside the words of {rival}, which states {stated}"
            yield self._at(number, "differs", what, f"print {stated}, or correct the ledger"), rival
        elif misplaced := self._misplaced(number, fits) or self._swapped(number, fits):
            yield misplaced
        else:
            yield from self._hedging(number, [pair for pair in fits if pair[0].role == "stated"] or fits)

    def _hedging(self, number: Number, fits: list[tuple[Anchor, Fit]]) -> Iterator[tuple[Finding, str | None]]:
        """The right digits with another hedge than the ledger's."""
        owner, text = fits[0][0].owner, fits[0][0].text
        if all(how == "hedged" for _, how in fits):
            what = f"“{number.said}” before {number.text} is more than {owner} concedes, which states {text}"
            yield self._at(number, "hedge", what, "strike the hedge, or state it in the ledger"), owner
        elif all(how == "bare" for _, how in fits):
            what = f"{number.text} is printed without the hedge of {owner}, which states {text}"
            yield self._at(number, "differs", what, f"print {text}, or correct the ledger"), owner

    def _unfitted(self, number: Number) -> tuple[Finding, str | None]:
        """A number that binds nothing: other digits of a claim whose words stand here, or no claim's at all."""
        if owner := self._meant(number):
            stated = self.ledger[owner].stated
            what = f"{number.text} stands beside the words of {owner}, which states {stated}"
            return self._at(number, "differs", what, f"print {stated}, or correct the ledger"), owner
        far = sorted({a.owner for a in self.anchors if fit(number, a)})
        what = f"no claim of the ledger states {number.text}"
        if far:
            what = f"{number.text} has the digits of {far[0]}, but none of its words stand near"
        return self._at(number, "unbound", what, "add a claim to the ledger, say what it is of, or strike it"), None

    def _meant(self, number: Number) -> str | None:
        """The claim whose words stand nearest to a number with other digits; None where none is near."""
        passage = self.passage(number.start)
        here = self._bound_in(number)
        scores: dict[str, float] = {}
        for anchor in self.anchors:
            if anchor.role != "stated" or anchor.owner in here or not self.words.touches(anchor.owner, passage):
                continue
            slipped, nearness = slip(number, anchor), self.words.coverage(anchor.owner, passage)
            if slipped or (same_shape(number, anchor) and nearness >= NEAR):
                far = self.places.conflicts(self.text, number, anchor.owner)
                scores[anchor.owner] = (nearness + SLIP * slipped) / (2 if far else 1)
        return max(scores, key=scores.__getitem__, default=None)

    def _bound_in(self, number: Number) -> set[str]:
        """The claims whose own digits stand in the same sentence already."""
        others = self.bound.get(self.text.sentence(number.start), [])
        return {a.owner for other in others for a, _ in self.fits[other] if a.role == "stated"}

    def _rival(self, number: Number, fits: list[tuple[Anchor, Fit]]) -> str | None:
        """A claim that never appears, one slip away, whose words stand much nearer than those of what fits."""
        passage = self.passage(number.start)
        owners = [a.owner for a, _ in fits if a.owner in self.words]
        own = max((self.words.coverage(owner, passage) for owner in owners), default=0.0)
        rivals = [
            a.owner
            for a in self.anchors
            if a.role == "stated"
            and a.owner not in self.printed
            and slip(number, a)
            and self.words.coverage(a.owner, passage) >= max(NEAR, NEARER * own)
        ]
        return max(rivals, key=lambda owner: self.words.coverage(owner, passage), default=None)

    def _misplaced(self, number: Number, fits: list[tuple[Anchor, Fit]]) -> tuple[Finding, str | None] | None:
        """Digits of one population beside the name of another."""
        stated = [a for a, _ in fits if a.role == "stated"]
        if len(stated) != len(fits) or not all(self.places.conflicts(self.text, number, a.owner) for a in stated):
            return None
        owner = stated[0].owner
        other = self.places.counterpart(self.text, number, owner)
        if other is None:
            return None
        what = f"{number.text} is what {owner} states; the population named beside it has {other.stated} ({other.id})"
        return self._at(number, "differs", what, f"print {other.stated}, or name the population"), owner

    def _swapped(self, number: Number, fits: list[tuple[Anchor, Fit]]) -> tuple[Finding, str | None] | None:
        """Digits of one claim among the words of another whose digits stand in the same sentence."""
        stated = [a for a, _ in fits if a.role == "stated"]
        owners = {a.owner for a in stated}
        beside = [n for n in self.bound.get(self.text.sentence(number.start), []) if n is not number]
        here = {a.owner: n for n in beside for a, _ in self.fits[n] if a.role == "stated" and same_shape(n, stated[0])} if stated else {}
        rivals = [owner for owner in here if owner not in owners and owner in self.words]
        found = [in_place_of(self.text, number, owner, rivals, self.words) for owner in owners if owner in self.words]
        if not found or None in found:
            return None
        rival = str(found[0])
        owner, wanted = stated[0].owner, self.ledger[rival].stated
        what = f"{number.text} is what {owner} states; the words beside it are those of {rival}, which states {wanted}"
        return self._at(number, "differs", what, f"print {wanted} there, or name what it is of"), owner

    def _of_phrase(self, phrase: Phrase) -> Iterator[Finding]:
        beside = self._beside(phrase)
        if beside and not any(concedes(self.ledger[owner], phrase.hedge, phrase.text) for owner in beside):
            what = f"“{phrase.text}” is not conceded by {beside[0]}, which states {self.ledger[beside[0]].stated}"
            yield self._at(phrase, "hedge", what, "say what the ledger says, or concede it there")

    def _beside(self, phrase: Phrase) -> list[str]:
        """The claims that a hedge stands beside: of the nearest number of its clause, else by the words of its sentence."""
        numbers = self.bound.get(self.text.sentence(phrase.start), [])
        reach = [(max(n.start - phrase.end, phrase.start - n.end), n) for n in numbers]
        near = [pair for pair in reach if pair[0] <= CLAUSE and not any(c in ";:—" for c in self._between(phrase, pair[1]))]
        if near:
            number = min(near, key=lambda pair: pair[0])[1]
            return list(dict.fromkeys(a.owner for a, _ in self.fits[number] if a.owner in self.words))
        passage = self.passage(phrase.start)
        scores = {owner: self.words.coverage(owner, passage) for owner in self.words}
        best = max(scores.values(), default=0.0)
        owners = [o for o in scores if scores[o] >= max(NEAR, SHARE_OF_BEST * best) and self.words.shared(o, passage) >= ENOUGH_WORDS]
        return sorted(owners, key=lambda owner: -scores[owner])

    def _between(self, phrase: Phrase, number: Number) -> str:
        first, second = sorted(((phrase.start, phrase.end), (number.start, number.end)))
        return self.text.clean[first[1] : second[0]]

    def _absent(self, named: set[str | None]) -> Iterator[Finding]:
        for claim in self.ledger.claims:
            if claim.printed is None or claim.id in self.printed or claim.id in named or BESIDE.search(claim.locator):
                continue
            what = f"{claim.stated}, which {claim.id} states ({claim.locator}), never appears"
            yield Finding(1, 1, "absent", what, "print it with its words, or drop the claim")

    def _at(self, item: Number | Phrase, kind: Kind, what: str, hint: str) -> Finding:
        return Finding(*self.text.place(item.start), kind, what, hint)
