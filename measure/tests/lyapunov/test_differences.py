"""Difference quotients of several components: their step is a share of the state's norm, whatever the tangents' length."""

from __future__ import annotations

import pytest
import torch

from unsettled.measure.lyapunov.differences import ByDifferences


def square(state):
    x, y = state
    return x**2, y**2


@pytest.mark.parametrize("scale", [1.0, 1e-3, 50.0])
@pytest.mark.parametrize("step", [0.1, 1e-4])
def test_of_squares_the_quotient_is_off_by_the_step_times_the_norm(scale, step):
    """(f(z + εv) − f(z)) / ε = 2zv + εv², with ε‖v‖ = step·‖z‖ over both components together."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64), torch.randn(3, generator=generator, dtype=torch.float64)
    v, w = (scale * torch.randn(3, 4, *part.shape[1:], generator=generator, dtype=torch.float64) for part in (x, y))
    image, pushed = ByDifferences(square, step).push((x, y), (v, w))
    norm = torch.cat((x.flatten(1), y[:, None]), dim=1).norm(dim=1)
    length = torch.cat((v.flatten(2), w[:, :, None]), dim=2).norm(dim=2)
    epsilon = step * norm[:, None] / length
    assert torch.equal(image[0], x**2) and torch.equal(image[1], y**2)
    torch.testing.assert_close(pushed[0], 2 * x[:, None] * v + epsilon[:, :, None, None] * v**2, rtol=1e-7, atol=1e-7 * scale)
    torch.testing.assert_close(pushed[1], 2 * y[:, None] * w + epsilon * w**2, rtol=1e-7, atol=1e-7 * scale)


def test_a_state_of_zeros_takes_the_step_itself_and_a_zero_tangent_stays_zero():
    image, pushed = ByDifferences(lambda z: z + z**2, 0.1).push(torch.zeros(1, 2), torch.tensor([[[2.0, 0.0], [0.0, 0.0]]]))
    assert not image.any() and pushed[0, 0].tolist() == pytest.approx([2 * 1.1, 0.0]) and not pushed[0, 1].any()
    assert ByDifferences(lambda z: 3 * z, 0.1)(torch.ones(1, 1)).item() == 3
