"""Sudoku puzzles with all but a few cells filled in: the easiest there are, of which a network that reasons should fail none."""

from __future__ import annotations

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.boards import BLANK, PuzzleSet


def with_unknown(puzzles: Examples, unknown: int = 1, *, seed: int = 0) -> PuzzleSet:
    """The same puzzles, ids and solutions, with ``unknown`` of the cells that each leaves open, drawn at random, and the others filled in.

    Which cells are drawn hangs on the seed and the puzzle's id alone, and a larger number leaves the same cells open and more.

    Raises:
        UserError: not Sudoku, or a puzzle has fewer open cells.
    """
    if not isinstance(puzzles, PuzzleSet):
        raise UserError("only Sudoku can be filled in but for a few cells")
    at_least(1, unknown, "unknown"), at_least(0, seed, "seed")
    inputs = np.array(puzzles.labels, dtype=puzzles.inputs.dtype)
    for row in range(len(puzzles)):
        blank = np.flatnonzero(puzzles.inputs[row] == BLANK)
        if len(blank) < unknown:
            raise UserError(f"puzzle {row} leaves {len(blank)} cells open, not {unknown}")
        drawn = np.random.default_rng([seed, int(puzzles.ids[row]) & (2**63 - 1)]).permutation(blank)[:unknown]
        inputs[row, drawn] = BLANK
    return puzzles.changed(inputs=inputs, rating=np.full(len(puzzles), np.nan))
