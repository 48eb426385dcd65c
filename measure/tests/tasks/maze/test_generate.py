"""The maze generator: trees, loops, limits, reproducible draws, and sets that share nothing."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.maze import generate
from unsettled.measure.tasks.maze.generate import Source, draw, draw_unlike, hardest
from unsettled.measure.tasks.maze.grid import GOAL, PATH, START, WALL, answers, canonical, flood, solve


def test_the_same_seed_draws_the_same_mazes() -> None:
    first, second = (draw(Source(9, (0, 6), 8), 40, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first.questions, second.questions) and np.array_equal(first.labels, second.labels)
    other = draw(Source(9, (0, 6), 8), 40, np.random.default_rng(8))
    assert not np.array_equal(first.questions, other.questions)


@pytest.mark.parametrize("side", [3, 5, 9, 13])
def test_without_openings_the_open_cells_are_a_spanning_tree(side: int) -> None:
    drawn = draw(Source(side, (0, 0)), 60, np.random.default_rng(side))
    free = drawn.questions != WALL
    lattice = (side // 2 + 1) ** 2
    assert (free.sum(axis=(1, 2)) == 2 * lattice - 1).all()  # so many cells, and one wall less between them
    steps, _ = flood(free, drawn.questions == START)
    assert ((steps >= 0) == free).all()
    assert free[:, ::2, ::2].all() and not free[:, 1::2, 1::2].any()


def test_openings_open_so_many_walls() -> None:
    drawn = draw(Source(9, (3, 5)), 300, np.random.default_rng(2))
    opened = (drawn.questions != WALL).sum(axis=(1, 2)) - 49
    assert opened.min() == 3 and opened.max() == 5


def test_every_maze_has_two_ends_one_shortest_path_and_its_label() -> None:
    drawn = draw(Source(9, (0, 8), 6), 300, np.random.default_rng(3))
    solved = solve(drawn.questions)
    assert solved.unique.all() and (solved.length >= 6).all()
    assert np.array_equal(drawn.rating, solved.length)
    assert ((drawn.questions == START).sum(axis=(1, 2)) == 1).all() and ((drawn.questions == GOAL).sum(axis=(1, 2)) == 1).all()
    assert not (drawn.questions == PATH).any()
    assert np.array_equal(drawn.labels, answers(drawn.questions))


def test_corridors_are_longer_than_in_a_uniform_draw_of_edges() -> None:
    drawn = draw(Source(9), 2000, np.random.default_rng(4))
    assert 30 < drawn.rating.max() <= 48


def test_no_two_of_a_set_are_equivalent_and_none_is_like_those_taken() -> None:
    taken: set[bytes] = set()
    held = draw_unlike(Source(5), 100, np.random.default_rng(5), taken, add=True)
    assert len(taken) == len({canonical(grid) for grid in held.questions}) == 100
    training = draw_unlike(Source(5), 300, np.random.default_rng(6), taken)
    assert len(training) == 300 and len(taken) == 100
    assert not taken & {canonical(grid) for grid in training.questions}


def test_paths_are_as_long_as_asked_for() -> None:
    drawn = draw(Source(9, shortest=6, longest=10), 200, np.random.default_rng(11))
    assert set(drawn.rating.tolist()) == {6, 8, 10}  # two cells of the lattice are an even number of steps apart


def test_no_mazes_are_asked_for() -> None:
    for drawn in (draw(Source(7), 0, np.random.default_rng(0)), draw_unlike(Source(7), 0, np.random.default_rng(0), set())):
        assert len(drawn) == 0 and drawn.questions.shape == drawn.labels.shape == (0, 7, 7)


def test_limits_that_leave_nothing_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(generate, "MOST_TRIES", 2000)
    with pytest.raises(UserError, match="had a unique shortest path of 60 to"):
        draw(Source(5, shortest=60), 1, np.random.default_rng(0))
    taken: set[bytes] = set()
    with pytest.raises(UserError, match="equivalent to those already taken"):
        draw_unlike(Source(3), 500, np.random.default_rng(0), taken, add=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"side": 8}, "odd side"), ({"side": 1}, "odd side"), ({"openings": (3, 2)}, "least"), ({"openings": (-1, 2)}, "least")],
)
def test_a_source_that_makes_no_sense_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Source(**change)


def test_the_hardest_come_first_and_equals_in_their_order() -> None:
    drawn = draw(Source(9), 200, np.random.default_rng(9))
    kept = hardest(drawn, 20)
    order = sorted(range(200), key=lambda row: -drawn.rating[row])[:20]
    assert np.array_equal(kept.questions, drawn.questions[order])
    assert kept.rating.min() >= np.sort(drawn.rating)[-20]
