"""Records as Parquet files: written whole, and read in memory or, where they are too large for it, column by column."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.columns.streamed import ColumnFile, listed, to_numpy
from unsettled.measure.columns.table import readable
from unsettled.measure.errors import UserError
from unsettled.measure.record.packing import packing
from unsettled.measure.record.parts import open_parts, parts_of
from unsettled.measure.record.provenance import READABLE, SCHEMA_VERSION, Provenance, version_in
from unsettled.measure.record.record import Record, columns_of, is_optional, lacking_column
from unsettled.measure.record.seal import write_sealed
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import validated, whole_file

METADATA_KEY = b"unsettled"
# A record that would take more memory is read column by column, as statistics ask for it.
LARGEST_IN_MEMORY = 1 << 28
# Columns of one number a row that are read in pieces as well: they are asked for once, or never.
LARGE_FLAT = ("example_id", "group", "rating", "token_accuracy")


def to_table(record: Record) -> pa.Table:
    """The Arrow table of a record, with the provenance in its metadata; without the columns that it lacks."""
    arrays = {}
    for name, (kind, _) in record.columns.items():
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
    """The provenance in the schema of a record's table. Raises UserError when the table is not of a record."""
    raw = (schema.metadata or {}).get(METADATA_KEY)
    if raw is None:
        missing = [name for name in columns_of() if name not in schema.names and not is_optional(name)]
        what = f"column {missing[0]!r} is missing" if missing else "it carries no provenance"
        raise UserError(f"not a record: {what}", where=where, hint="write it with `unsettled measure`")
    version = version_in(raw, "schema_version", where=where)
    if version not in READABLE:
        what = f"record has schema version {version}, this program reads up to {SCHEMA_VERSION}"
        raise UserError(what, where=where, hint="measure it again")
    provenance = validated(Provenance, raw, where, what="provenance is malformed")
    lacking = provenance.imported.absent if provenance.imported else []
    needed = [name for name in columns_of(provenance.model.latents) if not is_optional(name)]
    missing = [name for name in needed if name not in schema.names and name not in lacking]
    if missing:
        raise UserError(f"not a record: column {missing[0]!r} is missing", where=where)
    return provenance


def from_table(table: pa.Table, *, where: object = None) -> Record:
    """The record of an Arrow table. Raises UserError when columns or provenance are not those of a record."""
    provenance = provenance_of(table.schema, where=where)
    columns = columns_of(provenance.model.latents)
    windows = provenance.imported.windows if provenance.imported else {}
    arrays: dict[str, Any] = {}
    for name, (kind, axes) in columns.items():
        if name not in table.column_names:
            if provenance.imported and not is_optional(name):
                arrays[name] = lacking_column(name, table.num_rows, provenance)
        elif name in windows:
            last = _array(table, name, kind, where)[:, 0]
            arrays[name] = lacking_column(name, table.num_rows, provenance, last=last, window=windows[name])
        else:
            arrays[name] = _array(table, name, kind, where)
            shape = (table.num_rows, provenance.segments, provenance.exponents)[: axes + 1]
            if arrays[name].shape[1:2] != shape[1:2]:  # exponents may have been cut off: the file says how many it holds
                raise UserError(f"column {name} has shape {arrays[name].shape}, expected {shape}", where=where)
    return Record(**arrays, provenance=provenance)


def _array(table: pa.Table, name: str, kind: str, where: object) -> np.ndarray:
    """A column of a table as numpy. Raises UserError for gaps, for lists of several lengths and for other types."""
    try:
        column = table.column(name).combine_chunks()
        values = column
        while not values.null_count and (pa.types.is_fixed_size_list(values.type) or pa.types.is_list(values.type)):
            values = listed(values)
        if values.null_count:
            raise UserError(f"column {name} has gaps", where=where)
        return to_numpy(column, kind)
    except (ValueError, TypeError, KeyError, IndexError, NotImplementedError) as error:
        raise UserError(f"column {name} is malformed: {str(error)[:80]}", where=where) from None


def write_record(record: Record, path: Path | str, *, fingerprint: str | None = None) -> None:
    """Write a record, whole or not at all, as Parquet (zstd) with its provenance in the metadata. Equal records give equal bytes.

    ``fingerprint`` seals it for what a measurement does not tell of itself (`unsettled.measure.record.seal`).

    Raises:
        UserError: it cannot be written; what was there before stays.

    >>> import tempfile
    >>> from unsettled.measure import synthetic_record
    >>> out = Path(tempfile.mkdtemp()) / "record.parquet"
    >>> write_record(synthetic_record(10), out)
    >>> len(read_record(out))
    10
    """
    with whole_file(Path(path), what="record", make_folder=True) as file:
        table = to_table(record)
        write_sealed(table, file, fingerprint=fingerprint, **packing(table.schema))


