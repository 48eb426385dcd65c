"""Continuous-time systems as maps: the flow over a fixed time, integrated by torchdiffeq."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torchdiffeq import odeint

from unsettled.measure.errors import UserError
from unsettled.measure.support.counts import at_least

FIXED_STEP = ("euler", "midpoint", "rk4")


@dataclass(frozen=True)
class Flow:
    """z ↦ φ_duration(z) of dz/dt = velocity(z), for a batched tensor state (B, …).

    Its derivative is that of the discrete scheme itself, so growth is exact for the map that is iterated; the error of
    the scheme is what separates it from the flow. Give ``unit="time"`` to the views for exponents per unit of time.

    Attributes:
        velocity: z → dz/dt, of the same shape; autonomous.
        duration: time of one update.
        steps: equal steps within it, for the fixed-step methods.
        method: "rk4", "midpoint" or "euler". The adaptive methods of torchdiffeq have no forward-mode derivative; halve
            the step instead, and see by how much the exponents move.

    Raises:
        UserError: a duration or a number of steps that is not positive, or another method.

    >>> import torch
    >>> from unsettled.measure import Flow, tangent_growth
    >>> decay = Flow(lambda z: -0.5 * z, duration=0.1, steps=10)
    >>> round(tangent_growth(decay, torch.ones(1, 2), k=1, segments=5).exponents(unit="time").item(), 3)
    -0.5
    """

    velocity: Callable[[Tensor], Tensor]
    duration: float
    steps: int = 1
    method: str = "rk4"

    def __post_init__(self) -> None:
        at_least(1, self.steps, "steps")
        if not self.duration > 0:
            raise UserError(f"duration is {self.duration}", hint="it must be positive")
        if self.method not in FIXED_STEP:
            raise UserError(f"method {self.method!r} does not take fixed steps", hint="one of " + ", ".join(FIXED_STEP))

    @property
    def time_per_update(self) -> float:
        return self.duration

    def __call__(self, state: Tensor) -> Tensor:
        span = torch.tensor([0.0, self.duration], dtype=state.dtype, device=state.device)
        options = {"step_size": self.duration / self.steps}
        states: Tensor = odeint(lambda _, z: self.velocity(z), state, span, method=self.method, options=options)
        return states[-1]
