"""Sudoku as data: the box that fixes a board, a set of puzzles with their solutions, and violated units.

Tokens are those of the published data sets: 0 pads, 1 is a blank cell, ``digit + 1`` is a given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.symmetries import Symmetries, of_boxes
from unsettled.measure.tasks.task import Mask, Tokens

BLANK = 1
SYMBOLS = "123456789ABCDEFGHIJKLMNOP"  # digits of boards up to 25×25
LARGEST_SIZE = 25


@dataclass(frozen=True)
class Box:
    """A board whose boxes are ``rows`` × ``cols`` cells; the board itself is ``size`` × ``size`` with digits 1 … ``size``.

    ``Box(2, 2)`` is 4×4 Sudoku, ``Box(2, 3)`` 6×6, ``Box(3, 3)`` the usual 9×9.

    Raises:
        UserError: a box side under 2, or a board larger than 25×25.
    """

    rows: int
    cols: int

    def __post_init__(self) -> None:
        if self.rows < 2 or self.cols < 2 or self.rows * self.cols > LARGEST_SIZE:
            raise UserError(
                f"a box of {self.rows}x{self.cols} cells is not supported",
                hint=f"both sides at least 2, their product at most {LARGEST_SIZE}",
            )

    @property
    def size(self) -> int:
        """Side of the board, and number of digits."""
        return self.rows * self.cols

    @property
    def cells(self) -> int:
        """Number of cells of the board."""
        return self.size * self.size

    @property
    def vocabulary(self) -> int:
        """Number of tokens: pad, blank and the digits."""
        return self.size + 2

    def units(self) -> np.ndarray:
        """(3, cells) the row, the column and the box of each cell, counted from 0."""
        row, column = np.divmod(np.arange(self.cells), self.size)
        return np.stack((row, column, row // self.rows * self.rows + column // self.cols))

    def __str__(self) -> str:
        return f"{self.rows}x{self.cols}"

    @classmethod
    def parse(cls, text: str) -> Box:
        """The box named by ``"2x3"``."""
        rows, separator, cols = text.lower().partition("x")
        if not (separator and rows.isdecimal() and cols.isdecimal()):
            raise UserError(f"{text!r} is not a box", hint="write it as rows x columns of one box, e.g. 3x3 for 9×9 Sudoku")
        return cls(int(rows), int(cols))

    @classmethod
    def from_size(cls, size: int) -> Box:
        """The usual box of a board of that side: 4 → 2×2, 6 → 2×3, 9 → 3×3; in general the squarest, wider than high."""
        for rows in range(int(size**0.5), 1, -1):
            if size % rows == 0:
                return cls(rows, size // rows)
        raise UserError(f"a board of side {size} has no boxes", hint="known sides are 4, 6, 8, 9, 10, 12, …")


@dataclass(frozen=True)
class Sudoku:
    """Sudoku on boards of one box: every row, column and box holds each digit once.

    Example:
        >>> print(Sudoku(Box(2, 2)).draw(np.array([2, 1, 1, 1] * 4)))
        1...
        1...
        1...
        1...
    """

    box: Box
    name: str = "sudoku"
    ignore: int | None = None

    @property
    def vocabulary(self) -> int:
        """Pad, blank and the digits."""
        return self.box.vocabulary

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the board."""
        return self.box.size, self.box.size

    def valid(self, inputs: Tokens, answers: Tokens) -> Mask:
        """Which answers violate no unit and keep the givens, whatever the label says."""
        given = np.asarray(inputs)[:, None]
        return np.asarray((conflicts(answers, self.box) == 0) & ((given <= BLANK) | (given == answers)).all(axis=-1))

    def conflicts(self, answers: Tokens) -> NDArray[np.int16]:
        """Violated rows, columns and boxes."""
        return conflicts(answers, self.box)

    def givens(self, inputs: Tokens) -> NDArray[np.int16]:
        """Cells that are not blank."""
        return np.asarray((inputs > BLANK).sum(axis=1, dtype=np.int16))

    def symmetries(self, count: int, rng: np.random.Generator) -> Symmetries:
        """Those of the published augmentation: digits, bands, stacks, lines within them, and transposition."""
        return of_boxes(count, self.box.rows, self.box.cols, rng)

    def draw(self, tokens: Tokens) -> str:
        """One board, a line for each row, a dot for a blank."""
        rows = np.asarray(tokens).reshape(self.shape).tolist()
        return "\n".join("".join(SYMBOLS[token - 2] if token > BLANK else "." for token in row) for row in rows)


class PuzzleSet(Examples):
    """Sudoku puzzles with their solutions: examples whose task has a ``box``. Tokens: 1 for a blank, ``digit + 1`` for a given."""

    def __init__(
        self, box: Box, inputs: Tokens, labels: Tokens, ids: NDArray[np.integer], rating: NDArray[np.floating], **known: Any
    ) -> None:
        count = len(inputs)
        known = {"identifiers": np.zeros(count, np.int64), "groups": ids} | known
        super().__init__(task=Sudoku(box), inputs=inputs, labels=labels, ids=np.asarray(ids), rating=np.asarray(rating), **known)

    @property
    def box(self) -> Box:
        """The box that fixes the board."""
        return cast(Sudoku, self.task).box

    @property
    def givens(self) -> NDArray[np.int16]:
        """(N,) how many clues each puzzle has."""
        return cast(Sudoku, self.task).givens(self.inputs)


def conflicts(tokens: np.ndarray, box: Box) -> np.ndarray:
    """Number of violated units of each board: rows, columns and boxes that do not hold every digit once.

    Args:
        tokens: (..., cells) integer tokens; any value outside 2 … size + 1 is not a digit.
        box: the board.

    Returns:
        (...,) int16 between 0 (a legal solution) and ``3 * size``.
    """
    tokens = np.asarray(tokens)
    if tokens.shape[-1] != box.cells:
        raise ValueError(f"boards have {tokens.shape[-1]} cells, expected {box.cells}")
    size, lead = box.size, tokens.shape[:-1]
    digits = (tokens >= 2) & (tokens <= size + 1)
    bits = np.where(digits, np.uint32(1) << np.where(digits, tokens - 2, 0).astype(np.uint32), np.uint32(0))
    grid = bits.reshape(*lead, size, size)
    # With `size` cells in a unit, a repeated digit means a missing one: the union tells both.
    by_box = bits.reshape(*lead, size // box.rows, box.rows, size // box.cols, box.cols)
    unions = (
        np.bitwise_or.reduce(grid, axis=-1),
        np.bitwise_or.reduce(grid, axis=-2),
        np.bitwise_or.reduce(np.bitwise_or.reduce(by_box, axis=-1), axis=-2).reshape(*lead, size),
    )
    full = np.uint32((1 << size) - 1)
    return np.asarray(sum((union != full).sum(axis=-1, dtype=np.int16) for union in unions), np.int16)
