"""Compiled Sudoku search: SplitMix64, a solver with singles and most-constrained cell first, and the generator built on both.

Boards are flat int8 arrays of digits, 0 for a blank; sets of digits are bits of an integer. All of it is one module because
numba's cache notices changes in a function's own file only: split up, a cached generator would keep an outdated solver.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import boolean, int8, int64, njit, uint64
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # SplitMix64 (Steele, Lea & Flood 2014), so that the bytes depend on no library

# Explicit signatures where calls differ in literals only: numba would compile those functions once for each literal.
Array = NDArray[Any]  # what the annotations of compiled functions say is for the reader; numba goes by the signatures
WORDS, TABLE, BOARD, STATE = int64[::1], int64[:, ::1], int8[::1], uint64[::1]
CHOICE = (WORDS, int64, TABLE, WORDS, int64, int64, int64, WORDS, WORDS, STATE, boolean)
COUNTS = (BOARD, TABLE, int64, int64, int64, int64, BOARD, STATE, boolean)


@njit(cache=True, nogil=True)
def mix(value: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64: a bijection of 64-bit words that scatters neighbours."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def below(state: Array, bound: int) -> int:
    """Next random integer in 0 … bound − 1; the bias is under bound / 2**31."""
    state[0] += GOLDEN
    return int(np.int64(mix(state[0]) >> np.uint64(33)) % bound)


@njit(cache=True, nogil=True)
def shuffle(array: Array, state: Array) -> None:
    """Fisher–Yates, in place."""
    for last in range(len(array) - 1, 0, -1):
        other = below(state, last + 1)
        array[last], array[other] = array[other], array[last]


@njit(cache=True, nogil=True)
def units_of_cells(rows: int, cols: int) -> Array:
    """(cells, 3) int64: index of the row, column and box of each cell among the 3·size units."""
    size = rows * cols
    units = np.empty((size * size, 3), np.int64)
    for cell in range(size * size):
        row, col = cell // size, cell % size
        units[cell, 0] = row
        units[cell, 1] = size + col
        units[cell, 2] = 2 * size + (row // rows) * rows + col // cols
    return units


@njit(CHOICE, cache=True, nogil=True)
def _choose(  # noqa: PLR0912  one loop, compiled whole
    empty: Array,
    count: int,
    units: Array,
    used: Array,
    forbidden_cell: int,
    forbidden: int,
    full: int,
    once: Array,
    twice: Array,
    state: Array,
    random: bool,
) -> tuple[int, int, bool]:
    """Where to go on: position in ``empty``, the candidates there, and whether that is a guess.

    A dead end returns no candidates. A cell with one candidate comes first, then a digit with one place in a unit, then
    the cell with fewest candidates (the first such; a random one when ``random``).
    """
    once[:] = 0
    twice[:] = 0
    best, best_mask, best_count, ties = 0, 0, 99, 0
    for position in range(count):
        cell = empty[position]
        row, col, box = units[cell, 0], units[cell, 1], units[cell, 2]
        mask = full & ~(used[row] | used[col] | used[box])
        if cell == forbidden_cell:
            mask &= ~forbidden
        if mask & (mask - 1) == 0:  # one candidate, or none at all
            return position, mask, False
        for unit in (row, col, box):
            twice[unit] |= once[unit] & mask
            once[unit] |= mask
        candidates = 0
        rest = mask
        while rest:
            rest &= rest - 1
            candidates += 1
        if candidates < best_count:
            best, best_mask, best_count, ties = position, mask, candidates, 1
        elif random and candidates == best_count:
            ties += 1
            if below(state, ties) == 0:
                best, best_mask = position, mask
    for unit in range(len(used)):
        missing = full & ~used[unit]
        if missing & ~once[unit]:
            return 0, 0, False  # a digit that has no place left in this unit
        hidden = missing & ~twice[unit]
        if hidden:
            digit = hidden & -hidden
            for position in range(count):
                cell = empty[position]
                row, col, box = units[cell, 0], units[cell, 1], units[cell, 2]
                if unit in (row, col, box):
                    taken = used[row] | used[col] | used[box]
                    if cell == forbidden_cell:
                        taken |= forbidden
                    if not taken & digit:
                        return position, digit, False
    return best, best_mask, True


@njit(COUNTS, cache=True, nogil=True)
def search(  # noqa: PLR0912, PLR0915  the same
    board: Array,
    units: Array,
    limit: int,
    most: int,
    forbidden_cell: int,
    forbidden_digit: int,
    solution: Array,
    state: Array,
    random: bool,
) -> tuple[int, int]:
    """Depth-first search for up to ``limit`` solutions of ``board``; the first is written to ``solution``.

    Args:
        board: (cells,) int8 digits, 0 for a blank; the givens must not contradict each other.
        units: see :func:`units_of_cells`.
        limit: stop after this many solutions.
        most: stop after this many guesses, with −1 for a number of solutions that is not known; 0 for no bound.
        forbidden_cell, forbidden_digit: one cell that must not hold one digit; cell −1 for none.
        solution: (cells,) int8, overwritten.
        state: (1,) uint64 random state, used when ``random``: order of values, and ties between cells.

    Returns:
        (number of solutions found, number of guesses: values tried at cells with two or more candidates).
    """
    cells = len(board)
    size = int(np.sqrt(cells))
    full = (1 << size) - 1
    forbidden = 1 << max(forbidden_digit - 1, 0)
    used = np.zeros(3 * size, np.int64)
    once = np.zeros(3 * size, np.int64)
    twice = np.zeros(3 * size, np.int64)
    empty = np.empty(cells, np.int64)
    count = 0
    placed = np.zeros(cells, np.int64)
    for cell in range(cells):
        if board[cell]:
            placed[cell] = 1 << (board[cell] - 1)
            for unit in units[cell]:
                used[unit] |= placed[cell]
        else:
            empty[count] = cell
            count += 1
    blanks = count
    masks = np.zeros(blanks + 1, np.int64)
    positions = np.zeros(blanks + 1, np.int64)
    guessing = np.zeros(blanks + 1, np.bool_)
    depth, found, guesses = 0, 0, 0
    descend = True
    while True:
        if descend:
            if count == 0:
                found += 1
                if found == 1:
                    for cell in range(cells):
                        digit = 0
                        while placed[cell] >> digit:
                            digit += 1
                        solution[cell] = digit
                if found == limit:
                    return found, guesses
                descend = False
                continue
            position, mask, guess = _choose(empty, count, units, used, forbidden_cell, forbidden, full, once, twice, state, random)
            positions[depth], masks[depth], guessing[depth] = position, mask, guess
            # The chosen cell leaves the list of empty ones; it comes back to its place on the way up.
            cell = empty[position]
            count -= 1
            empty[position] = empty[count]
            empty[count] = cell
            depth += 1
        else:
            if depth == 0:
                return found, guesses
            cell = empty[count]
            for unit in units[cell]:
                used[unit] &= ~placed[cell]
            placed[cell] = 0
        level = depth - 1
        cell = empty[count]
        mask = masks[level]
        if mask == 0:
            position = positions[level]
            empty[count] = empty[position]
            empty[position] = cell
            count += 1
            depth -= 1
            descend = False
            continue
        digit = mask & -mask
        if random:
            candidates = 0
            rest = mask
            while rest:
                rest &= rest - 1
                candidates += 1
            for _ in range(below(state, candidates)):
                mask &= mask - 1
            digit = mask & -mask
        masks[level] &= ~digit
        if guessing[level]:
            guesses += 1
            if most and guesses > most:
                return -1, guesses
        placed[cell] = digit
        for unit in units[cell]:
            used[unit] |= digit
        descend = True


@njit(cache=True, nogil=True)
def _contradicts(board: Array, units: Array) -> bool:
    """Whether two givens of one unit are equal."""
    seen = np.zeros(3 * int(np.sqrt(len(board))), np.int64)
    for cell in range(len(board)):
        if board[cell]:
            for unit in units[cell]:
                if seen[unit] >> board[cell] & 1:
                    return True
                seen[unit] |= 1 << board[cell]
    return False


@njit(cache=True, nogil=True)
def _solve(rows: int, cols: int, boards: Array, most: int) -> tuple[Array, Array, Array]:
    units = units_of_cells(rows, cols)
    state = np.zeros(1, np.uint64)
    found = np.zeros(len(boards), np.int64)
    nodes = np.zeros(len(boards), np.float64)
    solutions = np.zeros(boards.shape, np.int8)
    for index in range(len(boards)):
        if _contradicts(boards[index], units):
            continue
        found[index], nodes[index] = search(boards[index], units, 2, most, -1, 0, solutions[index], state, False)
    return found, nodes, solutions


def solve_batch(rows: int, cols: int, boards: np.ndarray, most: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solves (N, cells) int8 boards, 0 for a blank, with at most ``most`` guesses each unless that is 0.

    Returns:
        (N,) number of solutions, counted up to 2, −1 where the guesses did not suffice; (N,) guesses until that was known; (N, cells)
        the first solution.
    """
    return _solve(rows, cols, np.ascontiguousarray(boards, np.int8), most)


