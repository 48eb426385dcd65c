"""Where puzzles come from: the published npy layout, or a text table; found by looking at what a path is.

A source knows how many puzzles it holds, yields them as chunks in their order, and can say where a puzzle stands in its file.
Whether the puzzles are legal is not asked here: see :mod:`unsettled.measure.tasks.read`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.support.counts import at_least
from unsettled.measure.support.pointers import refuse_pointer
from unsettled.measure.tasks.csv_table import CsvTable
from unsettled.measure.tasks.lists import PuzzleList, is_list
from unsettled.measure.tasks.parquet_table import ParquetTable
from unsettled.measure.tasks.published import Split
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.tables import CHUNK_ROWS, NOT_A_SYMBOL, Chunk, board_size


class PublishedFolder:
    """The published layout: ``all__inputs.npy``, ``all__labels.npy`` and ``dataset.json`` in the folder of a split."""

    box: Box | None = None

    def __init__(self, folder: Path) -> None:
        split = Split(folder)
        self.folder, self.names, self.arrays = folder, split.names, split.arrays
        cells = self.arrays[0][0].shape[1]
        size = board_size(cells, where=folder / f"{self.names[0]}__inputs.npy")
        for key, expected in (("seq_len", cells), ("vocab_size", size + 2)):
            if (told := split.facts.get(key, expected)) != expected:
                raise UserError(
                    f"{key} is {told}, but the arrays hold {size}×{size} boards, which need {expected}", where=folder / "dataset.json"
                )

    def count(self) -> int:
        return sum(len(inputs) for inputs, _ in self.arrays)

    def __iter__(self) -> Iterator[Chunk]:
        first = 0
        for inputs, labels in self.arrays:
            for start in range(0, len(inputs), CHUNK_ROWS):
                piece = slice(start, start + CHUNK_ROWS)
                length = len(inputs[piece])
                ids = np.arange(first, first + length)
                yield Chunk(_to_bytes(inputs[piece]), _to_bytes(labels[piece]), ids, np.full(length, np.nan), ids)
                first += length

    def where(self, row: int) -> str:
        for name, (inputs, _) in zip(self.names, self.arrays, strict=True):
            if row < len(inputs):
                return f"{self.folder / f'{name}__inputs.npy'}[{row}]"
            row -= len(inputs)
        raise IndexError(row)


def _to_bytes(tokens: np.ndarray) -> np.ndarray:
    """As uint8, with everything that does not fit marked as no token."""
    if tokens.dtype == np.uint8:
        return np.array(tokens)
    return np.where((tokens < 0) | (tokens > NOT_A_SYMBOL), NOT_A_SYMBOL, tokens).astype(np.uint8)


Source = PublishedFolder | CsvTable | ParquetTable | PuzzleList


def check_draw(limit: int | None, seed: int | None) -> None:
    """Raises UserError unless a ``limit`` leaves something to read and a ``seed`` is one."""
    if limit is not None:
        at_least(1, limit, "limit")
    if seed is not None:
        at_least(0, seed, "seed")


def open_source(path: Path, split: str, *, columns: Mapping[str, str] | None = None, several: str | None = None) -> Source:
    """The source at ``path``: a folder (of a split, above it, or holding ``SPLIT.csv`` or Parquet), a CSV, a list or a Parquet file.

    Args:
        columns: names of columns by role, where they are not the usual ones.
        several: see `unsettled.measure.tasks.lists.PuzzleList`.

    Raises:
        UserError: nothing there, or nothing that holds puzzles; the message says what was expected.
    """
    if path.is_dir():
        return _of_folder(path, split, columns)
    if not path.exists():
        raise UserError("no such puzzles", where=path, hint="a folder in the published layout, a CSV or a Parquet file")
    refuse_pointer(path)
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UserError("is empty", where=path)
    if start == b"PAR1":
        return ParquetTable([path], columns)
    if path.suffix == ".parquet":
        raise UserError("is truncated, or not a Parquet file", where=path)
    if path.suffix == ".npy":
        raise UserError("one array is no puzzle set", where=path, hint=f"give its folder, {path.parent}")
    if not columns and is_list(path):
        return PuzzleList(path, several=several)
    return CsvTable(path, columns)


def _of_folder(path: Path, split: str, columns: Mapping[str, str] | None) -> Source:
    if (path / "all__inputs.npy").exists() or (path / "dataset.json").exists():
        return PublishedFolder(path)
    if (path / split).is_dir() and not list((path / split).glob("*.parquet")):
        return PublishedFolder(path / split)
    for name in (f"{split}.csv", *(f"{split}.csv.{end}" for end in ("gz", "zst", "xz", "bz2"))):
        if (path / name).exists():
            return CsvTable(path / name, columns)
    # as the hub keeps them: SPLIT-00000-of-00002.parquet here or under data/, or a folder for each split
    for folder, pattern in ((path, f"{split}*.parquet"), (path / "data", f"{split}*.parquet"), (path / split, "*.parquet")):
        if parts := sorted(folder.glob(pattern)):
            return ParquetTable(parts, columns)
    raise UserError(
        f"no split {split!r} in this folder",
        where=path,
        hint=f"expected {split}/all__inputs.npy and {split}/all__labels.npy, or {split}.csv",
    )
