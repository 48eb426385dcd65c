"""What `unsettled.measure.lyapunov.estimator.tangent_growth` returns: growth per segment, and the views of it that carry a unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.singular import log_singular_values
from unsettled.measure.lyapunov.spectrum import Entropy, kaplan_yorke, ks_entropy
from unsettled.measure.lyapunov.tangents import State
from unsettled.measure.support.counts import at_least

Unit = Literal["update", "segment", "time"]


class Status(IntEnum):
    """How an example's growth is to be read; the highest that applies."""

    OK = 0
    RANK_DEFICIENT = 1  #: some directions are lost, their growth is −inf
    OVERFLOW = 2  #: a tangent left the range of its dtype between two QRs, the growth is +inf from there on
    NON_FINITE = 3  #: the state itself became infinite or NaN, the growth is NaN from there on


def per_segment(unit: Unit, updates_per_segment: int, time_per_update: float | None) -> float:
    """How many of ``unit`` make one segment: what nats per segment are divided by."""
    if unit == "segment":
        return 1.0
    if unit == "update":
        return float(updates_per_segment)
    if unit == "time" and time_per_update is not None:
        return updates_per_segment * time_per_update
    raise UserError(f"no unit {unit!r} here", hint="use 'update', 'segment', or 'time' for a flow")


@dataclass(frozen=True)
class TangentGrowth:
    """Growth of k tangents along the orbits of B examples.

    Attributes:
        growth: (B, segments, k) float64, Σ log R_ii over each segment, nats per segment, QR order, −inf kept.
        updates_per_segment: state updates in one segment; divides nats per segment into nats per update.
        seed: of the starting tangents.
        dtype: of the state, and of the arithmetic.
        status: (B,) int64 of `Status`.
        state: the state after the last segment.
        basis: (B, k, d) final tangents, orthonormal rows; lost directions are zero rows. Resume from it.
        triangular: (B, k, k) float64, R_n ⋯ R_1 over the counted segments, each row scaled to a largest entry of one.
        log_scale: (B, k) float64, the logarithm of each row's scale: the factor is exp(log_scale)[:, :, None] · triangular.
        updates: state updates made since the start of the orbit's clock, warm-up included; resume a clock from it.
        time_per_update: of a continuous-time system, else None.
    """

    growth: Tensor
    updates_per_segment: int
    seed: int
    dtype: torch.dtype
    status: Tensor
    state: State
    basis: Tensor
    triangular: Tensor
    log_scale: Tensor
    updates: int
    time_per_update: float | None = None

    @property
    def segments(self) -> int:
        return self.growth.shape[1]

    @property
    def k(self) -> int:
        return self.growth.shape[2]

    @property
    def lost(self) -> Tensor:
        """(B,) number of directions of which nothing is left: their growth is −inf for good."""
        return (self.growth == -torch.inf).any(dim=1).sum(dim=1)

    def exponents(self, *, unit: Unit = "update", first: int = 0, last: int | None = None) -> Tensor:
        """QR (Benettin) exponents (B, k) in nats per ``unit``, averaged over segments ``first`` to before ``last``.

        Raises:
            UserError: on an empty window, or a unit of time for a map that has none.
        """
        at_least(-self.segments, first, "first"), at_least(-self.segments, self.segments if last is None else last, "last")
        window = self.growth[:, first:last]
        if window.shape[1] == 0:
            raise UserError(f"no segment in the window {first}:{last} of {self.segments}")
        return window.mean(dim=1) / self._per_segment(unit)

    def partial_sums(self, *, unit: Unit = "update", first: int = 0, last: int | None = None) -> Tensor:
        """Σ_{i≤j} λ_i (B, k): growth rate of j-dimensional volume, which no choice of basis within the span changes."""
        return self.exponents(unit=unit, first=first, last=last).cumsum(dim=1)

    def singular_exponents(self, *, unit: Unit = "update") -> Tensor:
        """Finite-time exponents (B, k), largest first: log singular values over the time of all counted segments.

        They are those of the tangent map *restricted to the k tangents that were carried*, so each is at most the true
        one; `unsettled.measure.lyapunov.sweeps.singular_growth` finds the true leading ones. NaN or +inf where the growth is.
        """
        values = log_singular_values(self.triangular, self.log_scale) / self.segments / self._per_segment(unit)
        values = torch.where((self.status == Status.OVERFLOW)[:, None], torch.inf, values)
        return torch.where((self.status == Status.NON_FINITE)[:, None], torch.nan, values)

    def kaplan_yorke(self, *, undecided: Literal["raise", "nan"] = "raise") -> Tensor:
        """Kaplan–Yorke dimension (B,); see `unsettled.measure.lyapunov.spectrum.kaplan_yorke` for when it refuses."""
        return kaplan_yorke(self.exponents(), complete=self.complete, undecided=undecided)

    def ks_entropy(self, *, unit: Unit = "update") -> Entropy:
        """Sum of the positive exponents, a lower bound of the Pesin sum where positive ones may be missing."""
        return ks_entropy(self.exponents(unit=unit), complete=self.complete)

    def participation(self) -> Tensor:
        """(B, k) number of state entries that share each final tangent: 1/Σ v⁴, from 1 to d; 0 for a lost direction."""
        fourth = self.basis.double().pow(4).sum(dim=2)
        return torch.where(fourth > 0, 1 / fourth, 0.0)

    @property
    def complete(self) -> bool:
        """Whether k = d, so that the spectrum is whole."""
        return self.k == self.basis.shape[2]

    def _per_segment(self, unit: Unit) -> float:
        return per_segment(unit, self.updates_per_segment, self.time_per_update)
