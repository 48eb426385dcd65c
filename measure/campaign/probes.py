"""Probes of a network beside a record: the same boards with few unknown cells, disturbed starts, and solved states put in.

All of them are plain rollouts; nothing is fitted. Random numbers hang on the seed and the example's id alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.networks.protocol import State
from unsettled.measure.record.provenance import measured_on
from unsettled.measure.record.side import Setting, SideProvenance, SideRecord, write_side
from unsettled.measure.rollout.starts import noisy_start
from unsettled.measure.rollout.trajectory import follow
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.unknown import with_unknown

RADII = (0.0, 0.1, 0.3, 1.0, 3.0)
Advance = Callable[[int], None]


def probe_unknown(
    checkpoint: Checkpoint,
    puzzles: Examples,
    out: Path,
    *,
    unknown: int = 1,
    segments: int = 16,
    batch: int = 64,
    seed: int = 0,
    advance: Advance = lambda rows: None,
) -> SideRecord:
    """Fill every puzzle in but for ``unknown`` cells of those it left open, run it, and write which segments end right.

    Columns: ``example_id``, ``unknown`` (N,), ``cell`` (N,) the first cell left open, ``solved_at`` (N, segments).

    Raises:
        UserError: the puzzles do not fit the checkpoint or are not Sudoku, or the file cannot be written.
    """
    filled = with_unknown(puzzles, unknown, seed=seed)
    runs = follow(checkpoint, filled, segments=segments, batch=batch, advance=advance)
    left = filled.inputs != filled.labels
    settings: dict[str, Setting] = {"unknown": unknown, "segments": segments, "seed": seed}
    about = SideProvenance(kind="few_unknown", settings=settings, **measured_on(checkpoint, puzzles))
    columns = {
        "example_id": puzzles.ids,
        "unknown": left.sum(axis=1).astype(np.int16),
        "cell": left.argmax(axis=1).astype(np.int16),
        "solved_at": runs.solved_at.astype(np.uint8),
    }
    return _written(SideRecord(columns, about), out)


def probe_disturbed(
    checkpoint: Checkpoint,
    puzzles: Examples,
    out: Path,
    *,
    radii: tuple[float, ...] = RADII,
    segments: int = 16,
    batch: int = 64,
    seed: int = 1,
    advance: Advance = lambda rows: None,
) -> SideRecord:
    """Run every puzzle from the trained start disturbed, and go on from its solved state disturbed, at each radius.

    A radius r adds normal noise of r times the root mean square of the state to every entry; 0 leaves it as it is.
    Columns: ``example_id``; ``start_solved`` (N, R) right after ``segments`` segments from the start; ``put_in`` (N,) whether the
    undisturbed run is right then; ``held``, ``held_at_end`` (N, R) whether, from that state disturbed, every one of as many further
    segments ends right, and whether the last does (0 where nothing was put in).

    Raises:
        UserError: radii that are negative, repeated or without 0, puzzles that do not fit, or the file cannot be written.
    """
    if 0.0 not in radii or min(radii) < 0 or len(set(radii)) < len(radii) or not np.isfinite(radii).all():
        raise UserError(f"radii {', '.join(f'{radius:g}' for radius in radii)}", hint="different ones, 0 among them, none negative")
    ended: list[State] = []
    plain = follow(checkpoint, puzzles, segments=segments, batch=batch, finish=ended.append)
    advance(len(puzzles))
    solved = np.flatnonzero(plain.solved)
    rows = torch.from_numpy(solved)
    state = tuple(torch.cat([batch_state[part] for batch_state in ended])[rows] for part in range(2))
    shape = (len(puzzles), len(radii))
    start, held, at_end = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for place, radius in enumerate(radii):
        from_start = plain if not radius else follow(checkpoint, puzzles, segments=segments, batch=batch, start=noisy_start(seed, radius))
        start[:, place] = from_start.solved
        if len(solved):
            put = disturbed(state, radius, puzzles.ids[solved], seed)
            runs = follow(checkpoint, puzzles.take(solved), segments=segments, batch=batch, start=put)
            held[solved, place], at_end[solved, place] = runs.solved_at.all(axis=1), runs.solved
        advance(2 * len(puzzles))
    settings: dict[str, Setting] = {"radii": list(radii), "segments": segments, "seed": seed}
    about = SideProvenance(kind="disturbed", settings=settings, **measured_on(checkpoint, puzzles))
    columns: dict[str, np.ndarray] = {
        "example_id": puzzles.ids,
        "put_in": plain.solved.astype(np.uint8),
        "start_solved": start,
        "held": held,
        "held_at_end": at_end,
    }
    return _written(SideRecord(columns, about), out)


def disturbed(state: State, radius: float, ids: np.ndarray, seed: int) -> State:
    """A state (N, …) with normal noise of ``radius`` times its own root mean square, example by example, on every entry."""
    moved = []
    for number, part in enumerate(state):
        drawn = [np.random.default_rng([seed, number, int(one) & (2**63 - 1)]).standard_normal(part.shape[1:], np.float32) for one in ids]
        size = part.square().flatten(1).mean(dim=1).sqrt().reshape(-1, *[1] * (part.ndim - 1))
        moved.append(part + radius * size * torch.from_numpy(np.stack(drawn)).to(part))
    return tuple(moved)


def _written(side: SideRecord, out: Path) -> SideRecord:
    write_side(side, out)
    return side
