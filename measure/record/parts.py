"""A record in parts: a folder of Parquet files that together are one record, in the order of their names.

Each file has the columns and the whole provenance of the record, as the parts of a campaign have. Other engines read and write
such folders: every one that takes a glob of Parquet files.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.columns.table import open_table, readable
from unsettled.measure.errors import UserError
from unsettled.measure.record.packing import packing
from unsettled.measure.support.counts import at_least
from unsettled.measure.support.files import whole_file
from unsettled.measure.support.limits import PART_ROWS, check_rows, many_files

PARTS = "part-*.parquet"


def parts_of(folder: Path) -> list[Path]:
    """The files of a record in parts, in order; none where the folder holds none."""
    return sorted(folder.glob(PARTS))


def open_parts(path: Path) -> list[tuple[Path, pq.ParquetFile]]:
    """The open files of a record: of all its parts, or of the one file that it is.

    Raises:
        UserError: a file is missing, is not Parquet, or has other columns or another provenance than the first.
    """
    missing, hint = "no such record", "measure one with `unsettled measure`"
    if not path.is_dir():
        return [(path, open_table(path, missing=missing, hint=hint))]
    paths = parts_of(path)
    opened: list[tuple[Path, pq.ParquetFile]] = []
    with many_files(len(paths), where=path), ExitStack() as undone:
        for each in paths:
            file = undone.enter_context(open_table(each, missing=missing, hint=hint))
            first = opened[0][1].schema_arrow if opened else file.schema_arrow
            if not file.schema_arrow.equals(first, check_metadata=True):
                differs = "columns" if not file.schema_arrow.equals(first) else "provenance"
                raise UserError(f"a part with other {differs} than {paths[0].name}", where=each, hint="all parts are of one record")
            opened.append((each, file))
        undone.pop_all()  # they stay open
    check_rows(sum(file.metadata.num_rows for _, file in opened), where=path)
    return opened


def split(source: Path, folder: Path, *, rows: int = PART_ROWS) -> list[Path]:
    """Write the rows of a record, one file or parts, as parts of so many ``rows`` each into ``folder``; returns them.

    Rows are copied as they are, one part in memory at a time.

    Raises:
        UserError: the record cannot be read, the folder holds parts already, or a part cannot be written.
    """
    at_least(1, rows, "rows")
    if parts_of(folder):
        raise UserError("holds parts of a record already", where=folder, hint="name a new folder")
    written: list[Path] = []
    waiting: list[pa.RecordBatch] = []

    def write(table: pa.Table) -> None:
        out = folder / f"part-{len(written):06d}.parquet"
        with whole_file(out, what="part of a record", make_folder=True) as file:
            pq.write_table(table, file, **packing(table.schema))
        written.append(out)

    held = 0
    for path, file in open_parts(source):
        with readable(path):
            for batch in file.iter_batches(min(rows, 1 << 15)):
                waiting.append(batch)
                held += batch.num_rows
                while held >= rows:
                    table = pa.Table.from_batches(waiting).replace_schema_metadata(file.schema_arrow.metadata)
                    write(table.slice(0, rows))
                    waiting, held = table.slice(rows).to_batches(), held - rows
            schema = file.schema_arrow
    if held or not written:
        write(pa.Table.from_batches(waiting, schema=schema.remove_metadata()).replace_schema_metadata(schema.metadata))
    return written
