"""Tampering that every audit plants in the records that it checks: one recorded row, altered by twice its own noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unsettled.claims.audit.planted import Planted, read_falsehoods
from unsettled.measure.record.own_noise import Profile, noise_of, profile
from unsettled.measure.record.record import Record
from unsettled.measure.record.row_check import STAGES, Again, Checked, check_rows

TIMES = 2.0  # of its own noise is a row altered by


def _raise_exponents(record: Record, by: float) -> Record:
    growth = record.growth.copy()
    growth[:, -1] += by * record.segments * record.provenance.model.updates_per_segment
    return record.replace(growth=growth)


def _raise_displacement(record: Record, by: float) -> Record:
    latent = record.provenance.model.latents[0]
    moved = record.displacement(latent).copy()
    moved[:, -1] += by * record.norm(latent)[:, -1]
    altered: dict[str, Any] = {f"displacement_{latent}": moved}
    return record.replace(**altered)


def _lower_halting(record: Record, by: float) -> Record:
    logit = record.halting_logit.copy()
    logit[:, -1] -= by
    return record.replace(halting_logit=logit)


def _turn_outcome(record: Record, by: float) -> Record:
    return record.replace(solved=~record.solved)


# name → the quantity whose noise sets the size, and what is done; none sets that of an outcome.
TAMPERINGS: Mapping[str, tuple[str | None, Callable[[Record, float], Record]]] = {
    "turned-outcome": (None, _turn_outcome),
    "raised-exponents": ("exponents", _raise_exponents),
    "raised-displacement": ("displacement", _raise_displacement),
    "lowered-halting": ("halting", _lower_halting),
}


def tampered(population: str, row: Record, again: Profile, versions: Again, truth: Checked) -> list[Planted]:
    """What became of each tampering with one row, given its re-measurements, and of the row as it was recorded (``truth``).

    A quantity that the record lacks is left alone, and so is an outcome that the row's own noise turns.
    """
    found = []

    def known(rows: np.ndarray, numbers: range, exponents: int | None) -> Again:
        return Again(versions.values[numbers.start : numbers.stop], versions.outcomes[numbers.start : numbers.stop])

    all_values = np.concatenate([again.values[None], versions.values])
    noise = (noise_of(all_values, again.names) + again.rounding)[0, -1]
    ends = np.append(versions.outcomes[:, 0, -1], again.outcomes[0, -1])
    for name, (quantity, alter) in TAMPERINGS.items():
        if quantity not in (None, *again.names) or (quantity is None and ends.any() != ends.all()):
            continue
        by = TIMES * float(noise[again.names.index(quantity)]) if quantity else 0.0
        checked = check_rows(profile(alter(row, by), k=1), again, known, stages=STAGES[:2])
        told = checked.differing.get(0)
        found.append(
            Planted(
                name=name,
                what=f"{quantity} of one row altered by {by:.2g}, twice its own noise" if quantity else "the outcome of one row is turned",
                population=population,
                stated=f"example {row.example_id[0]}",
                expected="differs",
                outcome="differs" if told else "stands",
                reason=told or "the row was not found",
                truth_stated="the row as recorded",
                truth="differs" if truth.differing else "stands",
            )
        )
    return found


def never_judged(item: str) -> list[Planted]:
    """The falsehoods of an item of the audit that ended without a finding: not caught, whatever became of the process.

    ``item`` is pytest's name of it, ``…::test_falsehood[NAME@POPULATION]`` or ``…::test_tampered_rows[POPULATION]``; others plant none.
    """
    test, _, about = item.rpartition("::")[2].partition("[")
    name, _, population = about.removesuffix("]").rpartition("@")
    names = {"test_falsehood": (name,), "test_tampered_rows": tuple(TAMPERINGS)}.get(test, ())
    known = {falsehood.name: falsehood for falsehood in read_falsehoods()} if names else {}
    return [
        Planted(
            name=name,
            what=known[name].what if name in known else "one recorded row is made up",
            population=population,
            stated="",
            expected=known[name].expect if name in known else "differs",
            outcome="never judged",
            reason="its test ended before it was judged: an error, or a process that died",
            truth_stated="",
            truth="never judged",
        )
        for name in names
    ]
