"""A seal in a Parquet file's footer: whether its bytes are those that were written, and for whom.

It is the SHA-256 of a fingerprint (what decides the rows, and that the provenance does not tell), of the table's metadata (its
provenance) and of all bytes before the footer. It tells files that were damaged, edited or written for something else; who forges one on
purpose can compute it anew, which an audit finds by measuring rows again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

SEAL = b"unsettled.seal"
MAGIC = b"PAR1"
_PIECE = 1 << 20


class SealedWriter:
    """Writes tables into an open file as pyarrow does and, where there is a fingerprint, seals it at the end.

    Args:
        file: opened for writing, at its beginning.
        schema: of every table, with its metadata.
        fingerprint: None leaves the file without a seal.
        options: of `pyarrow.parquet.ParquetWriter`.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, *, fingerprint: str | None = None, **options: Any) -> None:
        self._seal = None if fingerprint is None else _begun(fingerprint, schema.metadata)
        if self._seal is not None:
            file = cast(BinaryIO, _Hashed(file, self._seal))  # it has what pyarrow asks of a file
        self._writer = pq.ParquetWriter(file, schema, **options)

    def write(self, table: pa.Table, *, row_group_size: int | None = None) -> None:
        """Append the rows of a table."""
        self._writer.write_table(table, row_group_size=row_group_size)

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(well=kind is None)

    def close(self, *, well: bool) -> None:
        """End the file, sealed if all went ``well``; in any case, for pyarrow would later write to a closed file."""
        with self._writer:
            if self._seal is not None and well:
                self._writer.add_key_value_metadata({SEAL: self._seal.hexdigest()})


def write_sealed(table: pa.Table, file: BinaryIO, *, fingerprint: str | None, **options: Any) -> None:
    """Write one table into an open file as pyarrow does, and seal it where there is a fingerprint."""
    with SealedWriter(file, table.schema, fingerprint=fingerprint, **options) as writer:
        writer.write(table)


def holds(path: Path, fingerprint: str) -> bool | None:
    """Whether a file is as it was written for that fingerprint; None where it carries no seal, or is not Parquet."""
    try:
        with path.open("rb") as file, pq.ParquetFile(file) as table:
            kept = (table.metadata.metadata or {}).get(SEAL)
            if kept is None:
                return None
            found, left = _begun(fingerprint, table.schema_arrow.metadata), _before_footer(file)
            file.seek(0)
            while left > 0 and (piece := file.read(min(left, _PIECE))):
                found.update(piece)
                left -= len(piece)
    except (OSError, ValueError, pa.ArrowException):
        return None
    return bool(kept == found.hexdigest().encode())


def _begun(fingerprint: str, metadata: dict[bytes, bytes] | None) -> Any:
    found = hashlib.sha256(fingerprint.encode() + b"\0")
    for key, value in sorted((metadata or {}).items()):
        if key != SEAL:
            found.update(key + b"\0" + value + b"\0")
    return found


def _before_footer(file: BinaryIO) -> int:
    """How many bytes lie before the footer, whose length stands before the last four bytes."""
    end = file.seek(-2 * len(MAGIC), 2)
    return end - int.from_bytes(file.read(len(MAGIC)), "little")


class _Hashed:
    """A file to which pyarrow writes, and a digest of what it has written."""

    closed = False
    mode = "wb"

    def __init__(self, file: BinaryIO, digest: Any) -> None:
        self._file, self._digest = file, digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Whoever opened the file closes it."""

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False
