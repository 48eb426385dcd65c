"""Starts that are refused, and the boards that a network reads."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.networks import tiny_model
from unsettled.measure.errors import UserError
from unsettled.measure.rollout.rollout import board_of
from unsettled.measure.rollout.starts import KINDS, Starts, last_bit_start, noisy_start
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate


@pytest.mark.parametrize(("name", "value"), [("scale", 0.0), ("scale", float("nan")), ("sigma", -1.0), ("sigma", float("inf"))])
def test_a_scale_is_a_positive_number(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}, it must be a positive number"):
        Starts(kind="random", **{name: value})


def test_each_row_has_its_own_draw():
    ids, draws = np.arange(3), np.arange(2)
    trained = tiny_model("trm_mlp").initial_state(3)
    for starts in (Starts(kind="perturbed").disturbance, lambda *rows: Starts(kind="random").initial(trained, *rows)):
        with pytest.raises(ValueError, match="shorter"):
            starts(ids, draws)


def test_a_network_of_a_board_says_which_and_any_other_is_refused():
    model = tiny_model("trm_mlp")
    side = round(model.config.cells**0.5)
    assert board_of(model).size == side and model.config.vocabulary == side + 2
    for change in ({"cells": model.config.cells + 1}, {"vocabulary": side + 1}):
        with pytest.raises(UserError, match="which is not Sudoku"):
            board_of(SimpleNamespace(config=model.config.model_copy(update=change)))


def drawn(kind, draw, identity, *shapes, seed=7):
    """Numbers of one row: they hang on the seed, the kind, the draw and the id, and on nothing else."""
    generator = np.random.default_rng([seed, list(KINDS).index(kind), draw, identity & (2**63 - 1)])
    return [generator.standard_normal(shape, np.float32) for shape in shapes]


def test_random_and_perturbed_states_are_normal_noise_of_each_row():
    model, ids, draws = tiny_model("hrm"), np.array([4, -3]), np.array([1, 0])
    trained, shape = model.initial_state(2), tuple(model.initial_state(2)[0].shape[1:])
    made = Starts(kind="random", seed=7, scale=2.0).initial(trained, ids, draws)
    disturb = Starts(kind="perturbed", seed=7).disturbance(ids, draws)
    once, twice = disturb(trained), disturb(trained)
    for row in range(2):
        for part, wanted in enumerate(drawn("random", draws[row], ids[row], shape, shape)):
            np.testing.assert_allclose(made[part][row], 2.0 * wanted, rtol=1e-6)
        kicks = drawn("perturbed", draws[row], ids[row], *[shape] * 4)
        for part in (0, 1):
            np.testing.assert_allclose(once[part][row] - trained[part][row], 0.3 * kicks[part], rtol=1e-3, atol=1e-6)
            np.testing.assert_allclose(twice[part][row] - trained[part][row], 0.3 * kicks[2 + part], rtol=1e-3, atol=1e-6)
    for kind in set(KINDS) - {"random"}:
        assert all((a == b).all() for a, b in zip(Starts(kind=kind).initial(trained, ids, draws), trained, strict=True))
        assert (Starts(kind=kind).disturbance(ids, draws) is None) == (kind != "perturbed")
    assert Starts(kind="random") == Starts(kind="random", seed=0, scale=1.0, sigma=0.3)
    with pytest.raises(UserError, match="no starts are called 'cold'"):
        Starts(kind="cold")


def test_draw_0_is_the_puzzle_itself_and_others_are_one_symmetry_of_their_row():
    puzzles, draws = generate(Box(2, 3), 4, seed=1), np.array([0, 1, 2, 1])
    found = Starts(kind="symmetry", seed=7).symmetries(puzzles.ids, draws, puzzles.task)
    for row, draw in enumerate(draws):
        generator = np.random.default_rng([7, list(KINDS).index("symmetry"), draw, int(puzzles.ids[row])])
        one = puzzles.task.symmetries(1, generator)
        moved = (one.source[0], one.tokens[0]) if draw else (np.arange(36), np.arange(puzzles.task.vocabulary))
        assert (found.source[row] == moved[0]).all() and (found.tokens[row] == moved[1]).all()
    plain = Starts(kind="trained").symmetries(puzzles.ids, draws, puzzles.task)
    assert (plain.source == np.arange(36)).all() and (plain.tokens == np.arange(puzzles.task.vocabulary)).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_the_last_bit_moves_by_one_unit_up_or_down(dtype):
    part = torch.rand(3, 50).to(dtype) + 1
    moved = last_bit_start(5)((part, part))
    unit = max(torch.finfo(dtype).eps, torch.finfo(torch.float32).eps)
    signs = torch.randint(0, 2, (2, 3, 50), generator=torch.Generator().manual_seed(5)) * 2 - 1
    for one, sign in zip(moved, signs, strict=True):
        assert (one == part * (1 + sign.to(part) * unit)).all() and (one != part).any()


def test_noise_of_a_start_is_in_units_of_each_examples_size_and_one_draw_for_all():
    state = (torch.full((2, 3, 4), 2.0) * torch.tensor([1.0, 5.0])[:, None, None], torch.ones(2, 6))
    moved = noisy_start(9, 0.1)(state)
    generator = torch.Generator().manual_seed(9)
    for part, (before, after) in enumerate(zip(state, moved, strict=True)):
        noise = torch.randn(before.shape[1:], generator=generator)
        for row, size in enumerate(((2.0, 10.0), (1.0, 1.0))[part]):
            torch.testing.assert_close(after[row] - before[row], 0.1 * size * noise, rtol=1e-4, atol=1e-5)
