"""Which population a passage names: digits of one beside the name of another are a slip."""

from __future__ import annotations

import re

from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.manuscript.reader import Manuscript, Number


class Places:
    """The names by which a text tells the ledger's populations apart: the last part of each population's name."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._names = {p.name: p.name.rsplit(".", 1)[-1].lower() for p in ledger.populations if not p.members}
        known = "|".join(sorted((re.escape(n) for n in set(self._names.values())), key=len, reverse=True))
        self._pattern = re.compile(rf"\b(?:{known})s?\b", re.IGNORECASE) if known else None

    def conflicts(self, text: Manuscript, number: Number, owner: str) -> bool:
        """Whether the names nearest before and after a number in its sentence are all those of other populations."""
        named = self._named(text, number)
        return bool(named) and not named & self._own(owner)

    def counterpart(self, text: Manuscript, number: Number, owner: str) -> AnyClaim | None:
        """The claim on the same statistic of a population that is named instead."""
        claim, named = self._claim(owner), self._named(text, number)
        for other in self._ledger.claims:
            alike = claim is not None and other.id != owner and other.statistic == claim.statistic and other.printed
            if claim and alike and self._own(other.id) & named and other.settings() == claim.settings():
                return other
        return None

    def _claim(self, owner: str) -> AnyClaim | None:
        return next((claim for claim in self._ledger.claims if claim.id == owner), None)

    def _own(self, owner: str) -> set[str]:
        claim = self._claim(owner)
        return {self._names.get(name, name) for name in self._ledger.own(claim)} if claim else set()

    def _named(self, text: Manuscript, number: Number) -> set[str]:
        if self._pattern is None:
            return set()
        begin, end = text.sentence(number.start)
        before = [m[0] for m in self._pattern.finditer(text.clean, begin, number.start)][-1:]
        after = [m[0] for m in self._pattern.finditer(text.clean, number.end, end)][:1]
        return {name.lower().removesuffix("s") if name.lower() not in self._names.values() else name.lower() for name in before + after}
