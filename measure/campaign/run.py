"""A whole measurement: batches, parts that survive an interruption, progress, and the record at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Protocol, TypedDict, Unpack

import numpy as np
import torch

from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.finished import USUAL, IfWhole, taken
from unsettled.measure.campaign.parts import Parts, resumed
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted, blaming
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.networks.members import as_network
from unsettled.measure.networks.protocol import State
from unsettled.measure.record.declared import Declared
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.precision import as_precise_as
from unsettled.measure.record.provenance import NoiseFloor, Provenance, measured_on
from unsettled.measure.record.record import Record, concatenate
from unsettled.measure.record.side import SideProvenance
from unsettled.measure.record.writer import record_writer
from unsettled.measure.rollout.fitting import DTYPES, Placed, dimensions, fitted
from unsettled.measure.rollout.rollout import batch_of, rollout
from unsettled.measure.support.counts import at_least, seed_of
from unsettled.measure.tasks.examples import Examples

Advance = Callable[[int], None]


class Noise(Protocol):
    """Finds the numerical noise of a record from ``rows`` of its finished parts."""

    @property
    def rows(self) -> int: ...

    def __call__(self, parts: Iterator[Record], /) -> NoiseFloor: ...


class Settings(TypedDict, total=False):
    """How to measure: exponents, segments, tangent seed, puzzles at a time, where, in which precision, updates between QRs,
    the seed of a stochastic network's frozen noise, and what was declared before."""

    k: int
    segments: int
    seed: int
    batch: int
    device: str
    dtype: str
    qr_every: int
    noise_seed: int | None
    declared: Declared | None


def provenance_of(
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
    *,
    k: int = 8,
    segments: int = 16,
    seed: int = 0,
    batch: int = 8,
    device: str = "cpu",
    dtype: str = "float32",
    qr_every: int = 1,
    noise_seed: int | None = None,
    declared: Declared | None = None,
) -> Provenance:
    """What a measurement will be, before it is made. Raises UserError for arguments that fit nothing."""
    if dtype not in DTYPES:
        raise UserError(f"unknown dtype {dtype!r}", hint="one of " + ", ".join(DTYPES))
    for name, value, lowest in (("k", k, 0), ("segments", segments, 1), ("batch", batch, 1), ("qr_every", qr_every, 1)):
        at_least(lowest, value, name)
    for name, value in (("seed", seed), ("noise_seed", noise_seed or 0)):
        seed_of(value, name)
    ready = fitted(checkpoint, puzzles)
    if k > (most := dimensions(ready, puzzles)):
        raise UserError(f"k is {k}, the state has only {most} dimensions")
    try:
        if torch.empty(0, device=device).is_meta:
            raise UserError(f"device {device!r} holds no numbers", hint="cpu, or cuda")
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"device {device!r} is not available here: {str(error).splitlines()[0]}") from None
    return Provenance(
        **measured_on(ready, puzzles),
        task=puzzles.task.name,
        segments=segments,
        exponents=k,
        tangent_seed=seed,
        qr_every=qr_every,
        dtype=dtype,
        device=device,
        batch=batch,
        noise_seed=noise_seed,
        declared=declared,
        by_rule=puzzles.by_rule is not None,
        weights=ready.weights,
    )


def measure_batch(
    network: Placed, rows: Examples, provenance: Provenance, start: Callable[[State], State] | None = None
) -> dict[str, np.ndarray]:
    """The columns of one batch, with as many digits as the network's own arithmetic has.

    ``start`` alters the trained initial state, which is how the numerical noise of a row is measured.
    """
    model, noise_seed = network.here, provenance.noise_seed or 0
    initial = start(as_network(model).start(batch_of(rows, device=provenance.device, noise_seed=noise_seed))) if start else None
    columns = rollout(
        model,
        rows,
        k=provenance.exponents,
        segments=provenance.segments,
        seed=provenance.tangent_seed,
        qr_every=provenance.qr_every,
        start=initial,
        device=provenance.device,
        noise_seed=noise_seed,
    )
    return as_precise_as(provenance.dtype, columns)


