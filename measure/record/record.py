"""The record of one checkpoint on one puzzle set: a Parquet file, one row per puzzle, with its provenance."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.columns.streamed import ColumnFile, to_numpy
from unsettled.measure.errors import UserError
from unsettled.measure.record.provenance import SCHEMA_VERSION, Imported, ModelFacts, NoiseFloor, Provenance
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.limits import check_rows

__all__ = [
    "COLUMNS",
    "METADATA_KEY",
    "SCHEMA_VERSION",
    "Imported",
    "ModelFacts",
    "NoiseFloor",
    "Provenance",
    "Record",
    "concatenate",
    "from_table",
    "lacking_column",
    "provenance_of",
    "read_provenance",
    "read_record",
    "to_table",
    "write_record",
]

METADATA_KEY = b"unsettled"
# A record that would take more memory is read column by column, as statistics ask for it.
LARGEST_IN_MEMORY = 1 << 28

# name → (numpy type, how many trailing axes); S segments, k exponents.
COLUMNS: dict[str, tuple[str, int]] = {
    "example_id": ("int64", 0),
    "givens": ("int16", 0),
    "rating": ("float64", 0),
    "solved": ("bool", 0),
    "token_accuracy": ("float64", 0),
    "solved_at": ("bool", 1),
    "displacement_H": ("float64", 1),
    "displacement_L": ("float64", 1),
    "norm_H": ("float64", 1),
    "norm_L": ("float64", 1),
    "halting_logit": ("float64", 1),
    "conflicts": ("int16", 1),
    "growth": ("float64", 2),
}


@dataclass(frozen=True)
class Record:
    """Per-example measurements as numpy arrays: N puzzles, S segments, k exponents.

    Columns by segment are `unsettled.measure.columns.streamed.StreamedColumn` in a record that is too large for memory, and
    `unsettled.measure.columns.absent.AbsentColumn` where an imported record lacks them; both are used like arrays.

    ``growth[n, s, i]`` is Σ log|R_ii| over segment s in nats, QR order, −inf kept. ``displacement_*[n, s]`` is
    ‖z(s) − z(s−1)‖₂ over segment s (the first starts at the initial state); ``norm_*`` is ‖z‖₂ after it.
    """

    example_id: np.ndarray
    givens: np.ndarray
    rating: np.ndarray
    solved: np.ndarray
    token_accuracy: np.ndarray
    solved_at: np.ndarray
    displacement_H: np.ndarray
    displacement_L: np.ndarray
    norm_H: np.ndarray
    norm_L: np.ndarray
    halting_logit: np.ndarray
    conflicts: np.ndarray
    growth: np.ndarray
    provenance: Provenance

    def __post_init__(self) -> None:
        rows = len(self.example_id)
        for name, (kind, axes) in COLUMNS.items():
            array = getattr(self, name)
            if array.dtype != np.dtype(kind) or array.ndim != axes + 1 or len(array) != rows:
                raise UserError(
                    f"column {name} has type {array.dtype} and shape {array.shape}, expected {kind} with {axes + 1} axes and {rows} rows"
                )

    def __len__(self) -> int:
        return len(self.example_id)

    @property
    def segments(self) -> int:
        return self.solved_at.shape[1]

    @property
    def k(self) -> int:
        return self.growth.shape[2]

    def exponents(self, *, unit: Literal["update", "segment"] = "update", first: int = 0, last: int | None = None) -> np.ndarray:
        """Finite-time Lyapunov exponents (QR, Benettin) over segments [first, last), shape (N, k).

        Args:
            unit: time base: nats per state update (sub-update) or nats per segment.
            first, last: the window in segments; all of them by default.

        Raises:
            UserError: the window is empty or leaves the record.
        """
        last = self.segments if last is None else last
        if not 0 <= first < last <= self.segments:
            raise UserError(f"window [{first}, {last}) is not within the {self.segments} segments of the record")
        per_segment = self.growth[:, first:last].sum(axis=1) / (last - first)
        return per_segment / self.provenance.model.updates_per_segment if unit == "update" else per_segment

    def displacement(self, part: Literal["H", "L", "joint"] = "H") -> np.ndarray:
        """Per-segment displacement, shape (N, S): of z_H, of z_L, or of both jointly."""
        if part == "joint":
            return np.hypot(self.displacement_H, self.displacement_L)
        return self.displacement_H if part == "H" else self.displacement_L

    def late_displacement(self, *, part: Literal["H", "L", "joint"] = "H", window: int = 4) -> np.ndarray:
        """Mean displacement over the last ``window`` segments, shape (N,)."""
        if not 1 <= window <= self.segments:
            raise UserError(f"a late window of {window} does not fit the {self.segments} segments of the record")
        return self.displacement(part)[:, -window:].mean(axis=1)

    def take(self, indices: np.ndarray) -> Record:
        """The rows at ``indices`` (positions or a boolean mask), provenance unchanged."""
        return replace(self, **{name: getattr(self, name)[indices] for name in COLUMNS})

    def replace(self, **arrays: np.ndarray) -> Record:
        """A copy with some columns replaced."""
        return replace(self, **arrays)

    def digest(self) -> str:
        """sha256 of all columns and of the provenance: equal for equal measurements."""
        sha = hashlib.sha256(self.provenance.model_dump_json().encode())
        for name in COLUMNS:
            column = getattr(self, name)
            for piece in [column] if isinstance(column, np.ndarray) else column.pieces():
                sha.update(np.ascontiguousarray(piece).tobytes())
        return sha.hexdigest()


def to_table(record: Record) -> pa.Table:
    """The Arrow table of a record, with the provenance in its metadata; without the columns that it lacks."""
    arrays = {}
    for name, (kind, _) in COLUMNS.items():
        array = getattr(record, name)
        if isinstance(array, AbsentColumn):
            if array.last is None:
                continue
            array = array.last[:, None]
        array = np.asarray(array)
        column: Any = pa.array(array.reshape(-1), type=pa.from_numpy_dtype(np.dtype(kind)))
        for axis in reversed(range(1, array.ndim)):
            column = _lists(column, array.shape[axis], int(np.prod(array.shape[:axis])))
        arrays[name] = column
    return pa.table(arrays).replace_schema_metadata({METADATA_KEY: record.provenance.model_dump_json().encode()})


def _lists(values: pa.Array, length: int, count: int) -> pa.Array:
    """``count`` lists of one length; Arrow has no fixed-size lists of length 0, so that a record without exponents has plain ones."""
    if length:
        return pa.FixedSizeListArray.from_arrays(values, length)
    return pa.ListArray.from_arrays(np.zeros(count + 1, dtype=np.int32), values)


def provenance_of(schema: pa.Schema, *, where: object = None) -> Provenance:
    """The provenance in the schema of a record's table. Raises UserError when the table is none of a record."""
    raw = (schema.metadata or {}).get(METADATA_KEY)
    if raw is None:
        missing = [name for name in COLUMNS if name not in schema.names]
        what = f"column {missing[0]!r} is missing" if missing else "it carries no provenance"
        raise UserError(f"not a record: {what}", where=where, hint="write it with `unsettled measure`")
    try:
        version = json.loads(raw).get("schema_version")
        if version != SCHEMA_VERSION:
            raise UserError(
                f"record has schema version {version}, this program reads {SCHEMA_VERSION}", where=where, hint="measure it again"
            )
        provenance = Provenance.model_validate_json(raw)
    except (ValidationError, ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"provenance is malformed: {str(error).splitlines()[0]}", where=where) from None
    lacking = provenance.imported.absent if provenance.imported else []
    missing = [name for name in COLUMNS if name not in schema.names and name not in lacking]
    if missing:
        raise UserError(f"not a record: column {missing[0]!r} is missing", where=where)
    return provenance


