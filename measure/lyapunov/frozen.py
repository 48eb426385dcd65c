"""Exponents of random maps along frozen noise: one realisation drives all starts, so that what is spread over paths is told apart.

A random map is no single map: its exponents belong to the skew product of noise and state (Arnold, "Random Dynamical Systems", 1998).
With the noise frozen the orbit and its tangents see the same draws, and starts on one path differ by their state alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.growth import TangentGrowth, Unit
from unsettled.measure.lyapunov.segment import Step
from unsettled.measure.lyapunov.tangents import State, as_parts
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True)
class FrozenNoise:
    """One `TangentGrowth` for each noise path, of the same starts."""

    growths: tuple[TangentGrowth, ...]

    def exponents(self, *, unit: Unit = "update") -> Tensor:
        """(paths, B, k) QR exponents."""
        return torch.stack([growth.exponents(unit=unit) for growth in self.growths])

    def mean(self, *, unit: Unit = "update") -> Tensor:
        """(k,) over paths and starts."""
        return self.exponents(unit=unit).mean(dim=(0, 1))

    def spread_over_starts(self, *, unit: Unit = "update") -> Tensor:
        """(k,) standard deviation between starts on one path: what the state adds. 0 for a linear map, and once all starts have met.

        √ of the mean within-path variance, in the one-way analysis of variance with paths as groups.
        """
        return self.exponents(unit=unit).var(dim=1).mean(dim=0).sqrt()

    def spread_over_paths(self, *, unit: Unit = "update") -> Tensor:
        """(k,) standard deviation between paths, without what starts add to the mean of a path: what the noise adds at this length.

        √ of the between-path component, the variance of path means minus within-path variance over B, 0 where that is negative.
        It falls like 1/√T: the exponent itself is the same for almost every path.
        """
        found = self.exponents(unit=unit)
        between = found.mean(dim=1).var(dim=0) - found.var(dim=1).mean(dim=0) / found.shape[1]
        return between.clamp(min=0).sqrt()

    def standard_error(self, *, unit: Unit = "update") -> Tensor:
        """(k,) of the mean: paths are the independent samples, however many starts each has."""
        means = self.exponents(unit=unit).mean(dim=1)
        error: Tensor = means.std(dim=0) / len(means) ** 0.5
        return error


def frozen_noise(path: Callable[[int], Step], state: State, *, paths: Sequence[int], k: int, segments: int, **options: Any) -> FrozenNoise:
    """Exponents along several noise paths, each for all starts of ``state``.

    Args:
        path: a seed → the map driven by that noise, called as step(state, n) with the number n of the update; it must give the same draw
            whenever it is asked for n, so draw by seed and n (`unsettled.measure.Batch.normal` does), not in turn.
        state: at least two starts.
        paths: seeds, at least two, all different.
        options: as in `unsettled.measure.tangent_growth`; the step is time-dependent.

    Raises:
        UserError: fewer than two starts or paths, a path twice, or a path that draws anew each time.

    >>> import torch
    >>> from unsettled.measure import frozen_noise
    >>> def path(seed):
    ...     slopes = torch.rand(9, generator=torch.Generator().manual_seed(seed)) + 0.5
    ...     return lambda z, n: slopes[n] * z + 1.0  # an affine map: λ is the mean of ln slope, whatever the start
    >>> found = frozen_noise(path, torch.tensor([[0.0], [5.0]]), paths=[0, 1, 2], k=1, segments=9)
    >>> bool(found.spread_over_starts() < 1e-6), bool(found.spread_over_paths() > 0.01)
    (True, True)
    """
    if len(set(paths)) < 2 or len(set(paths)) != len(paths):
        raise UserError(f"noise paths {list(paths)}", hint="two or more different seeds")
    starts = state if isinstance(state, Tensor) else state[0]
    if len(starts) < 2:
        raise UserError(f"{len(starts)} start on each path", hint="two or more tell what the start adds")
    at_least(1, k, "k")
    growths = []
    for seed in paths:
        step = path(seed)
        _check_frozen(step, state)
        growths.append(tangent_growth(step, state, k=k, segments=segments, time_dependent=True, **options))
    return FrozenNoise(tuple(growths))


def _check_frozen(step: Step, state: State) -> None:
    """Raises UserError where the same update of the same state gives another state the second time."""
    first = step if callable(step) else next(iter(step))
    once, again = (as_parts(first(state, 0)) for _ in range(2))
    if not all(torch.equal(one, other) for one, other in zip(once, again, strict=True)):
        raise UserError("the noise is not frozen: one update of one state gave two results", hint="draw by the path's seed and n")
