"""Opening a Parquet file of a stranger: refused in one line when it is missing, damaged or larger than is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.errors import UserError
from unsettled.measure.support.limits import check_rows


@contextlib.contextmanager
def readable(where: object) -> Iterator[None]:
    """What pyarrow raises of a damaged file, in one line. Raises UserError."""
    try:
        yield
    except MemoryError as error:  # pyarrow's own is one, too
        raise UserError(f"takes more memory to read than there is: {error}", where=where) from None
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: names that are not UTF-8
        raise UserError(f"not a readable Parquet file: {(str(error).splitlines() or ['damaged'])[0]}", where=where) from None


def open_table(path: Path, *, missing: str = "no such file", hint: str | None = None) -> pq.ParquetFile:
    """Open a Parquet file; it closes as a context.

    Args:
        missing: what is said of a file that is not there, with its ``hint``.

    Raises:
        UserError: it is missing, is not Parquet, or declares more rows than are read.
    """
    if not path.is_file():
        raise UserError(missing, where=path, hint=hint)
    with readable(path):
        file = pq.ParquetFile(path, pre_buffer=False)  # or what is read of a column piece by piece is first held whole, as it was packed
        check_rows(file.metadata.num_rows, where=path)
    return file
