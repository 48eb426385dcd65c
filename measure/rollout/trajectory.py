"""Whole trajectories for diagnosis: decoded boards, loss, recurrence and movement after every segment, for one start or many.

A record keeps what its claims need; `follow` keeps what tells *how* a run fails. Both read the state after each segment
through the same `unsettled.measure.rollout.observer.Observer`, and both run the same `unsettled.measure.lyapunov.estimator.tangent_growth`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import cast

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.networks.fit import fit
from unsettled.measure.networks.members import as_network, home_of
from unsettled.measure.networks.protocol import Network, State, begun, depends_on_time
from unsettled.measure.rollout.fitting import Measurable
from unsettled.measure.rollout.observer import Observer
from unsettled.measure.rollout.rollout import batch_of, columns
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples

PERIODS = 8
NOT_COUNTED = -100


@dataclass(frozen=True, kw_only=True)
class Trajectories:
    """What was seen after each of S segments of N runs; every array starts with the axis of runs.

    Attributes:
        example_id: (N,) int64 identity of the puzzle.
        boards: (N, S, cells) decoded tokens, in the type of the examples.
        conflicts: (N, S) int16 rows, columns and boxes that the board violates; −1 where the task counts none.
        solved_at: (N, S) bool, every cell right.
        token_right: (N, S) int16 cells that count and are right.
        loss: (N, S) float64 mean softmax cross-entropy of the label over the cells that count, nats; NaN for a network that
            answers in tokens.
        halting_logit: (N, S) float64; NaN for a network that tells no confidence.
        displacement: (N, S) float64, ‖z(t) − z(t−1)‖₂ of all latents jointly; the first from the initial state.
        norm: (N, S) float64, ‖z(t)‖₂ of all latents jointly: what a displacement is a fraction of.
        recurrence: (N, S, 8) float64, ‖z(t) − z(t−p)‖₂ of all latents jointly for p = 1 … 8; NaN where t < p, segments
            counted from 1 and the initial state being t = 0.
        pooled: (N, S + 1, hidden) float32, the mean of the first latent over its tokens, from the initial state on: what
            two-dimensional projections are drawn from.
        growth: (N, S, k) float64, Σ log|R_ii| over each segment, nats per segment; k may be 0.
        updates_per_segment: state updates that one segment makes.
    """

    example_id: np.ndarray
    boards: np.ndarray
    conflicts: np.ndarray
    solved_at: np.ndarray
    token_right: np.ndarray
    loss: np.ndarray
    halting_logit: np.ndarray
    displacement: np.ndarray
    norm: np.ndarray
    recurrence: np.ndarray
    pooled: np.ndarray
    growth: np.ndarray
    updates_per_segment: int

    def __post_init__(self) -> None:
        for name in ARRAYS:
            array = getattr(self, name)
            if len(array) != len(self) or (array.ndim > 1 and array.shape[1] != self.segments + (name == "pooled")):
                raise UserError(f"{name} has shape {array.shape}, expected {len(self)} runs of {self.segments} segments")

    def __len__(self) -> int:
        return len(self.example_id)

    @property
    def segments(self) -> int:
        return int(self.solved_at.shape[1])

    @property
    def solved(self) -> np.ndarray:
        """(N,) whether the board after the last segment is right: the outcome that counts."""
        return np.asarray(self.solved_at[:, -1])

    @property
    def counts_conflicts(self) -> bool:
        """Whether the task counts violated constraints."""
        return bool((self.conflicts >= 0).all())

    def take(self, rows: np.ndarray) -> Trajectories:
        """The runs at ``rows`` (positions or a boolean mask)."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ARRAYS})


ARRAYS = tuple(f.name for f in fields(Trajectories) if f.name != "updates_per_segment")


def join(pieces: list[Trajectories]) -> Trajectories:
    """Runs of the same length, one after the other. Raises UserError for none, and where lengths differ."""
    if not pieces:
        raise UserError("no trajectories to join")
    if len({(piece.segments, piece.growth.shape[2:], piece.updates_per_segment) for piece in pieces}) > 1:
        raise UserError("trajectories of different lengths, exponents or networks cannot be joined")
    joined = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in ARRAYS}
    return Trajectories(**joined, updates_per_segment=pieces[0].updates_per_segment)


