"""The networks' own tangent pass: one code for inference and tangents, and the derivatives that torch finds."""

from __future__ import annotations

import pytest
import torch
from torch.func import jvp

from unsettled.fixtures.synthetic.networks import STRUCTURES, tiny_model
from unsettled.measure.lyapunov.estimator import tangent_growth


@pytest.fixture(params=STRUCTURES)
def net(request):
    model = tiny_model(request.param).double()
    embedded = model.embed(torch.randint(1, 6, (3, 16), generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():  # away from the start, where all tokens are equal
        state = model.segment(model.initial_state(3), embedded)
    return model, embedded, state


@torch.no_grad()
def test_every_update_pushes_the_tangents_that_torch_finds(net):
    model, embedded, state = net
    generator = torch.Generator().manual_seed(2)
    for update in model.updates(embedded):
        tangents = tuple(torch.randn(3, 4, *part.shape[1:], dtype=part.dtype, generator=generator) for part in state)
        primal, pushed = update.push(state, tangents)
        for i in range(4):
            reference, derivative = jvp(lambda *z, update=update: update(z), state, tuple(t[:, i] for t in tangents))
            for ours, theirs in zip((*primal, *(p[:, i] for p in pushed)), (*reference, *derivative), strict=True):
                torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
        state = primal


@torch.no_grad()
def test_tangents_ride_on_the_same_orbit_as_inference(net):
    model, embedded, _ = net
    plain, seen = model.initial_state(3), []
    result = tangent_growth(model.updates(embedded), model.initial_state(3), k=3, segments=4, observe=lambda s, state: seen.append(state))
    for after in seen[1:]:
        plain = model.segment(plain, embedded)
        for ours, theirs in zip(after, plain, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert torch.isfinite(result.growth).all() and (result.growth.abs() > 1e-6).all(), "tangents are zero or lost"
    assert result.updates_per_segment == model.config.updates_per_segment


@torch.no_grad()
def test_own_pass_and_generic_pass_measure_the_same_exponents(net):
    model, embedded, _ = net
    own = tangent_growth(model.updates(embedded), model.initial_state(3), k=5, segments=4)
    generic = [lambda z, update=update: update(z) for update in model.updates(embedded)]  # hides `push`
    torch.testing.assert_close(own.growth, tangent_growth(generic, model.initial_state(3), k=5, segments=4).growth, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_float32_pass_stays_within_rounding_of_float64(net):
    model, embedded, state = net
    tangents = tuple(torch.randn(3, 2, *part.shape[1:], dtype=torch.float64) for part in state)
    update = model.updates(embedded)[0]
    exact = update.push(state, tangents)[1][1]
    single = (
        model.float().updates(embedded.float())[0].push(tuple(part.float() for part in state), tuple(t.float() for t in tangents))[1][1]
    )
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=1e-4)
