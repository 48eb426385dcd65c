"""A set of examples of one task: inputs, labels, identities, groups of dependent ones, and which answers are right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from unsettled.measure.tasks.task import Mask, Task, Tokens, cells_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Examples:
    """N examples of one task; `Examples.of` fills in what a source does not tell.

    Attributes:
        task: what they are about.
        inputs, labels: (N, cells) tokens. Cells whose label is ``task.ignore`` are not counted.
        ids: (N,) int64, the identity of each example within its source.
        rating: (N,) float64 difficulty, NaN where unknown; its meaning is the source's.
        identifiers: (N,) int64 puzzle identifiers, 0 where there are none.
        groups: (N,) int64; examples of one group are not independent (augmentations of one puzzle).
        by_rule: (N,) bool, examples for which every answer that keeps the task's rule is right; None without any.
        alternatives: (N, A, cells) other labels that are right as well, padded with repetitions; None without any.

    Raises:
        ValueError: arrays that do not belong together.

    >>> from unsettled.measure.tasks.tokens import TokenTask
    >>> examples = Examples.of(TokenTask(vocabulary=4, shape=(3,), ignore=0), np.array([[1, 2, 3]]), np.array([[2, 3, 0]]))
    >>> examples.solved(np.array([[[2, 3, 1], [2, 2, 2]]])).tolist()
    [[True, False]]
    """

    task: Task
    inputs: Tokens
    labels: Tokens
    ids: NDArray[np.int64]
    rating: NDArray[np.float64]
    identifiers: NDArray[np.int64]
    groups: NDArray[np.int64]
    alternatives: Tokens | None = None
    by_rule: Mask | None = None

    @classmethod
    def of(cls, task: Task, inputs: Tokens, labels: Tokens, ids: NDArray[np.int64] | None = None, **known: Any) -> Self:
        """Examples with ids from 0 on, no rating, no identifiers and a group each, unless ``known`` tells otherwise."""
        count = len(inputs)
        ids = np.arange(count) if ids is None else ids
        defaults = {"rating": np.full(count, np.nan), "identifiers": np.zeros(count, np.int64), "groups": ids}
        given = {name: value for name, value in known.items() if value is not None}
        return cls(task=task, inputs=inputs, labels=labels, ids=ids, **{**defaults, **given})

    def __post_init__(self) -> None:
        count, cells = len(self.inputs), cells_of(self.task)
        token = np.uint8 if self.task.vocabulary <= 256 else np.int32
        kinds = {"inputs": token, "labels": token, "ids": np.int64, "rating": np.float64, "identifiers": np.int64, "groups": np.int64}
        for name, kind in kinds.items():
            array = np.ascontiguousarray(getattr(self, name), dtype=kind)
            expected = (count, cells) if name in ("inputs", "labels") else (count,)
            if array.shape != expected:
                raise ValueError(f"{name} has shape {array.shape}, expected {expected}")
            object.__setattr__(self, name, array)
        if self.alternatives is not None and (self.alternatives.ndim != 3 or self.alternatives.shape[::2] != (count, cells)):
            raise ValueError(f"alternatives has shape {self.alternatives.shape}, expected ({count}, any, {cells})")

    def __len__(self) -> int:
        return len(self.inputs)

    def tokens(self, answers: Tokens) -> Tokens:
        """Answers in the type of these examples; where a network has other words than the task, in one that holds them all.

        >>> import numpy as np
        >>> from unsettled.measure.tasks.sudoku.solving import generate
        >>> from unsettled.measure.tasks.sudoku.boards import Box
        >>> generate(Box(2, 2), 1, seed=0).tokens(np.array([300, 2])).tolist()  # of 8 bits 300 would be 44
        [300, 2]
        """
        found: Tokens = answers.astype(holding(answers, self.inputs.dtype))
        return found

    @property
    def labelled(self) -> Mask:
        """(N, cells) which cells count."""
        return np.ones(self.labels.shape, bool) if self.task.ignore is None else self.labels != self.task.ignore

    @property
    def clusters(self) -> int:
        """How many groups of dependent examples there are: what a standard error may count."""
        return len(np.unique(self.groups))

    @cached_property
    def givens(self) -> NDArray[np.int16] | None:
        """(N,) cells that the inputs give away, where the task has such."""
        return self.task.givens(self.inputs)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over inputs, labels and ids in their order, and what else decides a measurement; the rating is no part of it."""
        state = hashlib.sha256()
        for array in (self.inputs, self.labels, self.ids.astype("<i8")):
            state.update(np.ascontiguousarray(array).tobytes())
        if self.identifiers.any():
            state.update(self.identifiers.astype("<i8").tobytes())
        if self.alternatives is not None:
            state.update(np.ascontiguousarray(self.alternatives).tobytes())
        if self.by_rule is not None:
            state.update(b"by rule" + np.ascontiguousarray(self.by_rule).tobytes())
        return state.hexdigest()

    def take(self, indices: NDArray[np.integer] | Mask | slice) -> Self:
        """The examples at ``indices`` (integers, a mask or a slice), in that order."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        return self.changed(**{name: array[indices] for name, array in arrays.items() if isinstance(array, np.ndarray)})

    def changed(self, **arrays: Tokens | Mask | NDArray[np.float64]) -> Self:
        """A copy with some arrays replaced."""
        copy = object.__new__(type(self))
        for f in fields(self):
            object.__setattr__(copy, f.name, arrays.get(f.name, getattr(self, f.name)))
        return copy

    def right(self, answers: Tokens) -> Mask:
        """(N, S, cells) which cells of the answers (N, S, cells) equal the label; cells that do not count are right."""
        return np.asarray((answers == self.labels[:, None]) | ~self.labelled[:, None])

    def solved(self, answers: Tokens) -> Mask:
        """(N, S) which answers (N, S, cells) are right in every cell that counts, by the label, an alternative to it, or the rule."""
        solved = np.asarray(self.right(answers).all(axis=-1))
        if self.alternatives is not None:
            for other in np.moveaxis(self.alternatives, 1, 0):
                counted = np.ones(other.shape, bool) if self.task.ignore is None else other != self.task.ignore
                solved |= ((answers == other[:, None]) | ~counted[:, None]).all(axis=-1)
        if self.by_rule is not None and (valid := self.task.valid(self.inputs, answers)) is not None:
            solved |= self.by_rule[:, None] & valid
        return solved

    def token_accuracy(self, answers: Tokens) -> NDArray[np.float64]:
        """(N, S) share of the cells that count in which answers (N, S, cells) equal the label; NaN where none counts."""
        counted = self.labelled.sum(axis=-1)[:, None]
        right = (self.right(answers) & self.labelled[:, None]).sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(right / counted, dtype=np.float64)


def holding(tokens: Tokens, least: DTypeLike = np.uint8) -> np.dtype[Any]:
    """The type of ``least``, or the smallest beyond it that holds all of these tokens.

    >>> [holding(np.array(tokens)).name for tokens in ([], [0, 255], [256], [-1, 255])]
    ['uint8', 'uint8', 'uint16', 'int16']
    """
    ends = (int(tokens.min()), int(tokens.max())) if tokens.size else ()
    return np.result_type(least, *(np.min_scalar_type(end) for end in ends))
