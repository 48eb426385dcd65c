"""What is worth knowing of Sudoku puzzles before they are measured: whether they have one solution each, and which are one puzzle."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku.boards import PuzzleSet
from unsettled.measure.tasks.sudoku.solving import solutions_of
from unsettled.measure.tasks.sudoku.symmetry import LARGEST_CANONICAL, hash_in_pieces

Several = Literal["refuse", "valid"]
# Search nodes for one puzzle on a board larger than 9×9, and for all of a set: some seconds, and some minutes at most.
MOST, MOST_OF_ALL = 20_000, 2_000_000


def vetted(puzzles: PuzzleSet, several: Several = "refuse") -> tuple[PuzzleSet, tuple[str, ...]]:
    """The puzzles with their groups of equivalent ones, and notes on what was found.

    Two puzzles are equivalent where one is an image of the other under the symmetries of Sudoku; that includes a puzzle that comes
    twice. A network answers them alike, so that they are not independent.

    Args:
        puzzles: a set with legal solutions.
        several: what to do with puzzles that have more than one solution. ``"refuse"`` them; or count as right, for those, any answer
            that keeps the givens and breaks no rule (``"valid"``). Never is an answer counted as wrong for being another solution.

    Raises:
        UserError: a puzzle has more than one solution, and they are not wanted.
    """
    large, notes = puzzles.box.size > LARGEST_CANONICAL, []
    found = _counted(puzzles) if large else solutions_of(puzzles.inputs, puzzles.box)[0]
    if large:
        board, unknown = f"{puzzles.box.size}×{puzzles.box.size}", int((found < 0).sum())
        notes.append(f"which {board} puzzles are equivalent was not checked")
        if unknown:
            notes.append(f"whether {unknown:,} of {len(puzzles):,} {board} puzzles have one solution was not checked: it takes too long")
    if (many := found > 1).any():
        first = int(puzzles.ids[many][0])
        told = f"{many.sum():,} of {len(puzzles):,} puzzles have more than one solution"
        if several != "valid":
            raise UserError(f"{told}, first example {first}", hint="--several valid counts every answer that breaks no rule")
        notes.append(f"{told}: for those, every answer that breaks no rule is right")
        puzzles = puzzles.changed(by_rule=many)
    if large:
        return puzzles, tuple(notes)
    # an image of a puzzle has the image of its solution; with several solutions that holds for the very same puzzle alone
    same = np.unique(puzzles.inputs, axis=0, return_inverse=True)[1].reshape(-1)
    groups = joined(joined(puzzles.groups, _classes(puzzles)), same)
    if (distinct := len(np.unique(groups))) < (before := puzzles.clusters):
        notes.append(f"{before:,} puzzles are {distinct:,} up to symmetry and repetition: those of one kind are a group")
    return puzzles.changed(groups=groups), tuple(notes)


def _counted(puzzles: PuzzleSet) -> NDArray[np.int64]:
    """(N,) solutions of each puzzle, up to 2, as far as `MOST` and `MOST_OF_ALL` search nodes tell it; −1 elsewhere.

    The bound is a number of nodes, not of seconds, so that the same puzzles are checked everywhere.
    """
    found, left = np.full(len(puzzles), -1, np.int64), MOST_OF_ALL
    for row in range(len(puzzles)):
        if left <= 0:
            break
        number, _, nodes = solutions_of(puzzles.inputs[row : row + 1], puzzles.box, most=min(MOST, left))
        found[row], left = number[0], left - max(1, int(nodes[0]))
    return found


def _classes(puzzles: PuzzleSet) -> NDArray[np.int64]:
    """(N,) number of the class of puzzles that are equivalent together with their solutions."""
    return np.asarray(np.unique(hash_in_pieces(puzzles), return_inverse=True)[1], np.int64)


def joined(groups: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,) the finest groups that keep together what is together in either; each is named by the least of its old names.

    Example:
        >>> joined(np.array([0, 1, 2, 3]), np.array([5, 6, 5, 6]))
        array([0, 1, 0, 1])
    """
    own, of_group = np.unique(groups, return_inverse=True)
    count = len(own) + int(classes.max(initial=-1)) + 1
    links = coo_array((np.ones(len(groups)), (of_group, len(own) + classes)), shape=(count, count))
    component = connected_components(links, directed=False)[1][of_group]
    least = np.full(int(component.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(least, component, groups)
    return np.asarray(least[component], np.int64)
