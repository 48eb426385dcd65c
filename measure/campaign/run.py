"""A whole measurement: batches, parts that survive an interruption, progress, and the record at the end."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
import torch

from unsettled.measure.campaign.parts import Parts, resumed
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.networks.fit import fit
from unsettled.measure.networks.recursive import State
from unsettled.measure.record.parquet import read_provenance, read_record, write_record
from unsettled.measure.record.provenance import NoiseFloor, Provenance, measured_on
from unsettled.measure.record.record import Record, concatenate
from unsettled.measure.record.writer import record_writer
from unsettled.measure.rollout.rollout import rollout
from unsettled.measure.tasks.read import PuzzleSet

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}

Advance = Callable[[int], None]


class Settings(TypedDict, total=False):
    """How to measure: exponents, segments, tangent seed, puzzles at a time, where, in which precision, updates between QRs."""

    k: int
    segments: int
    seed: int
    batch: int
    device: str
    dtype: str
    qr_every: int


def provenance_of(
    checkpoint: Checkpoint,
    puzzles: PuzzleSet,
    *,
    k: int = 8,
    segments: int = 16,
    seed: int = 0,
    batch: int = 8,
    device: str = "cpu",
    dtype: str = "float32",
    qr_every: int = 1,
) -> Provenance:
    """What a measurement will be, before it is made. Raises UserError for arguments that fit nothing."""
    if dtype not in DTYPES:
        raise UserError(f"unknown dtype {dtype!r}", hint="one of " + ", ".join(DTYPES))
    for name, value, least in (("k", k, 0), ("segments", segments, 1), ("batch", batch, 1), ("qr_every", qr_every, 1)):
        if value < least:
            raise UserError(f"{name} is {value}, it must be at least {least}")
    fit(checkpoint.model, puzzles, trained_on=checkpoint.task, where=checkpoint.path)
    config = checkpoint.config
    if k > 2 * config.tokens * config.hidden_size:
        raise UserError(f"k is {k}, the state has only {2 * config.tokens * config.hidden_size} dimensions")
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"device {device!r} is not available here: {str(error).splitlines()[0]}") from None
    return Provenance(
        **measured_on(checkpoint, puzzles),
        segments=segments,
        exponents=k,
        tangent_seed=seed,
        qr_every=qr_every,
        dtype=dtype,
        device=device,
        batch=batch,
    )


def measure_batches(
    checkpoint: Checkpoint,
    puzzles: PuzzleSet,
    provenance: Provenance,
    *,
    done: frozenset[int] = frozenset(),
    start: Callable[[State], State] | None = None,
) -> Iterator[tuple[int, Record]]:
    """Measure batch after batch; yields (number of the batch, its rows). ``done`` batches are passed over.

    ``start`` alters the trained initial state, which is how the numerical noise of a row is measured.
    """
    model, dtype, device = checkpoint.model, DTYPES[provenance.dtype], torch.device(provenance.device)
    if (model.lm_head.weight.dtype, model.lm_head.weight.device) != (dtype, device):
        # a copy: a checkpoint that was rounded in place would no longer be what its digests say
        model = copy.deepcopy(model).to(device=device, dtype=dtype)
    for number in range(-(-len(puzzles) // provenance.batch)):
        if number in done:
            continue
        rows = puzzles.take(np.arange(number * provenance.batch, min((number + 1) * provenance.batch, len(puzzles))))
        initial = start(model.initial_state(len(rows))) if start else None
        arrays = rollout(
            model,
            rows,
            k=provenance.exponents,
            segments=provenance.segments,
            seed=provenance.tangent_seed,
            qr_every=provenance.qr_every,
            start=initial,
        )
        yield number, Record(**arrays, provenance=provenance)


def measure_rows(
    checkpoint: Checkpoint,
    puzzles: PuzzleSet,
    *,
    start: Callable[[State], State] | None = None,
    advance: Advance = lambda rows: None,
    **settings: Unpack[Settings],
) -> Record:
    """Measure a puzzle set in memory and return its record; ``advance`` is told the rows done as they are."""
    provenance = provenance_of(checkpoint, puzzles, **settings)
    records = []
    for _, record in measure_batches(checkpoint, puzzles, provenance, start=start):
        records.append(record)
        advance(len(record))
    return concatenate(records)


def measure(
    checkpoint: Checkpoint,
    puzzles: PuzzleSet,
    out: Path,
    *,
    noise: Callable[[Iterator[Record]], NoiseFloor] | None = None,
    advance: Advance = lambda rows: None,
    **settings: Unpack[Settings],
) -> None:
    """Measure a puzzle set into ``out``, resuming what an interrupted call of the same measurement left.

    Parts lie in ``OUT.parts`` until the record is whole. ``noise`` is given the finished parts and its answer goes
    into the provenance.

    Raises:
        UserError: another measurement is writing to ``out``, or its parts are of a different measurement.
    """
    provenance = provenance_of(checkpoint, puzzles, **settings)
    with resumed(parts_of(out, puzzles, provenance), what="record") as parts:
        if parts.ended(lambda path: _is_whole(path, provenance, noise is not None)):
            advance(len(puzzles))
            return
        finished = parts.finished()
        advance(sum(finished.values()))
        for number, record in measure_batches(checkpoint, puzzles, provenance, done=frozenset(finished)):
            parts.add(number, record)
            advance(len(record))
        whole = provenance if noise is None else provenance.model_copy(update={"noise": noise(iter(parts))})
        with record_writer(out, whole) as writer:  # in order, with memory for one row group at a time
            for part in parts:
                writer.add(part)
        parts.remove()


def parts_of(out: Path, puzzles: PuzzleSet, provenance: Provenance) -> Parts[Record]:
    """The parts of a record: one a batch."""
    return Parts(out, provenance, puzzles.ids, provenance.batch, partial(read_record, part=True), write_record)


def _is_whole(out: Path, provenance: Provenance, noise: bool) -> bool:
    """Whether ``out`` is the record of this very measurement already."""
    try:
        kept = read_provenance(out)
    except UserError:
        return False
    return (kept.noise is not None) == noise and kept.model_copy(update={"noise": None}) == provenance
