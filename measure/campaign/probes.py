"""Probes of a network beside a record: the same boards with few unknown cells, disturbed starts, and solved states put in.

All of them are plain rollouts of any network; nothing is fitted. Random numbers hang on the seed and the example's id alone.
Work goes batch by batch, and the same call goes on where an interrupted one ended.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.finished import USUAL, IfWhole
from unsettled.measure.campaign.run import provenance_of
from unsettled.measure.campaign.side_parts import side_in_parts
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks.members import as_network
from unsettled.measure.networks.protocol import Network, State, begun, depends_on_time, tokens_of
from unsettled.measure.record.provenance import measured_on
from unsettled.measure.record.side import Setting, SideProvenance, SideRecord
from unsettled.measure.rollout.fitting import Measurable, fitted
from unsettled.measure.rollout.rollout import batch_of
from unsettled.measure.rollout.starts import noisy_start
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.unknown import with_unknown

RADII = (0.0, 0.1, 0.3, 1.0, 3.0)
Advance = Callable[[int], None]


def probe_unknown(
    network: Measurable,
    puzzles: Examples,
    out: Path,
    *,
    unknown: int = 1,
    segments: int = 16,
    batch: int = 64,
    seed: int = 0,
    noise_seed: int | None = None,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Advance = lambda rows: None,
) -> SideRecord:
    """Fill every puzzle in but for ``unknown`` cells of those it left open, run it, and write which segments end right. Resumes.

    Columns: ``example_id``, ``unknown`` (N,), ``cell`` (N,) the first cell left open, ``solved_at`` (N, segments).

    Raises:
        UserError: the puzzles do not fit the network or are not Sudoku, another process writes to ``out``, unfinished parts beside it
            are of another measurement, or the file cannot be written.
    """
    filled = with_unknown(puzzles, unknown, seed=seed)
    ready, about = _begun(network, filled, puzzles, "few_unknown", {"unknown": unknown, "seed": seed}, segments, batch, noise_seed)
    measured = partial(_filled, as_network(ready.model), segments=segments, noise_seed=noise_seed or 0)
    told = fingerprint_of(ready, filled, batch=batch)
    return side_in_parts(out, about, filled, measured, size=batch, fingerprint=told, if_whole=if_whole, workers=workers, advance=advance)


def _filled(network: Network, boards: Examples, *, segments: int, noise_seed: int) -> dict[str, np.ndarray]:
    """The columns of some boards that were filled in but for a few cells."""
    left = boards.inputs != boards.labels
    solved_at, _ = run(network, boards, segments=segments, noise_seed=noise_seed)
    return {
        "example_id": boards.ids,
        "unknown": left.sum(axis=1).astype(np.int16),
        "cell": left.argmax(axis=1).astype(np.int16),
        "solved_at": solved_at.astype(np.uint8),
    }


def probe_disturbed(
    network: Measurable,
    puzzles: Examples,
    out: Path,
    *,
    radii: tuple[float, ...] = RADII,
    segments: int = 16,
    batch: int = 64,
    seed: int = 1,
    noise_seed: int | None = None,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Advance = lambda rows: None,
) -> SideRecord:
    """Run every puzzle from the trained start disturbed, and go on from its solved state disturbed, at each radius. Resumes.

    A radius r adds normal noise of r times the root mean square of the state to every entry; 0 leaves it as it is.
    Columns: ``example_id``; ``start_solved`` (N, R) right after ``segments`` segments from the start; ``put_in`` (N,) whether the
    undisturbed run is right then; ``held``, ``held_at_end`` (N, R) whether, from that state disturbed, every one of as many further
    segments ends right, and whether the last does (0 where nothing was put in).

    Raises:
        UserError: radii that are negative, repeated or without 0, puzzles that do not fit, another process writes to ``out``,
            unfinished parts beside it are of another measurement, or the file cannot be written.
    """
    if 0.0 not in radii or min(radii) < 0 or len(set(radii)) < len(radii) or not np.isfinite(radii).all():
        raise UserError(f"radii {', '.join(f'{radius:g}' for radius in radii)}", hint="different ones, 0 among them, none negative")
    at_least(0, seed, "seed")
    ready, about = _begun(network, puzzles, puzzles, "disturbed", {"radii": list(radii), "seed": seed}, segments, batch, noise_seed)
    measured = partial(_disturbed, as_network(ready.model), radii=radii, segments=segments, seed=seed, noise_seed=noise_seed or 0)
    told = fingerprint_of(ready, puzzles, batch=batch)
    return side_in_parts(out, about, puzzles, measured, size=batch, fingerprint=told, if_whole=if_whole, workers=workers, advance=advance)


def _disturbed(
    network: Network, puzzles: Examples, *, radii: tuple[float, ...], segments: int, seed: int, noise_seed: int
) -> dict[str, np.ndarray]:
    """The columns of some puzzles from disturbed starts, and from their solved states put in."""
    going = partial(run, network, segments=segments, noise_seed=noise_seed)
    plain, ended = going(puzzles)
    solved = np.flatnonzero(plain[:, -1])
    state = tuple(part[torch.from_numpy(solved).to(part.device)] for part in ended)
    shape = (len(puzzles), len(radii))
    start, held, at_end = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for place, radius in enumerate(radii):
        from_start = plain if not radius else going(puzzles, start=noisy_start(seed, radius))[0]
        start[:, place] = from_start[:, -1]
        if len(solved):
            put = disturbed(state, radius, puzzles.ids[solved], seed)
            after, _ = going(puzzles.take(solved), start=put, passed=segments)
            held[solved, place], at_end[solved, place] = after.all(axis=1), after[:, -1]
    return {"example_id": puzzles.ids, "put_in": plain[:, -1].astype(np.uint8), "start_solved": start, "held": held, "held_at_end": at_end}


@torch.no_grad()
def run(
    network: Network,
    examples: Examples,
    *,
    segments: int,
    start: State | Callable[[State], State] | None = None,
    noise_seed: int = 0,
    passed: int = 0,
) -> tuple[np.ndarray, State]:
    """Run one batch: (B, segments) whether each segment ends right, and the last state.

    ``start`` is the state that is run, or what turns the network's own start into it; ``passed`` segments lie behind it (of a clock alone).
    """
    batch, answers = batch_of(examples, noise_seed=noise_seed), []
    updates = list(network.updates(batch))

    def read(segment: int, joined: Tensor | State) -> None:
        if segment >= 0:
            answers.append(tokens_of(network.answer((joined,) if isinstance(joined, Tensor) else joined)))

    ended = tangent_growth(
        updates,
        begun(network, batch, start),
        k=0,
        segments=segments,
        observe=read,
        time_dependent=depends_on_time(network),
        clock=passed * len(updates),
    ).state
    return examples.solved(torch.stack(answers, dim=1).cpu().numpy()), (ended,) if isinstance(ended, Tensor) else ended


def disturbed(state: State, radius: float, ids: np.ndarray, seed: int) -> State:
    """A state (N, …) with normal noise of ``radius`` times its own root mean square, example by example, on every entry."""
    moved = []
    for number, part in enumerate(state):
        drawn = [np.random.default_rng([seed, number, int(one) & (2**63 - 1)]).standard_normal(part.shape[1:], np.float32) for one in ids]
        size = part.square().flatten(1).mean(dim=1).sqrt().reshape(-1, *[1] * (part.ndim - 1))
        moved.append(part + radius * size * torch.from_numpy(np.stack(drawn)).to(part))
    return tuple(moved)


def _begun(
    network: Measurable,
    examples: Examples,
    puzzles: Examples,
    kind: str,
    settings: dict[str, Setting],
    segments: int,
    batch: int,
    noise_seed: int | None,
) -> tuple[Measurable, SideProvenance]:
    """The network made ready for the examples, and what is to be told of them and of the puzzles that they come from. Raises UserError."""
    provenance_of(network, examples, k=0, segments=segments, batch=batch)  # refuses what does not fit
    ready = fitted(network, examples)
    told = settings | {"segments": segments} | ({} if noise_seed is None else {"noise_seed": noise_seed})
    return ready, SideProvenance(kind=kind, settings=told, **measured_on(ready, puzzles))
