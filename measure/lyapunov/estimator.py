"""The Lyapunov estimator: QR (Benettin) growth of k tangents along the orbit of any batched map.

It knows nothing of networks: a map is a function from a batched state to a batched state. Method: Benettin, Galgani,
Giorgilli & Strelcyn, "Lyapunov characteristic exponents for smooth dynamical systems", Meccanica 15 (1980).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.frame import Frame
from unsettled.measure.lyapunov.growth import Status, TangentGrowth
from unsettled.measure.lyapunov.orthonormal import Method, default_method, orthonormalise, seeded_basis, working_dtype
from unsettled.measure.lyapunov.segment import Step, run_segment, segment_of
from unsettled.measure.lyapunov.tangents import Parts, State, as_parts, sizes
from unsettled.measure.support.counts import at_least

Observe = Callable[[int, Any], None]  # the state is what the step takes: a tensor or a tuple of them


@torch.no_grad()
def tangent_growth(
    step: Step,
    state: State,
    *,
    k: int,
    segments: int,
    updates_per_segment: int = 1,
    qr_every: int = 1,
    warmup: int = 0,
    seed: int = 0,
    basis: Tensor | None = None,
    observe: Observe | None = None,
    time_dependent: bool = False,
    clock: int = 0,
    method: Method | None = None,
) -> TangentGrowth:
    """Growth of k tangents along an orbit, segment by segment.

    Tangents q_1 … q_k are carried by the Jacobian of every update and orthonormalised, J Q = Q' R with R_ii ≥ 0; the growth
    of a segment is Σ log R_ii over its QRs, in nats (Benettin et al. 1980). Averaged over segments it gives the Lyapunov
    exponents in the limit of long orbits; over a few segments it depends on the starting tangents, see `warmup` and
    `unsettled.measure.growth_over_seeds`. For what the tangent map of this very orbit stretches most, whatever the start, take
    `unsettled.measure.singular_growth`.

    Args:
        step: a map state → state, applied ``updates_per_segment`` times a segment; or the sequence of updates that make
            one segment, in order. Each example of the batch must depend on itself alone. An update may bring its own
            tangent pass, see `unsettled.measure.lyapunov.tangents.push`.
        state: a float tensor, or a tuple of them, with a leading batch dimension B; d entries per example in all.
        k: how many exponents, 0 ≤ k ≤ d. With 0 only the orbit is run.
        segments: how many segments are counted.
        updates_per_segment: of a single map; a sequence of updates has its own length.
        qr_every: updates between two QRs; the end of a segment always has one.
        warmup: segments on the same orbit before counting starts: the tangents align, nothing is recorded.
        seed: of the starting tangents, which all examples share.
        basis: tangents to start from instead, (k, d) or (B, k, d), such as `TangentGrowth.basis`; zero rows are lost
            directions and stay lost. Rows that are not orthonormal are made so first; only their spans count.
        observe: called as ``observe(segment, state)``, with −1 where counting starts and after every counted segment.
        time_dependent: call ``step(state, n)`` with the index n of the update since the clock's start.
        clock: index of the first update, to resume a time-dependent orbit.
        method: "householder", "cholesky" or "compiled"; the default is what suits the device.

    Returns:
        A `TangentGrowth`; its growth is NaN only where the state itself is not finite.

    Raises:
        UserError: on arguments out of range, and on a step that changes the shape of the state, draws random numbers or
            has no forward-mode derivative.

    >>> import torch
    >>> from unsettled.measure import tangent_growth
    >>> found = tangent_growth(lambda z: z * torch.tensor([2.0, 0.5]), torch.ones(3, 2), k=2, segments=4, warmup=20)
    >>> found.growth.shape, [round(value, 4) for value in found.exponents(unit="update")[0].tolist()]
    (torch.Size([3, 4, 2]), [0.6931, -0.6931])
    """
    parts = as_parts(state)
    if not len(parts[0]):
        raise UserError("the state holds no examples")
    is_tuple = not isinstance(state, Tensor)
    updates = segment_of(step, updates_per_segment, time_dependent=time_dependent)
    check_counts(k=k, segments=segments, qr_every=qr_every, warmup=warmup, size=sum(sizes(parts)))
    frame = Frame(starting_basis(parts, k, seed, basis), method or default_method(parts[0].device))
    growth = torch.empty(len(parts[0]), segments, k, dtype=torch.float64, device=parts[0].device)
    broken, clock = ~_finite(parts), at_least(0, clock, "clock")

    for segment in range(-warmup, segments):
        if segment == 0:
            frame.forget()
            if observe is not None:
                observe(-1, _joined(parts, is_tuple))
        parts = run_segment(updates.at(clock), parts, frame, is_tuple=is_tuple, qr_every=qr_every)
        clock += len(updates)
        broken |= ~_finite(parts)
        if segment >= 0:
            growth[:, segment] = torch.where(broken[:, None], torch.nan, frame.take())
            if observe is not None:
                observe(segment, _joined(parts, is_tuple))

    triangular, log_scale = frame.product()
    return TangentGrowth(
        growth=growth,
        updates_per_segment=len(updates),
        seed=seed,
        dtype=parts[0].dtype,
        status=_status(growth, frame.overflow.to(broken.device), broken),
        state=_joined(parts, is_tuple),
        basis=frame.basis,
        triangular=triangular,
        log_scale=log_scale,
        updates=clock,
        time_per_update=getattr(step, "time_per_update", None),
    )


def check_counts(*, k: int, segments: int, qr_every: int, warmup: int, size: int) -> None:
    at_least(1, segments, "segments")
    at_least(1, qr_every, "qr_every")
    at_least(0, warmup, "warmup")
    if at_least(0, k, "k") > size:
        raise UserError(f"k is {k}, but the state of an example has only {size} entries", hint=f"use k ≤ {size}")


def starting_basis(parts: Parts, k: int, seed: int, basis: Tensor | None) -> Tensor:
    """Tangents to start from, (B, k, d) in the dtype of the QR."""
    batch, size, device = len(parts[0]), sum(sizes(parts)), parts[0].device
    dtype = working_dtype(parts[0].dtype)
    if basis is None:
        return seeded_basis(size, k, seed, dtype=dtype, device=device).expand(batch, k, size)
    if basis.shape not in ((k, size), (batch, k, size)):
        raise UserError(f"basis has shape {tuple(basis.shape)}", hint=f"give ({k}, {size}) or ({batch}, {k}, {size})")
    basis = basis.to(device=device, dtype=dtype).expand(batch, k, size)
    gram = basis @ basis.mT
    length = gram.diagonal(dim1=1, dim2=2)
    wanted = torch.diag_embed((length > 0).to(dtype))  # lost directions are zero rows
    if torch.allclose(gram, wanted, rtol=0.0, atol=size**0.5 * 16 * torch.finfo(dtype).eps):
        return basis  # as it is, so that a resumed run equals the uninterrupted one bit for bit
    return orthonormalise(basis)[0]


def _finite(parts: Parts) -> Tensor:
    flat = [_two_axes(part).flatten(start_dim=1) for part in parts]
    # one quick pass: a sum is finite only if all of it is; the reverse need not hold, of entries near the end of the range
    if bool(torch.stack([part.sum(dim=1) for part in flat]).isfinite().all()):
        return torch.ones(len(flat[0]), dtype=torch.bool, device=flat[0].device)
    return torch.stack([part.isfinite().all(dim=1) for part in flat]).all(dim=0)


def _two_axes(part: Tensor) -> Tensor:
    return part.unsqueeze(1) if part.ndim == 1 else part


def _joined(parts: Parts, is_tuple: bool) -> State:
    return parts if is_tuple else parts[0]


def _status(growth: Tensor, overflow: Tensor, broken: Tensor) -> Tensor:
    lost = (growth == -torch.inf).flatten(start_dim=1).any(dim=1)
    status = torch.where(lost, int(Status.RANK_DEFICIENT), int(Status.OK))
    status = torch.where(overflow, int(Status.OVERFLOW), status)
    return torch.where(broken, int(Status.NON_FINITE), status)
