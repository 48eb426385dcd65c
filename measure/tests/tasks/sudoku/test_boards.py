"""Sudoku rules, solver and generator: against a hand-checked puzzle and an independent brute force."""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet, conflicts
from unsettled.measure.tasks.sudoku.solving import generate, rate, solve

BOXES = [Box(2, 2), Box(2, 3), Box(3, 2), Box(3, 3)]

# The puzzle of the encyclopaedias' Sudoku articles, and a notorious hard one (Inkala 2006, "AI Escargot").
KNOWN = {
    "easy": (
        "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
        "534678912672195348198342567859761423426853791713924856961537284287419635345286179",
    ),
    "hard": (
        "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
        "162857493534129678789643521475312986913586742628794135356478219241935867897261354",
    ),
}


def tokens(*texts: str) -> np.ndarray:
    return np.array([[1 if symbol == "." else int(symbol) + 1 for symbol in text] for text in texts], np.uint8)


@cache
def units(box: Box) -> list[list[int]]:
    """Rows, columns and boxes as lists of cells, written independently of the product."""
    cells = [(row, column) for row in range(box.size) for column in range(box.size)]
    keys = [lambda r, c: ("row", r), lambda r, c: ("column", c), lambda r, c: ("box", r // box.rows, c // box.cols)]
    groups: dict = {}
    for key in keys:
        for row, column in cells:
            groups.setdefault(key(row, column), []).append(row * box.size + column)
    return list(groups.values())


@cache
def peers_of(box: Box) -> list[set[int]]:
    """The cells that share a unit with each cell, itself among them."""
    return [set().union(*(unit for unit in units(box) if cell in unit)) for cell in range(box.cells)]


def brute_force(board: list[int], box: Box, limit: int) -> int:
    """Number of solutions up to ``limit``, by trying candidates cell by cell; digits, 0 for a blank."""
    for unit in units(box):
        givens = [board[cell] for cell in unit if board[cell]]
        if len(set(givens)) < len(givens):
            return 0
    peers, digits = peers_of(box), set(range(1, box.size + 1))

    def count(left: int) -> int:
        candidates = {cell: digits - {board[peer] for peer in peers[cell]} for cell in range(box.cells) if board[cell] == 0}
        if not candidates:
            return 1
        cell = min(candidates, key=lambda cell: len(candidates[cell]))
        found = 0
        for digit in candidates[cell]:
            board[cell] = digit
            found += count(left - found)
            board[cell] = 0
            if found >= left:
                break
        return found

    return count(limit)


@pytest.mark.parametrize("name", KNOWN)
def test_known_puzzles_are_solved(name):
    puzzle, solution = map(tokens, KNOWN[name])
    np.testing.assert_array_equal(solve(puzzle, Box(3, 3)), solution)
    assert conflicts(solution, Box(3, 3)) == 0
    assert brute_force((puzzle[0].astype(int) - 1).tolist(), Box(3, 3), 2) == 1


def test_rating_counts_guesses():
    easy, hard = (rate(tokens(KNOWN[name][0]), Box(3, 3))[0] for name in ("easy", "hard"))
    assert easy == 0
    assert hard >= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("11......" + "." * 8, "puzzle 0 (counted from 0) has no solution"),
        ("12..34.." + "." * 8, "puzzle 0 (counted from 0) has more than one solution"),
        ("123.4..." + "." * 8, "puzzle 0 (counted from 0) has more than one solution"),
        ("123....4" + "." * 8, "puzzle 0 (counted from 0) has no solution"),
        ("." * 16, "puzzle 0 (counted from 0) has more than one solution"),
    ],
)
def test_puzzles_without_one_solution_are_refused(text, message):
    with pytest.raises(UserError) as caught:
        solve(tokens(text), Box(2, 2))
    assert str(caught.value) == message
    board = (tokens(text)[0].astype(int) - 1).tolist()
    assert brute_force(board, Box(2, 2), 2) == (0 if "no solution" in message else 2)


@pytest.mark.parametrize(("box", "checked"), list(zip(BOXES, (40, 20, 20, 2), strict=True)))
def test_generated_puzzles_have_one_solution_and_no_spare_clue(box, checked):
    puzzles = generate(box, checked, seed=11)
    assert (conflicts(puzzles.labels, box) == 0).all()
    given = puzzles.inputs > 1
    np.testing.assert_array_equal(puzzles.inputs[given], puzzles.labels[given])
    for board in puzzles.inputs.astype(int) - 1:
        assert brute_force(board.tolist(), box, 2) == 1
        for cell in np.flatnonzero(board):
            fewer = board.copy()
            fewer[cell] = 0
            assert brute_force(fewer.tolist(), box, 2) == 2


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_a_longer_run_begins_with_the_shorter(box):
    long, short = (generate(box, count, seed=5, extra_clues=(0, 3)) for count in (30, 12))
    assert long.take(slice(0, 12)).digest == short.digest
    assert generate(box, 18, seed=5, extra_clues=(0, 3), first=12).digest == long.take(slice(12, None)).digest
    assert generate(box, 12, seed=6, extra_clues=(0, 3)).digest != short.digest


