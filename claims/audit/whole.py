"""A population measured whole, as its record was, into a file that is used again while it is undamaged and of the same. Imports torch."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from unsettled.claims.audit.loading import loaded, read_as, suited_threads
from unsettled.claims.audit.run import Run
from unsettled.claims.populations.measuring import MEASURING
from unsettled.claims.populations.populations import Population
from unsettled.measure.campaign.noise import FLOOR_PASSES, FloorOfSample, rows_of
from unsettled.measure.campaign.parts import StaleParts
from unsettled.measure.campaign.run import Settings, provenance_of
from unsettled.measure.campaign.run import measure as measure_puzzles
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.provenance import Provenance, version_of_program
from unsettled.measure.support.files import digest_of, write_whole
from unsettled.measure.support.progress import progress

NOISE_ROWS = 64
# settings that say which examples are read: the digest of the examples tells them
READING = ("limit", "split", "task", "several")


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
        **read_as(population),
    }
    return {**MEASURING, **as_recorded, **changes}


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
            noise = FloorOfSample(checkpoint, puzzles, rows=noisy, advance=advance)
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
