"""Measuring again: a random sample of a record's rows, or a whole population, on its own checkpoint. Imports torch."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch

from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.run import Run
from unsettled.claims.audit.sampling import DEAR, NOT_ITS_TURN, Remeasured, affordable_rows, cost_of_row, record_of, sample_rows
from unsettled.claims.audit.tampering import tampered
from unsettled.claims.populations.measuring import MEASURING
from unsettled.claims.populations.populations import Population
from unsettled.measure.campaign.noise import FLOOR_PASSES, floor_of_sample, remeasure, rows_of
from unsettled.measure.campaign.parts import StaleParts
from unsettled.measure.campaign.run import Settings, provenance_of
from unsettled.measure.campaign.run import measure as measure_puzzles
from unsettled.measure.campaign.verify import Verification, measuring, verify_rows
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted, load_network
from unsettled.measure.networks.checkpoints import Checkpoint, load_checkpoint
from unsettled.measure.record.own_noise import profile
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.provenance import Provenance, version_of_program
from unsettled.measure.record.record import held
from unsettled.measure.record.row_check import STAGES, Again, check_rows
from unsettled.measure.rollout.fitting import fitted
from unsettled.measure.support.files import digest_of, write_whole
from unsettled.measure.support.progress import progress
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.reading import read_examples
from unsettled.measure.tasks.sudoku.vetted import Several

NOISE_ROWS = 64
# settings that say which examples are read: the digest of the examples tells them
READING = ("limit", "split", "task", "several")
# Below so many parameters, threads wait for each other longer than they work, above all where cores are shared.
SMALL = 2_000_000


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


def settings_of(population: Population, changes: Mapping[str, int | str]) -> dict[str, int | str]:
    """How to measure a population whole: as its record was, else by default, with what the user changes."""
    if population.record is None:
        return {**MEASURING, **changes}
    kept = population.record.provenance
    as_recorded: dict[str, int | str] = {
        "k": kept.exponents,
        "segments": kept.segments,
        "seed": kept.tangent_seed,
        "batch": kept.batch,
        "dtype": kept.dtype,
        "noise_seed": kept.noise_seed or 0,
        "limit": 0,
        **_read_as(population),
    }
    return {**MEASURING, **as_recorded, **changes}


def _read_as(population: Population) -> dict[str, str]:
    """How the examples of a record were read, as far as it tells."""
    if population.record is None:
        return {}
    kept = population.record.provenance
    return {"task": kept.task, "several": "valid" if kept.by_rule else "refuse"}


def _typed(settings: Mapping[str, int | str]) -> Settings:
    """Settings as measuring takes them, texts and numbers apart."""
    k, segments, seed, batch = (int(settings[name]) for name in ("k", "segments", "seed", "batch"))
    noise_seed = int(settings["noise_seed"]) or None  # 0 is what a record without one means
    where, how = str(settings["device"]), str(settings["dtype"])
    return Settings(k=k, segments=segments, seed=seed, batch=batch, device=where, dtype=how, noise_seed=noise_seed)


def measure_population(population: Population, folder: Path, *, changes: Mapping[str, int | str], fresh: bool = False) -> Path:
    """Measure a population whole into ``folder`` and return the record's path; what lies there already is used.

    Args:
        population: has a checkpoint and puzzles.
        folder: where records are kept, each with its digest beside it. The file name tells apart checkpoint, puzzles, settings, versions
            and the commit of this program; what is damaged or of something else is measured again.
        changes: settings that differ from how its record was measured, or from `MEASURING`.
        fresh: measure even when the record is there.

    Raises:
        UserError: checkpoint or puzzles cannot be read, or do not fit.
    """
    settings = settings_of(population, changes)
    checkpoint, puzzles = loaded(population, settings)
    if population.record is not None:
        puzzles = rows_of(puzzles, population.record).changed(groups=np.asarray(population.record.group))
    about = {name: value for name, value in settings.items() if name not in READING}
    built = dict(population.structure) if isinstance(checkpoint, Checkpoint) else checkpoint.adapter_digest
    expected = provenance_of(checkpoint, puzzles, **_typed(settings))
    said = [
        checkpoint.tensors_digest,
        checkpoint.bytes_digest,
        puzzles.digest,
        about,
        built,
        expected.versions,
        expected.commit,
        version_of_program(),
    ]
    out = folder / f"{population.name}-{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]}.parquet"
    if fresh or not _is_kept(out, expected, puzzles.ids):
        out.unlink(missing_ok=True)
        noisy = min(NOISE_ROWS, len(puzzles))
        threads = suited_threads(checkpoint.facts.parameters)
        with threads, progress(f"measuring {population.name}", len(puzzles) + FLOOR_PASSES * noisy) as advance:
            noise = floor_of_sample(checkpoint, puzzles, rows=noisy, advance=advance)
            measured = partial(measure_puzzles, checkpoint, puzzles, out, **_typed(settings), noise=noise, advance=advance)
            try:
                measured()
            except StaleParts as stale:  # the cache's own, left by another version of the program
                shutil.rmtree(str(stale.where))
                measured()
        write_whole(_beside(out), digest_of(out) + "\n", what="digest")
    return out


def _beside(record: Path) -> Path:
    return record.with_name(record.name + ".sha256")


def _is_kept(out: Path, expected: Provenance, ids: np.ndarray) -> bool:
    """Whether a record that was measured earlier is there, undamaged, and of what is to be measured now."""
    try:
        if digest_of(out) != _beside(out).read_text(encoding="ascii", errors="replace").strip():
            return False
        record = read_record(out)
    except (OSError, UserError):
        return False
    return record.provenance.model_copy(update={"noise": None}) == expected and np.array_equal(record.example_id, ids)


def measured_run(run: Run, folder: Path) -> Run:
    """Measure into ``folder`` what a run must measure before it can judge; the run on it. Raises UserError."""
    changes, fresh = dict(run.settings.changes), run.settings.remeasure
    return run.with_records({p.name: measure_population(p, folder, changes=changes, fresh=fresh) for p in run.to_measure()})


def compare_records(population: Population, again: Path, *, seed: int) -> Remeasured:
    """A population's record against a whole one measured again, row by row."""
    record, fresh = record_of(population), read_record(again)
    if not np.array_equal(record.example_id, fresh.example_id):
        raise UserError("the re-measured record is of other examples", where=again)
    checkpoint, puzzles = loaded(population)
    with suited_threads(checkpoint.facts.parameters):
        result = verify_rows(checkpoint, puzzles, record, again=fresh)
    return _told(population, result, seed=seed, examples=record.example_id.tolist())


