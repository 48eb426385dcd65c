"""The digits that a ledger binds, and whether a printed number is one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.manuscript.reader import Number
from unsettled.claims.manuscript.vocabulary import stems

Role = Literal["stated", "member", "size", "setting", "figure"]
# "same": as stated; "hedged": the text hedges what the ledger does not; "bare": it drops the ledger's hedge.
Fit = Literal["same", "hedged", "bare"]


@dataclass(frozen=True)
class Anchor:
    """Digits that the ledger holds.

    ``owner`` is a claim or a sourced figure, ``role`` what the digits are to it, ``words`` what else they are known by:
    the words of a sourced figure, the name of a setting.
    """

    owner: str
    role: Role
    text: str
    stated: Stated
    words: frozenset[str] = frozenset()


def anchors_of(ledger: Ledger) -> list[Anchor]:
    """All digits of a ledger: stated figures, members of ranges, declared sizes, settings, and sourced figures."""
    anchors = [anchor for claim in ledger.claims for anchor in _of_claim(claim)]
    for figure in ledger.figures:
        words = stems(figure.words)
        anchors += [Anchor(figure.id, "figure", text, parse_stated(text), words) for text in figure.values.values()]
    return anchors


def _of_claim(claim: AnyClaim) -> Iterator[Anchor]:
    if claim.printed is not None:
        yield Anchor(claim.id, "stated", claim.stated, claim.printed)
    for member in claim.summarised:
        yield Anchor(claim.id, "member", member.text, member)
    for size in dict.fromkeys(n for n in (claim.of, claim.sample) if n is not None):
        yield Anchor(claim.id, "size", f"{size:,}", parse_stated(str(size)))
    for name, value in claim.parameters.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            yield Anchor(claim.id, "setting", f"{value:g}", parse_stated(f"{value:g}"), stems(name))


def fit(number: Number, anchor: Anchor) -> Fit | None:
    """How a printed number fits digits of the ledger; None when it does not."""
    printed, stated = number.stated, anchor.stated
    if printed is None:
        return None
    if printed.shape == stated.shape == "count":
        same = (printed.numerator, printed.denominator) == (stated.numerator, stated.denominator)
        return _hedging(number, anchor) if same else None
    digits = [(f.value, f.half) for f in printed.figures]
    wanted = [(f.value, f.half) for f in stated.figures]
    if stated.shape in ("count", "range") and printed.shape == "number":  # the n of "k of n", an end of a range
        return _hedging(number, anchor) if digits[0] in (wanted if stated.shape == "range" else wanted[1:]) else None
    if digits != wanted:
        return None
    return _hedging(number, anchor)


def _hedging(number: Number, anchor: Anchor) -> Fit:
    """Whether the hedge before a number is the one that the ledger states."""
    said = number.hedge.by if number.hedge else None
    shape = anchor.stated.shape
    conceded = shape if shape in ("most", "least") else "approximate" if anchor.stated.approximate else None
    if anchor.role in ("size", "setting", "figure") or said == conceded:
        return "same"
    return "bare" if said is None else "hedged"


def same_shape(number: Number, anchor: Anchor) -> bool:
    """Whether a number looks like the digits of an anchor: both whole and as long, both percentages, as many decimals."""
    if number.stated is None or (
        (number.stated.shape in _SEVERAL or anchor.stated.shape in _SEVERAL) and number.stated.shape != anchor.stated.shape
    ):
        return False
    here, there = number.stated.figures[0], anchor.stated.figures[0]
    decimals = here.half < 0.5
    return here.percent == there.percent and here.half == there.half and (decimals or _long(number.stated) == _long(anchor.stated))


_SEVERAL = ("count", "range")
# With fewer digits any two numbers differ by one slip.
ENOUGH_DIGITS = 3


def slip(number: Number, anchor: Anchor) -> bool:
    """Whether digits differ as a slip of the pen does: one digit, two neighbours exchanged, or the last one lost."""
    if number.stated is None or len(number.stated.figures) != len(anchor.stated.figures):
        return False
    here, there = _digits(number.stated), _digits(anchor.stated)
    if min(sum(c.isdigit() for c in text) for text in (here, there)) < ENOUGH_DIGITS:
        return False
    if len(here) == len(there):
        bare = [text.replace(".", "") for text in (here, there)]
        off = [i for i, pair in enumerate(zip(*bare, strict=False)) if pair[0] != pair[1]]
        swapped = len(off) == 2 and off[1] == off[0] + 1 and bare[0][off[0]] == bare[1][off[1]] and bare[0][off[1]] == bare[1][off[0]]
        return here.find(".") == there.find(".") and (len(off) <= 1 or swapped)
    short, long = sorted((here.rstrip("%"), there.rstrip("%")), key=len)
    return len(long) == len(short) + 1 and long.startswith(short)


def _long(stated: Stated) -> int:
    return len(_digits(stated))


def _digits(stated: Stated) -> str:
    """The digits with their points and percent signs, without signs and separators."""
    return " ".join("".join(c for c in figure.text if c.isdigit() or c in ".%") for figure in stated.figures)