def from_table(table: pa.Table, *, where: object = None) -> Record:
    """The record of an Arrow table. Raises UserError when columns or provenance are not those of a record."""
    provenance = provenance_of(table.schema, where=where)
    lacks = provenance.imported
    absent = set() if lacks is None else {*lacks.absent, *lacks.last_segment}
    kept = [name for name in COLUMNS if name not in absent]
    arrays: dict[str, Any] = {name: _array(table, name, where) for name in kept}
    for name in kept:
        shape = (table.num_rows, provenance.segments, provenance.exponents)[: COLUMNS[name][1] + 1]
        if arrays[name].shape[1:2] != shape[1:2]:  # exponents may have been cut off: the file says how many it holds
            raise UserError(f"column {name} has shape {arrays[name].shape}, expected {shape}", where=where)
    for name in absent & COLUMNS.keys():
        last = _array(table, name, where)[:, 0] if name in lacks.last_segment else None
        arrays[name] = lacking_column(name, table.num_rows, provenance, last=last)
    return Record(**arrays, provenance=provenance)


def _array(table: pa.Table, name: str, where: object) -> np.ndarray:
    """A column of a table as numpy. Raises UserError for gaps, for lists of several lengths and for other types."""
    try:
        column = table.column(name).combine_chunks()
        values = column
        while not values.null_count and (pa.types.is_fixed_size_list(values.type) or pa.types.is_list(values.type)):
            values = values.flatten()
        if values.null_count:
            raise UserError(f"column {name} has gaps", where=where)
        return to_numpy(column, COLUMNS[name][0])
    except (ValueError, TypeError, KeyError, IndexError, NotImplementedError) as error:
        raise UserError(f"column {name} is malformed: {str(error)[:80]}", where=where) from None


