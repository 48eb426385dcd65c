"""Two figures of one sentence that stand in each other's place: "+0.012 versus +0.103 for successes"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from unsettled.claims.manuscript.reader import Manuscript, Number
from unsettled.claims.manuscript.vocabulary import Vocabulary, stems

# Where the words of one figure end and those of the next begin.
_APART = re.compile(r"[,;:()—]|\b(?:versus|vs|and|against|while|whereas)\b")


def in_place_of(text: Manuscript, number: Number, owner: str, rivals: Iterable[str], words: Vocabulary) -> str | None:
    """The claim whose words stand beside a figure of ``owner``, where none of the owner's own do; None where there is none.

    ``rivals`` are the claims whose figures stand in the same sentence. Only words that tell two claims apart count.
    """
    beside = stems(_clause(text, number))
    for rival in rivals:
        own, theirs = words.apart(owner, rival)
        if beside & theirs and not beside & own:
            return rival
    return None


def _clause(text: Manuscript, number: Number) -> str:
    """The words around a number, up to what sets it apart from another on either side."""
    start, end = text.sentence(number.start)
    before, after = text.clean[start : number.start], text.clean[number.end : end]
    if before.rstrip().endswith("("):  # a figure in brackets belongs to the words before them
        before = before.rstrip()[:-1]
    return _APART.split(before)[-1] + " " + _APART.split(after)[0]
