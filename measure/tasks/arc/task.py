"""ARC as a task: ten colours on a canvas, an end mark around the grid, padding that does not count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.symmetries import Symmetries
from unsettled.measure.tasks.task import Mask, Tokens

PAD, END, FIRST_COLOUR = 0, 1, 2
VOCABULARY = 12
# escape codes of a terminal's 256 colours, nearest to those in which ARC is usually shown
TERMINAL = (16, 27, 160, 34, 220, 245, 200, 208, 117, 88)


@dataclass(frozen=True)
class Arc:
    """Grids in the published tokens: 0 pads, 1 ends a row or a grid, colours 0–9 are 2 … 11."""

    shape: tuple[int, int] = (30, 30)
    name: str = "arc"
    vocabulary: int = VOCABULARY
    ignore: int | None = PAD

    def valid(self, inputs: Tokens, answers: Tokens) -> Mask | None:
        """The rule of an ARC puzzle is not known: equality with the label is all there is."""
        return None

    def conflicts(self, answers: Tokens) -> NDArray[np.int16] | None:
        """ARC counts no constraints."""
        return None

    def givens(self, inputs: Tokens) -> NDArray[np.int16] | None:
        """ARC gives no cells of its answer away."""
        return None

    def symmetries(self, count: int, rng: np.random.Generator) -> Symmetries | None:
        """None: the rule of a puzzle is in its identifier, and an image of its grids is another puzzle with another one."""
        return None

    def draw(self, tokens: Tokens) -> str:
        """The colours of one grid as digits, a line for each row, without its canvas.

        Example:
            >>> print(Arc((3, 3)).draw(canvas(np.array([[1, 2], [3, 0]]), (3, 3)).ravel()))
            12
            30
        """
        return "\n".join("".join(map(str, row)) for row in grid_of(np.asarray(tokens).reshape(self.shape)).tolist())

    def paint(self, tokens: Tokens) -> str:
        """One grid in the colours of a terminal, two blanks a cell."""
        rows = grid_of(np.asarray(tokens).reshape(self.shape)).tolist()
        return "\n".join("".join(f"\x1b[48;5;{TERMINAL[colour]}m  " for colour in row) + "\x1b[0m" for row in rows)


def canvas(grid: NDArray[np.integer], shape: tuple[int, int] = (30, 30), *, at: tuple[int, int] = (0, 0)) -> NDArray[np.uint8]:
    """A grid of colours (h, w) on a canvas: its end marks lie in the row below and the column right of it.

    Raises:
        UserError: a colour outside 0–9, or a grid that does not fit.
    """
    grid = np.asarray(grid)
    if grid.ndim != 2 or not grid.size or grid.min() < 0 or grid.max() > 9:
        raise UserError(f"a grid of shape {grid.shape} is not one of colours 0 to 9")
    (top, left), (height, width) = at, grid.shape
    if top + height > shape[0] or left + width > shape[1]:
        raise UserError(f"a grid of {height}×{width} at {at} does not fit a canvas of {shape[0]}×{shape[1]}")
    painted = np.zeros(shape, np.uint8)
    painted[top : top + height, left : left + width] = grid + FIRST_COLOUR
    if top + height < shape[0]:
        painted[top + height, left : left + width] = END
    if left + width < shape[1]:
        painted[top : top + height, left + width] = END
    return painted


def grid_of(painted: NDArray[np.integer]) -> NDArray[np.integer]:
    """The colours (h, w) of a canvas: the smallest rectangle that holds all of them; cells without a colour are 0."""
    coloured = painted >= FIRST_COLOUR
    if not coloured.any():
        return np.zeros((0, 0), painted.dtype)
    rows, cols = np.flatnonzero(coloured.any(axis=1)), np.flatnonzero(coloured.any(axis=0))
    inside = painted[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return np.where(inside >= FIRST_COLOUR, inside - FIRST_COLOUR, 0)
