"""What is read off the state after each segment: how far each latent moved, how long it is, the answer, the confidence.

With z(s) a latent after segment s and Δ(s) = z(s) − z(s−1), per example:
displacement ‖Δ(s)‖₂, norm ‖z(s)‖₂, angle between z(s−1) and z(s) in radians, update cosine Δ(s)·Δ(s−1) / ‖Δ(s)‖‖Δ(s−1)‖.
Sums are taken in float64.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from unsettled.measure.networks.protocol import Network, State, tokens_of


@dataclass
class Observer:
    """Collects per-segment values of a batch: (B, latents), (B,) or (B, cells) for each segment.

    ``confidence`` stays empty where a network tells none. The update cosine of the first segment is NaN.
    """

    network: Network
    previous: State | None = None
    moved: list[Tensor] | None = None
    displacement: list[Tensor] = field(default_factory=list)
    norm: list[Tensor] = field(default_factory=list)
    angle: list[Tensor] = field(default_factory=list)
    update_cosine: list[Tensor] = field(default_factory=list)
    confidence: list[Tensor] = field(default_factory=list)
    answer: list[Tensor] = field(default_factory=list)

    def __call__(self, segment: int, joined: Tensor | State) -> None:
        """Called with the initial state first, then after each segment."""
        state = (joined,) if isinstance(joined, Tensor) else joined
        if self.previous is not None:
            moved = [now - before for now, before in zip(state, self.previous, strict=True)]
            lengths = torch.stack([length(part) for part in state], dim=-1)
            displacement = torch.stack([length(step) for step in moved], dim=-1)
            self.displacement.append(displacement)
            self.norm.append(lengths)
            self.angle.append(torch.stack([angle(now, before) for now, before in zip(state, self.previous, strict=True)], dim=-1))
            last = torch.full_like(displacement, torch.nan)
            if self.moved is not None:
                last = torch.stack([cosine(step, before) for step, before in zip(moved, self.moved, strict=True)], dim=-1)
            self.update_cosine.append(last)
            self.answer.append(tokens_of(self.network.answer(state)))
            if self.network.confidence is not None:
                self.confidence.append(self.network.confidence(state))
            self.moved = moved
        self.previous = state


def length(part: Tensor) -> Tensor:
    """(B,) Euclidean length of each example's latent, summed in float64."""
    found: Tensor = torch.linalg.vector_norm(part.flatten(1), dim=1, dtype=torch.float64)
    return found


def cosine(one: Tensor, other: Tensor) -> Tensor:
    """(B,) cosine of two tensors of each example, NaN where one of them is zero.

    Example:
        >>> round(cosine(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])).item() ** 2, 6)
        0.5
    """
    dot = (one.flatten(1) * other.flatten(1)).sum(dim=1, dtype=torch.float64)
    return dot / (length(one) * length(other))


def angle(one: Tensor, other: Tensor) -> Tensor:
    """(B,) angle in radians between two tensors of each example, exact for small angles too; NaN where one of them is zero.

    2 atan2(‖u − v‖, ‖u + v‖) with u and v of unit length (Kahan, "How futile are mindless assessments of roundoff", §12, 2006).
    """
    u, v = (part.flatten(1).double() for part in (one, other))
    u, v = u / length(u)[:, None], v / length(v)[:, None]
    return 2 * torch.atan2(length(u - v), length(u + v))
