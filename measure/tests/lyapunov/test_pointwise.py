"""Maps compiled for one example give what the same maps give as functions of torch, and refuse what they cannot hold."""

from __future__ import annotations

import pytest
import torch

from unsettled.fixtures.bench import maps
from unsettled.fixtures.systems.flows import lorenz63, lorenz96
from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth

TORCH = {
    "henon": (maps.henon, SYSTEMS["henon"].step),
    "lorenz-63": (maps.lorenz63, lambda z: maps.classical_step(z, lorenz63)),
    "lorenz-96": (maps.lorenz96, lambda z: maps.classical_step(z, lorenz96)),
}


@pytest.mark.parametrize(("name", "dtype"), [*((name, torch.float64) for name in TORCH), ("henon", torch.float32)])
def test_a_compiled_map_pushes_what_jvp_pushes(name, dtype):
    make, step = TORCH[name]
    start, tolerance = SYSTEMS[name].starts(3, dtype=dtype), 1e3 * torch.finfo(dtype).eps
    k = min(start.shape[1], 4)
    compiled = make()
    ours, theirs = (tangent_growth(one, start, k=k, segments=4, updates_per_segment=2) for one in (compiled, step))
    torch.testing.assert_close(ours.growth, theirs.growth, rtol=0, atol=tolerance)
    torch.testing.assert_close(ours.state, theirs.state, rtol=tolerance, atol=tolerance)
    assert torch.equal(tangent_growth(compiled, start, k=0, segments=8).state, ours.state)


def test_it_refuses_a_state_that_is_no_batch_of_vectors():
    with pytest.raises(UserError, match="does not go through a compiled loop"):
        tangent_growth(maps.henon(), torch.zeros(2, 2, 2), k=1, segments=1)
