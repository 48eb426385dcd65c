"""Exponents to a declared precision: a standard error that respects serial correlation, and a run that ends when it is small enough.

Growth of successive segments is correlated, so that its variance over n is not the variance of the mean. Batch means (Schmeiser 1982,
Oper. Res. 30:556): the mean over each of 20 batches of n/20 successive segments is nearly independent of the next once batches are
longer than the memory of the orbit; whether they are is asked of the batches themselves (von Neumann's ratio).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.growth import Unit, per_segment
from unsettled.measure.lyapunov.segment import Step
from unsettled.measure.lyapunov.tangents import State
from unsettled.measure.support.counts import at_least

BATCHES = 20
FIRST = 10 * BATCHES  # segments before a standard error is looked at
CORRELATED = 0.5  # lag-one correlation of the batch means from which on batches are too short: about 2.3 standard errors of none


@dataclass(frozen=True)
class PreciseExponents:
    """Exponents with standard errors, of one orbit for each example.

    Attributes:
        growth: (B, n, k) nats per segment, all that was run.
        errors: (B, k) standard error of the mean growth, nats per segment, by batch means; 0 where growth does not vary, NaN where
            fewer than `BATCHES` segments were run or where it is −∞.
        correlation: (B, k) lag-one correlation of the batch means: where it is above ½ batches are too short, and the error too small.
        met: (B,) whether every exponent has the precision that was asked for, by batches that are not too short.
        updates_per_segment, time_per_update: as in `unsettled.measure.TangentGrowth`.
    """

    growth: Tensor
    errors: Tensor
    correlation: Tensor
    met: Tensor
    updates_per_segment: int
    time_per_update: float | None = None

    @property
    def segments(self) -> int:
        """How many segments were run."""
        return self.growth.shape[1]

    def exponents(self, *, unit: Unit = "update") -> Tensor:
        """(B, k) QR exponents in nats per ``unit``."""
        return self.growth.mean(dim=1) / per_segment(unit, self.updates_per_segment, self.time_per_update)

    def standard_errors(self, *, unit: Unit = "update") -> Tensor:
        """(B, k) their standard errors in nats per ``unit``."""
        return self.errors / per_segment(unit, self.updates_per_segment, self.time_per_update)


def exponents_to_precision(
    step: Step, state: State, *, k: int, precision: float, unit: Unit = "update", most: int = 100_000, warmup: int = 100, **options: Any
) -> PreciseExponents:
    """Run until every exponent of every example has a standard error of at most ``precision``, or ``most`` segments are run.

    The rule looks at 200 segments, then each time at half as many again. Looking often at a noisy error stops a little early: the true
    error of a run that stopped is up to about a tenth larger than asked for. A run that did not get there is returned with ``met`` false.
    Of an orbit that stays in one region for longer than the run no error from within it can tell.

    Args:
        precision: standard error in nats per ``unit``.
        warmup: segments before counting.
        options: as in `unsettled.measure.tangent_growth` (``updates_per_segment``, ``seed``, ``time_dependent``, …).

    Raises:
        UserError: a precision that is not positive, fewer than 20 segments, or what `tangent_growth` raises.

    >>> import torch
    >>> from unsettled.measure import exponents_to_precision
    >>> rates = torch.rand(3000, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
    >>> def shrink(z, n):
    ...     return z * rates[n % 3000]
    >>> found = exponents_to_precision(shrink, torch.ones(1, 1), k=1, precision=0.05, most=2000, time_dependent=True)
    >>> bool(found.met), bool(found.standard_errors() <= 0.05), found.segments < 2000
    (True, True, True)
    """
    if not precision > 0:
        raise UserError(f"precision is {precision}", hint="a positive standard error, in nats")
    at_least(BATCHES, most, "most")
    at_least(1, k, "k")
    pieces: list[Tensor] = []
    carried: dict[str, Any] = dict(options)
    wanted, first = min(FIRST, most), True
    while True:
        done = sum(piece.shape[1] for piece in pieces)
        found = tangent_growth(step, state, k=k, segments=wanted - done, warmup=warmup if first else 0, **carried)
        pieces.append(found.growth)
        state, first = found.state, False
        carried |= {"basis": found.basis, "clock": found.updates}
        growth = torch.cat(pieces, dim=1)
        errors, correlation = batch_means(growth)
        scaled = errors / per_segment(unit, found.updates_per_segment, found.time_per_update)
        met = ((scaled <= precision) & (correlation <= CORRELATED)).all(dim=1)
        if bool(met.all()) or wanted == most:
            return PreciseExponents(growth, errors, correlation, met, found.updates_per_segment, found.time_per_update)
        wanted = min(most, math.ceil(1.5 * wanted))


def batch_means(growth: Tensor, *, batches: int = BATCHES) -> tuple[Tensor, Tensor]:
    """Standard error (B, k) of the mean over the second axis of (B, n, k), and the lag-one correlation of the batch means.

    s/√b with s the standard deviation of the means of b batches of ⌊n/b⌋ successive values, the first few left out; NaN with fewer than
    b values, or where one is infinite.

    >>> import torch
    >>> independent = torch.randn(1, 4000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    >>> round(batch_means(independent)[0].item() * 4000**0.5, 1)  # the standard deviation, which is 1
    1.0
    """
    size = growth.shape[1] // at_least(2, batches, "batches")
    if not size:
        missing = torch.full((growth.shape[0], growth.shape[2]), torch.nan, dtype=growth.dtype, device=growth.device)
        return missing, missing
    means = growth[:, growth.shape[1] - size * batches :].reshape(len(growth), batches, size, -1).mean(dim=2)
    centred = means - means.mean(dim=1, keepdim=True)
    square = centred.square().sum(dim=1)
    # rounding of equal values is no variation
    still = square.sqrt() <= 1e-13 * means.abs().amax(dim=1)
    correlation = torch.where(still, 0.0, (centred[:, 1:] * centred[:, :-1]).sum(dim=1) / square)
    return torch.where(still, 0.0, (square / (batches - 1) / batches).sqrt()), correlation
