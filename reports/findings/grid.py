"""A page of tables as Markdown: words first, then one heading and one table after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unsettled.reports.escaping import markdown


@dataclass(frozen=True)
class Grid:
    """One table of a page; cells are plain text."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def render(grids: list[Grid], words: str) -> str:
    """The page as Markdown: the words, then the tables."""
    parts = [words.rstrip(), ""]
    for grid in grids:
        parts += [f"## {markdown(grid.title)}", "", _line(grid.head), _line(["---"] * len(grid.head), plain=True)]
        parts += [_line(row) for row in grid.rows] + [""]
    return "\n".join(parts)


def _line(cells: Iterable[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cell if plain else markdown(cell) for cell in cells)} |"
