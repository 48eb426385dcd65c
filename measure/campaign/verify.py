"""Rows of a record measured again on their checkpoint, and held against their own noise (`unsettled.measure.record.row_check`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.campaign.noise import remeasure, rows_of
from unsettled.measure.campaign.run import Advance
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.own_noise import profile
from unsettled.measure.record.record import Record, held
from unsettled.measure.record.row_check import Again, Measure, check_rows
from unsettled.measure.record.side import check_source
from unsettled.measure.rollout.starts import last_bit_start
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.tasks.examples import Examples


@dataclass(frozen=True)
class Verification:
    """The outcome of re-measuring rows of a record.

    Attributes:
        rows: how many were re-measured.
        sensitive: rows beyond rounding whose own measured noise explains the difference.
        differing: one line for each row that differs beyond its own noise.
        shifted: one line for each quantity in which noisy rows are shifted together. The record stands when both are empty.
        largest: the largest difference of each quantity among rows within rounding.
    """

    rows: int
    sensitive: list[str]
    differing: list[str]
    shifted: list[str]
    largest: dict[str, float]


def verify_rows(
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
    record: Record,
    *,
    again: Record | None = None,
    device: str = "cpu",
    batch: int | None = None,
    advance: Advance = lambda rows: None,
) -> Verification:
    """Re-measure every row of ``record`` and say which differ beyond their own noise.

    Args:
        again: the same rows as they were measured again already.

    Raises:
        UserError: a row of the record is not in the puzzle set, the checkpoint is another one, or the record says otherwise of it.
    """
    check_source(record.provenance, checkpoint.tensors_digest, what="the record", where=checkpoint.path)
    chosen = rows_of(puzzles, record)
    if again is None:
        again = remeasure(checkpoint, chosen, record, device=device, batch=batch or record.provenance.batch, advance=advance)
    if _described(again.provenance.model) != _described(record.provenance.model):
        raise UserError("the record says otherwise of the network than its checkpoint", where=checkpoint.path, hint="measure it again")
    there = set(held(record)) & set(held(again))
    more = measuring(checkpoint, chosen, record, device=device, batch=batch)
    checked = check_rows(profile(record, there=there), profile(again, there=there), more)
    lines = {row: f"example {record.example_id[row]}: {told}" for row, told in checked.told.items()}
    shifted = [
        f"{name} of the {len(checked.noisy)} rows beyond rounding are shifted together (p = {p:.1g})" for name, p in checked.shifted.items()
    ]
    return Verification(
        rows=len(record),
        sensitive=[line for row, line in lines.items() if row not in checked.differing],
        differing=[line for row, line in lines.items() if row in checked.differing],
        shifted=shifted,
        largest=checked.largest,
    )


def _described(facts: ModelFacts) -> ModelFacts:
    """What is said of a network, but for the file and the name of a user's adapter: of another one the rows themselves decide."""
    return facts if facts.adapter is None else facts.model_copy(update={"adapter": "", "architecture": ""})


def measuring(
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
    record: Record,
    *,
    k: int | None = None,
    device: str = "cpu",
    batch: int | None = None,
) -> Measure:
    """What measures rows of ``record`` again from starts that differ in the last bit, with its first ``k`` exponents."""
    most = max(batch or record.provenance.batch, 8)

    def again(rows: NDArray[np.int_], numbers: range, exponents: int | None) -> Again:
        wanted = min(each for each in (record.k, k, exponents) if each is not None)
        at_once = max(1, most // len(rows))
        found = []
        for first in range(numbers.start, numbers.stop, at_once):
            versions = min(at_once, numbers.stop - first)
            size = len(rows) * versions if versions > 1 else most
            repeated = np.tile(rows, versions)
            measured = remeasure(
                checkpoint, puzzles.take(repeated), record.take(repeated), device=device, batch=size, k=wanted, start=last_bit_start(first)
            )
            of = profile(measured, there=set(held(record)) & set(held(measured)))
            shape = (versions, len(rows))
            found.append(Again(of.values.reshape(*shape, *of.values.shape[1:]), of.outcomes.reshape(*shape, -1)))
        return Again(np.concatenate([each.values for each in found]), np.concatenate([each.outcomes for each in found]))

    return again
