"""Covariant Lyapunov vectors: the directions that the tangent map carries into themselves, each with its own exponent.

Ginelli, Poggi, Turchi, Chaté, Livi & Politi, "Characterizing dynamics with covariant Lyapunov vectors", Phys. Rev. Lett. 99 (2007): QR
forwards over a warm-up, a window and a tail, then triangular coefficients backwards through the tail and the window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import check_counts, starting_basis
from unsettled.measure.lyapunov.frame import Frame, Frames
from unsettled.measure.lyapunov.growth import Unit, per_segment
from unsettled.measure.lyapunov.orthonormal import default_method
from unsettled.measure.lyapunov.segment import Segment, Step, run_segment, segment_of
from unsettled.measure.lyapunov.tangents import Parts, State, Update, as_parts, flatten, push, sizes, split
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True)
class CovariantVectors:
    """k covariant vectors at the ends of the segments of a window, with two certificates.

    Attributes:
        vectors: (B, segments + 1, k, d) float64 unit vectors, from the start of the window on; their sign means nothing.
        growth: (B, segments, k) float64 log of how much each is stretched in each segment, nats per segment.
        covariance: (B, segments, k) sine of the angle between the image of a vector and the vector after it. It is small by
            construction, converged or not: alone it proves the algebra, and nothing else.
        convergence: (B, segments + 1, k) sine of the angle between the vectors from two independent runs, of other tangents before the
            window and other coefficients after it. Where it is not small the vectors are not determined: the warm-up or the tail is
            too short, or two exponents are equal.
        updates_per_segment: state updates of a segment.
        time_per_update: of a continuous-time system, else None.
    """

    vectors: Tensor
    growth: Tensor
    covariance: Tensor
    convergence: Tensor
    updates_per_segment: int
    time_per_update: float | None = None

    def exponents(self, *, unit: Unit = "update") -> Tensor:
        """(B, k) mean growth of each covariant vector over the window."""
        return self.growth.mean(dim=1) / per_segment(unit, self.updates_per_segment, self.time_per_update)

    def angles(self) -> Tensor:
        """(B, segments + 1, k, k) angles between the lines of two vectors in radians, 0 to π/2: small ones tell a near tangency."""
        one, other = self.vectors[:, :, :, None], self.vectors[:, :, None]
        # of unit vectors; exact for small angles too (Kahan 2006)
        apart, along = (torch.linalg.vector_norm(one + sign * other, dim=-1) for sign in (-1, 1))
        return 2 * torch.atan2(torch.minimum(apart, along), torch.maximum(apart, along))


@torch.no_grad()
def covariant_vectors(
    step: Step,
    state: State,
    *,
    k: int,
    segments: int,
    warmup: int,
    tail: int,
    updates_per_segment: int = 1,
    seeds: tuple[int, int] = (0, 1),
    time_dependent: bool = False,
    clock: int = 0,
) -> CovariantVectors:
    """The k leading covariant Lyapunov vectors along a window of an orbit.

    Forwards, Q_n R_n = J_n Q_{n−1}; backwards, C_{n−1} = R_n⁻¹ C_n D_n with columns of length 1, from upper triangular C at the end of
    the tail; the vectors are the columns of Q_n C_n. What is missing of vector i falls off like exp(−(λ_i − λ_{i+1})·tail) backwards, and
    like the same over the warm-up forwards; `CovariantVectors.convergence` measures it by doing everything twice.

    Args:
        k: how many; all must keep growing: a direction that is lost (growth −∞) has no vector.
        warmup, segments, tail: segments before the window, in it, and after it. In memory lie 2 · (segments + tail) · k · (k + d) numbers.
        seeds: of the two runs, which follow one orbit side by side: 1 + 2k passes a segment, and 1 + k more in the window for the images.
        step, state, updates_per_segment, time_dependent, clock: as in `unsettled.measure.tangent_growth`.

    Raises:
        UserError: arguments out of range, equal seeds, or a direction that is lost.

    >>> import torch
    >>> from unsettled.measure import covariant_vectors
    >>> matrix = torch.tensor([[2.0, 1.0], [0.0, 0.5]], dtype=torch.float64)
    >>> found = covariant_vectors(lambda z: z @ matrix.T, torch.zeros(1, 2, dtype=torch.float64), k=2, segments=2, warmup=30, tail=30)
    >>> [round(abs(value), 4) for value in found.vectors[0, 0, 1].tolist()], bool(found.convergence.max() < 1e-12)  # (2, −3)/√13
    ([0.5547, 0.8321], True)
    """
    parts, is_tuple = as_parts(state), not isinstance(state, Tensor)
    updates = segment_of(step, updates_per_segment, time_dependent=time_dependent)
    check_counts(k=k, segments=segments, qr_every=1, warmup=warmup, size=sum(sizes(parts)))
    at_least(1, k, "k")
    at_least(0, tail, "tail")
    if seeds[0] == seeds[1]:
        raise UserError(f"both runs have seed {seeds[0]}", hint="convergence is told by two different ones")
    frames = Frames([Frame(starting_basis(parts, k, seed, None).double(), default_method(parts[0].device)) for seed in seeds])
    starts, passes = _forwards(updates, parts, frames, is_tuple=is_tuple, clock=clock, warmup=warmup, kept=segments + tail)
    first, other = (_backwards(*found, segments=segments, seed=seed) for found, seed in zip(passes, seeds, strict=True))
    image = torch.stack([_image(updates.at(at), before, first[:, n], is_tuple) for n, (before, at) in enumerate(starts[:segments])], dim=1)
    length = torch.linalg.vector_norm(image, dim=3)
    return CovariantVectors(
        vectors=first,
        growth=length.log(),
        covariance=_sine(image / length[..., None], first[:, 1:]),
        convergence=_sine(first, other),
        updates_per_segment=len(updates),
        time_per_update=getattr(step, "time_per_update", None),
    )


Pass = tuple[list[Tensor], list[Tensor]]


def _forwards(
    updates: Segment, parts: Parts, frames: Frames, *, is_tuple: bool, clock: int, warmup: int, kept: int
) -> tuple[list[tuple[Parts, int]], list[Pass]]:
    """All frames along one orbit. Returns the (state, clock) before each segment after the warm-up, and for each frame its bases there and
    at the end, (B, k, d), and the triangular factors between them, (B, k, k)."""
    starts: list[tuple[Parts, int]] = []
    passes: list[Pass] = [([], []) for _ in frames.each]
    for number in range(warmup + kept):
        if number >= warmup:
            starts.append((parts, clock))
            for frame, (bases, _) in zip(frames.each, passes, strict=True):
                bases.append(frame.basis.double())
        frames.forget()
        parts = run_segment(updates.at(clock), parts, frames, is_tuple=is_tuple, qr_every=1)
        clock += len(updates)
        for frame, (_, factors) in zip(frames.each, passes, strict=True):
            triangular, log_scale = frame.product()
            if bool((log_scale == -torch.inf).any()) or not bool(triangular.isfinite().all()):
                raise UserError("a direction is lost on the way", hint="take k no larger than the rank of the tangent map")
            if number >= warmup:
                # row by row: lengths of columns mean nothing, so that no scale overflows
                factors.append(triangular * (log_scale - log_scale.amax(dim=1, keepdim=True)).exp()[..., None])
    for frame, (bases, _) in zip(frames.each, passes, strict=True):
        bases.append(frame.basis.double())
    return starts, passes


def _backwards(bases: list[Tensor], factors: list[Tensor], *, segments: int, seed: int) -> Tensor:
    """(B, segments + 1, k, d) the vectors in the window, from triangular coefficients that ``seed`` draws at the end of the tail."""
    batch, k, _ = bases[-1].shape
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(k, k, generator=generator, dtype=torch.float64).triu(1) + torch.eye(k, dtype=torch.float64)
    columns = _unit(drawn.to(bases[-1].device).expand(batch, k, k))
    found: list[Tensor] = []
    for number in reversed(range(len(bases))):
        if number <= segments:
            found.append(columns.mT @ bases[number])
        if number:
            columns = _unit(torch.linalg.solve_triangular(factors[number - 1], columns, upper=True))
    return torch.stack(found[::-1], dim=1)


def _image(updates: list[Update], parts: Parts, vectors: Tensor, is_tuple: bool) -> Tensor:
    """J·v of one segment for (B, k, d) vectors, by products that share nothing with the QRs: the state and its tangents once more."""
    tangents = split(vectors, parts)
    for update in updates:
        parts, tangents = push(update, parts, tangents, is_tuple=is_tuple)
    return flatten(tangents).double()


def _unit(columns: Tensor) -> Tensor:
    unit: Tensor = columns / torch.linalg.vector_norm(columns, dim=1, keepdim=True)
    return unit


def _sine(one: Tensor, other: Tensor) -> Tensor:
    """Sine of the angle between the lines of unit vectors along the last axis; exact for small angles too."""
    apart, along = (torch.linalg.vector_norm(one + sign * other, dim=-1) for sign in (-1, 1))
    return torch.sin(2 * torch.atan2(torch.minimum(apart, along), torch.maximum(apart, along)))


def tail_for(gap: float, precision: float = 1e-10) -> int:
    """Segments of warm-up and of tail after which what is missing has fallen to ``precision``, for neighbouring exponents ``gap`` apart.

    Raises:
        UserError: a gap or a precision that is not positive.

    >>> tail_for(0.5, 1e-10)
    47
    """
    if not gap > 0 or not 0 < precision < 1:
        raise UserError(f"a gap of {gap} and a precision of {precision}", hint="both positive, the precision below 1")
    return math.ceil(-math.log(precision) / gap)
