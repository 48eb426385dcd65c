"""One batch of puzzles through one network: every segment's displacement, halting, answer and tangent growth.

Halting is recorded, never applied; the answer that counts is the one decoded after the last segment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.networks.recursive import State
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet, conflicts


@dataclass
class Observer:
    """Collects what is read off the state after each segment; (B,) or (B, cells) per segment."""

    model: RecursiveModel
    previous: State | None = None
    displacement: list[Tensor] = field(default_factory=list)
    norm: list[Tensor] = field(default_factory=list)
    halting: list[Tensor] = field(default_factory=list)
    answer: list[Tensor] = field(default_factory=list)

    def __call__(self, segment: int, state: State) -> None:
        if self.previous is not None:
            moved = [_length(now - before) for now, before in zip(state, self.previous, strict=True)]
            self.displacement.append(torch.stack(moved, dim=-1))
            self.norm.append(torch.stack([_length(part) for part in state], dim=-1))
            logits, q_halt, _ = self.model.read_out(state)
            self.halting.append(q_halt)
            self.answer.append(logits.argmax(dim=-1))
        self.previous = state


def _length(part: Tensor) -> Tensor:
    """Euclidean length of each example's latent, summed in float64."""
    length: Tensor = torch.linalg.vector_norm(part.flatten(1), dim=1, dtype=torch.float64)
    return length


@torch.no_grad()
def rollout(
    model: RecursiveModel, puzzles: PuzzleSet, *, k: int, segments: int, seed: int, qr_every: int = 1, start: State | None = None
) -> dict[str, np.ndarray]:
    """Measure one batch; returns the columns of a record (see `unsettled.measure.record.record.COLUMNS`).

    Args:
        model: in evaluation mode, on its device and in its dtype.
        puzzles: the batch, N rows.
        k: number of leading exponents; 0 measures none, at the cost of a plain forward pass.
        segments: length of the rollout.
        seed: of the shared tangent start Q₀.
        qr_every: state updates between two re-orthonormalisations.
        start: initial (z_H, z_L), the trained one by default.
    """
    device = model.lm_head.weight.device
    embedded = model.embed(torch.from_numpy(puzzles.inputs).to(device))
    observer = Observer(model)
    result = tangent_growth(
        model.updates(embedded),
        model.initial_state(len(puzzles)) if start is None else start,
        k=k,
        segments=segments,
        qr_every=qr_every,
        seed=seed,
        observe=observer,
    )
    return columns(puzzles, observer, result.growth)


def columns(puzzles: PuzzleSet, observer: Observer, growth: Tensor) -> dict[str, np.ndarray]:
    """The columns of a record from what was observed: per-segment arrays are (N, S), growth is (N, S, k)."""
    answer = torch.stack(observer.answer, dim=1).cpu().numpy()
    right = answer == puzzles.labels[:, None, :]
    displacement = torch.stack(observer.displacement, dim=1).cpu().numpy()
    norm = torch.stack(observer.norm, dim=1).cpu().numpy()
    solved_at = right.all(axis=-1)
    return {
        "example_id": puzzles.ids,
        "givens": puzzles.givens,
        "rating": puzzles.rating,
        "solved": solved_at[:, -1],
        "token_accuracy": right[:, -1].mean(axis=-1),
        "solved_at": solved_at,
        "displacement_H": displacement[..., 0],
        "displacement_L": displacement[..., 1],
        "norm_H": norm[..., 0],
        "norm_L": norm[..., 1],
        "halting_logit": torch.stack(observer.halting, dim=1).double().cpu().numpy(),
        "conflicts": conflicts(answer, puzzles.box),
        "growth": growth.cpu().numpy(),
    }


def board_of(model: RecursiveModel) -> Box:
    """The board that a network reads."""
    return Box.from_size(round(model.config.cells**0.5))
