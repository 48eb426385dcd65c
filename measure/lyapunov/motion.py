"""How the way that a state moves is stretched: gain along the last update, and how far successive updates keep their direction.

With d_s = z_s − z_{s−1} the update that led to state z_s and J_s the Jacobian of the next step there,
gain γ_s = ‖J_s d_s‖ / ‖d_s‖, cosine c_s = d_s·d_{s−1} / (‖d_s‖ ‖d_{s−1}‖).
"""

from __future__ import annotations

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.linearised import Linearised, flat
from unsettled.measure.lyapunov.tangents import State

AT_REST = 1000  # units of rounding: an update shorter than that over the norm of the state has no direction of its own


@torch.no_grad()
def gain_along_motion(jacobian: Linearised, before: State) -> Tensor:
    """(B,) γ = ‖J d‖ / ‖d‖, d being the state of ``jacobian`` minus the state ``before`` it; one product.

    NaN where the state is at rest to within rounding, since d then has no direction. It is the growth of the very difference that the
    run makes, between the smallest and the largest singular value of J; on a run that settles it tends to the modulus of the
    eigenvalue by which it does.

    >>> import torch
    >>> from unsettled.measure.lyapunov.linearised import linearised
    >>> halve, start = (lambda z: 0.5 * z), torch.ones(1, 3)
    >>> round(gain_along_motion(linearised(halve, halve(start)), start).item(), 6)
    0.5
    """
    moved = motion(before, _state(jacobian))
    image = torch.linalg.vector_norm(jacobian.forward(moved[:, None])[:, 0], dim=1)
    gain: Tensor = image / torch.linalg.vector_norm(moved, dim=1)
    return gain


def motion(before: State, after: State) -> Tensor:
    """(B, d) float64 after − before; NaN where that is rounding."""
    start, end = flat(before), flat(after)
    moved = end - start
    least = AT_REST * torch.finfo((after if isinstance(after, Tensor) else after[0]).dtype).eps
    rest = torch.linalg.vector_norm(moved, dim=1) <= least * torch.linalg.vector_norm(end, dim=1)
    return torch.where(rest[:, None], torch.nan, moved)


def alignment(moved: Tensor, other: Tensor) -> Tensor:
    """(B,) cosine of two updates (B, d) of each example; NaN where one has no direction."""
    cosine: Tensor = (moved * other).sum(dim=1) / (torch.linalg.vector_norm(moved, dim=1) * torch.linalg.vector_norm(other, dim=1))
    return cosine.clamp(-1, 1)


def persistence(cosines: Tensor, *, above: float = 0.5) -> Tensor:
    """(B,) int64 number of last segments in a row whose cosine (B, S) with the update before is above a limit.

    0 where the last update already turned away; a run that goes straight to where it settles has S − 1. NaN ends a row.

    Raises:
        UserError: a limit outside −1 … 1.

    >>> import torch
    >>> persistence(torch.tensor([[torch.nan, 0.9, 0.1, 0.8, 0.9]])).tolist()
    [2]
    """
    if not -1 <= above <= 1:
        raise UserError(f"a cosine above {above}", hint="the limit lies from -1 to 1")
    kept = (cosines > above).flip(1).to(torch.int64)
    return kept.cumprod(dim=1).sum(dim=1)


def _state(jacobian: Linearised) -> State:
    return jacobian.states[0] if jacobian.is_tuple else jacobian.states[0][0]
