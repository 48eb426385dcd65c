"""Sudoku puzzles as lists: one a line, alone or with its solution (``puzzle:1:solution``); what is absent is solved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from math import isqrt
from pathlib import Path

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.opened import DAMAGED, open_text
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import solutions_of
from unsettled.measure.tasks.tables import BLANKS, NOT_A_SYMBOL, TOKENS, Chunk, board_size

LINES = 1024  # solved at a time
_FIELDS = re.compile(r"[:,;\s]+")
_SHORTEST = 16
_SEVERAL = "--several valid counts every answer that breaks no rule"


def is_list(path: Path) -> bool:
    """Whether the first line that is no comment begins with a board."""
    try:
        with open_text(path) as lines:
            first = next((line for line in islice(lines, 1000) if line.strip() and not line.startswith("#")), "")
    except (*DAMAGED, UserError):
        return False
    return _is_board(_FIELDS.split(first.strip())[0])


def _is_board(field: str) -> bool:
    side = isqrt(len(field))
    return len(field) >= _SHORTEST and side * side == len(field) and field.isascii() and not (TOKENS[_bytes(field)] == NOT_A_SYMBOL).any()


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("ascii"), np.uint8)


class PuzzleList:
    """Boards line by line; comments begin with ``#``. A file has one size of board.

    Args:
        path: the file.
        several: "valid" takes a puzzle with several solutions, and the first one found for its label.
    """

    def __init__(self, path: Path, *, several: str | None = None) -> None:
        self.path, self.several = path, several
        self.box: Box | None = None

    def where(self, row: int) -> str:
        return f"{self.path}:{row + 1}"

    def count(self) -> int:
        return sum(1 for _ in self._lines())

    def __iter__(self) -> Iterator[Chunk]:
        lines = self._lines()
        while read := list(islice(lines, LINES)):
            rows = np.array([row for row, _ in read])
            inputs = self._tokens([fields[0] for _, fields in read], rows)
            labels = np.zeros_like(inputs)
            known = np.zeros(len(read), bool)
            for index, (_, fields) in enumerate(read):
                given = [field for field in fields[1:] if len(field) == len(fields[0]) and not set(field) & set(BLANKS)]
                if given:
                    labels[index], known[index] = self._tokens(given[-1:], rows[index : index + 1])[0], True
            if not known.all():
                labels[~known] = self._solved(inputs[~known], rows[~known])
            yield Chunk(inputs, labels, rows, np.full(len(rows), np.nan), rows)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Number of each line that holds a puzzle, counted from 0, and its fields."""
        try:
            with open_text(self.path) as lines:
                for row, line in enumerate(lines):
                    if line.strip() and not line.startswith("#"):
                        yield row, _FIELDS.split(line.strip())
        except DAMAGED as error:
            raise UserError(f"cannot be read as text: {str(error).splitlines()[0] if str(error) else error!r}", where=self.path) from None

    def _tokens(self, boards: list[str], rows: np.ndarray) -> np.ndarray:
        if self.box is None:
            self.box = Box.from_size(board_size(len(boards[0]), where=self.where(int(rows[0]))))
        for board, row in zip(boards, rows.tolist(), strict=True):
            if len(board) != self.box.cells:
                raise UserError(f"the puzzle has {len(board)} cells, expected {self.box.cells}", where=self.where(row))
            if strange := [symbol for symbol in board if not symbol.isascii() or TOKENS[ord(symbol)] == NOT_A_SYMBOL]:
                raise UserError(f"the puzzle holds {strange[0]!r}", where=self.where(row), hint="write digits, and '.' or 0 for a blank")
        tokens: np.ndarray = TOKENS[_bytes("".join(boards))]
        return tokens.reshape(len(boards), -1)

    def _solved(self, inputs: np.ndarray, rows: np.ndarray) -> np.ndarray:
        assert self.box is not None
        if (wrong := np.flatnonzero((inputs > self.box.size + 1).any(axis=1))).size:
            raise UserError(f"a digit is larger than {self.box.size}", where=self.where(int(rows[wrong[0]])))
        found, solutions, _ = solutions_of(inputs, self.box)
        if (wrong := np.flatnonzero((found == 0) | ((found > 1) & (self.several != "valid")))).size:
            number, hint = ("no solution", "") if found[wrong[0]] == 0 else ("more than one solution", _SEVERAL)
            raise UserError(f"the puzzle has {number}", where=self.where(int(rows[wrong[0]])), hint=hint)
        return solutions
