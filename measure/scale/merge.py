"""Shards into one record: pure, repeatable, and only when every example is there exactly once and all agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from unsettled.measure.columns.table import open_table, readable
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import METADATA_KEY, from_table
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.record.record import Record, held
from unsettled.measure.record.writer import ROW_GROUP, record_writer
from unsettled.measure.scale.manifest import Manifest, check_shard, digest_ids, read_manifest, shard_path
from unsettled.measure.support.limits import many_files
from unsettled.measure.support.lock import sole_writer


def merge(folder: Path, out: Path) -> Provenance:
    """Join the shards of a measurement's folder into the record ``out``; returns its provenance. The shards stay.

    Rows come in the order of the puzzle set, whatever the shards: row n lies in shard n mod S. The noise floor is
    shard 0's. Merging twice gives the same bytes; memory is that of one row group.

    Raises:
        UserError: nothing was begun there, a shard is missing, unfinished, damaged or of another measurement, ids are
            missing, twice there or out of order, or ``out`` cannot be written.
    """
    manifest = read_manifest(folder)
    paths = [shard_path(folder, shard, manifest.shards) for shard in range(manifest.shards)]
    absent = [shard for shard, path in enumerate(paths) if not path.is_file()]
    if absent:
        raise UserError(
            f"{len(absent)} of {manifest.shards} shards are not finished, first shard {absent[0]}",
            where=folder,
            hint="start the measurement again with any number of ranks: it finishes what is missing",
        )
    found = [check_shard(path, manifest, shard) for shard, path in enumerate(paths)]
    whole = manifest.provenance.model_copy(update={"noise": found[0].noise})
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with many_files(len(paths), where=folder), sole_writer(out), record_writer(out, whole, fingerprint=manifest.fingerprint) as writer:
            _check_ids(manifest, paths)
            for piece in _interleaved(manifest, paths):
                writer.add(piece)
    except OSError as error:
        raise UserError(f"cannot write the record: {error.strerror or error}", where=out) from None
    return whole


def _check_ids(manifest: Manifest, paths: list[Path]) -> None:
    """Raises UserError unless the shards together hold every id of the puzzle set once, in order."""
    ids = np.empty(manifest.provenance.puzzles, np.int64)
    for shard, path in enumerate(paths):
        mine = _read_ids(path)
        if len(mine) != manifest.rows(shard):
            raise UserError(f"holds {len(mine)} rows, its shard has {manifest.rows(shard)}", where=path, hint="measure it again")
        ids[shard :: manifest.shards] = mine
    values, counts = np.unique(ids, return_counts=True)
    if len(values) != len(ids):
        raise UserError(f"example {values[counts > 1][0]} is there {counts.max()} times", where=paths[0].parent)
    if digest_ids(ids) != manifest.ids:
        raise UserError("the shards hold other examples than the puzzle set, or in another order", where=paths[0].parent)


def _read_ids(path: Path) -> np.ndarray:
    with open_table(path) as file, readable(path):
        found: np.ndarray = file.read(columns=["example_id"]).column(0).to_numpy()
        return found


def _interleaved(manifest: Manifest, paths: list[Path]) -> Iterator[Record]:
    """The rows of all shards in the order of the puzzle set, about a row group at a time."""
    each = -(-ROW_GROUP // manifest.shards)
    readers = [_records(path, each) for path in paths]
    while pieces := [piece for reader in readers if (piece := next(reader, None)) is not None]:
        columns = {}
        for name in held(pieces[0]):
            parts = [getattr(piece, name) for piece in pieces]
            joined = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
            for shard, part in enumerate(parts):
                joined[shard :: len(pieces)] = part
            columns[name] = joined
        yield Record(**columns, provenance=manifest.provenance)


def _records(path: Path, rows: int) -> Iterator[Record]:
    """A shard's record in pieces of so many rows, the last one shorter."""
    with open_table(path) as file, readable(path):
        metadata, waiting = {METADATA_KEY: file.schema_arrow.metadata[METADATA_KEY]}, []
        for batch in file.iter_batches(rows):
            waiting.append(batch)
            table = pa.Table.from_batches(waiting)
            while len(table) >= rows:
                yield from_table(table.slice(0, rows).replace_schema_metadata(metadata), where=path)
                table = table.slice(rows)
            waiting = table.to_batches()
        if waiting:
            yield from_table(pa.Table.from_batches(waiting).replace_schema_metadata(metadata), where=path)
