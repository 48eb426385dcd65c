"""How a long record's rollouts are run: its settings, stages after which runs at rest are left alone, and other starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.networks.protocol import State
from unsettled.measure.rollout.fitting import Measurable
from unsettled.measure.rollout.trajectory import ARRAYS, Trajectories, follow
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples

LATE = 8


@dataclass(frozen=True, kw_only=True)
class LongSettings:
    """How long records are measured.

    Attributes:
        segments: of every puzzle's rollout from the trained start, with ``k`` exponents of which the leading one is kept.
        deep, deep_every: segments until which a puzzle that is unsolved then is followed further, without exponents, and for one
            in how many of them (by example id); ``deep`` 0 for none.
        starts: other starts of ``segments`` segments each for every unsolved puzzle, and for one solved one in ``controls``.
        scale: of the noise that makes a start another one, as a multiple of the trained start's root mean square.
        batch, seed, noise_seed: puzzles at a time, seed of the tangents, and of a stochastic network's frozen noise.
        stop_at_rest: runs whose steps stay within this fraction of the norm over 8 segments, up to segment 16 or S/2 (or S, for
            deeper ones), are not followed further: their last segment stands for the rest, and ``held`` says since when. 0
            follows every run to the end. Needs k = 0.
    """

    segments: int = 64
    deep: int = 256
    deep_every: int = 1
    starts: int = 4
    scale: float = 1.0
    controls: int = 8
    k: int = 1
    batch: int = 8
    seed: int = 0
    noise_seed: int = 0
    stop_at_rest: float = 0.0

    def __post_init__(self) -> None:
        at_least(4 * LATE, self.segments, "segments")
        if at_least(0, self.deep, "deep") and self.deep < self.segments + 2 * LATE:
            raise UserError(f"deep is {self.deep}", hint=f"0, or at least {self.segments + 2 * LATE}")
        for name, lowest in (("starts", 0), ("controls", 1), ("deep_every", 1), ("batch", 1), ("seed", 0)):
            at_least(lowest, getattr(self, name), name)
        at_least(0, self.k, "k", most=1)
        if not self.scale > 0:
            raise UserError(f"scale is {self.scale}", hint="it must be positive")
        if self.stop_at_rest < 0 or (self.stop_at_rest and (self.k or self.segments < 8 * LATE)):
            raise UserError(f"stop_at_rest is {self.stop_at_rest}", hint=f"0, or with k = 0 and {8 * LATE} segments or more")

    @property
    def stages(self) -> list[int]:
        """Segments at which runs at rest are left alone, the last being S."""
        return [2 * LATE, self.segments // 2, self.segments] if self.stop_at_rest else [self.segments]

    @property
    def windows(self) -> list[tuple[int, int]]:
        """(end, length) of the windows that labels are read from; the last one is deep."""
        shallow = [(2 * LATE, LATE), (self.segments // 2, LATE), (self.segments, LATE // 2), (self.segments, LATE)]
        shallow.append((self.segments, 2 * LATE))
        return shallow + ([(self.deep, LATE)] if self.deep else [])


def follow_to_rest(
    network: Measurable, puzzles: Examples, settings: LongSettings, start: Callable[[State], State] | None = None
) -> tuple[Trajectories, State, np.ndarray]:
    """The rollouts of all S segments, their last states, and (N,) since which segment each was held at rest; 0 for never."""
    runs: Trajectories | None = None
    state: State | None = None
    held = np.zeros(len(puzzles), np.int16)
    for done, end in zip([0, *settings.stages[:-1]], settings.stages, strict=True):
        active = np.flatnonzero(held == 0)
        ended: list[State] = []
        if runs is not None and not len(active):
            runs = _continued(runs, held_at_rest(runs, end - done))
            continue
        rows = torch.from_numpy(active)
        followed = follow(
            network,
            puzzles.take(active),
            segments=end - done,
            k=settings.k if start is None else 0,
            batch=settings.batch,
            seed=settings.seed,
            finish=ended.append,
            start=start if state is None else tuple(part[rows] for part in state),
            passed=done,
            noise_seed=settings.noise_seed,
        )
        last = tuple(map(torch.cat, zip(*ended, strict=True)))
        if runs is None or state is None:
            runs, state = followed, last
        else:
            runs = _continued(runs, merged(held_at_rest(runs, end - done), followed, held == 0))
            for part, new in zip(state, last, strict=True):
                part[rows] = new
        if end < settings.segments:
            held[(held == 0) & resting(runs, settings)] = end
    assert runs is not None and state is not None, "there is at least one stage, and one puzzle"
    return runs, state, held


def resting(runs: Trajectories, settings: LongSettings) -> np.ndarray:
    """(N,) whether a run stood still over its last 8 segments, where runs at rest are left alone."""
    steps = runs.displacement[:, -LATE:] / runs.norm[:, -LATE:]
    return steps.max(axis=1) <= settings.stop_at_rest if settings.stop_at_rest else np.zeros(len(runs), bool)


def held_at_rest(runs: Trajectories, segments: int) -> Trajectories:
    """``segments`` further segments in which every array repeats its last one."""
    last = {name: getattr(runs, name) for name in ARRAYS}
    last = {name: np.repeat(a[:, -1:], segments + (name == "pooled"), axis=1) if a.ndim > 1 else a for name, a in last.items()}
    return Trajectories(**last, updates_per_segment=runs.updates_per_segment)


def merged(base: Trajectories, followed: Trajectories, rows: np.ndarray) -> Trajectories:
    """``base`` with the runs that a mask marks replaced."""
    arrays = {}
    for name in ARRAYS:
        one, other = getattr(base, name), getattr(followed, name)
        arrays[name] = one.astype(np.result_type(one, other))  # a copy; of boards, in a type that holds the words of both
        arrays[name][rows] = other
    return Trajectories(**arrays, updates_per_segment=base.updates_per_segment)


def _continued(runs: Trajectories, further: Trajectories) -> Trajectories:
    """One rollout out of two that follow each other."""
    arrays = {"example_id": runs.example_id}
    for name in ARRAYS[1:]:
        after = getattr(further, name)
        arrays[name] = np.concatenate([getattr(runs, name), after[:, 1:] if name == "pooled" else after], axis=1)
    return Trajectories(**arrays, updates_per_segment=runs.updates_per_segment)
