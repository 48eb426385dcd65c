"""Numerical noise of a record, measured: how far equivalent re-measurements of its rows lie apart.

Two measurements of the same puzzle differ in the last bits when the batch, the number of threads or the processor
does; where the dynamics expand, that difference grows. So the noise is measured, never assumed. Whether one row is as
recorded hangs on its own noise, not on its record's: see `unsettled.measure.campaign.verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np

from unsettled.measure.campaign.run import Advance, measure_rows
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.compare import differences
from unsettled.measure.record.provenance import NoiseFloor, TangentStarts
from unsettled.measure.record.record import Record, concatenate
from unsettled.measure.rollout.starts import last_bit_start
from unsettled.measure.tasks.examples import Examples

E = TypeVar("E", bound=Examples)

QUANTILES = {"median": 0.5, "q90": 0.9, "q99": 0.99, "largest": 1.0}
TANGENT_SEEDS = 4
FLOOR_PASSES = 4 + TANGENT_SEEDS


def measure_floor(
    checkpoint: Checkpoint | Adapted, puzzles: Examples, record: Record, *, advance: Advance = lambda rows: None
) -> NoiseFloor:
    """Noise of a record, from re-measuring the given rows in `FLOOR_PASSES` other ways.

    Four should change nothing but rounding: another batch size, two last-bit starts, the other of float32 and float64.
    Beside them, under other tangent starts, how far the exponents still depend on that choice.

    Args:
        checkpoint, puzzles: what the record was measured on; every row of ``record`` must be in ``puzzles``.
        record: the rows to re-measure.
        advance: told the rows done as they are, `FLOOR_PASSES` times those of the record in all.
    """
    chosen, kept = rows_of(puzzles, record), record.provenance
    half, other = max(1, kept.batch // 2), "float32" if kept.dtype == "float64" else "float64"
    alternates: dict[str, dict[str, Any]] = {
        f"batch {half}": {"batch": half},
        "last-bit start 1": {"start": last_bit_start(1)},
        "last-bit start 2": {"start": last_bit_start(2)},
        other: {"dtype": other},
    }
    gaps: dict[str, list[np.ndarray]] = {}
    flips = 0
    for changes in alternates.values():
        again = remeasure(checkpoint, chosen, record, advance=advance, **changes)
        flips += int((again.solved != record.solved).sum())
        for name, gap in differences(record, again).items():
            gaps.setdefault(name, []).append(gap)
    return NoiseFloor(
        rows=len(record),
        alternates=list(alternates),
        quantiles={name: _quantiles(parts) for name, parts in gaps.items()},
        label_flips=flips,
        tangent_starts=_tangent_starts(checkpoint, chosen, record, advance) if kept.exponents else None,
    )


def _tangent_starts(checkpoint: Checkpoint | Adapted, puzzles: Examples, record: Record, advance: Advance) -> TangentStarts:
    first, changes = record.provenance.tangent_seed + 1, []
    for seed in range(first, first + TANGENT_SEEDS):
        again = remeasure(checkpoint, puzzles, record, advance=advance, seed=seed)
        with np.errstate(invalid="ignore"):
            change = again.exponents(unit="update") - record.exponents(unit="update")
        changes.append(np.nan_to_num(change, posinf=0.0, neginf=0.0))  # equal or lost infinities: no size to speak of
    common = np.stack([change.mean(axis=0) for change in changes])
    own = np.concatenate([np.abs(change - mean) for change, mean in zip(changes, common, strict=True)])
    return TangentStarts(seeds=TANGENT_SEEDS, shared=np.sqrt((common**2).mean(axis=0)).tolist(), own=[_quantiles([gaps]) for gaps in own.T])


def _quantiles(gaps: list[np.ndarray]) -> dict[str, float]:
    pooled = np.concatenate(gaps)
    return {label: float(np.quantile(pooled, level)) for label, level in QUANTILES.items()}


@dataclass(frozen=True)
class FloorOfSample:
    """What `campaign.measure` takes as ``noise``: the floor from ``rows`` evenly spread rows of the finished parts."""

    checkpoint: Checkpoint | Adapted
    puzzles: Examples
    rows: int = field(kw_only=True)
    workers: Workers = field(default=here, kw_only=True)
    advance: Advance = field(default=lambda rows: None, kw_only=True)

    def __call__(self, parts: Iterator[Record], /) -> NoiseFloor:
        wanted = self.puzzles.ids[spread(len(self.puzzles), self.rows)]
        kept = concatenate([part.take(np.isin(part.example_id, wanted)) for part in parts])
        if self.workers is here:
            return measure_floor(self.checkpoint, self.puzzles, kept, advance=self.advance)
        [(_, found)] = self.workers(partial(measure_floor, self.checkpoint, rows_of(self.puzzles, kept)), [(0, kept)])
        self.advance(FLOOR_PASSES * self.rows)
        return found


def spread(total: int, rows: int) -> np.ndarray:
    """Positions of ``rows`` evenly spread ones among ``total``."""
    return np.linspace(0, total - 1, rows).astype(int)


def remeasure(checkpoint: Checkpoint | Adapted, puzzles: Examples, record: Record, **changes: Any) -> Record:
    """The rows of ``puzzles`` measured as ``record`` was, but for ``changes`` (batch, start, device, advance)."""
    kept = record.provenance
    settings: dict[str, Any] = {
        "k": kept.exponents,
        "segments": kept.segments,
        "seed": kept.tangent_seed,
        "batch": kept.batch,
        "dtype": kept.dtype,
        "qr_every": kept.qr_every,
        "noise_seed": kept.noise_seed,
    }
    return measure_rows(checkpoint, puzzles, **{**settings, **changes})


def rows_of(puzzles: E, record: Record) -> E:
    """The puzzles of the rows of a record, in its order. Raises UserError when one is missing."""
    position = {int(identity): index for index, identity in enumerate(puzzles.ids)}
    try:
        return puzzles.take(np.array([position[int(identity)] for identity in record.example_id], dtype=int))
    except KeyError as error:
        raise UserError(f"example {error} of the record is not in the puzzle set") from None
