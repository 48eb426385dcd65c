"""A manuscript as a reader of figures sees it: its numbers, its hedges, its sentences, each with its place."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.manuscript.policy import ABBREVIATIONS, AS_WRITTEN, FILLER, HEDGES, MASKS, TEX, TEX_MASKS, Hedge
from unsettled.claims.manuscript.tables import under_percent
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded

SUFFIXES = (".md", ".txt", ".tex")
LARGEST = 10_000_000  # bytes
_WHOLE = r"(?:\d{1,3}(?:[,\u2009\u202f]\u2060*\d{3})+(?!\d)|\d+|(?=\.\d))"
_FIGURE = rf"[+\-\u2212]?{_WHOLE}(?:\.\d+)?(?:[eE][+-]?\d{{1,2}})?(?:\s{{0,4}}(?:%|percent\b|per cent\b))?"
_START, _END = r"(?<![^\W_])(?<!\.)", r"(?!\d)"
_ZERO = r"(?:not (?:a single )?one|none|zero)"
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SPELLED = {word: k for k, word in enumerate(_ONES, start=1)}
_RANGE = re.compile(rf"{_START}(?P<a>{_FIGURE})(?:[ \t]{{0,4}}[–—][ \t]{{0,4}}|-|\s+to\s+)(?P<b>{_FIGURE}){_END}")
_BETWEEN = re.compile(rf"\bbetween\s+(?P<a>{_FIGURE})\s+and\s+(?P<b>{_FIGURE}){_END}", re.IGNORECASE)
_COUNT = re.compile(
    rf"(?:\b(?P<zero>{_ZERO})|\b(?P<word>{'|'.join(_SPELLED)})|{_START}(?P<k>\d[\d,\u2060]*))\s*(?:\bout of\b|\bof\b|/|\bin(?=\s+10+\b))\s*"
    r"(?:(?:the|all|its|our|these)\s+)*"
    r"(?P<n>\d[\d,\u2060]*\d|\d)(?![\d%]|\.\d)",
    re.IGNORECASE,
)
# A power of ten as TeX writes it: it is read as 2.3e-5.
_POWER = re.compile(r"(?:(?<![\w.])(\d+(?:\.\d+)?)\s*(?:\\times|\\cdot|×)\s*(?:\\,)?\s*|(?<![\w.,]))10\^(\{[+-]?\d{1,2}\}|\d)")
# "rose from 41% to 53%" are two figures, not a range.
_VERBS = "rose|rises?|fell|falls?|grew|grows?|went|goes|(?:increase|decrease|improve|reduce|change)[ds]?|drop(?:s|ped)?"
_CHANGE = re.compile(rf"\b(?:{_VERBS})\b[^.;]{{0,40}}\bfrom\s+$")
_SINGLE = re.compile(rf"{_START}(?P<a>{_FIGURE}){_END}")
# A full stop before a capital; an empty line; the start of an item, a row or a heading; the end of a row of a TeX table.
_BOUNDARY = re.compile(r"[.!?][\"”’*_)]*(?=\s+[\"“*_(\[]*[A-ZΑ-Ω0-9λ])|\n[ \t]*\n|\n(?=[ \t]*(?:[-*+>]\s|[|#]|\d+[.)]\s))|\\\\")
# A heading of Markdown ends with its line.
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t].*\n", re.MULTILINE)
_BEFORE = {row: re.compile(rf"(?:{row.pattern})\s*$", re.IGNORECASE) for row in HEDGES if row.before_number}
_PHRASES = {row: re.compile(row.pattern, re.IGNORECASE) for row in HEDGES if not row.before_number}


@dataclass(frozen=True)
class Number:
    """A printed number.

    ``stated`` is its digits without the hedge before it, None for what no ledger can state; ``said`` is that hedge as it
    is printed; ``parts`` are the figures of a count or a range.
    """

    start: int
    end: int
    text: str
    stated: Stated | None
    hedge: Hedge | None = None
    said: str = ""
    parts: tuple[Number, ...] = ()


@dataclass(frozen=True)
class Phrase:
    """A hedge that stands for itself."""

    start: int
    end: int
    text: str
    hedge: Hedge


@dataclass(frozen=True)
class Manuscript:
    """A text with its masked copy of equal length, on which numbers and hedges were found."""

    path: Path
    text: str
    clean: str
    numbers: tuple[Number, ...] = field(default=())
    phrases: tuple[Phrase, ...] = field(default=())

    @cached_property
    def _ends(self) -> list[int]:
        """Where sentences end, in order; list items, rows of tables and headings are sentences too."""
        ends = {m.end() for m in _BOUNDARY.finditer(self.clean) if not _abbreviated(self.clean, m)}
        ends |= {m.end() for m in _HEADING.finditer(self.clean)}
        return [*sorted(ends), len(self.clean)]

    @cached_property
    def _lines(self) -> list[int]:
        return [m.end() for m in re.finditer("\n", self.text)]

    def sentence(self, offset: int) -> tuple[int, int]:
        """Where the sentence around an offset begins and ends."""
        index = bisect.bisect_right(self._ends, offset)
        return (self._ends[index - 1] if index else 0), self._ends[min(index, len(self._ends) - 1)]

    @cached_property
    def _gaps(self) -> list[int]:
        return [m.end() for m in re.finditer(r"\n[ \t]*\n", self.clean)]

    def paragraph(self, offset: int) -> tuple[int, int]:
        """Where the paragraph around an offset begins and ends."""
        index = bisect.bisect_right(self._gaps, offset)
        return (self._gaps[index - 1] if index else 0), (self._gaps[index] if index < len(self._gaps) else len(self.clean))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect.bisect_right(self._lines, offset)
        return line + 1, offset - (self._lines[line - 1] if line else 0) + 1


@bounded("text")
def read_manuscript(path: Path | str) -> Manuscript:
    """Read a manuscript. Raises UserError when it is missing, unreadable, too large, or of another kind."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UserError("not a manuscript that can be read", where=path, hint=f"one of {', '.join(SUFFIXES)}")
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"larger than {LARGEST:,} bytes", where=path)
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    except UnicodeDecodeError:
        raise UserError("is not UTF-8 text", where=path) from None
    return parse_manuscript(text, path)


