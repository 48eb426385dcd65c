"""The symmetries of Sudoku: random ones to augment training data, and the canonical form that tells puzzles apart up to them.

The group: relabelling of digits, permutations of bands and of rows within a band, of stacks and of columns within a stack, and,
where boxes are square, transposition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku import canonical
from unsettled.measure.tasks.sudoku.boards import BLANK, Box, PuzzleSet, conflicts
from unsettled.measure.tasks.sudoku.solving import solve
from unsettled.measure.tasks.symmetries import of_boxes

LARGEST_CANONICAL = 9
HASHED_AT_ONCE = 1024


def augment(inputs: np.ndarray, labels: np.ndarray, box: Box, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Moves every puzzle, together with its solution, by its own uniformly random symmetry of the board.

    This is the augmentation of the published training sets: a digit permutation, transposition with probability ½ (square
    boxes only), and permutations of bands, rows in a band, stacks and columns in a stack. Pads and blanks keep their tokens.

    Args:
        inputs, labels: (N, cells) integer tokens, 0 … size + 1.
        box: the board.
        rng: the only source of randomness.

    Returns:
        New arrays of the same shapes and dtypes.
    """
    if inputs.shape != labels.shape or inputs.ndim != 2 or inputs.shape[1] != box.cells:
        raise ValueError(f"inputs {inputs.shape} and labels {labels.shape} must both be (N, {box.cells})")
    drawn = of_boxes(len(inputs), box.rows, box.cols, rng)
    return drawn.apply(inputs), drawn.apply(labels)


def canonical_hash(inputs: np.ndarray, box: Box, *, labels: np.ndarray | None = None) -> np.ndarray:
    """A fingerprint of each puzzle that is shared exactly by its images under the symmetries of its board.

    The solved board is brought to its lexicographically least image under the whole group (square boxes: 3,359,232 · 9! for
    9×9), the givens to the least mask among the symmetries that do so; both are hashed together with the box.

    Args:
        inputs: (N, cells) tokens of puzzles.
        box: the board, at most 9×9.
        labels: (N, cells) tokens of their solutions. Without them the puzzles are solved, and must have one solution.

    Returns:
        (N,) strings of 32 hexadecimal digits (BLAKE2b, 128 bits).

    Raises:
        UserError: a larger board, a puzzle without exactly one solution, or a solution that is not legal.
    """
    if box.size > LARGEST_CANONICAL:
        raise UserError(f"no canonical form for {box.size}×{box.size} boards", hint="9×9 at most")
    inputs = np.asarray(inputs)
    if labels is None:
        labels = solve(inputs, box)
    labels = np.asarray(labels)
    if (wrong := np.flatnonzero(conflicts(labels, box))).size:
        raise UserError(f"the solution of puzzle {wrong[0]} is illegal, so it has no canonical form")
    shape = (len(inputs), box.size, box.size)
    grids, masks = canonical.canonical_forms((labels - 2).reshape(shape), (inputs > BLANK).reshape(shape), box.rows, box.cols)
    name = str(box).encode()
    return np.array(
        [
            hashlib.blake2b(name + grid.tobytes() + mask.tobytes(), digest_size=16).hexdigest()
            for grid, mask in zip(grids, masks, strict=True)
        ],
        dtype="<U32",
    )


def hash_in_pieces(puzzles: PuzzleSet, advance: Callable[[int], None] = lambda done: None) -> np.ndarray:
    """(N,) canonical hashes of a set; ``advance`` is told now and then how many more are done."""
    pieces = [np.empty(0, "<U32")]
    for start in range(0, len(puzzles), HASHED_AT_ONCE):
        piece = puzzles.take(slice(start, start + HASHED_AT_ONCE))
        pieces.append(canonical_hash(piece.inputs, piece.box, labels=piece.labels))
        advance(len(piece))
    return np.concatenate(pieces)
