"""A network made ready for some examples: held against them, tried if it is a user's own, put on a device in a dtype."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import nn

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.tangents import sizes
from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.networks.check import ROWS, check_network
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.networks.fit import fit
from unsettled.measure.networks.members import as_network
from unsettled.measure.networks.protocol import Network
from unsettled.measure.networks.recursive import RecursiveModel
from unsettled.measure.rollout.rollout import batch_of
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.task import cells_of

Measurable = Checkpoint | Adapted
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}


def fitted(network: Measurable, examples: Examples) -> Measurable:
    """The network, ready for these examples.

    A network of the published format is held against them (`unsettled.measure.networks.fit`). A user's network is tried on the first few
    (`unsettled.measure.networks.check`), and what a record keeps about it is read off its state.

    Raises:
        UserError: no examples, other shapes than the network's, or an adapter that is wrong.
    """
    if isinstance(network, Checkpoint):
        fit(network.model, examples, trained_on=network.task, where=network.path)
        return network
    if not len(examples):
        raise UserError("the set of examples is empty")
    return replace(network, known=_tried(network, examples))


def _tried(network: Adapted, examples: Examples) -> ModelFacts:
    few = batch_of(examples.take(slice(0, ROWS)))
    check_network(network.model, few, where=network.source, cells=cells_of(examples.task))
    start = network.model.start(few)
    return ModelFacts(
        architecture=network.name,
        variant="own",
        hidden_size=int(start[0].shape[-1]),
        tokens=sizes(start)[0] // int(start[0].shape[-1]),
        parameters=network.parameters,
        updates_per_segment=len(network.model.updates(few)),
        H_cycles=0,
        L_cycles=0,
        latents=tuple(network.model.latents),
        grows=bool(getattr(network.model, "grows", False)),
        adapter=network.adapter_digest,
    )


def dimensions(network: Checkpoint | Adapted, examples: Examples) -> int:
    """Entries of the state of one example: the most exponents that it has."""
    return sum(sizes(as_network(network.model).start(batch_of(examples.take(slice(0, 1))))))


@dataclass
class Placed:
    """A model that is put on a device in a dtype where it is first used, which may be another process than the one that it is sent from."""

    model: RecursiveModel | Network
    dtype: str
    device: str

    @cached_property
    def here(self) -> RecursiveModel | Network:
        """`placed` in this process."""
        return placed(self.model, dtype=self.dtype, device=self.device)


def placed(model: RecursiveModel | Network, *, dtype: str, device: str) -> RecursiveModel | Network:
    """A model in a dtype on a device: itself where it is so already, else a copy, since what its digests say must stay as it is.

    Raises:
        UserError: a network that is no `torch.nn.Module`, which cannot be moved.
    """
    wanted, place = DTYPES[dtype], torch.device(device)
    if not isinstance(model, nn.Module):
        if (wanted, place.type) != (torch.float32, "cpu"):
            raise UserError(f"the network cannot be moved to {dtype} on {device}", hint="make it a torch.nn.Module")
        return model
    tensors = [tensor for tensor in (*model.parameters(), *model.buffers()) if tensor.is_floating_point()]
    if all((tensor.dtype, tensor.device) == (wanted, place) for tensor in tensors):
        return model
    return copy.deepcopy(model).to(device=place, dtype=wanted)
