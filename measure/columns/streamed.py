"""Columns of a record that is too large for memory: they stand where numpy arrays would and are read when needed.

What keeps the rows apart (elementwise functions, indices of segments) is deferred; once one value a row is asked for, the
file is read piece by piece and those values are kept. So statistics need not know of it, and memory grows by a few
numbers a row. What would mix rows, or a function that knows nothing of it, makes the whole column an array.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.columns.table import readable
from unsettled.measure.errors import UserError

PIECE_ROWS = 32_768
REMEMBERED_BYTES = 9 << 26  # of reduced columns, so that ten statistics of one score read the file once
TAKEN_BYTES = 1 << 24  # of the rows that are taken of a column, above which they stay on disk

Piece = Mapping[str, np.ndarray]


class ColumnFile:
    """Parquet files, one after the other, of which single columns are read in pieces; they stay open, so that they are the same throughout.

    Args:
        files: with their paths, of one schema.
        kinds: column → the numpy type in which it is handed out.
        chosen: (n,) places of the rows that are handed out, rising; all by default.
    """

    def __init__(self, files: Sequence[tuple[Path, pq.ParquetFile]], kinds: Mapping[str, str], *, chosen: np.ndarray | None = None) -> None:
        self._files, self._kinds, self._chosen = files, kinds, chosen
        self.rows: int = sum(file.metadata.num_rows for _, file in files) if chosen is None else len(chosen)
        self._kept: OrderedDict[tuple[Any, ...], np.ndarray] = OrderedDict()
        self._foreseen: dict[tuple[Any, ...], StreamedColumn] = {}
        self._noting = False
        self._fewer: ColumnFile | None = None

    def only(self, chosen: np.ndarray) -> ColumnFile:
        """The same with the rows at ``chosen`` (n,) alone, which rise; asked twice, it is one and the same file."""
        known = self._fewer
        if known is None or known._chosen is None or not np.array_equal(known._chosen, chosen):
            known = self._fewer = ColumnFile(self._files, self._kinds, chosen=chosen)
        return known

    def column(self, name: str, shape: tuple[int, ...]) -> StreamedColumn:
        """A column by its name, of which nothing is read yet. Raises UserError when its lists are not declared to have ``shape``."""
        (path, file), *_ = self._files
        kind, sizes = file.schema_arrow.field(name).type, []
        while pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
            sizes.append(kind.list_size if pa.types.is_fixed_size_list(kind) else 0)
            kind = kind.value_type
        if tuple(sizes) != shape:
            told = " × ".join(f"{size:,}" for size in sizes) or "one"
            raise UserError(f"column {name} holds {told} numbers a row, not {' × '.join(f'{size:,}' for size in shape)}", where=path)
        none = np.empty((0, *shape), self._kinds[name])
        return StreamedColumn(self, {name: none}, lambda piece, rows: piece[name], key=(name,))

    def pieces(self, names: list[str]) -> Iterator[tuple[slice, Piece]]:
        """The rows in order, `PIECE_ROWS` at a time, as arrays by column. Raises UserError when a file is damaged."""
        if not names:
            for first in range(0, self.rows, PIECE_ROWS):
                yield slice(first, min(first + PIECE_ROWS, self.rows)), {}
            return
        first = start = 0  # among the rows that are handed out, and among all
        for path, file in self._files:
            with readable(path):
                for batch in file.iter_batches(PIECE_ROWS, columns=names):
                    piece = {name: to_numpy(batch.column(name), self._kinds[name]) for name in names}
                    count = batch.num_rows
                    if self._chosen is not None:
                        low, high = np.searchsorted(self._chosen, (start, start + count))
                        mine, count = self._chosen[low:high] - start, int(high - low)
                        piece = {name: array[mine] for name, array in piece.items()}
                    yield slice(first, first + count), piece
                    first, start = first + count, start + batch.num_rows

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """Within, what would be read is noted instead: all that is noted of the same columns is read with the first of it."""
        self._noting = True
        try:
            yield
        finally:
            self._noting = False

    def few_a_row(self, column: StreamedColumn) -> StreamedColumn | np.ndarray:
        """An expression of one value a row or a few: read at once and remembered, or noted."""
        if not self._noting:
            return self.remembered(column)
        if column._key is not None and column._key not in self._kept:
            self._foreseen[column._key] = column
        return column

    def remembered(self, column: StreamedColumn) -> np.ndarray:
        """The values (N, …) of an expression, from memory where they fit; not to be written to.

        A column as it is, such as an identity, is read again: it is asked for once or twice, and would take the place of what is not.
        """
        key = column._key
        if key is None or len(key) == 1:
            return self.read(column)
        if key not in self._kept:
            self._foreseen[key] = column
            for _ in self.passed(column._columns):
                pass
        self._kept.move_to_end(key)
        result = self._kept[key]
        while sum(array.nbytes for array in self._kept.values()) > REMEMBERED_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return result

    def passed(self, columns: Piece) -> Iterator[tuple[slice, Piece]]:
        """The rows in order, as `pieces` gives them; what is noted of these columns alone is computed on the way, and remembered."""
        noted = {key: column for key, column in self._foreseen.items() if column._columns.keys() == columns.keys()}
        found = {key: np.empty(column.shape, column.dtype) for key, column in noted.items()}
        for rows, piece in self.pieces(list(columns)):
            for key, column in noted.items():
                found[key][rows] = column._compute(piece, rows)
            yield rows, piece
        for key, values in found.items():
            values.flags.writeable = False
            self._kept[key] = values
            self._foreseen.pop(key, None)

    def read(self, column: StreamedColumn) -> np.ndarray:
        """All rows of an expression."""
        found = np.empty(column.shape, column.dtype)
        for rows, piece in self.passed(column._columns):
            found[rows] = column._compute(piece, rows)
        return found


def to_numpy(column: pa.Array, kind: str) -> np.ndarray:
    """A column of (nested) lists of one length as one numpy array (rows, …)."""
    shape: list[int] = [len(column)]
    while pa.types.is_fixed_size_list(column.type) or pa.types.is_list(column.type):
        shape.append(column.type.list_size if pa.types.is_fixed_size_list(column.type) else 0)
        column = listed(column)
    found: np.ndarray = flat_to_numpy(column).astype(kind, copy=False).reshape(shape)
    return found


def listed(column: pa.Array) -> pa.Array:
    """What the lists of a column without gaps hold, one after the other: its ``flatten`` gives the same, and imports all that Arrow
    computes with."""
    if pa.types.is_fixed_size_list(column.type):
        size = column.type.list_size
        return column.values.slice(column.offset * size, len(column) * size)
    first, last = column.offsets[0].as_py(), column.offsets[-1].as_py()
    return column.values.slice(first, last - first)


def flat_to_numpy(column: pa.Array) -> np.ndarray:
    """A column without lists as numpy (N,). Arrow's own ``to_numpy`` imports pandas, a quarter of a second: it is left what has gaps, and
    what is not a number. Truth values are bits there, and casting them imports all that Arrow computes with."""
    if column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(column.type):
        bits = np.frombuffer(column.buffers()[1], np.uint8) if len(column) else np.empty(0, np.uint8)
        return np.unpackbits(bits, count=column.offset + len(column), bitorder="little")[column.offset :].view(bool)
    plain = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    return np.from_dlpack(column) if plain else np.asarray(column.to_numpy(zero_copy_only=False))


class StreamedColumn(np.lib.mixins.NDArrayOperatorsMixin):
    """An expression over columns of a file, of shape (N, …) with one row per row of the file.

    Args:
        file: where the columns lie.
        columns: name → empty array (0, …) for each column that the expression needs.
        compute: (piece, rows) → the rows of the expression, given those of its columns.
        key: names the expression, so that its reductions are remembered; None for one that must not be.
    """

    def __init__(
        self, file: ColumnFile, columns: Piece, compute: Callable[[Piece, slice], np.ndarray], *, key: tuple[Any, ...] | None
    ) -> None:
        self._file, self._columns, self._compute, self._key = file, columns, compute, key
        trial = compute(columns, slice(0, 0))
        self.dtype, self.shape = trial.dtype, (file.rows, *trial.shape[1:])

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        found: int = self.shape[0]
        return found

    def pieces(self) -> Iterator[np.ndarray]:
        """The rows in order, some at a time."""
        for rows, piece in self._file.passed(self._columns):
            yield self._compute(piece, rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self._file.remembered(self) if self.ndim == 1 else self._file.read(self)
        return array if dtype is None else array.astype(dtype, copy=False)

    def copy(self) -> np.ndarray:
        """All of it, in memory."""
        return np.array(self)

    def taken(self, rows: np.ndarray) -> StreamedColumn | np.ndarray:
        """The rows at these places (n,): in memory where they are few; many of one column, in order, are read as they are used."""
        name = self._key[0] if self._key is not None and len(self._key) == 1 else None
        size = rows.size * int(np.prod(self.shape[1:])) * self.dtype.itemsize
        if name is None or name not in self._columns or size <= TAKEN_BYTES or not (np.diff(rows) > 0).all():
            return self[rows]
        return self._file.only(rows).column(name, self.shape[1:])

    def beside(self, compute: Callable[[slice], np.ndarray], *, key: tuple[Any, ...]) -> StreamedColumn:
        """A column of as many rows that is computed as it is used, and not read: ``compute`` gives the rows of a slice."""
        return StreamedColumn(self._file, {}, lambda piece, rows: compute(rows), key=key)

    def by_row(self, function: Callable[[np.ndarray], np.ndarray]) -> StreamedColumn | np.ndarray:
        """A function that gives each row by that row alone; an array at once when one value a row is left."""
        return self._derived(function, None)

    def _derived(self, function: Callable[[np.ndarray], np.ndarray], named: tuple[Any, ...] | None) -> StreamedColumn | np.ndarray:
        """A function of the rows alone; an array at once when one value a row is left."""
        inner, state = self._compute, np.geterr()

        def compute(piece: Piece, rows: slice) -> np.ndarray:
            with np.errstate(**state):
                return function(inner(piece, rows))

        key = None if self._key is None or named is None else (*self._key, *named)
        column = StreamedColumn(self._file, self._columns, compute, key=key)
        return self._file.few_a_row(column) if column.ndim == 1 else column

    def __getitem__(self, index: Any) -> StreamedColumn | np.ndarray:
        """Indices of segments (``[:, …]``) are deferred; rows are read, and they alone are kept."""
        whole = slice(None)
        if isinstance(index, tuple) and isinstance(index[0], slice) and index[0] == whole:
            plain = all(isinstance(part, (int, np.integer, slice)) for part in index)
            return self._derived(lambda rows: rows[index], ("index", repr(index)) if plain else None)
        if isinstance(index, slice) and index == whole:
            return self
        first, *rest = index if isinstance(index, tuple) else (index,)
        wanted = np.arange(len(self))[first]
        order = np.argsort(wanted.ravel(), kind="stable")
        ordered, found, start = wanted.ravel()[order], [], 0
        for piece in self.pieces():
            low, high = np.searchsorted(ordered, (start, start + len(piece)))
            found.append(piece[ordered[low:high] - start])
            start += len(piece)
        result = np.empty((wanted.size, *self.shape[1:]), self.dtype)
        result[order] = np.concatenate(found)
        result = result.reshape(*wanted.shape, *self.shape[1:])
        return result[(slice(None),) * wanted.ndim + tuple(rest)] if rest else result

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        streams = [value for value in inputs if isinstance(value, StreamedColumn)]
        if method != "__call__" or "out" in options or any(s._file is not self._file for s in streams):
            plain = [np.asarray(value) if isinstance(value, StreamedColumn) else value for value in inputs]
            return getattr(ufunc, method)(*plain, **options)
        state, count = np.geterr(), len(self)

        def part(value: Any, piece: Piece, rows: slice) -> Any:
            if isinstance(value, StreamedColumn):
                return value._compute(piece, rows)
            by_row = isinstance(value, np.ndarray) and value.ndim == self.ndim and len(value) == count != 1
            return value[rows] if by_row else value

        def compute(piece: Piece, rows: slice) -> np.ndarray:
            with np.errstate(**state):
                found: np.ndarray = ufunc(*(part(value, piece, rows) for value in inputs), **options)
                return found

        names = [value._key if isinstance(value, StreamedColumn) else repr(value) for value in inputs]
        arrays = any(isinstance(value, (np.ndarray, list)) for value in inputs) or None in names or bool(options)
        columns = {name: none for stream in streams for name, none in stream._columns.items()}
        column = StreamedColumn(self._file, columns, compute, key=None if arrays else (ufunc.__name__, *names))
        return self._file.few_a_row(column) if column.ndim == 1 else column

    def _reduced(self, name: str, axis: Any) -> Any:
        """A reduction over segments or exponents, row by row; over rows it needs the array."""
        axes = axis if isinstance(axis, tuple) else (axis,)
        if axis is None or any(one is None or one % self.ndim == 0 for one in axes):
            return getattr(np.asarray(self), name)(axis=axis)
        reduced = self._derived(lambda rows: getattr(rows, name)(axis=axis), (name, axis))
        return self._file.few_a_row(reduced) if isinstance(reduced, StreamedColumn) and reduced.ndim > 1 else reduced

    def sum(self, axis: Any = None) -> Any:
        return self._reduced("sum", axis)

    def mean(self, axis: Any = None) -> Any:
        return self._reduced("mean", axis)

    def any(self, axis: Any = None) -> Any:
        return self._reduced("any", axis)

    def all(self, axis: Any = None) -> Any:
        return self._reduced("all", axis)

    def argmax(self, axis: Any = None) -> Any:
        return self._reduced("argmax", axis)

    def max(self, axis: Any = None) -> Any:
        return self._reduced("max", axis)

    def min(self, axis: Any = None) -> Any:
        return self._reduced("min", axis)


def foresee(column: StreamedColumn | np.ndarray, *uses: Callable[[np.ndarray], object]) -> None:
    """Note what will be asked of a column, so that one pass over the file gives all of it; nothing where the column is in memory.

    Args:
        uses: take the column and ask of it what will be asked: ``lambda moves: moves[:, -1]``.
    """
    if isinstance(column, StreamedColumn):
        with column._file.noting():
            for use in uses:
                use(cast(np.ndarray, column))


def in_pieces(column: StreamedColumn | np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The rows of a column in order with their places, some at a time, whether it is in memory or not."""
    pieces = column.pieces() if isinstance(column, StreamedColumn) else iter([np.asarray(column)])
    first = 0
    for piece in pieces:
        yield slice(first, first + len(piece)), piece
        first += len(piece)
