"""Writes puzzle sets as Parquet or in the published npy layout: in pieces, atomically, the same bytes for the same puzzles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.support.files import whole_file
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.boards import SYMBOLS, Box, PuzzleSet
from unsettled.measure.tasks.tables import BOX_KEY, CHUNK_ROWS
from unsettled.measure.tasks.task import cells_of

Advance = Callable[[int], None]
E = TypeVar("E", bound=Examples)
_SYMBOL_OF_TOKEN = np.frombuffer(("?." + SYMBOLS).encode("ascii"), np.uint8)


@contextmanager
def _atomic(*paths: Path) -> Iterator[list[BinaryIO]]:
    """Files to write; they take their names, in order, when all went well, and vanish otherwise."""
    with ExitStack() as stack:  # which leaves the last one first
        yield [stack.enter_context(whole_file(path, what="puzzles", make_folder=True)) for path in reversed(paths)][::-1]


def _pieces(puzzles: PuzzleSet | Iterable[PuzzleSet]) -> tuple[Box, Iterator[PuzzleSet]]:
    """The board, and the puzzles in pieces of CHUNK_ROWS (the last may be shorter), however they arrive."""
    sets = iter([puzzles] if isinstance(puzzles, PuzzleSet) else puzzles)
    head = next(sets, None)
    if head is None:
        raise ValueError("no puzzles to write")

    def regroup() -> Iterator[PuzzleSet]:
        waiting = head.take(slice(0, 0))
        for piece in chain([head], sets):
            waiting = join([waiting, piece])
            while len(waiting) >= CHUNK_ROWS:
                yield waiting.take(slice(0, CHUNK_ROWS))
                waiting = waiting.take(slice(CHUNK_ROWS, None))
        if len(waiting):
            yield waiting

    return head.box, regroup()


def join(sets: list[PuzzleSet]) -> PuzzleSet:
    """Several sets of one board as one, in order."""
    boxes = {piece.box for piece in sets}
    if len(boxes) != 1:
        raise ValueError(f"sets of different boards: {sorted(map(str, boxes))}")
    names = ("inputs", "labels", "ids", "rating", "identifiers", "groups")
    return PuzzleSet(boxes.pop(), **{name: np.concatenate([getattr(piece, name) for piece in sets]) for name in names})


def grouped(examples: E) -> E:
    """The examples with those of one group as neighbours, in the order in which the groups first appear."""
    first = np.unique(examples.groups, return_index=True, return_inverse=True)
    return examples.take(np.argsort(first[1][first[2].reshape(-1)], kind="stable"))


def _text(tokens: np.ndarray) -> pa.Array:
    """(n, cells) tokens as n strings, ``.`` for a blank."""
    count, cells = tokens.shape
    offsets = np.arange(count + 1, dtype=np.int32) * cells
    symbols = np.ascontiguousarray(_SYMBOL_OF_TOKEN[tokens])
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(symbols))


def write_parquet(
    puzzles: PuzzleSet | Iterable[PuzzleSet],
    path: str | Path,
    *,
    canonical: bool = True,
    groups: bool = False,
    advance: Advance = lambda done: None,
) -> None:
    """Writes puzzles as one Parquet file (zstd), the box in its metadata under ``unsettled.box``.

    Columns: ``example_id`` int64, ``question`` and ``answer`` strings with ``.`` for a blank, ``rating`` float64, ``givens``
    int16, ``canonical`` string: the hash that equivalent puzzles share.

    Args:
        puzzles: a set, or pieces of one (see :func:`unsettled.measure.tasks.read.iterate_puzzles`), which are never held together.
        path: the file; its folder is made if need be.
        groups: also write ``group`` int64: puzzles of one group are not independent.
        canonical: compute the hashes. Without, or on boards larger than 9×9, the column is null.
        advance: is told how many more puzzles are done.
    """
    from unsettled.measure.tasks.sudoku.symmetry import (  # noqa: PLC0415  loads numba, which readers of this package do without
        LARGEST_CANONICAL,
        hash_in_pieces,
    )

    box, pieces = _pieces(puzzles)
    fields = {
        "example_id": pa.int64(),
        "question": pa.string(),
        "answer": pa.string(),
        "rating": pa.float64(),
        "givens": pa.int16(),
        "canonical": pa.string(),
    }
    if groups:
        fields["group"] = pa.int64()
    schema = pa.schema(list(fields.items()), metadata={BOX_KEY: str(box).encode()})
    canonical = canonical and box.size <= LARGEST_CANONICAL
    with _atomic(Path(path)) as (file,), pq.ParquetWriter(file, schema, compression="zstd", version="2.6") as writer:
        for piece in pieces:
            hashes = hash_in_pieces(piece, advance) if canonical else [None] * len(piece)
            columns = [piece.ids, _text(piece.inputs), _text(piece.labels), piece.rating, piece.givens, hashes, piece.groups][: len(fields)]
            arrays = [pa.array(column, type=kind) for column, kind in zip(columns, fields.values(), strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            if not canonical:
                advance(len(piece))


class _NpyFile:
    """An npy file whose number of rows is known only at its end; the header leaves room for it."""

    def __init__(self, file: BinaryIO, dtype: str, *row_shape: int) -> None:
        self.file, self.dtype, self.row_shape, self.rows = file, np.dtype(dtype), row_shape, 0
        self._header()

    def _header(self) -> None:
        self.file.seek(0)
        shape = (self.rows, *self.row_shape)
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self.file, header)

    def append(self, rows: np.ndarray) -> None:
        self.file.write(np.ascontiguousarray(rows, self.dtype).tobytes())
        self.rows += len(rows)

    def finish(self) -> None:
        self._header()


def write_published(
    puzzles: Examples | Iterable[Examples], folder: str | Path, split: str, *, advance: Advance = lambda done: None
) -> None:
    """Writes the layout of the published data sets: ``folder/split/all__*.npy`` and ``dataset.json``, ``folder/identifiers.json``.

    Neighbours of one group stay one, as `grouped` brings them together. Ids and ratings have no place in this layout: reading it back
    numbers the rows.

    Args:
        puzzles: a set, or pieces of one, which are never held together.
        folder: the folder above the split.
        split: name of the split, e.g. ``"test"``.
        advance: is told how many more puzzles are done.
    """
    sets = iter([puzzles] if isinstance(puzzles, Examples) else puzzles)
    head = next(sets, None)
    if head is None:
        raise ValueError("no puzzles to write")
    task, pieces = head.task, chain([head], sets)
    folder = Path(folder)
    names = ["inputs", "labels", "group_indices", "puzzle_indices", "puzzle_identifiers"]
    arrays = [folder / split / f"all__{name}.npy" for name in names]
    with _atomic(*arrays, folder / split / "dataset.json", folder / "identifiers.json") as files:
        count, last = 0, None
        starts: list[int] = []
        identifiers: list[np.ndarray] = []
        inputs, labels = (_NpyFile(file, "|u1", cells_of(task)) for file in files[:2])
        for piece in pieces:
            inputs.append(piece.inputs)
            labels.append(piece.labels)
            for place, group in enumerate(piece.groups.tolist()):
                if last is None or group != last:
                    starts.append(count + place)
                last = group
            identifiers.append(piece.identifiers)
            count += len(piece)
            advance(len(piece))
        inputs.finish()
        labels.finish()
        indices = np.arange(count + 1, dtype="<i4")
        bounds, known = np.array([*starts, count], "<i4"), np.concatenate(identifiers).astype("<i4")
        for file, array in zip(files[2:5], (bounds, indices, known), strict=True):
            np.save(file, array)
        metadata = {
            "pad_id": 0,
            "ignore_label_id": task.ignore if task.ignore is not None else 0,
            "blank_identifier_id": 0,
            "vocab_size": task.vocabulary,
            "seq_len": cells_of(task),
            "num_puzzle_identifiers": 1 + int(known.max(initial=0)),
            "total_groups": len(starts),
            "mean_puzzle_examples": 1,
            "total_puzzles": count,
            "sets": ["all"],
        }
        files[5].write(json.dumps(metadata).encode() + b"\n")
        files[6].write(b'["<blank>"]\n')
