"""What reading an untrusted file may cost: one table of limits, and the checks that run before anything is read."""

from __future__ import annotations

import contextlib
import importlib
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unsettled.measure.errors import UserError

MIB = 1 << 20
# Files that a program has open besides those that it counts.
SPARE_FILES = 64
# Largest size on disk by what the file is read as. The largest published checkpoint is 110 MB, the paper's ledger 40 kB.
LARGEST_FILE = {
    "checkpoint": 16 << 30,
    "configuration": MIB,
    "ledger": 16 * MIB,
    "lock": 16 * MIB,
    "signature": 16 * MIB,
    "key": MIB,
    "audit": 256 * MIB,
    "baseline": 64 * MIB,
}
# Cells of the largest board that is read, 25×25: no text of a puzzle table is longer.
LARGEST_BOARD = 625
# Rows of a record: some 27 bytes each are held in memory, whatever the file's size on disk says.
MOST_ROWS = 100_000_000
# Rows of a part of a record, where nobody says how many: half a gigabyte of sixteen segments.
PART_ROWS = 1_000_000
# Structure of a network, before any of it is built. The published ones have at most 4 layers and 21 updates a segment.
LARGEST_NETWORK = {
    "cells": 65_536,
    "prefix": 4096,
    "H_layers": 256,
    "L_layers": 256,
    "updates_per_segment": 10_000,
    "hidden_size": 65_536,
    "vocabulary": 65_536,
    "heads": 65_536,
    "inner": MIB,
    "token_inner": MIB,
    "puzzle_identifiers": 100_000_000,
    "embedding_width": MIB,
}


def check_file(path: Path, kind: str) -> None:
    """Refuse a device or a pipe (it may never end), and what is larger than its kind may be.

    Raises:
        UserError: with the size and the limit. What is not there, or is a folder, is left to the reader.
    """
    try:
        found = path.stat()
    except OSError:
        return
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise UserError("is not a regular file", where=path)
    if stat.S_ISREG(found.st_mode) and found.st_size > LARGEST_FILE[kind]:
        raise UserError(f"has {found.st_size:,} bytes, a {kind} may have {LARGEST_FILE[kind]:,}", where=path)


def check_network(config: Any, *, where: object) -> None:
    """Refuse a structure (`unsettled.measure.networks.ModelConfig`) that nobody could run. Raises UserError with the limit."""
    for name, most in LARGEST_NETWORK.items():
        if getattr(config, name) > most:
            raise UserError(f"{name} is {getattr(config, name):,}, at most {most:,} are read", where=where)


def check_tensors(tensors: Mapping[str, Any], *, where: object) -> None:
    """Refuse tensors that claim more numbers than their file holds (strides of 0), or are not dense arrays. Raises UserError."""
    for name, value in tensors.items():
        dense = str(value.layout) == "torch.strided" and not value.is_quantized and value.device.type == "cpu"
        if not dense or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise UserError(f"tensor {str(name)[:80]!r} claims more numbers than the file holds, or is not dense", where=where)


@contextlib.contextmanager
def many_files(count: int, *, where: object) -> Iterator[None]:
    """Within it so many files may be open at once: the usual limit is raised as far as the system lets it be. Raises UserError."""
    try:
        resource = importlib.import_module("resource")  # POSIX alone has it
    except ImportError:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE_FILES
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise UserError(f"needs {wanted:,} files open at once, this system allows {hard:,}", where=where, hint="measure with fewer shards")
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        yield
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def check_rows(rows: int, *, where: object) -> None:
    """Refuse a Parquet file by the rows that it declares, before any is read.

    No more of its metadata is asked: what it says of single columns can end pyarrow's process when it is damaged.
    """
    if not 0 <= rows <= MOST_ROWS:
        raise UserError(f"declares {rows:,} rows, at most {MOST_ROWS:,} are read", where=where)
