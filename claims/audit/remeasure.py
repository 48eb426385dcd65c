"""Measuring again: a random sample of a record's rows, or a whole population, on its own checkpoint."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from unsettled.claims.populations.inputs import MEASURING
from unsettled.claims.populations.populations import Population
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.record import Record

NOISE_ROWS = 64
# Ten seconds or so of one core, in units of `cost_of_row`; and the bounds of what that is spent on.
AFFORDABLE, FEWEST, MOST = 100_000_000_000, 4, 32
# Below so many parameters, threads wait for each other longer than they work, above all where cores are shared.
SMALL = 2_000_000


class Remeasured(BaseModel):
    """What measuring rows of a record again gave; ``differing`` is empty when the record stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    population: str
    seed: int
    of: int
    examples: list[int]
    sensitive: list[str]
    differing: list[str]
    largest: dict[str, float]

    @property
    def stands(self) -> bool:
        return not self.differing


def sample_rows(population: Population, *, rows: int, seed: int) -> np.ndarray:
    """Positions of ``rows`` random rows of a record, sorted; all of them when it has no more.

    The draw depends on the seed and the population's name alone, so that every process draws the same.
    """
    of = len(population.record)
    digest = hashlib.sha256(population.name.encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
    return np.sort(rng.choice(of, size=min(rows, of), replace=False))


def cost_of_row(population: Population) -> int:
    """Multiplications that one row of a record took, up to a common factor."""
    kept = population.record.provenance
    parameters = kept.model.parameters // (2 if kept.model.architecture == "hrm" else 1)
    return parameters * kept.model.tokens * kept.model.updates_per_segment * kept.segments * (1 + kept.exponents)


def affordable_rows(population: Population) -> int:
    """How many rows are measured again when nobody says: a few seconds' worth, within `FEWEST` and `MOST`.

    None where a single row costs more: of a network of the published size it takes a minute, and minutes more where
    last bits decide it, so that its numerical noise must be measured too.
    """
    cost = cost_of_row(population)
    return int(np.clip(AFFORDABLE // cost, FEWEST, MOST)) if cost <= AFFORDABLE else 0


def calm_half(record: Record) -> Record:
    """The half of a record that moves least at the end: no last bit decides the outcome of these rows."""
    late = np.argsort(record.late_displacement(part="joint", window=1), kind="stable")
    return record.take(late[: -(-len(record) // 2)])


def verify_sample(population: Population, *, rows: int, seed: int, tamper: Callable[[Record], Record] | None = None) -> Remeasured:
    """Measure random rows of a population's record again and compare.

    Args:
        population: has a record, a checkpoint and puzzles.
        rows: how many to measure.
        seed: of the draw.
        tamper: alters the drawn rows before they are compared, to show that it is noticed.

    Raises:
        UserError: checkpoint, puzzles and record are not of one measurement.
    """
    from unsettled.measure.campaign.noise import verify_rows

    checkpoint, puzzles = _load(population)
    drawn = population.record.take(sample_rows(population, rows=rows, seed=seed))
    with suited_threads(checkpoint.facts.parameters):
        result = verify_rows(checkpoint, puzzles, tamper(drawn) if tamper else drawn)
    return Remeasured(
        population=population.name,
        seed=seed,
        of=len(population.record),
        examples=drawn.example_id.tolist(),
        sensitive=result.sensitive,
        differing=result.differing,
        largest={name: float(gap) for name, gap in result.largest.items()},
    )


def settings_of(population: Population, changes: Mapping[str, int | str]) -> dict[str, int | str]:
    """How to measure a population whole: as its record was, else by default, with what the user changes."""
    if population.record is None:
        return MEASURING | changes
    kept = population.record.provenance
    as_recorded = {
        "k": kept.exponents,
        "segments": kept.segments,
        "seed": kept.tangent_seed,
        "batch": kept.batch,
        "dtype": kept.dtype,
        "limit": 0,
    }
    return MEASURING | as_recorded | changes


def measure_population(population: Population, folder: Path, *, changes: Mapping[str, int | str], fresh: bool = False) -> Path:
    """Measure a population whole into ``folder`` and return the record's path; what lies there already is used.

    Args:
        population: has a checkpoint and puzzles.
        folder: where records are kept; the file name tells checkpoint, puzzles and settings apart.
        changes: settings that differ from how its record was measured, or from `DEFAULTS`.
        fresh: measure even when the record is there.

    Raises:
        UserError: checkpoint or puzzles cannot be read, or do not fit.
    """
    from unsettled.measure.campaign.noise import FLOOR_PASSES, floor_of_sample, rows_of
    from unsettled.measure.campaign.run import StaleParts, measure
    from unsettled.measure.support.progress import progress

    settings = settings_of(population, changes)
    checkpoint, puzzles = _load(population, limit=int(settings.pop("limit")) or None)
    if population.record is not None:
        puzzles = rows_of(puzzles, population.record)
    identity = json.dumps([checkpoint.tensors_digest, puzzles.digest, settings, dict(population.structure)], sort_keys=True)
    out = folder / f"{population.name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.parquet"
    if fresh or not out.is_file():
        noisy = min(NOISE_ROWS, len(puzzles))
        threads = suited_threads(checkpoint.facts.parameters)
        with threads, progress(f"measuring {population.name}", len(puzzles) + FLOOR_PASSES * noisy) as advance:
            noise = floor_of_sample(checkpoint, puzzles, rows=noisy, advance=advance)
            measured = partial(measure, checkpoint, puzzles, out, **settings, noise=noise, advance=advance)
            try:
                measured()
            except StaleParts as stale:  # the cache's own, left by another version of the program
                shutil.rmtree(stale.where)
                measured()
    return out


def compare_records(population: Population, again: Path, *, seed: int) -> Remeasured:
    """A population's record against a whole one measured again, row by row."""
    from unsettled.measure.campaign.noise import compare, differences

    record, fresh = population.record, read_record(again)
    if not np.array_equal(record.example_id, fresh.example_id):
        raise UserError("the re-measured record is of other examples", where=again)
    told = compare(record, fresh)
    if told:
        return _closer(population, record, np.array(sorted(told)), seed=seed)
    return Remeasured(
        population=population.name,
        seed=seed,
        of=len(record),
        examples=record.example_id.tolist(),
        sensitive=[],
        differing=[],
        largest={name: float(gap.max(initial=0.0)) for name, gap in differences(record, fresh).items()},
    )


def _closer(population: Population, record: Record, suspects: np.ndarray, *, seed: int) -> Remeasured:
    """Rows beyond the floor, each judged by its own measured noise."""
    from unsettled.measure.campaign.noise import verify_rows

    checkpoint, puzzles = _load(population)
    with suited_threads(checkpoint.facts.parameters):
        result = verify_rows(checkpoint, puzzles, record.take(suspects))
    return Remeasured(
        population=population.name,
        seed=seed,
        of=len(record),
        examples=record.example_id.tolist(),
        sensitive=result.sensitive,
        differing=result.differing,
        largest=result.largest,
    )


@contextmanager
def suited_threads(parameters: int) -> Iterator[None]:
    """Within it torch uses one thread for a small network, and for a large one what it used before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1 if parameters < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _load(population: Population, *, limit: int | None = None):
    from unsettled.measure.networks.checkpoints import load_checkpoint
    from unsettled.measure.tasks.read import read_puzzles

    checkpoint = load_checkpoint(population.checkpoint, **population.structure)
    return checkpoint, read_puzzles(population.puzzles, limit=limit)
