"""Cells of a table by what heads their column and their row: a percent sign that they leave out, and words."""

from __future__ import annotations

import re

# A cell ends at "|" in Markdown and at "&" in TeX; a heading says percent by its sign or in words.
_CELL = re.compile(r"(?<!\\)[|&]")
_PERCENT = re.compile(r"%|\bper ?cent\b", re.IGNORECASE)
_RULE = re.compile(r"[\s|:\-—]*|\s*\\(?:[hc]line|(?:top|mid|bottom|c?mid)rule)\b.*")
ROWS = 60  # a heading stands at most so many lines above


def under_percent(clean: str, offset: int) -> bool:
    """Whether a number stands in a cell of a column, or of a row, that is headed by a percent sign."""
    found = headings(clean, offset)
    return found is not None and (bool(_PERCENT.search(found[1])) or bool(_PERCENT.search(found[0]) and not re.search(r"\d", found[0])))


def headings(clean: str, offset: int) -> tuple[str, str] | None:
    """What heads the row and the column of a cell of a table of as many cells; None where an offset lies in no such cell."""
    begin = clean.rfind("\n", 0, offset) + 1
    end = clean.find("\n", offset)
    row = clean[begin : end if end >= 0 else len(clean)]
    cells = len(_CELL.findall(row))
    if not cells:
        return None
    column = len(_CELL.findall(row[: offset - begin]))
    heading = None
    for line in reversed(clean[:begin].splitlines()[-ROWS:]):
        if _RULE.fullmatch(line) and line.strip():
            continue
        if len(_CELL.findall(line)) != cells:
            break
        heading = line
    if heading is None:
        return None
    first = next((text for text in map(str.strip, _CELL.split(row)[:column]) if text), "")
    return re.sub(r"^(?:\\[a-z]+rule|\\hline)\s*", "", first), _CELL.split(heading)[column].strip(" \\\n\t")