def lacking_column(name: str, rows: int, provenance: Provenance, *, last: np.ndarray | None = None) -> AbsentColumn:
    """What stands for a column that an imported record lacks, or knows after the last segment alone."""
    kind, axes = COLUMNS[name]
    shape = (rows, provenance.segments, provenance.exponents)[: axes + 1]
    return AbsentColumn(name, kind, shape, why=f"it was imported from {provenance.imported.source}", last=last)


def write_record(record: Record, path: Path | str) -> None:
    """Write a record atomically (partial file, then rename). Equal records give equal bytes."""
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(to_table(record), partial, compression="zstd", compression_level=9, version="2.6")
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise UserError(f"cannot write the record: {error.strerror or error}", where=path) from None


@bounded("table")
def read_record(path: Path | str, *, in_memory: int = LARGEST_IN_MEMORY) -> Record:
    """Read a record. One that would take more than ``in_memory`` bytes is read column by column, as it is used.

    Raises:
        UserError: a missing, truncated or foreign file.
    """
    path = Path(path)
    file, provenance = _open(path)
    check_rows(file.metadata.num_rows, where=path)
    row = sum(np.dtype(kind).itemsize * _width(provenance, axes) for kind, axes in COLUMNS.values())
    try:
        if file.metadata.num_rows * row <= in_memory or provenance.imported:
            return from_table(file.read(), where=path)
        kinds = {name: kind for name, (kind, _) in COLUMNS.items()}
        flat = [name for name, (_, axes) in COLUMNS.items() if not axes]
        table = file.read(columns=flat)
        arrays: dict[str, Any] = {name: _array(table, name, path) for name in flat}
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"not a readable Parquet file: {str(error).splitlines()[0]}", where=path) from None
    streams = ColumnFile(path, file, kinds)
    sizes = (provenance.segments, provenance.exponents)
    arrays |= {name: streams.column(name, sizes[:axes]) for name, (_, axes) in COLUMNS.items() if axes}
    return Record(**arrays, provenance=provenance)


@bounded("table")
def read_provenance(path: Path | str) -> Provenance:
    """The provenance of a record alone. Raises UserError as `read_record` does."""
    return _open(Path(path))[1]


def _width(provenance: Provenance, axes: int) -> int:
    """Numbers a row that a column with so many trailing axes holds."""
    return math.prod(max(0, count) for count in (provenance.segments, provenance.exponents)[:axes])


def _open(path: Path) -> tuple[pq.ParquetFile, Provenance]:
    if not path.is_file():
        raise UserError("no such record", where=path, hint="measure one with `unsettled measure`")
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UserError(f"not a readable Parquet file: {str(error).splitlines()[0]}", where=path) from None
    return file, provenance_of(file.schema_arrow, where=path)


def concatenate(records: list[Record]) -> Record:
    """Rows of several records of the same measurement, in order. Raises UserError when provenances differ."""
    first = records[0]
    for other in records[1:]:
        if other.provenance != first.provenance:
            names = [f for f in Provenance.model_fields if getattr(other.provenance, f) != getattr(first.provenance, f)]
            raise UserError(f"records of different measurements cannot be joined: {names[0]} differs")
    columns = {f.name: np.concatenate([getattr(r, f.name) for r in records]) for f in fields(first) if f.name in COLUMNS}
    return Record(**columns, provenance=first.provenance)
