"""Products with a Jacobian and its transpose over several updates of several components, and the motion that they stretch."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.linearised import Transposed, flat, linearised
from unsettled.measure.lyapunov.motion import AT_REST, alignment, gain_along_motion, motion, persistence

DOUBLE = torch.float64


def first(state):
    x, y = state
    return torch.tanh(x + y[:, None, None]), y * x.sum(dim=(1, 2))


def second(state):
    x, y = state
    return x * x, torch.sin(y)


def joined(vector):
    """The two updates on one flat vector of 7."""
    x, y = second(first((vector[:6].reshape(1, 2, 3), vector[6:])))
    return torch.cat((x.flatten(), y))


@pytest.mark.parametrize("k", [1, 4])
def test_products_are_those_of_the_dense_jacobian(k):
    generator = torch.Generator().manual_seed(0)
    state = torch.randn(3, 2, 3, generator=generator, dtype=DOUBLE), torch.randn(3, generator=generator, dtype=DOUBLE)
    found, vectors = linearised([first, second], state), torch.randn(3, k, 7, generator=generator, dtype=DOUBLE)
    dense = torch.stack([torch.autograd.functional.jacobian(joined, row) for row in flat(state)])
    assert (found.batch, found.size, found.epsilon, len(found.states), found.is_tuple) == (3, 7, torch.finfo(DOUBLE).eps, 3, True)
    torch.testing.assert_close(found.forward(vectors), vectors @ dense.mT)
    torch.testing.assert_close(found.adjoint(vectors), vectors @ dense)
    turned = Transposed.of(found)
    torch.testing.assert_close(turned.forward(vectors), vectors @ dense)
    torch.testing.assert_close(turned.adjoint(vectors), vectors @ dense.mT)
    assert flat(state).shape == (3, 7) and flat((state[0].float(), state[1].float())).dtype == DOUBLE


def test_a_map_is_repeated_and_told_its_clock():
    rates = torch.tensor([2.0, 3.0, 5.0, 7.0], dtype=DOUBLE)
    state, one = torch.ones(1, 1, dtype=DOUBLE), torch.ones(1, 1, 1, dtype=DOUBLE)
    assert linearised(lambda z: 3 * z, state, updates_per_segment=2).forward(one).item() == 9
    assert linearised(lambda z: 3 * z, state).forward(one).item() == 3
    for clock, wanted in ((0, 6), (2, 35)):
        told = linearised(lambda z, n: rates[n] * z, state, updates_per_segment=2, time_dependent=True, clock=clock)
        assert told.forward(one).item() == told.adjoint(one).item() == wanted
    assert linearised(lambda z, n: rates[n] * z, state, time_dependent=True).forward(one).item() == 2
    for wrong in (torch.tensor([[math.inf]]), torch.tensor([[0.0], [math.nan]])):
        with pytest.raises(UserError, match="not finite"):
            linearised(lambda z: z, wrong)


def test_an_update_within_rounding_of_the_norm_has_no_direction():
    least = AT_REST * torch.finfo(DOUBLE).eps
    after = torch.tensor([[3.0, 4.0], [3.0, 4.0], [3.0, 4.0]], dtype=DOUBLE)
    before = after - torch.tensor([[5 * least * 0.9, 0.0], [5 * least * 1.2, 0.0], [1.0, 0.0]], dtype=DOUBLE)
    moved = motion(before, after)
    assert moved.isnan().all(dim=1).tolist() == [True, False, False] and moved[2].tolist() == [1.0, 0.0] and moved[1, 0] > 0
    single = motion((before.float(),), (after.float(),))  # in float32 the second is rounding too
    assert single.isnan().all(dim=1).tolist() == [True, True, False]
    found = gain_along_motion(linearised(lambda z: z * torch.tensor([0.5, 2.0], dtype=DOUBLE), after), before)
    assert found[0].isnan() and found[2].item() == pytest.approx(0.5)


def test_cosines_are_clamped_and_a_row_of_them_ends_at_the_first_that_turns():
    u = torch.tensor([[0.1, 0.2, 0.7], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], dtype=DOUBLE)
    assert alignment(u, 3 * u).max() <= 1 and alignment(u, -u).min() >= -1
    assert alignment(u[1:], torch.tensor([[3.0, 4.0, 0.0], [math.nan, 0.0, 0.0]], dtype=DOUBLE))[0].item() == pytest.approx(0.6)
    cosines = torch.tensor([[0.9, 0.5, 0.9], [0.51, 0.9, 0.6], [0.9, 0.9, 0.4], [0.9, math.nan, 0.9]])
    assert persistence(cosines).tolist() == [1, 3, 0, 1] == persistence(cosines, above=0.5).tolist()
    assert persistence(cosines, above=-1).tolist() == [3, 3, 3, 1] and persistence(cosines, above=1).tolist() == [0] * 4
    for above in (-1.01, 1.01, math.nan):
        with pytest.raises(UserError, match="the limit lies"):
            persistence(cosines, above=above)
