"""What iterates: the five members by which any looped network is measured, and the batch that it is given.

A network names its latents, starts a state from a batch, lists the updates of one segment, reads an answer off a state, and
may tell how confident it is. HRM and TRM have these members; a class of one's own needs no base class and no registration:

    class Net(torch.nn.Module):
        latents = ("x",)                                        # a name for each tensor of the state
        confidence = None                                       # or a method: state → (B,)
        def start(self, batch): return (self.embed(batch.tokens),)
        def updates(self, batch): return [self.block] * 4       # each: state → state, both tuples
        def answer(self, state): return self.head(state[0])     # (B, cells, vocabulary) logits, or (B, cells) tokens

The state is a tuple of floating tensors whose first axis is the example. Nothing in an update may depend on other examples of
the batch, and nothing may be drawn at random there but by `Batch.normal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

State = tuple[Tensor, ...]
Update = Callable[..., State]


@dataclass(frozen=True, eq=False)
class Batch:
    """What a network is given of B examples.

    Attributes:
        tokens: (B, cells) int64 input tokens.
        identifiers: (B,) int64 puzzle identifiers, 0 where the task has none: which puzzle embedding an example selects.
        ids: (B,) int64 identities of the examples: what frozen noise is drawn by.
        noise_seed: seed of the noise path.

    >>> batch = Batch(torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, dtype=torch.long), np.array([7, 8]))
    >>> bool((batch.normal(0, 4) == batch.normal(0, 4)).all()), bool((batch.normal(0, 4) == batch.normal(1, 4)).any())
    (True, False)
    """

    tokens: Tensor
    identifiers: Tensor
    ids: np.ndarray
    noise_seed: int = 0

    def __len__(self) -> int:
        return len(self.tokens)

    def take(self, rows: np.ndarray) -> Batch:
        """The examples at ``rows`` (positions or a boolean mask)."""
        here = torch.from_numpy(np.arange(len(self))[rows]).to(self.tokens.device)
        return Batch(self.tokens[here], self.identifiers[here], self.ids[rows], self.noise_seed)

    def normal(self, update: int, *shape: int) -> Tensor:
        """Standard normal noise (B, \\*shape) of one update, float32: frozen, so that orbit and tangents see the same draw.

        It depends on the seed, the example's id and the number of the update alone, not on the batch that the example is in.
        """
        draws = [np.random.default_rng((self.noise_seed, int(i) & (2**63 - 1), update)).standard_normal(shape) for i in self.ids]
        return torch.from_numpy(np.array(draws, dtype=np.float32).reshape(len(draws), *shape)).to(self.tokens.device)


@runtime_checkable
class Network(Protocol):
    """A looped network. ``confidence`` is None for a network that tells none.

    Optional attributes: ``time_dependent = True`` has every update called as ``update(state, number)``, number counting all updates from 0;
    ``grows = True`` says that the state has no scale of rest (a residual stream), so that raw displacement cannot tell convergence.
    """

    @property
    def latents(self) -> tuple[str, ...]: ...
    def start(self, batch: Batch, /) -> State: ...
    def updates(self, batch: Batch, /) -> Sequence[Update]: ...
    def answer(self, state: State, /) -> Tensor: ...
    @property
    def confidence(self) -> Callable[[State], Tensor] | None: ...


MEMBERS = ("latents", "start", "updates", "answer", "confidence")


def depends_on_time(network: Network) -> bool:
    """Whether every update is told its number."""
    return bool(getattr(network, "time_dependent", False))


def begun(network: Network, batch: Batch, start: State | Callable[[State], State] | None) -> State:
    """The state that a batch starts from: the one given, or what turns the network's own into it; its own where nothing is given."""
    if isinstance(start, tuple):
        return start
    return network.start(batch) if start is None else start(network.start(batch))


def tokens_of(answer: Tensor) -> Tensor:
    """Answered tokens (B, cells): the largest logit where the answer holds logits (B, cells, vocabulary)."""
    return answer.argmax(dim=-1) if answer.is_floating_point() else answer
