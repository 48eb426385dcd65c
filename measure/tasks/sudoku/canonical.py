"""Compiled canonical form of a solved board with a mask of givens: the smallest image under all symmetries of Sudoku.

Once a row comes first and the columns have an order, the least image is fixed: digits are numbered along that row, rows sort
within their band and bands among each other by their first entry. So it suffices to try every (transposition, first row,
column order), comparing row by row and leaving at the first difference.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numba import boolean, int64, njit, uint8, void
from numpy.typing import NDArray

# An explicit signature: numba would compile once for `fresh` true and once for false.
Array = NDArray[Any]
BOARD, TABLE = uint8[:, ::1], int64[:, ::1]
LOWER = void(BOARD, BOARD, int64, TABLE, TABLE, BOARD, BOARD, boolean)


@lru_cache
def column_orders(rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
    """Every order of the columns that keeps stacks together, (A, size) int64, and its inverse.

    A stack is ``cols`` columns wide and there are ``rows`` of them.
    """
    orders = np.array(
        [
            [stack * cols + column for stack, inner in zip(stacks, inners, strict=True) for column in inner]
            for stacks in permutations(range(rows))
            for inners in product(permutations(range(cols)), repeat=rows)
        ]
    )
    return orders, np.ascontiguousarray(orders.argsort(axis=1))


@njit(cache=True, nogil=True)
def _row_order(firsts: Array, height: int, order: Array, leads: Array) -> None:
    """Rows as they follow from the first column: its 0 leads, each band ascends, bands ascend by their least entry.

    Args:
        firsts: (size,) label of each row in the first column; distinct.
        height: rows in a band.
        order: (size,) overwritten with row numbers.
        leads: (bands,) scratch.
    """
    size = len(firsts)
    for row in range(size):
        order[row] = row
    for start in range(0, size, height):
        for unsorted in range(start + 1, start + height):  # insertion sort: a band has few rows
            position, row = unsorted, order[unsorted]
            while position > start and firsts[order[position - 1]] > firsts[row]:
                order[position] = order[position - 1]
                position -= 1
            order[position] = row
    bands = size // height
    for band in range(bands):
        leads[band] = order[band * height]
    # Selection of whole bands by their leading row; label 0 leads the first.
    for target in range(bands):
        least = target
        for band in range(target + 1, bands):
            if firsts[leads[band]] < firsts[leads[least]]:
                least = band
        if least != target:
            leads[target], leads[least] = leads[least], leads[target]
            for row in range(height):
                one, two = target * height + row, least * height + row
                order[one], order[two] = order[two], order[one]


@njit(LOWER, cache=True, nogil=True)
def _least_image(  # noqa: PLR0912  one loop that numba compiles whole and leaves at the first difference
    grid: Array, mask: Array, height: int, orders: Array, inverses: Array, best: Array, best_mask: Array, fresh: bool
) -> None:
    """Lowers ``best`` and ``best_mask`` to the least image of (grid, mask), both (size, size); no transposition.

    ``fresh`` says that ``best`` holds nothing yet. Digits of the grid and of ``best`` count from 0.
    """
    size = len(grid)
    firsts = np.empty(size, np.int64)
    order = np.empty(size, np.int64)
    leads = np.empty(size // height, np.int64)
    columns = np.empty(size, np.int64)  # where the first row holds each digit
    for top in range(size):
        for column in range(size):
            columns[grid[top, column]] = column
        band = top - top % height
        for arrangement in range(len(orders)):
            picked, inverse = orders[arrangement], inverses[arrangement]
            # The second row is known without sorting: it has the least label of the band. Most candidates end here.
            if not fresh:
                second, least = top, size
                for row in range(band, band + height):
                    label = inverse[columns[grid[row, picked[0]]]]
                    if row != top and label < least:
                        second, least = row, label
                column = 0
                while column < size and inverse[columns[grid[second, picked[column]]]] == best[1, column]:
                    column += 1
                if column < size and inverse[columns[grid[second, picked[column]]]] > best[1, column]:
                    continue
            for row in range(size):
                firsts[row] = inverse[columns[grid[row, picked[0]]]]
            _row_order(firsts, height, order, leads)
            comparison = -1 if fresh else 0
            if not fresh:
                for row in range(1, size):
                    for column in range(size):
                        label = inverse[columns[grid[order[row], picked[column]]]]
                        if label != best[row, column]:
                            comparison = -1 if label < best[row, column] else 1
                            break
                    if comparison:
                        break
            if comparison == 0:  # a symmetry of the grid itself: the mask decides
                for row in range(size):
                    for column in range(size):
                        given = mask[order[row], picked[column]]
                        if given != best_mask[row, column]:
                            comparison = -1 if given < best_mask[row, column] else 1
                            break
                    if comparison:
                        break
            if comparison < 0:
                for row in range(size):
                    for column in range(size):
                        best[row, column] = inverse[columns[grid[order[row], picked[column]]]]
                        best_mask[row, column] = mask[order[row], picked[column]]
                fresh = False


@njit(cache=True, nogil=True)
def _canonical(grids: Array, masks: Array, height: int, square: bool, orders: Array, inverses: Array) -> tuple[Array, Array]:
    best, best_mask = np.empty_like(grids), np.empty_like(masks)
    for index in range(len(grids)):
        _least_image(grids[index], masks[index], height, orders, inverses, best[index], best_mask[index], True)
        if square:
            _least_image(grids[index].T.copy(), masks[index].T.copy(), height, orders, inverses, best[index], best_mask[index], False)
    return best, best_mask


def canonical_forms(grids: np.ndarray, masks: np.ndarray, rows: int, cols: int) -> tuple[np.ndarray, np.ndarray]:
    """The least images of solved boards with their givens.

    Args:
        grids: (N, size, size) uint8 legal solutions, digits 0 … size − 1.
        masks: (N, size, size) uint8, 1 where a digit is given.
        rows, cols: the box.

    Returns:
        Arrays of the same shapes: the lexicographically least grid, and the least mask among those that go with it.
    """
    grids, masks = (np.ascontiguousarray(array, np.uint8) for array in (grids, masks))
    return _canonical(grids, masks, rows, rows == cols, *column_orders(rows, cols))
