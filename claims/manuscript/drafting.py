"""A ledger drafted from a manuscript: an entry for each number, none of which is judged before somebody confirms it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from unsettled.claims.catalogue.registered import STATISTICS
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.manuscript.reader import Manuscript, Number
from unsettled.claims.manuscript.tables import headings

# Words of a sentence → the statistic that is most likely meant; the first that fits. A guess, and said to be one.
GUESSES: tuple[tuple[str, str], ...] = (
    (r"\bAUC\b|area under|separat", "auc"),
    (r"\bmedian\b", "median_exponent"),
    (r"settle|\brests?\b|converge", "settled_share"),
    (r"accura|solve|correct|exact", "accuracy"),
)
# Shape of a figure → the kind of claim that states it.
KINDS = {"number": "point", "count": "share", "range": "range", "most": "bound", "least": "bound"}
WORDS = 160

HEAD = """# A draft: `unsettled init` found these numbers. Nothing here is judged before somebody confirms it.
# For each entry: say in `words` what is claimed and in `denominator` of what; take the statistic that measures it (`unsettled statistics`)
# with its parameters; argue the smallest effect of interest and what must hold on another checkpoint (`form`); then strike `draft`.

[paper]
title = {title}
source = {source}
manuscript = {manuscript}

[[population]]
name = "paper.network"
words = "the network that the paper reports on"
"""


def draft(manuscript: Manuscript) -> str:
    """The ledger as TOML."""
    name = manuscript.path.name
    head = HEAD.format(title=_text(_title(manuscript)), source=_text(name), manuscript=_text(name))
    return "\n".join([head, *_entries(manuscript)])


def _title(manuscript: Manuscript) -> str:
    """The first heading, or the first line that holds anything."""
    tex = re.search(r"\\title\{([^}]*)\}", manuscript.text) or re.search(r"\A---\n(?:.*\n)*?title:\s*[\"']?(.*?)[\"']?\n", manuscript.text)
    lines = (line.strip("# \t") for line in manuscript.text.splitlines())
    return " ".join((tex[1] if tex else next((line for line in lines if line), "untitled")).split())[:WORDS].ljust(3, ".")


def _entries(manuscript: Manuscript) -> Iterator[str]:
    found = [(number, number.stated) for number in manuscript.numbers if number.stated is not None]
    for index, (number, stated) in enumerate(found, start=1):
        yield _entry(manuscript, number, stated, index)


def _entry(manuscript: Manuscript, number: Number, stated: Stated, index: int) -> str:
    cell = headings(manuscript.clean, number.start)
    sentence = f"{cell[1]}, {cell[0]}" if cell else " ".join(manuscript.text[slice(*manuscript.sentence(number.start))].split())
    line, column = manuscript.place(number.start)
    hedge = number.hedge.by if number.hedge is not None else None
    prefix = {"most": "< ", "least": "> ", "approximate": "~"}.get(hedge or "", "")
    shape = hedge if hedge in ("most", "least") and stated.shape == "number" else stated.shape
    size = 0.05 if stated.shape == "count" else 20 * float(stated.figures[0].half)  # ten units of the last digit
    statistic = _guess(" ".join(cell) if cell else _clause(manuscript, number), stated, size)
    kind = "zero_count" if stated.shape == "count" and stated.numerator == 0 else KINDS[str(shape)]
    rows = {
        "id": f"draft.{index}",
        "kind": "share" if kind == "point" and stated.figures[0].percent else kind,
        "draft": True,
        "words": sentence[:WORDS].ljust(3, "."),
        "locator": f"line {line}, column {column}",
        "population": "paper.network",
        "stated": f"{prefix if stated.shape == 'number' else ''}{stated.text}",
        "denominator": "to be said",
        "statistic": statistic,
        "parameters": {"needs": "a statistic, once this draft is confirmed"} if statistic == "external" else {},
        "mode": "replicate",
        "smallest_contradiction": float(f"{size or 1.0:.3g}"),
        "form": {"test": "not_applicable", "reason": "a draft: what must hold on another checkpoint is not declared yet"},
    }
    return "\n".join(["[[claim]]", *(f"{name} = {_value(value)}" for name, value in rows.items()), ""])


def _clause(manuscript: Manuscript, number: Number) -> str:
    """The words around a number up to the next comma, colon or dash of its sentence on either side."""
    start, end = manuscript.sentence(number.start)
    before, after = manuscript.text[start : number.start], manuscript.text[number.end : end]
    return re.split(r"[;,:—]\s", before)[-1] + " " + re.split(r"[;,:—]\s", after)[0]


def _guess(words: str, stated: Stated, size: float) -> str:
    """The statistic that the words suggest and whose values may be so printed; `external` where none is."""
    for pattern, name in GUESSES:
        low, high = STATISTICS[name].limits or (-math.inf, math.inf)
        if re.search(pattern, words, re.IGNORECASE) and stated.meets(low, high) and size < high - low:
            return name
    return "external"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + " }" if value else "{}"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