def measure_rows(
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
    *,
    start: Callable[[State], State] | None = None,
    advance: Advance = lambda rows: None,
    **settings: Unpack[Settings],
) -> Record:
    """Measure a puzzle set in memory and return its record; ``advance`` is told the rows done as they are."""
    provenance = provenance_of(checkpoint, puzzles, **settings)
    network = Placed(checkpoint.model, provenance.dtype, provenance.device)
    records = []
    for first in range(0, len(puzzles), provenance.batch):
        rows = puzzles.take(np.arange(first, min(first + provenance.batch, len(puzzles))))
        columns = blaming(partial(measure_batch, network, provenance=provenance, start=start), rows)
        records.append(Record(**columns, provenance=provenance))
        advance(len(rows))
    return concatenate(records)


def measure(
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
    out: Path | str,
    *,
    noise: Noise | None = None,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Advance = lambda rows: None,
    **settings: Unpack[Settings],
) -> None:
    """Measure a network on examples into the record ``out``, resuming what an interrupted call of the same measurement left.

    Equal arguments give equal bytes. Parts, one a batch, lie in ``OUT.parts`` until the record is whole.

    Args:
        checkpoint: the network (see `unsettled.measure.load_checkpoint`).
        puzzles: the examples (see `unsettled.measure.read_puzzles`).
        out: the Parquet file to write; `unsettled.measure.read_record` reads it.
        noise: given the finished parts; the numerical noise that it finds goes into the provenance.
        if_whole: what to do where ``out`` is whole already.
        workers: who measures the batches.
        advance: told the rows done, as they are.
        settings: ``k`` leading exponents (8), ``segments`` of a rollout (16), ``seed`` of the tangents (0), ``batch`` rows at a time
            (8), ``device`` ("cpu"), ``dtype`` ("float32"), ``qr_every`` so many updates (1).

    Raises:
        UserError: an argument fits nothing, another process writes to ``out``, its parts are of another measurement (other
            settings, other examples, another commit of the program), or the file cannot be written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from unsettled.measure import load_checkpoint, measure, read_puzzles, read_record
    >>> folder, out = Path("fixtures/reference/trm-4x4"), Path(tempfile.mkdtemp()) / "record.parquet"
    >>> measure(load_checkpoint(folder), read_puzzles(folder / "puzzles.parquet", limit=4), out, k=1, segments=4)
    >>> read_record(out).exponents(unit="update").shape
    (4, 1)
    """
    out = Path(out)
    provenance = provenance_of(checkpoint, puzzles, **settings)
    fingerprint, noisy = fingerprint_of(checkpoint, puzzles), noise.rows if noise else 0
    with resumed(parts_of(out, puzzles, provenance, fingerprint), what="record") as parts:
        if taken(parts, if_whole, alike=lambda kept: _same(kept, provenance, noisy)) is not None:
            advance(len(puzzles))
            return
        finished = parts.finished()
        advance(sum(finished.values()))
        measured = partial(measure_batch, Placed(checkpoint.model, provenance.dtype, provenance.device), provenance=provenance)
        for rows in parts.fill(puzzles, measured, finished=finished, workers=workers):
            advance(rows)
        whole = provenance if noise is None else provenance.model_copy(update={"noise": noise(iter(parts))})
        with record_writer(out, whole, fingerprint=fingerprint) as writer:  # in order, with memory for one row group at a time
            for part in parts:
                writer.add(part)
        parts.remove()


def parts_of(out: Path, puzzles: Examples, provenance: Provenance, fingerprint: str) -> Parts[Record]:
    """The parts of a record: one a batch."""

    def made(columns: dict[str, np.ndarray]) -> Record:
        return Record(**columns, provenance=provenance)

    return Parts(out, provenance, puzzles.ids, provenance.batch, made, partial(read_record, part=True), write_record, fingerprint)


def _same(kept: Provenance | SideProvenance, provenance: Provenance, rows: int) -> bool:
    """Whether a finished record is of this very measurement, its noise found from as many rows."""
    if not isinstance(kept, Provenance) or (kept.noise.rows if kept.noise else 0) != rows:
        return False
    return kept.model_copy(update={"noise": None}) == provenance
