"""How far exponents of a network have converged: their spread over tangent seeds, and what each sweep still adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unsettled.measure.lyapunov.seeds import growth_over_seeds
from unsettled.measure.lyapunov.sweeps import singular_growth
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.networks.members import as_network, home_of
from unsettled.measure.rollout.rollout import batch_of
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples


@dataclass(frozen=True)
class Convergence:
    """Medians over puzzles, each a list of k numbers in nats per segment.

    Attributes:
        seed_mean, seed_spread: QR exponents, mean and largest minus smallest over ``seeds``.
        sweeps: finite-time exponents from singular values, after 0, 1, 2, … sweeps.
        last_rise: what the last sweep added.
        examples: number of puzzles.
    """

    seeds: tuple[int, ...]
    seed_mean: list[float]
    seed_spread: list[float]
    sweeps: dict[int, list[float]]
    last_rise: list[float]
    examples: int


def network_convergence(
    model: RecursiveModel, puzzles: Examples, *, k: int, segments: int, seed: int = 0, seeds: int = 2, sweeps: int = 3
) -> Convergence:
    """Measure one batch of puzzles with several tangent seeds, and by sweeps, in the model's own dtype and mode."""
    at_least(1, k, "k"), at_least(1, sweeps, "sweeps")
    chosen = tuple(range(seed, seed + at_least(2, seeds, "seeds")))
    network, batch = as_network(model), batch_of(puzzles, device=home_of(model))
    with torch.no_grad():
        updates = list(network.updates(batch))
    state = network.start(batch)
    spread = growth_over_seeds(updates, state, seeds=chosen, k=k, segments=segments)
    singular = singular_growth(updates, state, k=k, segments=segments, sweeps=sweeps, seed=seed)
    return Convergence(
        seeds=chosen,
        seed_mean=_medians(spread.mean(unit="segment")),
        seed_spread=_medians(spread.spread(unit="segment")),
        sweeps={n: _medians(singular.exponents(unit="segment", sweeps=n)) for n in range(sweeps + 1)},
        last_rise=_medians(singular.shortfall()[-1] / segments),
        examples=len(puzzles),
    )


def _medians(values: Tensor) -> list[float]:
    middle: Sequence[float] = values.quantile(0.5, dim=0).tolist()
    return list(middle)
