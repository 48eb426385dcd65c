"""Text files however they are kept: compressed (told by the first bytes, not by the name), with a byte order mark, or in UTF-16."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from unsettled.measure.errors import UserError

#: What the readers below raise for a damaged file.
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, UnicodeDecodeError, pa.ArrowException)
LARGEST_UTF16 = 1 << 28
_BY_START = {b"\x1f\x8b": "gzip", b"(\xb5/\xfd": "zstd", b"BZh": "bz2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}


def compression_of(path: Path) -> str | None:
    """What a file is compressed with, by its first bytes; brotli has no mark and goes by its name."""
    with path.open("rb") as file:
        start = file.read(6)
    return next((name for mark, name in _BY_START.items() if start.startswith(mark)), "brotli" if path.suffix == ".br" else None)


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a text in UTF-8, decompressed; a byte order mark of UTF-8 is left to who reads them.

    Raises:
        UserError: an archive of several files, or a text in UTF-16 that is too large to be turned.
    """
    kind = compression_of(path)
    if kind in ("zstd", "brotli"):
        stream = cast(IO[bytes], io.BufferedReader(pa.input_stream(str(path), compression=kind)))
    elif kind == "zip":
        archive = zipfile.ZipFile(path)
        if len(archive.namelist()) != 1:
            raise UserError(f"is an archive of {len(archive.namelist())} files", where=path, hint="unpack it and name one of them")
        stream = archive.open(archive.namelist()[0])
    else:
        openers: dict[str | None, Callable[[Path], object]] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
        stream = cast(IO[bytes], openers[kind](path)) if kind else path.open("rb")
    start = stream.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        whole = start + stream.read(LARGEST_UTF16 + 1)
        if len(whole) > LARGEST_UTF16:
            raise UserError("is UTF-16, and too large", where=path, hint="save it as UTF-8")
        return io.BytesIO(whole.decode("utf-16").encode())
    return _joined(start, stream)


def open_text(path: Path) -> io.TextIOWrapper:
    """The same as text, without a byte order mark."""
    return io.TextIOWrapper(open_bytes(path), encoding="utf-8-sig", newline="")


class _Joined(io.RawIOBase):
    """What was read of a stream already, and the rest of it."""

    def __init__(self, start: bytes, rest: IO[bytes]) -> None:
        self.start, self.rest = start, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed has a private name for the buffer
        piece = self.start or self.rest.read(len(buffer))
        piece, self.start = piece[: len(buffer)], piece[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.rest.close()
        super().close()


def _joined(start: bytes, rest: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], io.BufferedReader(_Joined(start, rest), 1 << 18))
