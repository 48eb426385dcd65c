"""Puzzle sets from files: reads the published npy layout, CSV and Parquet, checks that every puzzle is legal, and writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.tasks.sources import Source, check_draw, open_source
from unsettled.measure.tasks.sudoku.boards import BLANK, SYMBOLS, Box, PuzzleSet, conflicts
from unsettled.measure.tasks.tables import Chunk, board_size
from unsettled.measure.tasks.write import join, write_parquet, write_published

__all__ = ["Box", "PuzzleSet", "count_puzzles", "iterate_puzzles", "join", "read_puzzles", "write_parquet", "write_published"]


@bounded("table")
def read_puzzles(
    path: str | Path,
    *,
    split: str = "test",
    limit: int | None = None,
    seed: int | None = None,
    columns: Mapping[str, str] | None = None,
    several: str | None = None,
) -> PuzzleSet:
    """Reads puzzles and their solutions from whatever ``path`` is, and checks them.

    Args:
        path: a folder in the published npy layout (the split's own or the one above it), a folder with ``SPLIT.csv``, a CSV
            with the header ``source,question,answer,rating`` (or Kaggle's), a list of puzzles, or Parquet, one file or a folder.
        split: which split of a folder.
        limit: read at most so many puzzles: the first ones, without reading on.
        columns: names of the columns ``question``, ``answer``, ``rating`` and ``example_id``, where they are not the usual ones.
        several: "valid" reads lists without answers whose puzzles have several solutions, with the first found for a label.
        seed: with ``limit``, draw them uniformly without replacement instead; they keep the order of the source.

    Returns:
        The puzzles. ``ids`` are the example ids of a Parquet file, else the row in the source, counted from 0.
        The box is read from Parquet metadata, else it is the usual one of that size (6×6: 2×3) if the solutions fit it.

    Raises:
        UserError: a missing, empty, truncated or malformed file, or a puzzle that is not legal, with its place.
    """
    check_draw(limit, seed)
    source = open_source(Path(path), split, columns=columns, several=several)
    wanted = None
    if limit is not None:
        wanted = np.arange(limit)
        if seed is not None:
            count = source.count()
            wanted = np.random.default_rng(seed).choice(count, min(limit, count), replace=False, shuffle=False)
    pieces = list(_checked(source, wanted))
    if not pieces:
        raise UserError("holds no puzzles", where=path)
    return join(pieces)


def iterate_puzzles(path: str | Path, *, split: str = "test", columns: Mapping[str, str] | None = None) -> Iterator[PuzzleSet]:
    """The puzzles of a source in pieces, each checked as by :func:`read_puzzles`; only one piece is in memory at a time."""
    empty = True
    for piece in _checked(open_source(Path(path), split, columns=columns), None):
        empty = False
        yield piece
    if empty:
        raise UserError("holds no puzzles", where=path)


def count_puzzles(path: str | Path, *, split: str = "test", columns: Mapping[str, str] | None = None) -> int:
    """Number of puzzles of a source; a CSV is read through once for it."""
    return open_source(Path(path), split, columns=columns).count()


def _checked(source: Source, wanted: np.ndarray | None) -> Iterator[PuzzleSet]:
    """The chunks of a source as legal puzzle sets: all, or those at the positions ``wanted``, reading no further."""
    first, box = 0, source.box
    wanted = None if wanted is None else np.sort(wanted)
    for whole in source:
        start, first, chunk = first, first + len(whole), whole
        if wanted is not None:
            chunk = whole.take(wanted[(wanted >= start) & (wanted < first)] - start)
        if len(chunk):
            box = box or _guess_box(chunk, source.where(chunk.rows[0]))
            _check(chunk, box, source)
            known = {} if chunk.groups is None else {"groups": chunk.groups}
            yield PuzzleSet(box, chunk.inputs, chunk.labels, chunk.ids, chunk.rating, **known)
        if wanted is not None and (not len(wanted) or first > wanted[-1]):
            return


def _guess_box(chunk: Chunk, where: str) -> Box:
    """The usual box of that size, or another one where only that makes the first solution legal."""
    size = board_size(chunk.inputs.shape[1], where=where)
    usual = Box.from_size(size)
    others = [Box(rows, size // rows) for rows in range(2, size // 2 + 1) if size % rows == 0]
    fitting = [box for box in (usual, *others) if conflicts(chunk.labels[0], box) == 0]
    return fitting[0] if fitting else usual


def _check(chunk: Chunk, box: Box, source: Source) -> None:
    """Raises UserError at the first puzzle that is out of range, loses its givens, or has an illegal solution."""
    inputs, labels, size = chunk.inputs, chunk.labels, box.size

    def cell(wrong: np.ndarray) -> tuple[int, int, str, str]:
        row, index = (int(axis[0]) for axis in np.nonzero(wrong))
        return row, index, f"row {index // size + 1}, column {index % size + 1}", source.where(int(chunk.rows[row]))

    for name, tokens, low in (("puzzle", inputs, BLANK), ("solution", labels, BLANK + 1)):
        if (wrong := (tokens < low) | (tokens > size + 1)).any():
            row, index, place, where = cell(wrong)
            raise UserError(f"{name} holds token {tokens[row, index]} at {place}", where=where, hint=f"allowed are {low} to {size + 1}")
    if (wrong := (inputs > BLANK) & (inputs != labels)).any():
        row, index, place, where = cell(wrong)
        given, solved = (SYMBOLS[tokens[row, index] - 2] for tokens in (inputs, labels))
        raise UserError(f"the puzzle gives {given} at {place}, but its solution holds {solved}", where=where)
    violated = conflicts(labels, box)
    if violated.any():
        row = int(np.flatnonzero(violated)[0])
        raise UserError(
            f"the solution is illegal: {violated[row]} of {3 * size} rows, columns and boxes repeat a digit",
            where=source.where(int(chunk.rows[row])),
        )
