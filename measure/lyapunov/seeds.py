"""Repeat a measurement with several tangent seeds: their spread is the error bar of unconverged tangents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.growth import TangentGrowth, Unit
from unsettled.measure.lyapunov.segment import Step
from unsettled.measure.lyapunov.tangents import State
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True)
class SeedSpread:
    """One `TangentGrowth` for each seed, on the same orbits."""

    growths: tuple[TangentGrowth, ...]

    def exponents(self, *, unit: Unit = "update", first: int = 0, last: int | None = None) -> Tensor:
        """(seeds, B, k) QR exponents over a window of segments."""
        return torch.stack([growth.exponents(unit=unit, first=first, last=last) for growth in self.growths])

    def mean(self, **window: Any) -> Tensor:
        """(B, k) mean over seeds; takes what `exponents` takes."""
        return self.exponents(**window).mean(dim=0)

    def spread(self, **window: Any) -> Tensor:
        """(B, k) largest minus smallest over seeds; 0 where all seeds lost the direction."""
        values = self.exponents(**window)
        return torch.where((values == values[0]).all(dim=0), 0.0, values.amax(dim=0) - values.amin(dim=0))


def growth_over_seeds(step: Step, state: State, *, seeds: Sequence[int] = (0, 1), **options: Any) -> SeedSpread:
    """`tangent_growth` with each of ``seeds``; ``options`` are its own.

    Raises:
        UserError: with fewer than two different seeds, or a basis (which leaves nothing to the seed).

    >>> import torch
    >>> from unsettled.measure import growth_over_seeds
    >>> spread = growth_over_seeds(lambda z: 0.5 * z, torch.ones(2, 3), seeds=(0, 1, 2), k=1, segments=3)
    >>> spread.exponents(unit="update").shape, bool(spread.spread(unit="update").max() < 1e-6)
    (torch.Size([3, 2, 1]), True)
    """
    if len(set(seeds)) < 2 or len(set(seeds)) != len(seeds):
        raise UserError(f"a spread needs two or more different seeds, not {list(seeds)}")
    if options.get("basis") is not None or "seed" in options:
        raise UserError("a spread over seeds chooses seed and basis itself", hint="leave out seed and basis")
    at_least(1, options.get("k"), "k")
    return SeedSpread(tuple(tangent_growth(step, state, seed=seed, **options) for seed in seeds))
