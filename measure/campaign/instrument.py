"""Where a network's instrument is checked: the map of its next segment at one state of one example, in any arithmetic."""

from __future__ import annotations

import numpy as np
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.instrument import CheckedFigure, check_instrument
from unsettled.measure.lyapunov.known_slips import Quantity
from unsettled.measure.lyapunov.linearised import linearised
from unsettled.measure.lyapunov.segment import segment_of
from unsettled.measure.lyapunov.tangents import State, Update, as_parts
from unsettled.measure.networks.members import as_network
from unsettled.measure.networks.protocol import depends_on_time
from unsettled.measure.rollout.fitting import Measurable, fitted, placed
from unsettled.measure.rollout.rollout import batch_of
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples


@torch.no_grad()
def check_network_instrument(
    network: Measurable,
    examples: Examples,
    quantity: Quantity,
    *,
    example: int | None = None,
    segment: int = 16,
    noise_seed: int = 0,
    device: str = "cpu",
) -> CheckedFigure:
    """Read a number of a network in many ways: radius or singular value of the segment after state ``segment``, or λ₁ of the first ones.

    The orbit that leads to the state is run once, in float64; every reading is at that state, rounded to its arithmetic.

    Args:
        example: the id of an example; the first one by default.

    Raises:
        UserError: there is no such example or segment, or the network cannot be put into float64.
    """
    at_least(1, segment, "segment")
    found = np.flatnonzero(examples.ids == (examples.ids[0] if example is None else example)) if len(examples) else np.arange(0)
    if not len(found):
        raise UserError(f"example {example} is not among the {len(examples)} examples")
    one = examples.take(found[:1])
    ready = fitted(network, one)
    batch, wide = batch_of(one, device=device, noise_seed=noise_seed), as_network(placed(ready.model, dtype="float64", device=device))
    timed = depends_on_time(wide)
    state: State = wide.start(batch)
    updates, done = list(wide.updates(batch)), 0
    for _ in range(0 if quantity == "exponent" else segment):
        jacobian = linearised(updates, state, time_dependent=timed, clock=done * len(updates))
        state, done = jacobian.states[-1], done + 1

    def place(dtype: torch.dtype) -> tuple[list[Update], State]:
        name = str(dtype).removeprefix("torch.")
        model = as_network(placed(ready.model, dtype=name, device=device))
        inner = segment_of(list(model.updates(batch)), 1, time_dependent=timed)
        return inner.at(done * len(inner)), tuple(part.to(dtype) for part in as_parts(state))

    if timed and quantity == "exponent":
        raise UserError("the exponent of a network that counts its updates is not checked here", hint="check a radius or a singular value")
    return check_instrument(place, quantity, segments=segment)