@contextmanager
def suited_threads(parameters: int) -> Iterator[None]:
    """Within it torch uses one thread for a small network, and for a large one what it used before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if parameters < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def loaded_network(population: Population) -> Checkpoint | Adapted:
    """The network of a population, by its adapter where it has one. Raises UserError when there is none, or it cannot be read."""
    if population.checkpoint is None:
        raise UserError("the audit was not given its checkpoint", where=population.name)
    if population.adapter is not None:
        return load_network(population.adapter, population.checkpoint)
    told = population.structure
    return load_checkpoint(
        population.checkpoint,
        H_cycles=told.get("H_cycles"),
        L_cycles=told.get("L_cycles"),
        heads=told.get("heads"),
        prefix=told.get("prefix"),
    )


def loaded(population: Population, settings: Mapping[str, int | str] | None = None) -> tuple[Checkpoint | Adapted, Examples]:
    """Network and examples of a population, tried on each other, read as its record's were, or as ``settings`` say.

    Raises:
        UserError: either is missing or unreadable, or they do not fit.
    """
    if population.puzzles is None:
        raise UserError("the audit was not given its puzzles", where=population.name)
    network = loaded_network(population)
    how = {**MEASURING, "limit": 0, **_read_as(population)} if settings is None else settings
    known = population.record is not None and how["several"] == "refuse"  # whether there are several was asked when it was measured
    found = read_examples(
        population.puzzles,
        split=str(how["split"]),
        limit=int(how["limit"]) or None,
        task=str(how["task"]) or None,
        several=None if known else cast("Several", how["several"]),
    )
    _check_examples(population, found.examples)
    return fitted(network, found.examples), found.examples


def _check_examples(population: Population, examples: Examples) -> None:
    """Raises UserError where a whole record is of other examples: ids alone do not tell those of another split."""
    record = population.record
    if record is None or len(record) != record.provenance.puzzles:
        return
    if rows_of(examples, record).digest != record.provenance.puzzles_digest:
        hint = "if the record is of another split, name the folder of that split"
        raise UserError("the record was measured on other examples", where=population.puzzles, hint=hint)
