"""A side record measured part after part: what every one does that has no budget of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from unsettled.measure.campaign.finished import USUAL, IfWhole, taken
from unsettled.measure.campaign.parts import Parts, resumed
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.record.side import SideProvenance, SideRecord, joined, read_side, write_side
from unsettled.measure.tasks.examples import Examples


def side_in_parts(
    out: Path,
    about: SideProvenance,
    examples: Examples,
    measure: Callable[[Examples], dict[str, np.ndarray]],
    *,
    size: int,
    fingerprint: str,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Callable[[int], None] = lambda rows: None,
) -> SideRecord:
    """Measure ``size`` examples at a time, write the side record ``out`` and return it; goes on with what an earlier call left.

    Args:
        about: the provenance of the whole, whose kind names it in messages.
        measure: the columns of some examples.
        fingerprint: of what decides the rows beside ``about``.
        if_whole: what to do where ``out`` is whole already.
        workers: who measures.
        advance: told the examples done, as they are.

    Raises:
        UserError: another process writes to ``out``, unfinished parts beside it are of another measurement, or it cannot be written.
    """
    with resumed(side_parts(out, about, examples.ids, size, fingerprint), what=f"{about.kind} record") as parts:
        if (whole := taken(parts, if_whole)) is not None:
            advance(len(examples))
            return whole
        finished = parts.finished()
        if finished:
            advance(sum(finished.values()))
        for rows in parts.fill(examples, measure, finished=finished, workers=workers):
            advance(rows)
        record = joined(list(parts), about)
        write_side(record, out, fingerprint=fingerprint)
        parts.remove()
    return record


def side_parts(out: Path, about: SideProvenance, ids: np.ndarray, size: int, fingerprint: str) -> Parts[SideRecord]:
    """The parts of a side record."""
    made, read = partial(SideRecord, provenance=about), partial(read_side, kind=about.kind)
    return Parts(out, about, ids, size, made, read, write_side, fingerprint)
