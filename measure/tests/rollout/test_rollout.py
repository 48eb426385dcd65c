"""One batch through a network of one's own, whose every column is known in closed form; and what is asked for reaches the estimator."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.networks import tiny_model
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.record.precision import COUNTED
from unsettled.measure.rollout.rollout import batch_of, rollout
from unsettled.measure.rollout.trajectory import follow
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

PUZZLES = generate(Box(2, 2), 5, seed=3)
RATES = torch.tensor([1.2, 0.7, 0.5])


class Stretched:
    """Two updates a segment that stretch three numbers by their own rates, with frozen noise that no tangent feels."""

    latents = ("x",)
    confidence = staticmethod(lambda state: state[0][:, 0])

    def __init__(self, noise=0.0):
        self.noise = noise

    def start(self, batch):
        return (torch.ones(len(batch), 3),)

    def updates(self, batch):
        kicks = [self.noise * batch.normal(number, 3) for number in range(2)]
        return [lambda state, kick=kick: (state[0] * RATES.to(state[0]) + kick,) for kick in kicks]

    def answer(self, state):
        return torch.from_numpy(PUZZLES.labels.astype(np.int64))[: len(state[0])]


class Timed(Stretched):
    """The same, where the second, fourth, … update is told to double instead."""

    time_dependent = True

    def updates(self, batch):
        return [lambda state, number: (state[0] * (2.0 if number % 2 else RATES.to(state[0])),)] * 2


def test_every_column_of_a_linear_network():
    found = rollout(Stretched(), PUZZLES, k=3, segments=4, seed=0)
    z = RATES.numpy() ** (2 * np.arange(5)[:, None])
    np.testing.assert_allclose(found["norm_x"], np.tile(np.linalg.norm(z[1:], axis=1), (5, 1)), rtol=1e-6)
    np.testing.assert_allclose(found["displacement_x"], np.tile(np.linalg.norm(np.diff(z, axis=0), axis=1), (5, 1)), rtol=1e-5)
    np.testing.assert_allclose(found["halting_logit"], np.tile(z[1:, 0], (5, 1)), rtol=1e-6)
    np.testing.assert_allclose(found["growth"].sum(axis=-1), 2 * np.log(RATES.numpy()).sum(), rtol=1e-6)
    assert found["growth"].shape == (5, 4, 3) and np.isnan(found["update_cosine_x"][:, 0]).all() and found["solved"].all()
    assert found["token_accuracy"].tolist() == [1.0] * 5 and found["halting_logit"].dtype == np.float64
    assert {"conflicts", "givens", "group", "rating"} <= set(found) and "halting_logit" not in rollout(
        type("Silent", (Stretched,), {"confidence": None})(), PUZZLES, k=0, segments=1, seed=0
    )


def test_a_network_that_depends_on_time_is_told_the_number_of_the_update():
    found = rollout(Timed(), PUZZLES, k=1, segments=2, seed=0)
    np.testing.assert_allclose(found["norm_x"][0, -1], np.linalg.norm(4 * RATES.numpy() ** 2), rtol=1e-6)


def test_noise_is_frozen_by_its_seed_and_zero_where_none_is_given():
    def ends(**asked):
        return rollout(Stretched(noise=0.1), PUZZLES, k=0, segments=2, seed=0, **asked)["norm_x"]

    assert (ends() == ends(noise_seed=0)).all() and (ends(noise_seed=1) != ends()).all()
    assert batch_of(PUZZLES).noise_seed == 0 and batch_of(PUZZLES, noise_seed=4).noise_seed == 4
    batch = batch_of(PUZZLES)
    assert batch.tokens.dtype == torch.int64 and (batch.ids == PUZZLES.ids).all() and (batch.tokens.numpy() == PUZZLES.inputs).all()


def test_what_is_asked_for_reaches_the_estimator():
    model, network = tiny_model("trm_mlp"), Stretched()
    start = (2 * torch.ones(5, 3),)
    for asked in ({"seed": 3}, {"seed": 3, "qr_every": 2}, {"seed": 0, "start": start}):
        batch = batch_of(PUZZLES)
        state = asked.get("start", network.start(batch))
        wanted = tangent_growth(
            network.updates(batch), state, k=2, segments=3, qr_every=asked.get("qr_every", 1), seed=asked["seed"]
        ).growth
        assert (rollout(network, PUZZLES, k=2, segments=3, **asked)["growth"] == wanted.numpy()).all()
    assert inspect.signature(rollout).parameters["qr_every"].default == inspect.signature(follow).parameters["qr_every"].default == 1
    plain = follow(model, PUZZLES, segments=2, k=2)
    assert (plain.growth == follow(model, PUZZLES, segments=2, k=2, seed=0, qr_every=1, batch=16).growth).all()
    assert (plain.growth != follow(model, PUZZLES, segments=2, k=2, seed=1).growth).any() and follow(
        model, PUZZLES, segments=1
    ).growth.shape == (5, 1, 0)


@pytest.mark.parametrize("batch", [1, 2, 5, 9])
def test_progress_and_last_states_are_told_batch_by_batch(batch):
    done, ended = [], []
    follow(tiny_model("trm_mlp"), PUZZLES, segments=1, batch=batch, advance=done.append, finish=ended.append)
    assert done == [min(batch, 5 - first) for first in range(0, 5, batch)] and [len(state[0]) for state in ended] == done


@pytest.mark.parametrize("variant", ["trm_mlp", "hrm"])
def test_a_network_in_float64_is_read_in_float64(variant):
    """Against sums taken here, and no measured column has the digits of float32 alone (halting logits once had)."""
    model = tiny_model(variant).double().eval()
    found = rollout(model, PUZZLES, k=1, segments=3, seed=0)
    given = batch_of(PUZZLES)
    with torch.no_grad():
        embedded, states = model.embed(given.tokens, given.identifiers), [model.initial_state(len(PUZZLES))]
        for _ in range(3):
            states.append(model.segment(states[-1], embedded))
    high = np.stack([state[0].numpy() for state in states])
    head = {name: value.detach().numpy() for name, value in model.q_head.named_parameters()}
    halting = (high[1:, :, 0] @ head["weight"].T + head.get("bias", 0))[..., 0].T
    np.testing.assert_allclose(found["halting_logit"], halting, rtol=1e-12)
    np.testing.assert_allclose(found["norm_H"], np.linalg.norm(high[1:].reshape(3, 5, -1), axis=2).T, rtol=1e-12)
    measured = {name: array[np.isfinite(array)] for name, array in found.items() if array.dtype.kind == "f" and name not in COUNTED}
    assert {"halting_logit", "norm_L", "angle_H", "growth"} <= set(measured)
    assert [name for name, array in measured.items() if (array == array.astype(np.float32)).all()] == []
