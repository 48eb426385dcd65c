"""The derivative of a map at a batch of states, known by its products alone: J·v by tangents, Jᵀ·u by cotangents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.adjoint import Adjoints
from unsettled.measure.lyapunov.segment import Step, segment_of
from unsettled.measure.lyapunov.tangents import Parts, State, Update, advance, as_parts, flatten, push, sizes, split


@dataclass(frozen=True)
class Linearised:
    """J = Df(z) at B states z of d entries each, f being the updates of one segment in order.

    Attributes:
        updates: the updates, as functions of the state alone.
        states: the state before each of them, and the one after the last.
        is_tuple: whether the map takes a tuple.
    """

    updates: tuple[Update, ...]
    states: tuple[Parts, ...]
    is_tuple: bool

    @property
    def batch(self) -> int:
        """How many states there are."""
        return len(self.states[0][0])

    @property
    def size(self) -> int:
        """Entries of one state, d."""
        return sum(sizes(self.states[0]))

    @property
    def device(self) -> torch.device:
        """Where the states are."""
        return self.states[0][0].device

    @property
    def epsilon(self) -> float:
        """Unit of rounding of the map's own arithmetic."""
        return torch.finfo(self.states[0][0].dtype).eps

    @torch.no_grad()
    def forward(self, tangents: Tensor) -> Tensor:
        """J·v for tangents (B, k, d), in the arithmetic of the state, returned as float64."""
        carried = split(tangents, self.states[0])
        for update, before in zip(self.updates, self.states, strict=False):
            carried = push(update, before, carried, is_tuple=self.is_tuple)[1]
        return flatten(carried).double()

    @torch.no_grad()
    def adjoint(self, cotangents: Tensor) -> Tensor:
        """Jᵀ·u for cotangents (B, k, d), in the arithmetic of the state, returned as float64."""
        carried = split(cotangents, self.states[0])
        for number in reversed(range(len(self.updates))):
            carried = self._adjoints.pull(number, carried)
        return flatten(carried).double()

    @cached_property
    def _adjoints(self) -> Adjoints:
        return Adjoints(self.updates, self.states, is_tuple=self.is_tuple)


@dataclass(frozen=True)
class Transposed(Linearised):
    """Jᵀ at the same states."""

    @classmethod
    def of(cls, jacobian: Linearised) -> Transposed:
        """The transpose of a derivative."""
        return cls(jacobian.updates, jacobian.states, jacobian.is_tuple)

    def forward(self, tangents: Tensor) -> Tensor:
        return Linearised.adjoint(self, tangents)

    def adjoint(self, cotangents: Tensor) -> Tensor:
        return Linearised.forward(self, cotangents)


@torch.no_grad()
def linearised(step: Step, state: State, *, updates_per_segment: int = 1, time_dependent: bool = False, clock: int = 0) -> Linearised:
    """The derivative of one segment of a map at a state; arguments as in `unsettled.measure.tangent_growth`.

    Raises:
        UserError: a state that is not finite, or a step that is not a map of it.

    >>> import torch
    >>> jacobian = linearised(lambda z: z * torch.tensor([3.0, 0.5]), torch.ones(1, 2))
    >>> jacobian.forward(torch.tensor([[[1.0, 2.0]]])).tolist(), jacobian.size
    ([[[3.0, 1.0]]], 2)
    """
    parts, is_tuple = as_parts(state), not isinstance(state, Tensor)
    if not len(parts[0]):
        raise UserError("the state holds no examples")
    updates = tuple(segment_of(step, updates_per_segment, time_dependent=time_dependent).at(clock))
    states = [parts]
    for update in updates:
        states.append(advance(update, states[-1], is_tuple=is_tuple))
    if not all(bool(part.isfinite().all()) for part in states[0]):
        raise UserError("the state is not finite", hint="linearise the map where it is")
    return Linearised(updates, tuple(states), is_tuple)


def flat(state: State) -> Tensor:
    """A state as one vector an example, (B, d) float64."""
    parts = as_parts(state)
    return flatten(tuple(part.unsqueeze(1) for part in parts))[:, 0].double()
