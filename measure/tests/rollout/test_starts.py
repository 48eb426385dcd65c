"""Starts that are refused, and the boards that a network reads."""

from types import SimpleNamespace

import numpy as np
import pytest

from unsettled.fixtures.synthetic.networks import tiny_model
from unsettled.measure.errors import UserError
from unsettled.measure.rollout.rollout import board_of
from unsettled.measure.rollout.starts import Starts


@pytest.mark.parametrize(("name", "value"), [("scale", 0.0), ("scale", float("nan")), ("sigma", -1.0), ("sigma", float("inf"))])
def test_a_scale_is_a_positive_number(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}, it must be a positive number"):
        Starts(kind="random", **{name: value})


def test_each_row_has_its_own_draw():
    ids, draws = np.arange(3), np.arange(2)
    for starts in (Starts(kind="perturbed").disturbance, lambda *rows: Starts(kind="random").initial(tiny_model("trm_mlp"), *rows)):
        with pytest.raises(ValueError, match="shorter"):
            starts(ids, draws)


def test_a_network_of_a_board_says_which_and_any_other_is_refused():
    model = tiny_model("trm_mlp")
    side = round(model.config.cells**0.5)
    assert board_of(model).size == side and model.config.vocabulary == side + 2
    for change in ({"cells": model.config.cells + 1}, {"vocabulary": side + 1}):
        with pytest.raises(UserError, match="which is not Sudoku"):
            board_of(SimpleNamespace(config=model.config.model_copy(update=change)))
