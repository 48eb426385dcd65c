"""The published layout of any task: token arrays of each set, what they are of, and which examples belong together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.task import Tokens


@dataclass(frozen=True)
class Split:
    """One split: a folder with ``SET__inputs.npy``, ``SET__labels.npy`` and, where they are, indices, identifiers and ``dataset.json``."""

    folder: Path

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What ``dataset.json`` says; nothing where it is not there."""
        path = self.folder / "dataset.json"
        if not path.exists():
            return {}
        try:
            facts = json.loads(path.read_text("utf-8-sig"))
        except (ValueError, RecursionError, OSError) as error:
            raise UserError(f"is not JSON: {error}", where=f"{path}:{getattr(error, 'lineno', 1)}") from error
        if not isinstance(facts, dict):
            raise UserError("holds no JSON object", where=path)
        return facts

    @cached_property
    def names(self) -> list[str]:
        """Names of the sets, "all" by default. Raises UserError for one that leads out of the folder."""
        told = self.facts.get("sets")
        names = [str(name) for name in told] if isinstance(told, list) and told else ["all"]
        if strange := [name for name in names if not name or Path(name).name != name or len(name) > 100 or "\0" in name]:
            raise UserError(f"set {strange[0][:60]!r} is not a file name", where=self.folder / "dataset.json")
        return names

    @cached_property
    def arrays(self) -> list[tuple[Tokens, Tokens]]:
        """(inputs, labels) of each set. Raises UserError where they do not belong together."""
        pairs = [(self.array(f"{name}__inputs.npy", 2), self.array(f"{name}__labels.npy", 2)) for name in self.names]
        for name, (inputs, labels) in zip(self.names, pairs, strict=True):
            if inputs.shape != labels.shape or inputs.shape[1] != pairs[0][0].shape[1]:
                where = self.folder / f"{name}__labels.npy"
                raise UserError(f"inputs {inputs.shape} and labels {labels.shape} do not belong together", where=where)
        return pairs if "vocab_size" in self.facts else [_of_digits(*pair) for pair in pairs]

    @property
    def vocabulary(self) -> int:
        """Number of tokens: what ``dataset.json`` says, else one more than the largest."""
        told = self.facts.get("vocab_size")
        return told if isinstance(told, int) else 1 + max(int(part.max(initial=0)) for pair in self.arrays for part in pair)

    @property
    def ignore(self) -> int | None:
        """The label that is not counted."""
        told = self.facts.get("ignore_label_id")
        return told if isinstance(told, int) else None

    def tokens(self) -> tuple[Tokens, Tokens]:
        """Inputs and labels (N, cells) of all sets. Raises UserError for a token that the vocabulary does not have."""
        inputs, labels = (np.concatenate([np.asarray(pair[i]) for pair in self.arrays]) for i in (0, 1))
        check_tokens(inputs, labels, self.vocabulary, self.folder)
        return inputs, labels

    def dependence(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(N,) puzzle identifiers and groups, from the index arrays of each set; zeros and a group each where there are none."""
        counts = [len(inputs) for inputs, _ in self.arrays]
        identifiers, groups = np.zeros(sum(counts), np.int64), np.arange(sum(counts))
        first = first_group = 0
        for name, count in zip(self.names, counts, strict=True):
            rows, first = slice(first, first + count), first + count
            bounds = self._optional(f"{name}__puzzle_indices.npy")
            if bounds is None:
                continue
            puzzle = _owner(bounds, count)
            own, group_bounds = self._optional(f"{name}__puzzle_identifiers.npy"), self._optional(f"{name}__group_indices.npy")
            if own is not None and len(own):
                identifiers[rows] = own[np.minimum(puzzle, len(own) - 1)]
            if group_bounds is not None and len(group_bounds):
                owner = _owner(group_bounds, 1 + int(puzzle.max(initial=0)))
                groups[rows] = first_group + owner[puzzle]
                first_group += len(group_bounds)
        return identifiers, groups

    def _optional(self, name: str) -> NDArray[np.integer] | None:
        return self.array(name, 1) if (self.folder / name).exists() else None

    def array(self, name: str, axes: int) -> NDArray[np.integer]:
        """One array of the split. Raises UserError where it is missing, damaged, or not of whole numbers."""
        path = self.folder / name
        if not path.exists():
            raise UserError("file is missing", where=path, hint="a split holds all__inputs.npy and all__labels.npy")
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except Exception as error:  # numpy raises a dozen kinds for a damaged header
            if "Python objects" in str(error):
                raise UserError("holds Python objects, not numbers", where=path, hint="save it as uint8") from error
            raise UserError("is truncated, or not a NumPy file", where=path) from error
        if isinstance(array, np.ndarray) and array.ndim == 3 and axes == 2:  # a board for each example
            array = array.reshape(len(array), -1)
        if not isinstance(array, np.ndarray) or array.ndim != axes or array.dtype.kind not in "iu":
            raise UserError("is not a table of integers" + (", one row per puzzle" if axes == 2 else ""), where=path)
        return array


def split_at(path: Path, split: str) -> Split | None:
    """The split in the published layout that a path is, or holds; None if there is none."""
    for folder in (path, path / split):
        if folder.is_dir() and ((folder / "dataset.json").exists() or (folder / "all__inputs.npy").exists()):
            return Split(folder)
    return None


def check_tokens(inputs: Tokens, labels: Tokens, vocabulary: int, where: Path) -> None:
    """Raises UserError at the first token that the vocabulary does not have."""
    for name, array in (("input", inputs), ("label", labels)):
        wrong = (array < 0) | (array >= vocabulary)
        if wrong.any():
            row, cell = (int(axis[0]) for axis in np.nonzero(wrong))
            raise UserError(f"{name} {row} holds token {array[row, cell]} at cell {cell + 1}, the vocabulary has {vocabulary}", where=where)


def _of_digits(inputs: Tokens, labels: Tokens) -> tuple[Tokens, Tokens]:
    """Boards of digits, 0 for a blank, as tokens; other arrays as they are. A board of tokens has no 0, and one digit more."""
    side = isqrt(inputs.shape[1])
    if side < 4 or side * side != inputs.shape[1] or not len(inputs) or inputs.min() != 0 or inputs.max() > side:
        return inputs, labels
    if labels.min() < 1 or labels.max() != side:
        return inputs, labels
    return (np.asarray(inputs) + 1).astype(np.uint8), (np.asarray(labels) + 1).astype(np.uint8)


def _owner(bounds: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """(count,) which of the half-open ranges between ``bounds`` each position lies in."""
    return np.asarray(np.clip(np.searchsorted(bounds, np.arange(count), side="right") - 1, 0, None), np.int64)
