"""Measures the long record of a network: rollouts of 64 segments, longer ones of what is unsolved then, and other starts.

Work goes chunk by chunk; each finished chunk lies in ``OUT.parts`` until all are there, so that the same call resumes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from unsettled.measure.analysis.capture import first_solved, solved_since
from unsettled.measure.analysis.labels import Evidence
from unsettled.measure.campaign.evidence import evidence_of
from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.finished import USUAL, IfWhole
from unsettled.measure.campaign.long_stages import LATE, LongSettings, follow_to_rest, held_at_rest, merged, resting
from unsettled.measure.campaign.run import provenance_of
from unsettled.measure.campaign.side_parts import side_in_parts
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.record.precision import round_mantissa
from unsettled.measure.record.provenance import measured_on
from unsettled.measure.record.side import SideProvenance, SideRecord
from unsettled.measure.rollout.fitting import Measurable, fitted
from unsettled.measure.rollout.starts import noisy_start
from unsettled.measure.rollout.trajectory import Trajectories, follow
from unsettled.measure.tasks.examples import Examples, holding

KIND = "long"
CHUNK = 32
# Bits of the mantissa that are kept: 0.4 % of a value, far below any difference between runs.
BITS = 7


def measure_long(
    network: Measurable,
    puzzles: Examples,
    out: Path,
    settings: LongSettings,
    *,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Callable[[int], None] = lambda rows: None,
    chunk: int = CHUNK,
) -> SideRecord:
    """Measure, write to ``out`` and return the long record of a network on a puzzle set, ``chunk`` puzzles at a time.

    Raises:
        UserError: the puzzles do not fit the network, another process writes to ``out``, or unfinished parts beside it are
            of another measurement.
    """
    provenance_of(network, puzzles, k=settings.k, segments=settings.segments, batch=settings.batch)  # refuses what does not fit
    ready = fitted(network, puzzles)
    about = SideProvenance(
        kind=KIND,
        **measured_on(ready, puzzles),
        settings={**_told(settings), "windows": [n for window in settings.windows for n in window]},
    )
    measured = partial(measure_chunk, ready, settings=settings)
    told = fingerprint_of(ready, puzzles, chunk=chunk)
    return side_in_parts(out, about, puzzles, measured, size=chunk, fingerprint=told, if_whole=if_whole, workers=workers, advance=advance)


def _told(settings: LongSettings) -> dict[str, int | float]:
    """The settings as provenance tells them; what saves work only where it was asked for."""
    usual = {"stop_at_rest": 0.0, "deep_every": 1, "noise_seed": 0}
    return {name: value for name, value in asdict(settings).items() if value != usual.get(name)}


def measure_chunk(network: Measurable, puzzles: Examples, settings: LongSettings) -> dict[str, np.ndarray]:
    """The columns of some puzzles."""
    runs, state, held = follow_to_rest(network, puzzles, settings)
    unsolved = np.flatnonzero(~runs.solved & (puzzles.ids % settings.deep_every == 0))
    going = unsolved[~resting(runs, settings)[unsolved]]
    further = None
    if settings.deep and len(unsolved):
        bare = replace(runs, growth=runs.growth[..., :0]).take(unsolved)  # deeper rollouts measure no exponents
        further = held_at_rest(bare, settings.deep - settings.segments)
        if len(going):
            followed = follow(
                network,
                puzzles.take(going),
                segments=settings.deep - settings.segments,
                batch=settings.batch,
                start=tuple(part[torch.from_numpy(going)] for part in state),
                passed=settings.segments,
                noise_seed=settings.noise_seed,
            )
            further = merged(further, followed, np.isin(unsolved, going))
    evidence = [evidence_of(runs, end=end, window=window) for end, window in settings.windows[:5]]
    if settings.deep:
        last = None if further is None else evidence_of(further, window=LATE)
        evidence.append(_spread(last, unsolved, len(runs)))
    exponent = runs.growth[..., 0] if settings.k else np.full(runs.solved_at.shape, np.nan)
    counted = {} if puzzles.givens is None else {"givens": puzzles.givens}
    if runs.counts_conflicts:
        counted["conflicts"] = np.minimum(runs.conflicts, 255).astype(np.uint8)
    return {
        "example_id": runs.example_id,
        **counted,
        "solved_at": runs.solved_at.astype(np.uint8),
        "board_changed": _changed(runs.boards),
        "token_right": runs.token_right,
        "halting_logit": round_mantissa(runs.halting_logit, BITS),
        "displacement": round_mantissa(_relative(runs), BITS),
        "exponent": round_mantissa(exponent, BITS),
        "held": held,
        "board": board_identity(runs.boards[:, -1]),
        **_outcome(runs, unsolved, further, settings),
        **{f"late_{item.name}": _stacked(evidence, item.name) for item in fields(Evidence)},
        **_other_starts(network, puzzles, runs.solved, settings),
    }


def _relative(runs: Trajectories) -> np.ndarray:
    """(N, S) displacement over the norm; NaN of a state that is not finite, or is nothing."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        found: np.ndarray = runs.displacement / runs.norm
    return found


