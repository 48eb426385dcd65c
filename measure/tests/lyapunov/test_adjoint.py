"""Adjoints whose graphs are kept: the same products, computed once, within their room, whatever an update does."""

import pytest
import torch

from unsettled.fixtures.bench.networks import timed
from unsettled.measure.lyapunov.adjoint import ROOM, Adjoints
from unsettled.measure.lyapunov.linearised import linearised
from unsettled.measure.lyapunov.sweeps import pull

X, Y = torch.linspace(-1, 1, 12, dtype=torch.float64).reshape(2, 6), torch.linspace(0.5, 2, 4, dtype=torch.float64).reshape(2, 2)
UPDATES = {
    "plain": lambda state: (torch.tanh(state[0] * state[1].sum(1, keepdim=True)), state[1] ** 2),
    "one part untouched": lambda state: (state[0], torch.sin(state[1]) * state[0][:, :1]),
    "one part constant": lambda state: (torch.ones_like(state[0]), state[1].exp()),
    "a constant": lambda state: (torch.ones_like(state[0]), torch.zeros_like(state[1])),
    "a transform of its own": lambda state: (torch.func.grad(lambda x: (x**3).sum())(state[0]), state[1]),
    "a slope by reverse mode": lambda state: (torch.func.vjp(torch.sin, state[0])[1](state[0])[0], state[1]),
}


def cotangents(k):
    generator = torch.Generator().manual_seed(k)
    return tuple(torch.randn(2, k, part.shape[1], generator=generator, dtype=torch.float64) for part in (X, Y))


@pytest.mark.parametrize("room", [ROOM, 0, 200])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("update", UPDATES)
def test_products_are_those_of_reverse_mode_again_and_again(update, k, room):
    kept = Adjoints([UPDATES[update]] * 2, [(X, Y), (Y.repeat(1, 3), Y)], is_tuple=True, room=room)
    for _ in range(2):
        for number, state in enumerate([(X, Y), (Y.repeat(1, 3), Y)]):
            found = kept.pull(number, cotangents(k))
            for part, wanted in zip(found, pull(UPDATES[update], state, cotangents(k), is_tuple=True), strict=True):
                torch.testing.assert_close(part, wanted)


@pytest.mark.parametrize(("room", "runs"), [(ROOM, 2), (150, 6), (0, 6)])
def test_an_update_is_run_once_where_its_graph_has_room(room, runs):
    ran = []

    def update(z):
        ran.append(len(z))
        return torch.sin(z) * z

    kept = Adjoints([update, update], [(X,), (2 * X,)], is_tuple=False, room=room)
    for _ in range(3):
        for number in (1, 0):
            kept.pull(number, cotangents(1)[:1])
    assert len(ran) == runs


def test_what_updates_share_is_counted_once():
    weight = torch.randn(6, 6, dtype=torch.float64)
    alone = 6 * 6 * 8 + 3 * X.numel() * 8  # the weight, and a few pieces of the state's size
    for several in (1, 4):
        kept = Adjoints([lambda z: torch.tanh(z @ weight)] * several, [(X + i,) for i in range(several)], is_tuple=False, room=ROOM)
        for number in range(several):
            kept.pull(number, cotangents(1)[:1])
        assert sum(kept._kept.values()) <= alone + (several - 1) * 3 * X.numel() * 8


def test_a_network_goes_back_as_it_did():
    net = timed("hrm-6x6", segments=1)
    jacobian = linearised(net.model.double().updates(net.embedded.double()), net.model.initial_state(net.batch))
    u = torch.randn(net.batch, 2, jacobian.size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    v = torch.randn(net.batch, 1, jacobian.size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    one, two = jacobian.adjoint(u), jacobian.adjoint(u)
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    torch.testing.assert_close((one * v).sum(2), (u * jacobian.forward(v)).sum(2))  # ⟨Jᵀu, v⟩ = ⟨u, Jv⟩
