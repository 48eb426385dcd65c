"""True leading finite-time exponents: subspace iteration with the tangent map and its adjoint along one orbit.

A forward pass carries k tangents by Jacobian-vector products; a backward pass carries what they became back by
vector-Jacobian products. Each pass is half a step of subspace iteration on JᵀJ, J the tangent map over the whole
orbit; its restricted singular values rise to the true ones, by a factor (σ_{k+1}/σ_i)² of what is missing each.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import vjp, vmap

from unsettled.measure.lyapunov.estimator import check_counts, starting_basis
from unsettled.measure.lyapunov.frame import Frame
from unsettled.measure.lyapunov.growth import Unit, per_segment
from unsettled.measure.lyapunov.orthonormal import Method, default_method
from unsettled.measure.lyapunov.segment import Step, run_segment, segment_of
from unsettled.measure.lyapunov.singular import log_singular_values
from unsettled.measure.lyapunov.tangents import Parts, State, Update, advance, as_parts, flatten, sizes, split
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True)
class SingularGrowth:
    """Leading singular values of the tangent map over an orbit, after every pass.

    Attributes:
        passes: (P, B, k) float64 log σ_i in nats, largest first: passes[0] is restricted to random tangents, each later
            one to the image of the pass before. P = 2·sweeps + 1, so that passes[2·n] is what n sweeps give.
        segments, updates_per_segment, seed: as in `TangentGrowth`.
        directions: (B, k, d) the leading right singular subspace, orthonormal rows.
    """

    passes: Tensor
    segments: int
    updates_per_segment: int
    seed: int
    directions: Tensor
    time_per_update: float | None = None

    def exponents(self, *, unit: Unit = "update", sweeps: int | None = None) -> Tensor:
        """Finite-time exponents (B, k) in nats per ``unit`` after so many sweeps, by default after all."""
        index = -1 if sweeps is None else 2 * at_least(0, sweeps, "sweeps")
        return self.passes[index] / self.segments / per_segment(unit, self.updates_per_segment, self.time_per_update)

    def shortfall(self) -> Tensor:
        """(sweeps, B, k) nats by which each sweep still raised log σ_i: what one sweep fewer had missed, at least."""
        return (self.passes[2::2] - self.passes[:-2:2]).nan_to_num(nan=0.0)


@torch.no_grad()
def singular_growth(
    step: Step,
    state: State,
    *,
    k: int,
    segments: int,
    updates_per_segment: int = 1,
    sweeps: int = 2,
    qr_every: int = 1,
    seed: int = 0,
    basis: Tensor | None = None,
    time_dependent: bool = False,
    clock: int = 0,
    method: Method | None = None,
) -> SingularGrowth:
    """The k leading singular values of the tangent map over ``segments`` segments, by ``sweeps`` sweeps.

    Subspace iteration on JᵀJ, J the tangent map of the whole orbit (Goldhirsch, Sulem & Orszag 1987): log σ_i over time are
    the finite-time exponents of the orbit. Not for thousands of updates of a chaotic map: QR exponents have converged there.

    Arguments as in `unsettled.measure.lyapunov.estimator.tangent_growth`. One sweep costs a backward and a forward pass; the states at the
    starts of segments are kept, those inside a segment are computed again. The step needs a reverse-mode derivative.

    Raises:
        UserError: as `tangent_growth` does.

    >>> import torch
    >>> from unsettled.measure import singular_growth
    >>> found = singular_growth(lambda z: z * torch.tensor([3.0, 1.0, 0.5]), torch.ones(1, 3), k=1, segments=5, sweeps=2)
    >>> round(found.exponents(unit="update").item(), 4), round(torch.tensor(3.0).log().item(), 4)
    (1.0986, 1.0986)
    """
    parts = as_parts(state)
    is_tuple = not isinstance(state, Tensor)
    updates = segment_of(step, updates_per_segment, time_dependent=time_dependent)
    check_counts(k=k, segments=segments, qr_every=qr_every, warmup=0, size=sum(sizes(parts)))
    at_least(0, sweeps, "sweeps")
    method = method or default_method(parts[0].device)
    segment_starts = [parts]
    for segment in range(segments - 1):
        for update in updates.at(clock + segment * len(updates)):
            parts = advance(update, parts, is_tuple=is_tuple)
        segment_starts.append(parts)

    directions, passes = starting_basis(parts, k, seed, basis), []
    for number in range(2 * sweeps + 1):
        forwards = number % 2 == 0
        frame = Frame(directions, method)
        right = directions
        for segment in range(segments) if forwards else reversed(range(segments)):
            timed = updates.at(clock + segment * len(updates))
            run = run_segment if forwards else _backwards
            run(timed, segment_starts[segment], frame, is_tuple=is_tuple, qr_every=qr_every)
        passes.append(log_singular_values(*frame.product()))
        directions = frame.basis
    return SingularGrowth(
        passes=torch.stack(passes),
        segments=segments,
        updates_per_segment=len(updates),
        seed=seed,
        directions=right,
        time_per_update=getattr(step, "time_per_update", None),
    )


def _backwards(updates: list[Update], parts: Parts, frame: Frame, *, is_tuple: bool, qr_every: int) -> None:
    before = []
    for update in updates:
        before.append(parts)
        parts = advance(update, parts, is_tuple=is_tuple)
    cotangents = split(frame.basis, parts)
    for index, (update, parts) in enumerate(zip(reversed(updates), reversed(before), strict=True)):
        cotangents = pull(update, parts, cotangents, is_tuple=is_tuple)
        if (index + 1) % qr_every == 0 or index + 1 == len(updates):
            frame.absorb(flatten(cotangents))
            cotangents = split(frame.basis, parts)


def pull(update: Update, parts: Parts, cotangents: Parts, *, is_tuple: bool) -> Parts:
    """Df(z)ᵀ·u for k cotangents, components (B, k, …): the adjoint of `unsettled.measure.lyapunov.tangents.push`."""

    def apply(*inputs: Tensor) -> Parts:
        return as_parts(update(inputs if is_tuple else inputs[0]))

    adjoint = vjp(apply, *parts)[1]
    if cotangents[0].shape[1] == 1:  # vmap would only add its own cost
        return tuple(part.unsqueeze(1) for part in adjoint(tuple(cotangent[:, 0] for cotangent in cotangents)))
    image = vmap(adjoint, in_dims=(1,))(cotangents)
    return tuple(part.movedim(0, 1) for part in image)
