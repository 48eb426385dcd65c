"""The words of claims, stemmed and weighed by how few claims share them: how near a passage stands to a claim."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.manuscript.policy import STOPWORDS, SUFFIXES, SYNONYMS

_WORD = re.compile(r"[^\W\d_]+[₁1]?")
# A claim is spoken of where so much of the weight of its own words stands.
NEAR = 0.3


def stems(text: str) -> frozenset[str]:
    """The meaningful words of a text, each reduced to its stem."""
    words = (SYNONYMS.get(word, word) for word in _WORD.findall(text.lower()))
    return frozenset(stem(SYNONYMS.get(word, word)) for word in words if word not in STOPWORDS and (len(word) > 2 or word == "λ"))


@cache
def stem(word: str) -> str:
    """A word without its endings: "failures", "failed" and "fails" are one."""
    while True:
        shorter = next((word[: -len(s)] for s in SUFFIXES if word.endswith(s) and len(word) - len(s) >= 4), None)
        if shorter is None:
            return word
        word = shorter


class Vocabulary:
    """The claims of a ledger by their words: those of the claim, its denominator, its name and its statistic."""

    def __init__(self, ledger: Ledger) -> None:
        self._core = {claim.id: stems(f"{claim.words} {claim.denominator} {_named(claim)}") for claim in ledger.claims}
        self._population = {claim.id: stems(" ".join(ledger.own(claim)).replace(".", " ")) for claim in ledger.claims}
        seen = Counter(word for core in self._core.values() for word in core)
        self._weight = {word: math.log((1 + len(self._core)) / count) for word, count in seen.items()}

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._core

    def __iter__(self) -> Iterator[str]:
        return iter(self._core)

    def coverage(self, identifier: str, passage: frozenset[str]) -> float:
        """Which share of the weight of a claim's words stands in a passage, from 0 to 1; 0 for a single word."""
        core = self._core[identifier]
        shared, whole = core & passage, sum(self._weight[word] for word in core)
        enough = whole and (len(shared) > 1 or shared == core)
        return sum(self._weight[word] for word in shared) / whole if enough else 0.0

    def shared(self, identifier: str, passage: frozenset[str]) -> int:
        """How many words of a claim stand in a passage."""
        return len(self._core[identifier] & passage)

    def apart(self, one: str, other: str) -> tuple[frozenset[str], frozenset[str]]:
        """The words that only one of two claims has, and those that only the other has."""
        return self._core[one] - self._core[other], self._core[other] - self._core[one]

    def touches(self, identifier: str, passage: frozenset[str]) -> bool:
        """Whether any word of the claim, or the name of its population, stands in a passage."""
        return bool((self._core[identifier] | self._population[identifier]) & passage)


def _named(claim: AnyClaim) -> str:
    return f"{claim.id} {claim.statistic}".replace(".", " ").replace("_", " ")
