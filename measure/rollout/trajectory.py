"""Whole trajectories for diagnosis: decoded boards, loss, recurrence and movement after every segment, for one start or many.

A record keeps what its claims need; `follow` keeps what tells *how* a run fails. Both read the state after each segment
through the same `unsettled.measure.rollout.observer.Observer`, and both run the same `unsettled.measure.lyapunov.estimator.tangent_growth`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.networks.fit import fit
from unsettled.measure.networks.members import as_network
from unsettled.measure.networks.protocol import State
from unsettled.measure.rollout.observer import Observer
from unsettled.measure.rollout.rollout import batch_of, columns
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
        loss: (N, S) float64 mean softmax cross-entropy of the label over the cells that count, nats.
        halting_logit: (N, S) float64.
        displacement_H, displacement_L: (N, S) float64, ‖z(t) − z(t−1)‖₂; the first from the initial state.
        norm_H, norm_L: (N, S) float64, ‖z(t)‖₂.
        recurrence: (N, S, 8) float64, ‖z(t) − z(t−p)‖₂ of both latents jointly for p = 1 … 8; NaN where t < p, segments
            counted from 1 and the initial state being t = 0.
        pooled: (N, S + 1, hidden) float32, the mean of z_H over its tokens, from the initial state on: what
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
    displacement_H: np.ndarray
    displacement_L: np.ndarray
    norm_H: np.ndarray
    norm_L: np.ndarray
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
    def displacement(self) -> np.ndarray:
        """(N, S) displacement of both latents jointly."""
        return np.asarray(np.hypot(self.displacement_H, self.displacement_L))

    @property
    def norm(self) -> np.ndarray:
        """(N, S) length of both latents jointly: what a displacement is a fraction of."""
        return np.asarray(np.hypot(self.norm_H, self.norm_L))

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
    network: Checkpoint | RecursiveModel,
    puzzles: Examples,
    *,
    segments: int,
    k: int = 0,
    start: Callable[[State], State] | State | None = None,
    batch: int = 16,
    seed: int = 0,
    qr_every: int = 1,
    advance: Callable[[int], None] = lambda rows: None,
    finish: Callable[[State], None] = lambda state: None,
) -> Trajectories:
    """Follow every puzzle for ``segments`` segments and keep what each state shows.

    Args:
        network: a loaded checkpoint, or a model in evaluation mode on its device and in its dtype.
        puzzles: at least one, on the board that the network reads.
        k: leading exponents; 0 measures none, at the cost of plain inference; each costs about as much again.
        start: alters the trained initial state of a batch, and what it returns must have the same shapes; or the states of
            all puzzles to go on from, each (N, tokens, hidden), as ``finish`` was given them.
        batch: puzzles at a time.
        seed: of the shared tangent start.
        qr_every: state updates between two re-orthonormalisations.
        advance: told the number of puzzles done, batch by batch.
        finish: given the last state of every batch.

    Raises:
        UserError: no puzzles, another board, or counts out of range.
    """
    model = network.model if isinstance(network, Checkpoint) else network
    if batch < 1:
        raise UserError(f"batch is {batch}, it must be at least 1")
    fit(model, puzzles)
    pieces = []
    for first in range(0, len(puzzles), batch):
        rows = puzzles.take(np.arange(first, min(first + batch, len(puzzles))))
        counted = torch.from_numpy(np.where(rows.labelled, rows.labels.astype(np.int64), NOT_COUNTED))
        watcher = Watcher(model, counted.to(model.lm_head.weight.device))
        measured = tangent_growth(
            list(as_network(model).updates(batch_of(rows, device=model.lm_head.weight.device))),
            _initial(model, start, slice(first, first + batch), len(rows)),
            k=k,
            segments=segments,
            qr_every=qr_every,
            seed=seed,
            observe=watcher,
        )
        pieces.append(watcher.trajectories(rows, measured.growth, model.config.updates_per_segment))
        finish((measured.state[0], measured.state[1]))
        advance(len(rows))
    return join(pieces)


def _initial(model: RecursiveModel, start: Callable[[State], State] | State | None, batch: slice, rows: int) -> State:
    """The states that the puzzles of a batch start from."""
    if isinstance(start, tuple):
        return start[0][batch], start[1][batch]
    trained = model.initial_state(rows)
    return trained if start is None else start(trained)


@dataclass
class Watcher:
    """Adds loss, recurrence and the pooled state to what an `Observer` collects; called after each segment of a batch.

    ``labels`` is (B, cells) int64 token ids of the label, `NOT_COUNTED` in cells that are not, on the device of the model.
    """

    model: RecursiveModel
    labels: Tensor
    observer: Observer = field(init=False)
    past: deque[State] = field(default_factory=lambda: deque(maxlen=PERIODS))
    loss: list[Tensor] = field(default_factory=list)
    recurrence: list[Tensor] = field(default_factory=list)
    pooled: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.observer = Observer(as_network(self.model))

    def __call__(self, segment: int, state: State) -> None:
        self.observer(segment, state)
        self.pooled.append(state[0].float().mean(dim=1))
        if self.past:
            logits = self.model.read_out(state)[0].double()
            losses = torch.nn.functional.cross_entropy(logits.mT, self.labels, reduction="none", ignore_index=NOT_COUNTED)
            self.loss.append(losses.sum(dim=1) / (self.labels != NOT_COUNTED).sum(dim=1))
            self.recurrence.append(torch.stack([self._distance(state, p) for p in range(1, PERIODS + 1)], dim=1))
        self.past.append(state)

    def _distance(self, state: State, period: int) -> Tensor:
        """(B,) joint distance to the state ``period`` segments ago; NaN where the run is not that old."""
        if period > len(self.past):
            return torch.full((len(self.labels),), torch.nan, dtype=torch.float64, device=self.labels.device)
        before = self.past[-period]
        parts = [
            torch.linalg.vector_norm((now - then).flatten(1), dim=1, dtype=torch.float64) for now, then in zip(state, before, strict=True)
        ]
        return torch.hypot(*parts)

    def trajectories(self, puzzles: Examples, growth: Tensor, updates_per_segment: int) -> Trajectories:
        """Everything that was collected on this batch, as arrays."""
        boards = torch.stack(self.observer.answer, dim=1).cpu().numpy()
        read = columns(puzzles, self.observer, growth)
        shared = ("solved_at", "halting_logit", "displacement_H", "displacement_L", "norm_H", "norm_L", "growth", "example_id")
        return Trajectories(
            **{name: read[name] for name in shared},
            boards=boards.astype(puzzles.inputs.dtype),
            # −1: the task counts none
            conflicts=np.asarray(read.get("conflicts", np.full(boards.shape[:2], -1)), np.int16),
            token_right=(puzzles.right(boards) & puzzles.labelled[:, None]).sum(axis=-1, dtype=np.int16),
            loss=torch.stack(self.loss, dim=1).cpu().numpy(),
            recurrence=torch.stack(self.recurrence, dim=1).cpu().numpy(),
            pooled=torch.stack(self.pooled, dim=1).cpu().numpy(),
            updates_per_segment=updates_per_segment,
        )
