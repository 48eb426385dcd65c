"""A side record measured part after part: what every one does that has no budget of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from unsettled.measure.campaign.parts import Parts, resumed
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.errors import UserError
from unsettled.measure.record.side import SideProvenance, SideRecord, joined, read_side, write_side
from unsettled.measure.tasks.examples import Examples


def side_in_parts(
    out: Path,
    about: SideProvenance,
    examples: Examples,
    measure: Callable[[Examples], dict[str, np.ndarray]],
    *,
    size: int,
    workers: Workers = here,
    advance: Callable[[int], None] = lambda rows: None,
) -> SideRecord:
    """Measure ``size`` examples at a time, write the side record ``out`` and return it; goes on with what an earlier call left.

    Args:
        about: the provenance of the whole, whose kind names it in messages.
        measure: the columns of some examples.
        workers: who measures.
        advance: told the examples done, as they are.

    Raises:
        UserError: another process writes to ``out``, unfinished parts beside it are of another measurement, or it cannot be written.
    """
    with resumed(side_parts(out, about, examples.ids, size), what=f"{about.kind} record") as parts:
        if parts.ended(lambda path: _provenance_in(path, about.kind) == about):
            advance(len(examples))
            return read_side(out, kind=about.kind)
        finished = parts.finished()
        if finished:
            advance(sum(finished.values()))
        for rows in parts.fill(examples, measure, finished=finished, workers=workers):
            advance(rows)
        record = joined(list(parts), about)
        write_side(record, out)
        parts.remove()
    return record


def side_parts(out: Path, about: SideProvenance, ids: np.ndarray, size: int) -> Parts[SideRecord]:
    """The parts of a side record."""
    return Parts(out, about, ids, size, partial(SideRecord, provenance=about), partial(read_side, kind=about.kind), write_side)


def _provenance_in(path: Path, kind: str) -> SideProvenance | None:
    """The provenance of a side record; None where there is none that can be read."""
    try:
        return read_side(path, kind=kind).provenance
    except UserError:
        return None
