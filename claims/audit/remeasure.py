"""Measuring a record's rows again, on its own checkpoint: a random sample, a row that was altered, or all of them. Imports torch."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from unsettled.claims.audit.loading import loaded, loaded_network, suited_threads
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.sampling import DEAR, NOT_ITS_TURN, Remeasured, affordable_rows, cost_of_row, record_of, sample_rows
from unsettled.claims.audit.tampering import tampered
from unsettled.claims.populations.populations import Population
from unsettled.measure.campaign.noise import remeasure, rows_of
from unsettled.measure.campaign.verify import Verification, measuring, verify_rows
from unsettled.measure.errors import UserError
from unsettled.measure.record.own_noise import profile
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.record import held
from unsettled.measure.record.row_check import STAGES, Again, check_rows


def costs_of(populations: Iterable[Population]) -> dict[str, int]:
    """`cost_of_row` of each population, by its name; without those whose network cannot be read, which is told where rows are measured."""
    found = {}
    for population in populations:
        with suppress(UserError):
            # a network of one's own knows its size once it has seen examples
            network = loaded(population)[0] if population.adapter else loaded_network(population)
            found[population.name] = cost_of_row(network.facts, record_of(population))
    return found


def verify_sample(population: Population, *, rows: int | None, seed: int) -> Remeasured:
    """Measure random rows of a population's record again and compare.

    Args:
        population: has a record, a checkpoint and puzzles.
        rows: how many to measure, which may be none; None for what a few seconds allow.
        seed: of the draw.

    Raises:
        UserError: checkpoint, puzzles and record are not of one measurement.
    """
    checkpoint, puzzles = loaded(population)
    record = record_of(population)
    affordable = affordable_rows(cost_of_row(checkpoint.facts, record))
    rows = affordable if rows is None else rows
    if not rows:
        return Remeasured.none(population.name, of=len(record), seed=seed, reason=NOT_ITS_TURN if affordable else DEAR)
    drawn = record.take(sample_rows(population, rows=rows, seed=seed))
    with suited_threads(checkpoint.facts.parameters):
        return _told(population, verify_rows(checkpoint, puzzles, drawn), seed=seed, examples=drawn.example_id.tolist())


def plant_tampering(population: Population, *, seed: int) -> list[Planted]:
    """Alter one random recorded row by twice its own noise, in each quantity, and say whether the row check found it.

    Only the row's first exponent is measured again: that is an eighth of the cost, and a tampering that shows in one shows in all.
    None is planted where a row takes minutes.
    """
    checkpoint, puzzles = loaded(population)
    record = record_of(population)
    if not affordable_rows(cost_of_row(checkpoint.facts, record)):
        return []
    row = record.take(sample_rows(population, rows=1, seed=seed))
    at = np.zeros(1, int)
    with suited_threads(checkpoint.facts.parameters):
        chosen = rows_of(puzzles, row)
        again = profile(remeasure(checkpoint, chosen, row, k=min(1, row.k), batch=1), there=held(row))
        more = measuring(checkpoint, chosen, row, k=1)
        first = sum(STAGES[:2])
        kept = more(at, range(first), None)

        def known(rows: np.ndarray, numbers: range, exponents: int | None) -> Again:
            if numbers.stop > first:
                return more(rows, numbers, exponents)
            return Again(kept.values[numbers.start : numbers.stop], kept.outcomes[numbers.start : numbers.stop])

        truth = check_rows(profile(row, k=1), again, known)
    return tampered(population.name, row, again, kept, truth)


def _told(population: Population, result: Verification, *, seed: int, examples: list[int]) -> Remeasured:
    return Remeasured(
        population=population.name,
        seed=seed,
        of=len(record_of(population)),
        examples=examples,
        sensitive=result.sensitive,
        differing=result.differing,
        largest=result.largest,
        shifted=result.shifted,
    )


def compare_records(population: Population, again: Path, *, seed: int) -> Remeasured:
    """A population's record against a whole one measured again, row by row."""
    record, fresh = record_of(population), read_record(again)
    if not np.array_equal(record.example_id, fresh.example_id):
        raise UserError("the re-measured record is of other examples", where=again)
    checkpoint, puzzles = loaded(population)
    with suited_threads(checkpoint.facts.parameters):
        result = verify_rows(checkpoint, puzzles, record, again=fresh)
    return _told(population, result, seed=seed, examples=record.example_id.tolist())