def parse_manuscript(text: str, path: Path | str = Path("draft.md")) -> Manuscript:
    """The numbers and hedges of a text; its suffix says whether it is TeX."""
    path = Path(path)
    clean = cleaned(text, tex=path.suffix.lower() == ".tex")
    numbers = tuple(_numbers(clean))
    taken = {n.start for n in numbers if n.text[:1].isalpha()}  # "not one of 254" is a number, not a phrase
    phrases = tuple(
        Phrase(m.start(), m.end(), " ".join(m[0].split()), row)
        for row, pattern in _PHRASES.items()
        for m in pattern.finditer(clean)
        if m.start() not in taken and not any(n.hedge is not None and m.end() <= n.start <= m.end() + 1 for n in numbers)
    )
    return Manuscript(path, text, clean, numbers, tuple(sorted(phrases, key=lambda p: p.start)))


def cleaned(text: str, *, tex: bool = False) -> str:
    """The text with all that holds no number to bind blanked, and TeX rewritten; same length, same lines."""
    for _, pattern in TEX_MASKS if tex else ():
        text = pattern.sub(_blank, text)
    if tex:
        text = text.replace("~", " ")  # a space that does not break
    text = _POWER.sub(lambda m: f"{m[1] or 1}e{m[2].strip('{}')}".rjust(len(m[0])), text)
    for _, pattern in MASKS[:AS_WRITTEN]:  # what they hold is not TeX
        text = pattern.sub(_blank, text)
    for pattern, plain in TEX:
        text = pattern.sub(partial(_rewritten, plain), text)
    for _, pattern in MASKS[AS_WRITTEN:]:
        text = pattern.sub(_blank, text)
    return text


def _rewritten(plain: str, match: re.Match[str]) -> str:
    """Plain text of the same length in place of TeX."""
    return plain.ljust(len(match[0]), FILLER) if plain == "," else plain.rjust(len(match[0]))


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _abbreviated(text: str, match: re.Match[str]) -> bool:
    """Whether a full stop belongs to an abbreviation."""
    if not match[0].startswith("."):
        return False
    word = re.search(r"([A-Za-z.]+)$", text[max(0, match.start() - 8) : match.start()])
    return word is not None and word[1].lower().lstrip(".") in ABBREVIATIONS


def _numbers(clean: str) -> Iterator[Number]:
    """All numbers in order, of those that start together the longest; a count or a range has its figures as parts."""
    found = [m for pattern in (_COUNT, _BETWEEN, _RANGE, _SINGLE) for m in pattern.finditer(clean) if not _changing(clean, m)]
    reached = 0
    for match in sorted(found, key=lambda m: (m.start(), -m.end())):
        if match.start() >= reached:
            yield _number(clean, match)
            reached = match.end()


def _changing(clean: str, match: re.Match[str]) -> bool:
    """Whether what looks like a range is where a change begins and ends."""
    return match.re is _RANGE and " to " in match[0] and bool(_CHANGE.search(clean, max(0, match.start() - 80), match.start()))


def _number(clean: str, match: re.Match[str]) -> Number:
    groups = match.groupdict()
    parts: tuple[Number, ...] = ()
    if "n" in groups:
        spelled = "0" if groups["zero"] else str(_SPELLED[groups["word"].lower()]) if groups["word"] else _plain(groups["k"])
        digits = f"{spelled} of {_plain(groups['n'])}"
        begin = match.start()
        parts = tuple(_part(match, name) for name in ("k", "n") if groups.get(name))
    elif "b" in groups:
        digits = f"{_plain(groups['a'])}–{_plain(groups['b'])}"
        begin = match.start()
        parts = (_part(match, "a"), _part(match, "b"))
    else:
        digits, begin = _plain(groups["a"]), match.start()
    if "n" not in groups and "%" not in digits and under_percent(clean, match.start()):
        digits = "–".join(f"{part}%" for part in digits.split("–"))
    before = ((row, pattern.search(clean, max(0, begin - 20), begin)) for row, pattern in _BEFORE.items())
    hedge, said = next(((row, " ".join(found[0].split())) for row, found in before if found), (None, ""))
    return Number(begin, match.end(), _shown(match[0]), _parsed(digits), hedge, said, parts)


def _part(match: re.Match[str], name: str) -> Number:
    return Number(match.start(name), match.end(name), _shown(match[name]), _parsed(_plain(match[name])))


def _shown(text: str) -> str:
    """A number as it is shown: on one line."""
    return re.sub(r"\s+%", "%", " ".join(text.replace(FILLER, "").split()))


def _plain(figure: str) -> str:
    """A figure as the ledger writes it."""
    return re.sub(
        r"\s*(?:%|percent|per cent)$", "%", re.sub("[\u2009\u202f]", ",", figure.strip().replace(FILLER, "")), flags=re.IGNORECASE
    )


def _parsed(digits: str) -> Stated | None:
    try:
        return parse_stated(digits)
    except ValueError:
        return None