def test_bytes_are_the_same_on_every_machine():
    digest = "3463715ff06250f56f0a08279a0011e7ef9c6a5bdb682f1a0bf9ccb457ee0f60"
    puzzles = generate(Box(3, 3), 200, seed=2024, extra_clues=(0, 2))
    assert puzzles.digest == digest
    assert (puzzles.rating.sum(), puzzles.rating.max()) == (508, 30)


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_extra_clues_come_on_top_of_the_minimal_puzzle(box):
    minimal = generate(box, 300, seed=3)
    for extra in (1, 4):
        more = generate(box, 300, seed=3, extra_clues=(extra, extra))
        np.testing.assert_array_equal(more.givens, minimal.givens + extra)
        assert ((minimal.inputs == 1) | (more.inputs == minimal.inputs)).all()
    ranged = generate(box, 300, seed=3, extra_clues=(0, 5)).givens - minimal.givens
    assert set(ranged.tolist()) == {0, 1, 2, 3, 4, 5}
    assert generate(box, 3, seed=3, extra_clues=(box.cells, box.cells)).givens.tolist() == [box.cells] * 3


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_rating_is_what_the_solver_counts(box):
    puzzles = generate(box, 50, seed=8, extra_clues=(0, 2))
    np.testing.assert_array_equal(rate(puzzles.inputs, box), puzzles.rating)
    np.testing.assert_array_equal(solve(puzzles.inputs, box), puzzles.labels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": -1, "seed": 0}, "count is -1 (it must be a whole number of at least 0)"),
        ({"count": 1, "seed": 0, "extra_clues": (3, 2)}, "extra clues 3:2 is no range (0 <= lowest <= highest)"),
        ({"count": 1, "seed": -1}, "seed is -1 (it must be a whole number from 0 to 9223372036854775807)"),
    ],
)
def test_generate_refuses(arguments, message):
    with pytest.raises(UserError) as caught:
        generate(Box(2, 2), **arguments)
    assert str(caught.value) == message


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BOXES), st.integers(0, 2**32), st.sampled_from([(), (3,), (2, 4)]), st.integers(0, 6))
def test_conflicts_agree_with_the_rules(box, seed, lead, changes):
    rng = np.random.default_rng(seed)
    boards = np.broadcast_to(generate(box, 1, seed=seed).labels[0], (*lead, box.cells)).astype(rng.choice([np.uint8, np.int64]))
    flat = boards.reshape(-1, box.cells)
    for board in flat:
        board[rng.integers(0, box.cells, changes)] = rng.integers(0, box.vocabulary + 3, changes)
    digits = set(range(2, box.size + 2))
    expected = [sum({int(board[cell]) for cell in unit} != digits for unit in units(box)) for board in flat]
    counted = conflicts(boards, box)
    assert counted.dtype == np.int16 and counted.shape == lead
    np.testing.assert_array_equal(counted.ravel(), expected)


def test_conflicts_by_hand():
    solution = tokens(KNOWN["easy"][1])[0]
    swapped = solution.copy()
    swapped[[0, 8]] = swapped[[8, 0]]  # one row, two columns, two boxes: the row stays whole
    blank = solution.copy()
    blank[40] = 1
    assert conflicts(np.stack([solution, swapped, blank, np.zeros_like(solution)]), Box(3, 3)).tolist() == [0, 4, 3, 27]
    with pytest.raises(ValueError, match="80 cells"):
        conflicts(solution[:80], Box(3, 3))


@pytest.mark.parametrize(("size", "box"), [(4, Box(2, 2)), (6, Box(2, 3)), (9, Box(3, 3)), (12, Box(3, 4)), (16, Box(4, 4))])
def test_usual_box_of_a_size(size, box):
    assert Box.from_size(size) == box == Box.parse(str(box))
    assert (box.size, box.cells, box.vocabulary) == (size, size**2, size + 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box(1, 4), "a box of 1x4 cells is not supported (both sides at least 2, their product at most 25)"),
        (lambda: Box(5, 6), "a box of 5x6 cells is not supported (both sides at least 2, their product at most 25)"),
        (lambda: Box.parse("3*3"), "'3*3' is not a box (write it as rows x columns of one box, e.g. 3x3 for 9×9 Sudoku)"),
        (lambda: Box.from_size(7), "a board of side 7 has no boxes (known sides are 4, 6, 8, 9, 10, 12, …)"),
    ],
)
def test_boxes_that_do_not_exist(make, message):
    with pytest.raises(UserError) as caught:
        make()
    assert str(caught.value) == message


def test_puzzle_set_identity_and_selection():
    puzzles = generate(Box(2, 2), 20, seed=1)
    part = puzzles.take(np.array([5, 3]))
    assert part.ids.tolist() == [5, 3] and len(part) == 2
    np.testing.assert_array_equal(part.givens, puzzles.givens[[5, 3]])
    assert part.digest != puzzles.take(np.array([3, 5])).digest
    rerated = PuzzleSet(part.box, part.inputs, part.labels, part.ids, part.rating + 1)
    assert rerated.digest == part.digest
    for name in ("inputs", "labels", "ids"):
        changed = {field: getattr(part, field).copy() for field in ("inputs", "labels", "ids", "rating")}
        changed[name].flat[0] += 1
        assert PuzzleSet(part.box, **changed).digest != part.digest
    with pytest.raises(ValueError, match="rating has shape"):
        PuzzleSet(part.box, part.inputs, part.labels, part.ids, part.rating[:1])


@pytest.mark.benchmark
@pytest.mark.parametrize(("box", "count", "floor"), [(Box(2, 2), 20000, 5000), (Box(2, 3), 5000, 1000), (Box(3, 3), 1000, 200)], ids=str)
def test_generator_rate(box, count, floor, capsys):
    generate(box, 1, seed=0)
    start = time.perf_counter()
    generate(box, count, seed=1)
    rate = count / (time.perf_counter() - start)
    with capsys.disabled():
        print(f"\n{box.size}×{box.size}: {rate:,.0f} minimal puzzles a second on one core")
    assert rate > floor
