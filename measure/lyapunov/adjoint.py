"""Jᵀ·u of the updates of one segment, again and again at the same states: what reverse mode needs of each is computed once and kept.

A product by `unsettled.measure.lyapunov.sweeps.pull` runs its update and goes back through it. Lanczos' method asks for a dozen at one
state, so that all but the first need only go back. Graphs are kept while they fit into `ROOM` bytes; the rest is computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from unsettled.measure.lyapunov.sweeps import pull
from unsettled.measure.lyapunov.tangents import Parts, Update, as_parts

ROOM = 1 << 29


@dataclass(frozen=True)
class Graph:
    """One update at one state, ready to go back through."""

    before: Parts
    after: Parts

    def pull(self, cotangents: Parts) -> Parts:
        """Df(z)ᵀ·u for k cotangents, components (B, k, …)."""
        reached = [(part, u.movedim(1, 0)) for part, u in zip(self.after, cotangents, strict=True) if part.requires_grad]
        if not reached:
            return tuple(torch.zeros_like(u) for u in cotangents)
        alone = cotangents[0].shape[1] == 1  # vmap would only add its own cost
        images = torch.autograd.grad(
            [part for part, _ in reached],
            self.before,
            [u[0] if alone else u for _, u in reached],
            retain_graph=True,
            is_grads_batched=not alone,
            allow_unused=True,
        )
        return tuple(
            torch.zeros_like(u) if image is None else image.unsqueeze(1) if alone else image.movedim(0, 1)
            for image, u in zip(images, cotangents, strict=True)
        )


class Adjoints:
    """The adjoints of updates, each at the state before it.

    Args:
        updates, states: the updates in their order, and the state before each.
        is_tuple: whether the updates take a tuple.
        room: bytes that the graphs of all of them may take together.
    """

    def __init__(self, updates: Sequence[Update], states: Sequence[Parts], *, is_tuple: bool, room: int = ROOM) -> None:
        self._updates, self._states, self._is_tuple, self._room = updates, states, is_tuple, room
        self._graphs: dict[int, Graph] = {}
        self._kept: dict[int, int] = {}

    def pull(self, number: int, cotangents: Parts) -> Parts:
        """Df(z)ᵀ·u of that update, as `unsettled.measure.lyapunov.sweeps.pull` has it."""
        graph = self._graphs.get(number) or self._recorded(number)
        if graph is None:
            return pull(self._updates[number], self._states[number], cotangents, is_tuple=self._is_tuple)
        return graph.pull(cotangents)

    def _recorded(self, number: int) -> Graph | None:
        """The graph of an update, kept from now on; None where there is no room for it, or where only `torch.func` can go back."""
        if self._taken() >= self._room:
            return None
        try:
            graph = recorded(self._updates[number], self._states[number], self._kept, is_tuple=self._is_tuple)
        except RuntimeError:  # an update with a transform of torch.func within: some of them bear no hooks
            self._room = -1
            return None
        if self._taken() <= self._room:
            self._graphs[number] = graph
        return graph

    def _taken(self) -> int:
        """Bytes that the graphs made so far hold on to."""
        return sum(self._kept.values())


def recorded(update: Update, state: Parts, kept: dict[int, int], *, is_tuple: bool) -> Graph:
    """An update at a state, run once with all that going back needs.

    Args:
        kept: address → bytes of every piece of memory that graphs hold on to, to which those of this one are added: weights and what
            else several updates share is there once.

    >>> graph = recorded(lambda z: z**2, (torch.tensor([[3.0, 1.0]]),), {}, is_tuple=False)
    >>> graph.pull((torch.tensor([[[1.0, 1.0]]]),))[0].tolist()
    [[[6.0, 2.0]]]
    """

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(note, lambda tensor: tensor):
        before = tuple(part.detach().requires_grad_() for part in state)
        after = as_parts(update(before if is_tuple else before[0]))
    return Graph(before, after)