@njit(cache=True, nogil=True)
def _generate_one(units: Array, state: Array, low: int, high: int, puzzle: Array, solution: Array) -> int:
    """Fills ``puzzle`` and ``solution``; returns the number of guesses that the finished puzzle needs."""
    cells = len(puzzle)
    scratch = np.empty(cells, np.int8)
    puzzle[:] = 0
    search(puzzle, units, 1, 0, -1, 0, solution, state, True)
    order = np.empty(cells, np.int64)
    for cell in range(cells):
        puzzle[cell] = solution[cell]
        order[cell] = cell
    shuffle(order, state)
    removed = np.empty(cells, np.int64)
    blanks = 0
    for clue in order:
        digit = int(puzzle[clue])
        puzzle[clue] = 0
        # Still unique if and only if no solution puts another digit here.
        others, _ = search(puzzle, units, 1, 0, int(clue), digit, scratch, state, False)
        if others:
            puzzle[clue] = digit
        else:
            removed[blanks] = clue
            blanks += 1
    extra = min(low + below(state, high - low + 1), blanks)
    removed = removed[:blanks]
    shuffle(removed, state)
    for cell in removed[:extra]:
        puzzle[cell] = solution[cell]
    return search(puzzle, units, 2, 0, -1, 0, scratch, state, False)[1]


@njit(cache=True, nogil=True)
def _generate(rows: int, cols: int, first: int, count: int, seed: int, low: int, high: int) -> tuple[Array, Array, Array]:
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
