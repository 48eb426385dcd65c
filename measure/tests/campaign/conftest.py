"""A small network whose rows are calm, twelve puzzles, and their record: what the tests of noise and of the row check share."""

import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate


@pytest.fixture(scope="module")
def puzzles():
    return generate(Box(2, 2), 12, seed=5)


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("calm"), "trm_mlp")


@pytest.fixture(scope="module")
def calm_record(calm, puzzles):
    return measure_rows(calm, puzzles, k=2, segments=4, batch=4)