@torch.no_grad()
def follow(
    network: Measurable | RecursiveModel | Network,
    puzzles: Examples,
    *,
    segments: int,
    k: int = 0,
    start: Callable[[State], State] | State | None = None,
    passed: int = 0,
    batch: int = 16,
    seed: int = 0,
    qr_every: int = 1,
    noise_seed: int = 0,
    advance: Callable[[int], None] = lambda rows: None,
    finish: Callable[[State], None] = lambda state: None,
) -> Trajectories:
    """Follow every puzzle for ``segments`` segments and keep what each state shows.

    Args:
        network: a checkpoint, a network of one's own, or either's model, in evaluation mode on its device and in its dtype.
        puzzles: at least one, on the board that the network reads.
        k: leading exponents; 0 measures none, at the cost of plain inference; each costs about as much again.
        start: alters the network's own initial state of a batch, and what it returns must have the same shapes; or the states of
            all puzzles to go on from, each (N, …), as ``finish`` was given them.
        passed: segments that lie behind such states: what a network that depends on time is told.
        batch: puzzles at a time.
        seed: of the shared tangent start.
        qr_every: state updates between two re-orthonormalisations.
        noise_seed: of the frozen noise of a stochastic network.
        advance: told the number of puzzles done, batch by batch.
        finish: given the last state of every batch.

    Raises:
        UserError: no puzzles, another board, or counts out of range.
    """
    model = network.model if isinstance(network, Measurable) else network
    at_least(1, batch, "batch"), at_least(0, passed, "passed")
    if isinstance(model, RecursiveModel):
        fit(model, puzzles)
    running, device, pieces = as_network(model), home_of(model), []
    for first in range(0, len(puzzles), batch):
        rows = puzzles.take(np.arange(first, min(first + batch, len(puzzles))))
        counted = torch.from_numpy(np.where(rows.labelled, rows.labels.astype(np.int64), NOT_COUNTED))
        given = batch_of(rows, device=device, noise_seed=noise_seed)
        updates = list(running.updates(given))
        watcher = Watcher(running, counted.to(device))
        measured = tangent_growth(
            updates,
            begun(running, given, tuple(part[first : first + batch] for part in start) if isinstance(start, tuple) else start),
            k=k,
            segments=segments,
            qr_every=qr_every,
            seed=seed,
            observe=watcher,
            time_dependent=depends_on_time(running),
            clock=passed * len(updates),
        )
        pieces.append(watcher.trajectories(rows, measured.growth, len(updates)))
        finish(cast("State", measured.state))
        advance(len(rows))
    return join(pieces)


@dataclass
class Watcher:
    """Adds loss, recurrence and the pooled state to what an `Observer` collects; called after each segment of a batch.

    ``labels`` is (B, cells) int64 token ids of the label, `NOT_COUNTED` in cells that are not, on the device of the network.
    """

    network: Network
    labels: Tensor
    observer: Observer = field(init=False)
    past: deque[State] = field(default_factory=lambda: deque(maxlen=PERIODS))
    loss: list[Tensor] = field(default_factory=list)
    recurrence: list[Tensor] = field(default_factory=list)
    pooled: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.observer = Observer(self.network)

    def __call__(self, segment: int, state: State) -> None:
        self.observer(segment, state)
        first = state[0].float()
        self.pooled.append(first if first.ndim == 2 else first.flatten(1, -2).mean(dim=1))
        if self.past:
            self.loss.append(self._loss(self.network.answer(state)))
            self.recurrence.append(torch.stack([self._distance(state, p) for p in range(1, PERIODS + 1)], dim=1))
        self.past.append(state)

    def _loss(self, answer: Tensor) -> Tensor:
        """(B,) mean cross-entropy of the label over the cells that count, nats; NaN of an answer that is tokens already."""
        if not answer.is_floating_point():
            return torch.full((len(self.labels),), torch.nan, dtype=torch.float64, device=self.labels.device)
        losses = torch.nn.functional.cross_entropy(answer.double().mT, self.labels, reduction="none", ignore_index=NOT_COUNTED)
        return losses.sum(dim=1) / (self.labels != NOT_COUNTED).sum(dim=1)

    def _distance(self, state: State, period: int) -> Tensor:
        """(B,) joint distance to the state ``period`` segments ago; NaN where the run is not that old."""
        if period > len(self.past):
            return torch.full((len(self.labels),), torch.nan, dtype=torch.float64, device=self.labels.device)
        before = self.past[-period]
        parts = [
            torch.linalg.vector_norm((now - then).flatten(1), dim=1, dtype=torch.float64) for now, then in zip(state, before, strict=True)
        ]
        joint: Tensor = reduce(torch.hypot, parts)
        return joint

    def trajectories(self, puzzles: Examples, growth: Tensor, updates_per_segment: int) -> Trajectories:
        """Everything that was collected on this batch, as arrays."""
        boards = torch.stack(self.observer.answer, dim=1).cpu().numpy()
        read = columns(puzzles, self.observer, growth)
        jointly = {
            name: reduce(np.hypot, [read[f"{name}_{latent}"] for latent in self.network.latents]) for name in ("displacement", "norm")
        }
        return Trajectories(
            **{name: read[name] for name in ("solved_at", "growth", "example_id")},
            **jointly,
            halting_logit=read.get("halting_logit", np.full(boards.shape[:2], np.nan)),
            boards=puzzles.tokens(boards),
            # −1: the task counts none
            conflicts=np.asarray(read.get("conflicts", np.full(boards.shape[:2], -1)), np.int16),
            token_right=(puzzles.right(boards) & puzzles.labelled[:, None]).sum(axis=-1, dtype=np.int16),
            loss=torch.stack(self.loss, dim=1).cpu().numpy(),
            recurrence=torch.stack(self.recurrence, dim=1).cpu().numpy(),
            pooled=torch.stack(self.pooled, dim=1).cpu().numpy(),
            updates_per_segment=updates_per_segment,
        )