# What a record is called in a folder of its own.
RECORD = "record.parquet"


@bounded("table")
def read_record(path: Path | str, *, in_memory: int = LARGEST_IN_MEMORY, part: bool = False) -> Record:
    """Read a record. One that would take more than ``in_memory`` bytes is read column by column, as it is used.

    Args:
        path: the file, a folder with `RECORD` in it, or one with the parts of a record (`unsettled.measure.record.parts`).
        part: whether it is a part of an unfinished measurement, whose provenance is that of the whole.

    Raises:
        UserError: it is missing, damaged, not a record, of another schema version, or holds other rows than its provenance says.

    >>> read_record("nowhere.parquet")
    Traceback (most recent call last):
    unsettled.measure.errors.UserError: nowhere.parquet: no such record (measure one with `unsettled measure`)
    """
    path = record_file(Path(path))
    files, provenance = _open(path)
    rows = sum(file.metadata.num_rows for _, file in files)
    here = {name: kind for name, kind in columns_of(provenance.model.latents).items() if name in files[0][1].schema_arrow.names}
    row = sum(np.dtype(kind).itemsize * _width(provenance, axes) for kind, axes in here.values())
    if rows * row <= in_memory or provenance.imported:
        record = from_table(_table(files), where=path)
    else:
        flat = [name for name, (_, axes) in here.items() if not axes and name not in LARGE_FLAT]
        table = _table(files, flat)
        arrays: dict[str, Any] = {name: _array(table, name, here[name][0], path) for name in flat}
        streams = ColumnFile(files, {name: kind for name, (kind, _) in here.items()})
        sizes = (provenance.segments, provenance.exponents)
        arrays |= {name: streams.column(name, sizes[:axes]) for name, (_, axes) in here.items() if name not in flat}
        record = Record(**arrays, provenance=provenance)
    _check_rows(record, part=part, where=path)
    return record


def _check_rows(record: Record, *, part: bool, where: Path) -> None:
    """Raises UserError when a row is there twice, or when there are fewer or more of them than the provenance says."""
    ids = np.sort(record.example_id)
    if (ids[1:] == ids[:-1]).any():
        ids, counts = np.unique(ids, return_counts=True)
        raise UserError(
            f"example {ids[counts > 1][0]} is there {counts.max()} times: a row of a record is one example",
            where=where,
            hint="measure it again; rows that repeat make every interval too narrow",
        )
    if not part and len(record) != record.provenance.puzzles:
        raise UserError(f"holds {len(record)} rows, its provenance says {record.provenance.puzzles}", where=where, hint="measure it again")


@bounded("table")
def read_provenance(path: Path | str) -> Provenance:
    """The provenance of a record alone. Raises UserError as `read_record` does."""
    return _open(record_file(Path(path)))[1]


def record_file(path: Path) -> Path:
    """The record in a folder; a record in parts, and any other path, as it is. Raises UserError for a folder without one."""
    if not path.is_dir():
        return path
    if not (path / RECORD).is_file():
        if parts_of(path):
            return path
        raise UserError(f"the folder holds no {RECORD}", where=path, hint="name a record")
    return path / RECORD


def _width(provenance: Provenance, axes: int) -> int:
    """Numbers a row that a column with so many trailing axes holds."""
    return math.prod(max(0, count) for count in (provenance.segments, provenance.exponents)[:axes])


def _open(path: Path) -> tuple[list[tuple[Path, pq.ParquetFile]], Provenance]:
    files = open_parts(path)
    first, file = files[0]
    return files, provenance_of(file.schema_arrow, where=first)


def _table(files: list[tuple[Path, pq.ParquetFile]], columns: list[str] | None = None) -> pa.Table:
    """The rows of all files, of these columns or of all."""
    tables = []
    for path, file in files:
        with readable(path):
            tables.append(_read(file, columns))
    return pa.concat_tables(tables)


def _read(file: pq.ParquetFile, columns: list[str] | None) -> pa.Table:
    """The rows of a file. pyarrow before 26 does not say in which column a list has another length, or none: here it is said."""
    try:
        return file.read(columns=columns)
    except pa.ArrowInvalid as error:
        if "lists to be of size" not in str(error):
            raise
        for name in columns or file.schema_arrow.names:
            try:
                file.read(columns=[name])
            except pa.ArrowInvalid as error:
                raise pa.ArrowInvalid(f"{name}: {error}") from None
        raise
