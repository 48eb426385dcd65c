"""Columns of a table whose heading carries the percent sign that its cells leave out."""

from __future__ import annotations

import re

# A cell ends at "|" in Markdown and at "&" in TeX; a heading says percent by its sign or in words.
_CELL = re.compile(r"(?<!\\)[|&]")
_PERCENT = re.compile(r"%|\bper ?cent\b", re.IGNORECASE)
_RULE = re.compile(r"[\s|:\-—]*|\s*\\(?:[hc]line|(?:top|mid|bottom|c?mid)rule)\b.*")
ROWS = 60  # a heading stands at most so many lines above


def under_percent(clean: str, offset: int) -> bool:
    """Whether a number stands in a cell of a column that is headed by a percent sign, and in a row of as many cells."""
    begin = clean.rfind("\n", 0, offset) + 1
    end = clean.find("\n", offset)
    row = clean[begin : end if end >= 0 else len(clean)]
    cells = len(_CELL.findall(row))
    if not cells:
        return False
    column = len(_CELL.findall(row[: offset - begin]))
    heading = None
    for line in reversed(clean[:begin].splitlines()[-ROWS:]):
        if _RULE.fullmatch(line) and line.strip():
            continue
        if len(_CELL.findall(line)) != cells:
            break
        heading = line
    return heading is not None and bool(_PERCENT.search(_CELL.split(heading)[column]))
