"""Writes a record piece by piece, in order, with memory for one row group, and whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.record.record import Provenance, Record, to_table

ROW_GROUP = 4096


class RecordWriter:
    """A context in which `add` appends rows; the file appears under its name when the context ends well.

    Row groups are cut at `ROW_GROUP` rows whatever the pieces were, so that equal rows give equal bytes.

    Args:
        out: the file to write; `OUT.partial` beside it until it is whole.
        provenance: of the whole; it replaces that of the pieces.
    """

    def __init__(self, out: Path, provenance: Provenance) -> None:
        self._out, self._provenance = out, provenance
        self._partial = out.with_name(out.name + ".partial")
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def add(self, piece: Record) -> None:
        """Append the rows of a record."""
        self._waiting.append(to_table(piece.replace(provenance=self._provenance)))
        self._rows += len(piece)
        while self._rows >= ROW_GROUP:
            self._flush(ROW_GROUP)

    def _flush(self, rows: int) -> None:
        table = pa.concat_tables(self._waiting)
        group = table.slice(0, rows).combine_chunks()
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._partial, group.schema, compression="zstd", compression_level=9, version="2.6")
        self._writer.write_table(group, row_group_size=len(group))
        self._waiting, self._rows = [table.slice(rows)], self._rows - rows

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None and self._rows:
                self._flush(self._rows)
        finally:
            if self._writer is not None:
                self._writer.close()
        if kind is None:
            os.replace(self._partial, self._out)
        else:
            self._partial.unlink(missing_ok=True)
