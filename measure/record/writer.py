"""Writes a record piece by piece, in order, with memory for one row group, and whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from unsettled.measure.record.packing import packing
from unsettled.measure.record.parquet import to_table
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.record.record import Record
from unsettled.measure.record.seal import SealedWriter
from unsettled.measure.support.files import whole_file

ROW_GROUP = 4096


@contextmanager
def record_writer(out: Path, provenance: Provenance, *, fingerprint: str | None = None) -> Iterator[RecordWriter]:
    """A writer to which rows are added; the file appears under its name when the context ends well.

    Args:
        out: the file to write.
        provenance: of the whole; it replaces that of the pieces.
        fingerprint: the file is sealed for it (`unsettled.measure.record.seal`).

    Raises:
        UserError: the file cannot be written.
    """
    with whole_file(out, what="record", make_folder=True) as file:
        writer = RecordWriter(file, provenance, fingerprint=fingerprint)
        with writer.closed_at_the_end():
            yield writer


class RecordWriter:
    """Writes rows to an open file. Row groups are cut at `ROW_GROUP` rows whatever the pieces were, so that equal rows give equal bytes."""

    def __init__(self, file: BinaryIO, provenance: Provenance, *, fingerprint: str | None = None) -> None:
        self._file, self._provenance, self._fingerprint = file, provenance, fingerprint
        self._writer: SealedWriter | None = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def add(self, piece: Record) -> None:
        """Append the rows of a record."""
        self._waiting.append(to_table(piece.replace(provenance=self._provenance)))
        self._rows += len(piece)
        while self._rows >= ROW_GROUP:
            self._flush(ROW_GROUP)

    @contextmanager
    def closed_at_the_end(self) -> Iterator[None]:
        """Write what waits and seal the file when the context ends well; close it in any case."""
        well = False
        try:
            yield
            if self._rows:
                self._flush(self._rows)
            well = True
        finally:
            if self._writer is not None:
                self._writer.close(well=well)

    def _flush(self, rows: int) -> None:
        table = pa.concat_tables(self._waiting)
        group = table.slice(0, rows).combine_chunks()
        if self._writer is None:
            self._writer = SealedWriter(self._file, group.schema, fingerprint=self._fingerprint, **packing(group.schema))
        self._writer.write(group, row_group_size=len(group))
        self._waiting, self._rows = [table.slice(rows)], self._rows - rows
