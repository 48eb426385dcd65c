"""Sudoku puzzles made, solved and rated, always with exactly one solution: the front door of the compiled search."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet


def generate(box: Box, count: int, *, seed: int, extra_clues: tuple[int, int] = (0, 0), first: int = 0) -> PuzzleSet:
    """Puzzles with exactly one solution, the same bytes on every machine.

    Each puzzle starts from a random solved board; clues are taken away in random order as long as the solution stays
    unique, which leaves a minimal puzzle; then a uniform number of clues in ``extra_clues`` (both ends included) is put
    back in random places. Puzzle ``i`` depends on ``seed`` and ``i`` alone: a longer run begins with the shorter one.

    Args:
        box: the board.
        count: number of puzzles.
        seed: any integer from 0 to 2**63 − 1.
        extra_clues: lowest and highest number of clues beyond the minimal puzzle (never more than there are blanks).
        first: index of the first puzzle: ``generate(box, 10, first=90, …)`` continues where 90 puzzles ended.

    Returns:
        A set with ``ids`` = index in the run and ``rating`` = number of search nodes: the values tried at cells with two or
        more candidates by the deterministic solver until the solution is found and proven unique. Cells forced by a
        naked or hidden single are free, so 0 means that singles alone solve it.
    """
    low, high = extra_clues
    count, first, seed = at_least(0, count, "count"), at_least(0, first, "first"), at_least(0, seed, "seed", most=2**63 - 1)
    if not 0 <= low <= high:
        raise UserError(f"extra clues {low}:{high} is no range", hint="0 <= lowest <= highest")
    puzzles, solutions, nodes = _compiled().generate_batch(box.rows, box.cols, first, count, seed, low, high)
    return PuzzleSet(box, puzzles + 1, solutions + 1, np.arange(first, first + count), nodes)


def solve(inputs: np.ndarray, box: Box) -> np.ndarray:
    """The solutions of puzzles that have exactly one.

    Args:
        inputs: (N, cells) tokens.
        box: the board.

    Returns:
        (N, cells) uint8 tokens.

    Raises:
        UserError: the first puzzle that has no solution, or more than one.
    """
    return _search(inputs, box)[0]


def rate(inputs: np.ndarray, box: Box, *, first: int = 0) -> np.ndarray:
    """(N,) float64 search nodes of each puzzle, as in :func:`generate`; raises as :func:`solve` does.

    ``first`` is the number of the first puzzle in its source, for the message.
    """
    return _search(inputs, box, first)[1]


def _search(inputs: np.ndarray, box: Box, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Solutions and search nodes, after a check that givens agree with each other and leave exactly one solution."""
    found, solutions, nodes = solutions_of(inputs, box)
    if (wrong := np.flatnonzero(found != 1)).size:
        number = "no solution" if found[wrong[0]] == 0 else "more than one solution"
        raise UserError(f"puzzle {first + wrong[0]} (counted from 0) has {number}")
    return solutions, nodes


def solutions_of(inputs: np.ndarray, box: Box, *, most: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of (N, cells) tokens of puzzles: (N,) number of solutions counted up to 2, (N, cells) tokens of one, (N,) search nodes.

    With ``most`` the search of a puzzle ends after so many nodes, and its number of solutions is −1 where that did not suffice.
    """
    boards = np.asarray(inputs).astype(np.int8) - 1
    if boards.ndim != 2 or boards.shape[1] != box.cells or (boards.size and not (0 <= boards.min() <= boards.max() <= box.size)):
        raise ValueError(f"boards must be (N, {box.cells}) tokens from 1 to {box.size + 1}")
    found, nodes, solutions = _compiled().solve_batch(box.rows, box.cols, boards, most)
    return found, (solutions + 1).astype(np.uint8), nodes


def _compiled() -> ModuleType:
    """The compiled search; reading and checking puzzles does without it."""
    from unsettled.measure.tasks.sudoku import search  # noqa: PLC0415  loads numba, a second that readers need not wait

    return search
