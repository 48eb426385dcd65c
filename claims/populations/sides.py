"""Side records of a population: where their files lie, and whether they belong to it.

A statistic that needs one says so when it is registered (``needs="restarts"``) and is handed it as a third argument. The file
lies beside the population's record, or else beside its checkpoint: ``restarts.parquet``, or ``NAME.restarts.parquet`` beside
``NAME.parquet``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from unsettled.claims.catalogue.registry import SIDE_KINDS
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord, check_source, read_side
from unsettled.measure.support.files import short_path


def candidates(kind: str, *beside: Path | None) -> list[Path]:
    """Where the side record of a kind may lie, the first that exists counts: beside each file, by its name or alone."""
    files = [path for path in beside if path is not None]
    return [p for path in files for p in (path.with_name(f"{path.stem}.{kind}.parquet"), path.with_name(f"{kind}.parquet"))]


def find_side(
    kind: str, *, record: Record | None, record_path: Path | None = None, checkpoint: Path | None = None, puzzles: Path | None = None
) -> SideRecord:
    """The side record of a population that is measured on ``record``.

    Raises:
        MissingInput: there is none; names the command that gets it.
        UserError: it is unreadable, of another checkpoint, or of other puzzles.
    """
    own = candidates(kind, record_path)
    for path in dict.fromkeys((*own, *candidates(kind, checkpoint))):
        if path.is_file():
            side = _read(path, SIDE_KINDS[kind].holds or kind, path.stat().st_mtime_ns)
            if record is None:
                return side
            if path in own or _of_these(side, record):
                check_side(side, record, where=short_path(path))
                return side
    # what lies beside the checkpoint alone may be of another population of this network: it says nothing of this one
    shared = checkpoint is not None and record_path is not None and record_path.parent.resolve() != checkpoint.parent.resolve()
    target = own[1:] if shared else candidates(kind, checkpoint)[1:] or own
    model = None if record is None else record.provenance.model
    network = model.architecture if model is not None and model.adapter is not None else None  # FILE.py:FUNCTION, without a folder
    raise SIDE_KINDS[kind].missing(checkpoint, puzzles, target[0] if target else None, network=network)


@lru_cache(maxsize=32)
def _read(path: Path, kind: str, changed: int) -> SideRecord:
    side: SideRecord = read_side(path, kind=kind)
    return side


def check_side(side: SideRecord, record: Record, *, where: object = None) -> None:
    """Raise UserError unless a side record is of the record's checkpoint and of puzzles that are also in the record."""
    kind = side.provenance.kind
    check_source(side.provenance, record.provenance.checkpoint_tensors, what=f"the {kind} record", where=where, hint="measure it again")
    if not _of_these(side, record):
        raise UserError(f"the {kind} record is of puzzles that are not in the record", where=where, hint="measure it again")


def _of_these(side: SideRecord, record: Record) -> bool:
    """Whether every puzzle of a side record is also in the record, as far as ids and clues tell."""
    shared, mine, theirs = np.intersect1d(side["example_id"], record.example_id, return_indices=True)
    return len(shared) == len(side) and ("givens" not in side.columns or np.array_equal(side["givens"][mine], record.givens[theirs]))
