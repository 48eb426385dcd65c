"""Where puzzles come from: the published npy layout, or a text table; found by looking at what a path is.

A source knows how many puzzles it holds, yields them as chunks in their order, and can say where a puzzle stands in its file.
Whether the puzzles are legal is not asked here: see :mod:`unsettled.measure.tasks.read`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tokenize import TokenError

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.tables import CHUNK_ROWS, NOT_A_SYMBOL, Chunk, CsvTable, ParquetTable, board_size


class PublishedFolder:
    """The published layout: ``all__inputs.npy``, ``all__labels.npy`` and ``dataset.json`` in the folder of a split."""

    box: Box | None = None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names = ["all"]
        metadata = self._metadata()
        if isinstance(metadata.get("sets"), list) and metadata["sets"]:
            self.names = [str(name) for name in metadata["sets"]]
            if strange := [name for name in self.names if not name or Path(name).name != name or len(name) > 100 or "\0" in name]:
                raise UserError(f"set {strange[0][:60]!r} is no file name", where=folder / "dataset.json")
        self.arrays = [(self._load(f"{name}__inputs.npy"), self._load(f"{name}__labels.npy")) for name in self.names]
        for name, (inputs, labels) in zip(self.names, self.arrays):
            if inputs.shape != labels.shape or inputs.shape[1] != self.arrays[0][0].shape[1]:
                raise UserError(
                    f"inputs {inputs.shape} and labels {labels.shape} do not belong together", where=folder / f"{name}__labels.npy"
                )
        cells = self.arrays[0][0].shape[1]
        size = board_size(cells, where=folder / f"{self.names[0]}__inputs.npy")
        for key, expected in (("seq_len", cells), ("vocab_size", size + 2)):
            if metadata.get(key, expected) != expected:
                raise UserError(
                    f"{key} is {metadata[key]}, but the arrays hold {size}×{size} boards, which need {expected}",
                    where=folder / "dataset.json",
                )

    def _metadata(self) -> dict:
        path = self.folder / "dataset.json"
        if not path.exists():
            return {}
        try:
            metadata = json.loads(path.read_text("utf-8"))
        except (ValueError, RecursionError, OSError) as error:
            raise UserError(f"is not JSON: {error}", where=f"{path}:{getattr(error, 'lineno', 1)}") from error
        if not isinstance(metadata, dict):
            raise UserError("holds no JSON object", where=path)
        return metadata

    def _load(self, name: str) -> np.ndarray:
        path = self.folder / name
        if not path.exists():
            raise UserError("file is missing", where=path, hint="a split holds all__inputs.npy and all__labels.npy")
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError, TypeError, SyntaxError, TokenError, LookupError, OverflowError, MemoryError) as error:
            if "Python objects" in str(error):
                raise UserError("holds Python objects, not numbers", where=path, hint="save it as uint8") from error
            raise UserError("is truncated, or not a NumPy file", where=path) from error
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "iu":
            raise UserError("is not a table of integers, one row per puzzle", where=path)
        return array

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
        for name, (inputs, _) in zip(self.names, self.arrays):
            if row < len(inputs):
                return f"{self.folder / f'{name}__inputs.npy'}[{row}]"
            row -= len(inputs)
        raise IndexError(row)


def _to_bytes(tokens: np.ndarray) -> np.ndarray:
    """As uint8, with everything that does not fit marked as no token."""
    if tokens.dtype == np.uint8:
        return np.array(tokens)
    return np.where((tokens < 0) | (tokens > NOT_A_SYMBOL), NOT_A_SYMBOL, tokens).astype(np.uint8)


Source = PublishedFolder | CsvTable | ParquetTable


def open_source(path: Path, split: str) -> Source:
    """The source at ``path``: a folder (of a split, above it, or holding ``SPLIT.csv``), a CSV or a Parquet file.

    Raises:
        UserError: nothing there, or nothing that holds puzzles; the message says what was expected.
    """
    if path.is_dir():
        if (path / "all__inputs.npy").exists() or (path / "dataset.json").exists():
            return PublishedFolder(path)
        if (path / split).is_dir():
            return PublishedFolder(path / split)
        for name in (f"{split}.csv", f"{split}.csv.gz"):
            if (path / name).exists():
                return CsvTable(path / name)
        raise UserError(
            f"no split {split!r} in this folder",
            where=path,
            hint=f"expected {split}/all__inputs.npy and {split}/all__labels.npy, or {split}.csv",
        )
    if not path.exists():
        raise UserError("no such puzzles", where=path, hint="a folder in the published layout, a CSV or a Parquet file")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UserError("is empty", where=path)
    if start == b"PAR1":
        return ParquetTable(path)
    if path.suffix == ".parquet":
        raise UserError("is truncated, or not a Parquet file", where=path)
    if path.suffix == ".npy":
        raise UserError("one array is no puzzle set", where=path, hint=f"give its folder, {path.parent}")
    return CsvTable(path)
