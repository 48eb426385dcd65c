"""Puzzles as a user writes them: one line of cells, a file of such lines, or grids with or without rules drawn between boxes."""

from __future__ import annotations

from math import isqrt
from pathlib import Path

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.opened import DAMAGED, open_text
from unsettled.measure.tasks.read import read_puzzles
from unsettled.measure.tasks.sudoku.boards import BLANK, SYMBOLS, Box

RULES = set("-+=|─│┼═║╬ \t")  # what is drawn between boxes
BLANKS = ".0_*?-"
TABLES = (".csv", ".parquet", ".gz", ".zst")
MOST_BYTES = 16_000_000


def read_boards(text: str, box: Box) -> list[np.ndarray]:
    """The puzzles of a text or of the file that it names, each (cells,) uint8 tokens: 1 for a blank, digit + 1 for a clue.

    A file holds one puzzle a line, or grids of one row a line with an empty line between two of them; or it is a puzzle set
    as `unsettled.measure.tasks.read.read_puzzles` reads it (CSV, Parquet, a folder).

    Args:
        box: the board that the checkpoint reads.

    Raises:
        UserError: another number of cells, an unknown symbol, or clues that contradict each other; names file and line.
    """
    if _is_file(text):
        path = Path(text)
        if path.is_dir() or path.suffix.lower() in TABLES:
            return _from_set(path, box)
        if path.stat().st_size > MOST_BYTES:
            raise UserError("is too large for puzzles written by hand", where=path, hint="give a CSV or Parquet file")
        try:
            with open_text(path) as text_file:
                lines = text_file.read().splitlines()
        except DAMAGED as error:
            raise UserError(f"is not readable text: {str(error).splitlines()[0]}", where=path) from None
        found = _boards(lines, box, where=str(path))
        if not found:
            raise UserError("holds no puzzle", where=path)
        return found
    found = _boards(text.splitlines(), box, where=None)
    if not found:
        raise UserError("the puzzle is empty", hint=_wanted(box))
    return found


def _is_file(text: str) -> bool:
    try:
        return bool(text.strip()) and Path(text).exists()
    except (OSError, ValueError):  # longer than a name may be, or with a zero byte
        return False


def _from_set(path: Path, box: Box) -> list[np.ndarray]:
    puzzles = read_puzzles(path)
    if puzzles.box.size != box.size:
        raise UserError(f"holds {puzzles.box.size}×{puzzles.box.size} puzzles", where=path, hint=_wanted(box))
    for number, tokens in enumerate(puzzles.inputs):
        check_clues(tokens, box, where=f"{path}[{number}]")
    return list(puzzles.inputs)


def _boards(lines: list[str], box: Box, *, where: str | None) -> list[np.ndarray]:
    """Every puzzle of a text; blocks of as many rows as a row has cells are grids, other lines are puzzles of their own."""
    blocks: list[list[tuple[int, str]]] = [[]]
    # where a dash stands beside a digit it is a blank, else it is a rule between boxes
    dashed = any("-" in line and any(symbol.isalnum() for symbol in line) for line in lines)
    for number, line in enumerate(lines, start=1):
        drawn_rule = "+" in line and not set(line) - RULES
        bare = "".join(symbol for symbol in line if symbol not in RULES or (symbol == "-" and dashed and not drawn_rule))
        if bare:
            blocks[-1].append((number, bare))
        elif not line.strip():
            blocks.append([])
    found = []
    for block in blocks:
        size = len(block)
        grid = size > 1 and all(len(bare) == size for _, bare in block) and size == box.size
        rows = [(block[0][0], "".join(bare for _, bare in block))] if grid else block
        for number, cells in rows:
            place = f"{where}:{number}" if where else None
            tokens = _tokens(cells, box, place)
            check_clues(tokens, box, where=place)
            found.append(tokens)
    return found


def _tokens(cells: str, box: Box, where: str | None) -> np.ndarray:
    if unknown := [symbol for symbol in cells if symbol not in BLANKS and symbol.upper() not in SYMBOLS]:
        what = f"{unknown[0]!r} is no digit"
        raise UserError(f"{what}, and no file has that name" if where is None else what, where=where, hint="'.' or 0 is a blank")
    if len(cells) != box.cells:
        side = isqrt(len(cells))
        of = f" ({side}×{side})" if side * side == len(cells) else ""
        raise UserError(f"the puzzle has {len(cells)} cells{of}", where=where, hint=_wanted(box))
    tokens = np.array([BLANK if s in BLANKS else SYMBOLS.index(s.upper()) + 2 for s in cells], np.uint8)
    if (large := np.flatnonzero(tokens > box.size + 1)).size:
        raise UserError(f"{cells[large[0]]!r} is no digit of a {box.size}×{box.size} board", where=where)
    return tokens


def _wanted(box: Box) -> str:
    return f"this checkpoint reads {box.size}×{box.size} boards, {box.cells} cells"


def check_clues(tokens: np.ndarray, box: Box, *, where: object = None) -> None:
    """Raise UserError when a digit stands twice among the clues of a row, a column or a box."""
    for name, of_cell in zip(("row", "column", "box"), box.units(), strict=True):
        for unit in range(box.size):
            clues = tokens[(of_cell == unit) & (tokens > BLANK)]
            values, counts = np.unique(clues, return_counts=True)
            if (counts > 1).any():
                digit = SYMBOLS[values[counts > 1][0] - 2]
                raise UserError(f"the clues contradict each other: {digit} stands twice in {name} {unit + 1}", where=where)


def drawn(tokens: np.ndarray, box: Box) -> list[str]:
    """A board as lines of text, a dot for what is no digit, with spaces and empty lines between boxes."""
    symbols = [SYMBOLS[t - 2] if 2 <= t <= box.size + 1 else "." for t in tokens.tolist()]
    lines = []
    for row in range(box.size):
        if row and row % box.rows == 0:
            lines.append("")
        cells = symbols[row * box.size : (row + 1) * box.size]
        lines.append("  ".join(" ".join(cells[i : i + box.cols]) for i in range(0, box.size, box.cols)))
    return lines
