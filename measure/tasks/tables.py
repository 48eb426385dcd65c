"""Puzzles as text tables: CSV and Parquet with the columns ``question`` and ``answer``, read piece by piece as plain tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from unsettled.measure.errors import UserError
from unsettled.measure.support.limits import LARGEST_BOARD
from unsettled.measure.tasks.sudoku.boards import BLANK, SYMBOLS, Box

CHUNK_ROWS = 16384
BLOCK_BYTES = 1 << 18  # of CSV; pyarrow reads some 32 blocks ahead
NOT_A_SYMBOL = 255
BOX_KEY = b"unsettled.box"

_BROKEN = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")
_TOKENS = np.full(256, NOT_A_SYMBOL, np.uint8)
_TOKENS[[ord("."), ord("0")]] = BLANK
for _digit, _symbol in enumerate(SYMBOLS, start=1):
    _TOKENS[[ord(_symbol), ord(_symbol.lower())]] = _digit + 1


@dataclass(frozen=True)
class Chunk:
    """Consecutive puzzles of a source: tokens (n, cells), ``ids`` (n,), ``rating`` (n,), ``rows`` (n,) to say where."""

    inputs: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    rating: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, indices: np.ndarray) -> Chunk:
        columns = (self.inputs, self.labels, self.ids, self.rating, self.rows)
        return Chunk(*(column[indices] for column in columns))


def board_size(cells: int, *, where: object) -> int:
    """Side of a square board of that many cells."""
    size = isqrt(cells)
    if size * size != cells or size < 4:
        raise UserError(f"a board of {cells} cells is not square", where=where, hint="4×4 has 16, 6×6 has 36, 9×9 has 81")
    return size


def _not_once(names: list[str]) -> str:
    """What is wrong with the names of a table's columns; empty when nothing is."""
    for name in ("question", "answer"):
        if name not in names:
            return f"column {name} is missing"
    twice = [name for name in ("question", "answer", "rating", "example_id") if names.count(name) > 1]
    return f"column {twice[0]} comes twice" if twice else ""


