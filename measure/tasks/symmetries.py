"""Symmetries of tasks as permutations of cells and tokens: an image of an example is an example, and so is the image of its answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Symmetries:
    """One symmetry for each of N examples: cell i of the image shows cell ``source[i]``, its token renamed.

    Attributes:
        source: (N, cells) permutations of the cells.
        tokens: (N, vocabulary) permutations of the tokens.
    """

    source: np.ndarray
    tokens: np.ndarray

    def __len__(self) -> int:
        return len(self.source)

    def take(self, indices: np.ndarray) -> Symmetries:
        """The symmetries at ``indices``."""
        return Symmetries(self.source[indices], self.tokens[indices])

    def apply(self, boards: np.ndarray) -> np.ndarray:
        """The images of (N, …, cells) tokens, of the same shape and dtype."""
        flat = boards.reshape(len(self), -1, boards.shape[-1])
        moved = np.take_along_axis(flat, self.source[:, None, :], axis=2)
        return self._renamed(moved, self.tokens).astype(boards.dtype).reshape(boards.shape)

    def undo(self, boards: np.ndarray) -> np.ndarray:
        """The tokens whose images are given: ``undo(apply(boards)) == boards``."""
        flat = boards.reshape(len(self), -1, boards.shape[-1])
        moved = np.take_along_axis(flat, self.source.argsort(axis=1)[:, None, :], axis=2)
        return self._renamed(moved, self.tokens.argsort(axis=1)).astype(boards.dtype).reshape(boards.shape)

    def _renamed(self, boards: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        flat = boards.reshape(len(self), -1).astype(np.int64)
        known = (flat >= 0) & (flat < tokens.shape[1])  # a network of a user's own may answer with what is no token of the task
        return np.where(known, np.take_along_axis(tokens, np.where(known, flat, 0), axis=1), flat).reshape(boards.shape)


def identities(count: int, cells: int, vocabulary: int) -> Symmetries:
    """``count`` times the symmetry that changes nothing."""
    return Symmetries(np.tile(np.arange(cells), (count, 1)), np.tile(np.arange(vocabulary), (count, 1)))


def of_square(count: int, side: int, vocabulary: int, rng: np.random.Generator) -> Symmetries:
    """``count`` of the eight symmetries of a square, uniformly random; tokens keep their names.

    Example:
        >>> drawn = of_square(2, 3, 4, np.random.default_rng(0))
        >>> bool((drawn.undo(drawn.apply(np.arange(18).reshape(2, 9) % 4)) == np.arange(18).reshape(2, 9) % 4).all())
        True
    """
    cells = np.arange(side * side).reshape(side, side)
    turned = [np.rot90(cells, turns) for turns in range(4)]
    images = np.stack([image.ravel() for turn in turned for image in (turn, turn.T)])
    return Symmetries(images[rng.integers(0, len(images), count)], np.tile(np.arange(vocabulary), (count, 1)))


def of_boxes(count: int, rows: int, cols: int, rng: np.random.Generator) -> Symmetries:
    """``count`` uniformly random symmetries of a Sudoku of boxes rows × cols: those of the published augmentation.

    Relabelling of digits, permutations of bands and of rows within a band, of stacks and of columns within a stack, and, where boxes are
    square, transposition. Pads and blanks keep their tokens.
    """
    size = rows * cols
    lines = _line_orders(count, size // rows, rows, rng)[:, :, None]
    columns = _line_orders(count, size // cols, cols, rng)[:, None, :]
    source = lines * size + columns
    if rows == cols:
        flipped = rng.random(count) < 0.5
        source[flipped] = (columns * size + lines)[flipped]
    tokens = np.tile(np.arange(size + 2), (count, 1))
    tokens[:, 2:] = rng.random((count, size)).argsort(axis=1) + 2
    return Symmetries(source.reshape(count, size * size), tokens)


def _line_orders(count: int, groups: int, members: int, rng: np.random.Generator) -> np.ndarray:
    """(count, groups · members) orders of lines that keep each group of ``members`` neighbouring lines together."""
    group = rng.random((count, groups, 1)).argsort(axis=1)
    member = rng.random((count, groups, members)).argsort(axis=2)
    return (group * members + member).reshape(count, groups * members)
