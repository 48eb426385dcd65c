"""Derivatives by finite differences, as many tools take them: to see what they give, never to measure by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from unsettled.measure.lyapunov.tangents import Parts, State, advance, as_parts


@dataclass(frozen=True)
class ByDifferences:
    """A map whose tangents are pushed by (f(z + εv) − f(z)) / ε, with ε‖v‖ = ``step`` · ‖z‖, in the arithmetic of the state.

    Its error is of order ε by the curvature of f, and of order 1/ε by rounding: u‖f‖√d/ε for a unit of rounding u, which in float32 is
    more than one for every ε below 1e-7 √d, whatever the derivative.

    >>> import torch
    >>> from unsettled.measure.lyapunov.linearised import linearised
    >>> square = ByDifferences(lambda z: z**2, step=0.1)
    >>> found = linearised(square, torch.ones(1, 1, dtype=torch.float64)).forward(torch.ones(1, 1, 1, dtype=torch.float64))
    >>> round(found.item(), 6)  # 2 + ε
    2.1
    """

    update: Callable[[State], State]
    step: float

    def __call__(self, state: State) -> State:
        return self.update(state)

    def push(self, state: State, tangents: State) -> tuple[State, State]:
        """f(z) and difference quotients for tangents with an axis k after the batch."""
        is_tuple = not isinstance(state, Tensor)
        parts, carried = as_parts(state), as_parts(tangents)
        image = advance(self.update, parts, is_tuple=is_tuple)
        size = _length(parts)
        size = torch.where(size > 0, size, 1.0)
        quotients: list[Parts] = []
        for index in range(carried[0].shape[1]):
            direction = tuple(part[:, index] for part in carried)
            length = _length(direction)
            epsilon = torch.where(length > 0, self.step * size / length, 1.0)
            moved = tuple(part + _over(epsilon, part) * along for part, along in zip(parts, direction, strict=True))
            there = advance(self.update, moved, is_tuple=is_tuple)
            quotients.append(tuple((after - before) / _over(epsilon, after) for after, before in zip(there, image, strict=True)))
        pushed = tuple(torch.stack(columns, dim=1) for columns in zip(*quotients, strict=True))
        return (image, pushed) if is_tuple else (image[0], pushed[0])


def _length(parts: Parts) -> Tensor:
    """(B,) Euclidean length of all components together."""
    flat = [part.flatten(1) if part.ndim > 1 else part[:, None] for part in parts]
    total: Tensor = torch.linalg.vector_norm(torch.cat(flat, dim=1).double(), dim=1)
    return total


def _over(values: Tensor, part: Tensor) -> Tensor:
    """(B,) as a factor of a component."""
    return values.to(part.dtype).view(-1, *(1,) * (part.ndim - 1))