class _TextTable:
    """What CSV and Parquet share: boards as text columns ``question`` and ``answer``."""

    box: Box | None = None

    def __init__(self, path: Path) -> None:
        self.path = path

    def where(self, row: int) -> str:
        raise NotImplementedError

    def _boards(self, batch: pa.RecordBatch, name: str, rows: np.ndarray, cells: int | None) -> np.ndarray:
        """(n, cells) tokens of a text column; ``rows`` are the rows' numbers in the file, for messages."""
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):  # one long text, repeated, would fill the memory when written out
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() if pa.types.is_string(column.type.value_type) else 0
            if (longest or 0) > 4 * LARGEST_BOARD:
                raise UserError(f"{name} has a text of {longest} bytes, the largest board has {LARGEST_BOARD}", where=self.where(rows[0]))
        column = column.cast(pa.string())
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        if cells is None:
            cells = int(lengths[0])
            board_size(cells, where=self.where(rows[0]))
        if (wrong := np.flatnonzero(lengths != cells)).size:
            raise UserError(f"{name} has {lengths[wrong[0]]} cells, expected {cells}", where=self.where(rows[wrong[0]]))
        offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset :]
        text = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[len(column)]]
        tokens = _TOKENS[text].reshape(-1, cells)
        if (wrong := np.flatnonzero(tokens.ravel() == NOT_A_SYMBOL)).size:
            symbol = bytes(text[wrong[:1]]).decode("ascii", "backslashreplace")
            row, cell = divmod(int(wrong[0]), cells)
            raise UserError(
                f"{name} holds {symbol!r} at cell {cell + 1}", where=self.where(rows[row]), hint="write digits, and '.' or 0 for a blank"
            )
        return tokens

    def _chunk(self, batch: pa.RecordBatch, rows: np.ndarray, cells: int | None) -> Chunk:
        inputs = self._boards(batch, "question", rows, cells)
        labels = self._boards(batch, "answer", rows, inputs.shape[1])
        names = batch.schema.names
        ids = self._ids(batch.column("example_id"), rows) if "example_id" in names else rows
        rating = self._ratings(batch.column("rating"), rows) if "rating" in names else np.full(len(rows), np.nan)
        return Chunk(inputs, labels, ids, rating, rows)

    def _ids(self, column: pa.Array, rows: np.ndarray) -> np.ndarray:
        if not pa.types.is_integer(column.type) or column.null_count:
            raise UserError("example_id is not a whole number in every row", where=self.where(rows[0]))
        return column.to_numpy(zero_copy_only=False)

    def _ratings(self, column: pa.Array, rows: np.ndarray) -> np.ndarray:
        if not pa.types.is_string(column.type):
            return pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
        try:
            return pc.if_else(pc.equal(column, ""), "nan", column).cast(pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            for row, text in zip(rows, column.to_pylist()):
                try:  # by the reader that refused it: Python takes "1_0" and a line's end for parts of a number
                    pa.scalar(text or "nan").cast(pa.float64())
                except pa.ArrowInvalid as error:
                    raise UserError(f"rating {text!r} is no number", where=self.where(row)) from error
            raise


class CsvTable(_TextTable):
    """CSV with the columns ``question``, ``answer`` and, if known, ``rating``; plain or compressed (.gz, .zst)."""

    NAMES = ("source", "question", "answer", "rating")

    def where(self, row: int) -> str:
        return f"{self.path}:{row + 2}"  # the header is line 1

    def _batches(self) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """Record batches without blank lines, and the number of each row counted with them."""
        first = 0
        try:
            with pa.input_stream(self.path, compression="detect") as stream:
                reader = pyarrow.csv.open_csv(
                    stream,
                    read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                    parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False),
                    convert_options=pyarrow.csv.ConvertOptions(
                        column_types={name: pa.string() for name in self.NAMES}, strings_can_be_null=False
                    ),
                )
                if wrong := _not_once(reader.schema.names):
                    raise UserError(wrong, where=f"{self.path}:1", hint="header: " + ",".join(self.NAMES))
                for batch in reader:
                    rows = np.arange(first, first + batch.num_rows)
                    first += batch.num_rows
                    blank = pc.and_(pc.equal(batch.column("question"), ""), pc.equal(batch.column("answer"), ""))
                    kept = ~blank.to_numpy(zero_copy_only=False)
                    if not kept.all():
                        batch, rows = batch.filter(pa.array(kept)), rows[kept]
                    if len(rows):
                        yield batch, rows
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            # told by the message: pyarrow prints a traceback when it is to hand over a row that is no UTF-8
            if broken := _BROKEN.search(str(error)):
                raise UserError(f"has {broken[3]} columns, expected {broken[2]}", where=f"{self.path}:{broken[1]}") from error
            raise UserError(f"cannot be read as CSV: {error}", where=self.path) from error

    def count(self) -> int:
        return sum(len(rows) for _, rows in self._batches())

    def __iter__(self) -> Iterator[Chunk]:
        cells = None
        for batch, rows in self._batches():
            chunk = self._chunk(batch, rows, cells)
            cells = chunk.inputs.shape[1]
            yield chunk


class ParquetTable(_TextTable):
    """Parquet with text columns ``question`` and ``answer``: ours, or any with those two."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            plain = pq.read_schema(path)
            texts = [name for name, kind in zip(plain.names, plain.types) if name in ("question", "answer") and pa.types.is_string(kind)]
            self.file = pq.ParquetFile(path, read_dictionary=texts)
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise UserError("is truncated, or not a Parquet file", where=path) from error
        names = self.file.schema_arrow.names
        if wrong := _not_once(names):
            raise UserError(wrong, where=path, hint="it needs question and answer")
        self.columns = [name for name in ("example_id", "question", "answer", "rating") if name in names]
        box = (self.file.schema_arrow.metadata or {}).get(BOX_KEY)
        self.box = Box.parse(box.decode("utf-8", "replace")) if box else None

    def where(self, row: int) -> str:
        return f"{self.path}[{row}]"

    def count(self) -> int:
        return self.file.metadata.num_rows

    def __iter__(self) -> Iterator[Chunk]:
        first, cells = 0, None if self.box is None else self.box.cells
        try:
            for batch in self.file.iter_batches(CHUNK_ROWS, columns=self.columns, use_threads=False):
                rows = np.arange(first, first + batch.num_rows)
                first += batch.num_rows
                chunk = self._chunk(batch, rows, cells)
                cells = chunk.inputs.shape[1]
                yield chunk
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"cannot be read as Parquet: {error}", where=self.path) from error
