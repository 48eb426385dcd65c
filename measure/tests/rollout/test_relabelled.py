"""Draws with relabelled tokens: cells stay where they are, and a task without names to exchange is refused."""

import numpy as np
import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.rollout.starts import Starts, check_symmetry
from unsettled.measure.tasks.maze.generate import Source, generate
from unsettled.measure.tasks.sudoku import boards as sudoku
from unsettled.measure.tasks.sudoku import solving


def test_digits_are_renamed_and_nothing_moves():
    puzzles = solving.generate(sudoku.Box.parse("2x3"), 5, seed=1)
    drawn = Starts(kind="digits", seed=3).symmetries(puzzles.ids, np.array([0, 1, 2, 3, 4]), puzzles.task)
    assert (drawn.source == np.arange(36)).all() and (drawn.tokens[0] == np.arange(puzzles.task.vocabulary)).all()
    assert (np.sort(drawn.tokens, axis=1) == np.arange(puzzles.task.vocabulary)).all() and (drawn.tokens[1:] != drawn.tokens[0]).any(
        axis=1
    ).all()
    shown = drawn.apply(puzzles.inputs)
    assert ((shown == sudoku.BLANK) == (puzzles.inputs == sudoku.BLANK)).all() and (drawn.undo(shown) == puzzles.inputs).all()
    assert not puzzles.task.conflicts(drawn.apply(puzzles.labels)[:, None]).any()


def test_a_task_whose_symmetries_rename_nothing_is_refused():
    maze = generate(Source(side=5), 1, seed=0).task
    check_symmetry(maze)
    with pytest.raises(UserError, match="no tokens to relabel"):
        check_symmetry(maze, "digits")
