"""Compiled generator of Sudoku puzzles with exactly one solution; see :func:`measure.sudoku.generate`."""

from __future__ import annotations

import numpy as np
from numba import njit

from measure.solver import search, units_of_cells
from measure.splitmix import GOLDEN, below, mix, shuffle


@njit(cache=True, nogil=True)
def _generate_one(units, state, low, high, puzzle, solution):
    """Fills ``puzzle`` and ``solution``; returns the number of guesses that the finished puzzle needs."""
    cells = len(puzzle)
    scratch = np.empty(cells, np.int8)
    puzzle[:] = 0
    search(puzzle, units, 1, -1, 0, solution, state, True)
    puzzle[:] = solution
    order = np.arange(cells)
    shuffle(order, state)
    removed = np.empty(cells, np.int64)
    blanks = 0
    for cell in order:
        digit = puzzle[cell]
        puzzle[cell] = 0
        # Still unique if and only if no solution puts another digit here.
        others, _ = search(puzzle, units, 1, cell, digit, scratch, state, False)
        if others:
            puzzle[cell] = digit
        else:
            removed[blanks] = cell
            blanks += 1
    extra = min(low + below(state, high - low + 1), blanks)
    removed = removed[:blanks]
    shuffle(removed, state)
    for cell in removed[:extra]:
        puzzle[cell] = solution[cell]
    return search(puzzle, units, 2, -1, 0, scratch, state, False)[1]


@njit(cache=True, nogil=True)
def _generate(rows, cols, first, count, seed, low, high):
    units = units_of_cells(rows, cols)
    puzzles = np.zeros((count, len(units)), np.int8)
    solutions = np.zeros((count, len(units)), np.int8)
    nodes = np.zeros(count, np.float64)
    state = np.zeros(1, np.uint64)
    for index in range(count):
        state[0] = mix(mix(np.uint64(seed) + GOLDEN) ^ np.uint64(first + index))
        nodes[index] = _generate_one(units, state, low, high, puzzles[index], solutions[index])
    return puzzles, solutions, nodes


def generate_batch(
    rows: int, cols: int, first: int, count: int, seed: int, low: int, high: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Puzzles ``first`` … ``first + count − 1`` of the run ``seed``: digits (count, cells) int8 twice, and their guesses."""
    return _generate(rows, cols, first, count, seed, low, high)
