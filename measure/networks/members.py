"""HRM and TRM through the five members by which every network is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from unsettled.measure.networks.protocol import Batch, Network, State, Update
from unsettled.measure.networks.recursive import RecursiveModel


@dataclass(frozen=True)
class Recurrence:
    """A recursive model as a network: two latents, the trained start, q_halt for confidence.

    `updates` are those of `RecursiveModel.updates`, which carry tangents through the same layers by their ``push``.
    """

    model: RecursiveModel
    latents: tuple[str, str] = ("H", "L")

    def start(self, batch: Batch) -> State:
        """The trained (z_H, z_L), the same for every example."""
        return self.model.initial_state(len(batch))

    def updates(self, batch: Batch) -> Sequence[Update]:
        """The state updates of one segment, with the batch embedded."""
        return cast("list[Update]", self.model.updates(self.model.embed(batch.tokens, batch.identifiers)))

    def answer(self, state: State) -> Tensor:
        """Logits (B, cells, vocabulary)."""
        return self.model.read_out(cast("tuple[Tensor, Tensor]", state))[0]

    def confidence(self, state: State) -> Tensor:
        """The q_halt logit (B,)."""
        return self.model.read_out(cast("tuple[Tensor, Tensor]", state))[1]


def home_of(model: RecursiveModel | Network) -> torch.device:
    """The device of a model's weights; the processor for an object that has none."""
    weights = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return torch.device("cpu") if weights is None else weights.device


def as_network(model: RecursiveModel | Network) -> Network:
    """A model through its members; a network as it is."""
    return Recurrence(model) if isinstance(model, RecursiveModel) else model
