"""Frozen noise: exponents of each path exactly, and the spread over paths apart from the spread over starts."""

from __future__ import annotations

import pytest
import torch

from unsettled.fixtures.systems.random_maps import RANDOM_MAPS
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.frozen import frozen_noise

UPDATES, PATHS = 30, list(range(8))


@pytest.mark.parametrize("random", RANDOM_MAPS, ids=lambda random: random.name)
def test_every_path_has_its_exact_exponents_and_starts_add_nothing(random):
    basis = torch.eye(random.size, dtype=torch.float64)
    starts = torch.randn(3, random.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = frozen_noise(random.path, starts, paths=PATHS, k=random.size, segments=UPDATES, basis=basis)
    exact = torch.stack([random.along(seed, UPDATES) for seed in PATHS])
    assert (found.exponents() - exact[:, None]).abs().max() < 1e-12
    assert found.spread_over_starts().max() < 1e-12
    assert torch.allclose(found.spread_over_paths(), exact.std(dim=0))
    limit = torch.tensor(random.limit, dtype=torch.float64)
    assert ((found.mean() - limit).abs() < 4 * random.deviation / (UPDATES * len(PATHS)) ** 0.5).all()
    assert (found.standard_error() < 2 * random.deviation / (UPDATES * len(PATHS)) ** 0.5).all()


def test_spread_over_starts_is_told_apart_from_spread_over_paths():
    """Slopes depend on the start alone: ±0.3 in half of them, and the path adds ±0.1."""

    def path(seed):
        return lambda z, n: torch.cat((z[:, :1], z[:, 1:] * (0.3 * z[:, :1].detach() + 0.1 * (-1) ** seed).exp()), dim=1)

    starts = torch.tensor([[-1.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    basis = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    found = frozen_noise(path, starts, paths=[0, 1, 2, 3], k=1, segments=5, basis=basis)
    assert found.spread_over_starts().item() == pytest.approx(0.3 * 2**0.5)
    assert found.spread_over_paths().item() == 0  # the variance of path means is 0.0133, within over 2 is 0.09: nothing is left
    calm = frozen_noise(path, 0.1 * starts, paths=[0, 1, 2, 3], k=1, segments=5, basis=basis)
    assert calm.spread_over_paths().item() == pytest.approx((0.04 / 3 - 0.0018 / 2) ** 0.5)


def test_noise_that_is_not_frozen_and_single_paths_are_refused():
    starts, generator = torch.ones(2, 1), torch.Generator().manual_seed(0)
    with pytest.raises(UserError, match="not frozen"):
        frozen_noise(lambda seed: lambda z, n: z * torch.rand(1, generator=generator), starts, paths=[0, 1], k=1, segments=1)
    for state, paths in ((starts, [0]), (starts, [1, 1]), (starts[:1], [0, 1])):
        with pytest.raises(UserError):
            frozen_noise(RANDOM_MAPS[2].path, state, paths=paths, k=1, segments=1)