def _outcome(runs: Trajectories, unsolved: np.ndarray, further: Trajectories | None, settings: LongSettings) -> dict[str, np.ndarray]:
    """When each puzzle was first solved, since when it has been, and until when it was followed; segments from 1, 0 for never."""
    followed = np.full(len(runs), runs.segments, np.int32)
    first, since = first_solved(runs.solved_at), solved_since(runs.solved_at)
    if further is not None:
        followed[unsolved] = settings.deep
        later = first_solved(further.solved_at)
        never = first[unsolved] == 0
        first[unsolved] = np.where(never & (later > 0), later + runs.segments, first[unsolved])
        held = solved_since(further.solved_at)
        since[unsolved] = np.where(held > 0, held + runs.segments, 0)
    return {"followed": followed, "first_solved": first, "solved_since": since}


def _changed(boards: np.ndarray) -> np.ndarray:
    """(N, S) uint8: whether the board differs from the one a segment before; the first counts as changed."""
    changed = np.ones(boards.shape[:2], np.uint8)
    changed[:, 1:] = (boards[:, 1:] != boards[:, :-1]).any(axis=-1)
    return changed


def board_identity(boards: np.ndarray) -> np.ndarray:
    """(N,) uint64 of (N, cells) boards: equal for equal boards, whatever type they have, and practically only for them."""
    digests = [hashlib.sha256(row.astype(holding(row)).tobytes()).digest()[:8] for row in boards]
    return np.array([int.from_bytes(digest, "little") for digest in digests], np.uint64)


def _stacked(evidence: list[Evidence], name: str) -> np.ndarray:
    """One piece of evidence of all windows, (N, windows, …)."""
    stacked = np.stack([getattr(one, name) for one in evidence], axis=1)
    if stacked.dtype.kind == "f":
        return round_mantissa(stacked, BITS)
    return stacked.astype(np.uint8 if stacked.dtype == bool else np.int16)


def _spread(evidence: Evidence | None, rows: np.ndarray, count: int) -> Evidence:
    """Evidence of some rows as that of all: NaN, or 0, for those not followed."""
    shapes: dict[str, tuple[int, ...]] = {"recurrence_high": (count, 8), "recurrence_mean": (count, 8)}
    whole = {}
    for item in fields(Evidence):
        kind = {"boards": np.int64, "conflicts_range": np.int64, "solved": bool}.get(item.name, np.float64)
        array = np.full(shapes.get(item.name, (count,)), np.nan if kind is np.float64 else 0, kind)
        if evidence is not None:
            array[rows] = getattr(evidence, item.name)
        whole[item.name] = array
    return Evidence(**whole)


def _other_starts(network: Measurable, puzzles: Examples, solved: np.ndarray, settings: LongSettings) -> dict[str, np.ndarray]:
    """Outcome of every other start, (N, starts); ``start_run`` marks where there was one."""
    chosen = np.flatnonzero(~solved | (puzzles.ids % settings.controls == 0))
    shape = (len(puzzles), settings.starts)
    columns: dict[str, np.ndarray] = {
        "start_run": np.zeros(shape, np.uint8),
        "start_solved": np.zeros(shape, np.uint8),
        "start_board": np.zeros(shape, np.uint64),
        "start_rest": np.full(shape, np.nan, np.float32),
    }
    if not settings.starts:
        return {"start_run": np.zeros((len(puzzles), 1), np.uint8)}
    for index in range(settings.starts if len(chosen) else 0):
        start = noisy_start(index + 1, settings.scale)
        runs, _, _ = follow_to_rest(network, puzzles.take(chosen), settings, start)
        columns["start_run"][chosen, index] = 1
        columns["start_solved"][chosen, index] = runs.solved
        columns["start_board"][chosen, index] = board_identity(runs.boards[:, -1])
        columns["start_rest"][chosen, index] = evidence_of(runs).recurrence_high[:, 0]
    columns["start_rest"] = round_mantissa(columns["start_rest"], BITS)
    return columns
