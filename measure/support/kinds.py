"""What kind of file lies under a name, told by its bytes: an output never takes the place of something else.

``--out puzzles.parquet`` for ``--out record.parquet``, or a ledger's name for a record's, would otherwise lose what no command brings back.
"""

from __future__ import annotations

import re
from pathlib import Path

from unsettled.measure.errors import UserError

MAGIC = b"PAR1"
RECORD, TABLE, OTHER = "a record", "a Parquet table", "a file of another kind"
# A footer holds the provenance as plain JSON: first what a record says, then what a side record says.
_SIDE = re.compile(rb'\{"side_version":\d+,"kind":"([a-z0-9_]{1,40})"')
_RECORD = re.compile(rb'\{"schema_version":\d+,"model":\{')
LARGEST_FOOTER = 1 << 26


def side_kind(kind: str) -> str:
    """What a side record of that kind is called."""
    return f"a {kind} record"


def kind_of(path: Path) -> str | None:
    """What a file is; None where there is none, or one that is empty, or the beginning of a Parquet file alone: nothing is lost by those.

    >>> kind_of(Path("fixtures/reference/trm-4x4/record.parquet")), kind_of(Path("fixtures/reference/trm-4x4/puzzles.parquet"))
    ('a record', 'a Parquet table')
    """
    if not path.is_file():
        return None
    with path.open("rb") as file:
        if not (first := file.read(len(MAGIC))):
            return None
        if first != MAGIC:
            return OTHER
        end = file.seek(0, 2)
        file.seek(max(0, end - 8))
        length, last = int.from_bytes(file.read(4), "little"), file.read(4)
        if last != MAGIC or not 0 < length <= min(end - 12, LARGEST_FOOTER):
            return None
        file.seek(end - 8 - length)
        footer = file.read(length)
    if found := _SIDE.search(footer):
        return side_kind(found[1].decode())
    return RECORD if _RECORD.search(footer) else TABLE


def refuse_other(path: Path, kind: str | None, *, what: str) -> None:
    """Raise UserError where a file of another kind than ``kind`` lies where a ``what`` is to be written."""
    there = kind_of(path)
    if None not in (there, kind) and there != kind:
        raise UserError(
            f"the {what} would take the place of {there}", where=path, hint="name another file, or remove this one if it is not needed"
        )
