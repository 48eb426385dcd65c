"""Maze rules: paths against scipy's own search, every outcome of an answer, the symmetries of the square."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.maze.generate import Source, draw
from unsettled.measure.tasks.maze.grid import (
    OPEN,
    PATH,
    WALL,
    Grids,
    Outcome,
    answers,
    canonical,
    flood,
    images,
    judge,
    parse,
    render,
    solve,
)

#: Two ways round a block: the one along the top is shorter.
ROUND = "S   \n ## \n ##G\n    "
TWO_WAYS = "S  \n # \n  G"


def _grids(*texts: str) -> Grids:
    return np.stack([parse(text) for text in texts])


def _steps_by_scipy(grid: Grids) -> float:
    """Steps from S to G by Dijkstra on the graph of open cells, built cell by cell."""
    height, width = grid.shape
    pairs = [
        (row * width + column, (row + down) * width + column + right)
        for row in range(height)
        for column in range(width)
        for down, right in ((0, 1), (1, 0))
        if row + down < height and column + right < width and WALL not in (grid[row, column], grid[row + down, column + right])
    ]
    here, there = (np.array(end, dtype=int) for end in zip(*pairs, strict=True))
    graph = csr_array((np.ones(len(here)), (here, there)), shape=(grid.size, grid.size))
    start, goal = (int(np.flatnonzero(grid.ravel() == token)[0]) for token in (3, 4))
    return float(dijkstra(graph, directed=False, indices=[start], unweighted=True)[0, goal])


def _ways_one_by_one(grid: Grids, steps: int) -> int:
    """How many walks of so many steps lead from S to G, each walked on its own."""
    height, width = grid.shape
    first_row, first_column = np.argwhere(grid == 3)[0].tolist()

    def walks(row: int, column: int, left: int) -> int:
        if not (0 <= row < height and 0 <= column < width) or grid[row, column] == WALL:
            return 0
        if left == 0:
            return int(grid[row, column] == 4)
        return sum(walks(row + down, column + right, left - 1) for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)))

    return walks(first_row, first_column, steps)


def test_parse_and_render_are_inverse() -> None:
    grid = parse(ROUND)
    assert grid.dtype == np.uint8 and grid.shape == (4, 4)
    assert render(grid) == ROUND
    assert render(parse(render(grid, lines=False)), lines=False) == ROUND.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("S \nG", "one length"),
        ("S?\nG ", "unknown character '\\?'"),
        ("SG#", "no square"),
        ("", "no square"),
        ("SS\n G", "one S, this one has 2"),
        ("S \n  ", "one G, this one has 0"),
    ],
)
def test_what_is_no_maze_is_refused(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse(text)


def test_steps_and_uniqueness_match_scipy_and_counting() -> None:
    rng = np.random.default_rng(5)
    grids = np.where(rng.random((300, 4, 5)) < 0.3, np.uint8(WALL), np.uint8(OPEN))
    grids.reshape(300, -1)[:, [0, 18]] = (3, 4)
    solved = solve(grids)
    assert (solved.length >= 0).any() and (solved.length < 0).any() and solved.unique.any() and not solved.unique.all()
    for grid, length, unique in zip(grids, solved.length, solved.unique, strict=True):
        steps = _steps_by_scipy(grid)
        assert length == (-1 if np.isinf(steps) else steps)
        assert unique == (length >= 0 and _ways_one_by_one(grid, int(length)) == 1)


def test_a_unique_path_is_a_chain_of_its_length() -> None:
    drawn = draw(Source(11, (0, 8), 4), 200, np.random.default_rng(1))
    marked = (drawn.labels == PATH).sum(axis=(1, 2))
    assert (marked == drawn.rating - 1).all()
    assert (judge(drawn.questions, drawn.labels, drawn.labels) == Outcome.LABEL).all()


def test_answers_need_one_shortest_path() -> None:
    assert render(answers(_grids(ROUND))[0]) == "Sooo\n ##o\n ##G\n    "
    with pytest.raises(UserError, match="maze 1 has several"):
        answers(_grids("SG\n  ", "S \n G"))
    with pytest.raises(UserError, match="maze 0 has no path"):
        answers(_grids("S#G\n## \n   "))


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ("Sooo\n ##o\n ##G\n    ", Outcome.LABEL),
        ("S   \no## \no##G\noooo", Outcome.LONGER),
        ("Sooo\no##o\n ##G\n    ", Outcome.STRAYS),
        ("Sooo\no##o\no##G\noooo", Outcome.STRAYS),
        ("Soo \n ##o\n ##G\n    ", Outcome.BROKEN),
        (ROUND, Outcome.BROKEN),
        ("Sooo\n ##o\n # G\n    ", Outcome.ALTERED),
        ("Sooo\n o#o\n ##G\n    ", Outcome.ALTERED),
        ("Sooo\n ##o\n ##o\n   G", Outcome.ALTERED),
    ],
)
def test_every_answer_has_its_outcome(given: str, outcome: Outcome) -> None:
    question = _grids(ROUND)
    assert judge(question, answers(question), _grids(given)).tolist() == [outcome]


def test_another_shortest_path_is_told_from_the_label() -> None:
    one, other = _grids("Soo\n #o\n  G"), _grids("S  \no# \nooG")
    assert judge(_grids(TWO_WAYS), one, other).tolist() == [Outcome.SHORTEST]


def test_padding_in_an_answer_is_an_alteration() -> None:
    question = _grids(ROUND)
    given = answers(question)
    given[0, 3, 0] = 0
    assert judge(question, answers(question), given).tolist() == [Outcome.ALTERED]


def test_ends_beside_each_other() -> None:
    question = _grids("SG\n  ")
    assert judge(question, answers(question), question).tolist() == [Outcome.LABEL]


def test_images_form_the_group_of_the_square() -> None:
    grid = draw(Source(7), 1, np.random.default_rng(3)).questions[0]
    forms = {image.tobytes() for image in images(grid)}
    assert len(images(grid)) == 8 and len(forms) == 8
    for image in images(grid):
        assert {twice.tobytes() for twice in images(image)} == forms


def test_labels_turn_with_their_mazes() -> None:
    drawn = draw(Source(9), 20, np.random.default_rng(4))
    for question, label in zip(drawn.questions, drawn.labels, strict=True):
        for turned, expected in zip(images(question), images(label), strict=True):
            assert np.array_equal(answers(turned[None])[0], expected)


def test_canonical_form_is_that_of_every_image_and_of_the_way_back() -> None:
    drawn = draw(Source(9), 50, np.random.default_rng(6)).questions
    forms = [canonical(grid) for grid in drawn]
    assert len(set(forms)) == 50
    for grid, form in zip(drawn, forms, strict=True):
        back = np.array([0, 1, 2, 4, 3, 5], np.uint8)[grid]
        assert {canonical(image) for image in (*images(grid), *images(back))} == {form}


def test_canonical_form_knows_the_shape() -> None:
    assert canonical(parse("S    G\n######")) != canonical(parse("S    \nG####\n#####"))
    assert canonical(parse("S#G\n   ")) == canonical(parse("S \n# \nG "))


def test_flood_counts_at_most_two_ways() -> None:
    grid = np.full((1, 4, 4), True)
    source = np.zeros((1, 4, 4), bool)
    source[0, 0, 0] = True
    steps, ways = flood(grid, source)
    assert steps[0].tolist() == [[row + column for column in range(4)] for row in range(4)]
    assert ways.max() == 2 and ways[0, 0].tolist() == [1, 1, 1, 1]
