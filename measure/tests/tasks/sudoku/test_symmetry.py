"""Symmetries and the canonical form: against brute force over the whole group on 4×4, and against known counts of classes."""

from __future__ import annotations

import time
from collections import Counter
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku.boards import Box, conflicts
from unsettled.measure.tasks.sudoku.canonical import canonical_forms
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.sudoku.symmetry import augment, canonical_hash

BOXES = [Box(2, 2), Box(2, 3), Box(3, 2), Box(3, 3)]


@cache
def solutions_4x4() -> np.ndarray:
    """(288, 16) uint8 tokens: every solved 4×4 board."""
    rows = np.array(list(permutations(range(2, 6))), np.uint8)
    boards = rows[np.stack(np.meshgrid(*4 * [np.arange(len(rows))], indexing="ij"), axis=-1)].reshape(-1, 16)
    return boards[conflicts(boards, Box(2, 2)) == 0]


def group_4x4() -> list[tuple[np.ndarray, np.ndarray]]:
    """The 3,072 symmetries of 4×4 as (source cell of each cell, new token of each token), built from generators.

    Generators are written as the rules say them: swap two rows of a band, swap the bands, transpose, relabel.
    """
    board = np.arange(16).reshape(4, 4)
    generators = [board[[1, 0, 2, 3]], board[[2, 3, 0, 1]], board.T]
    moves = {tuple(range(16))}
    while True:
        more = {tuple(np.array(move)[generator.ravel()]) for move in moves for generator in generators} | moves
        if len(more) == len(moves):
            break
        moves = more
    relabellings = [np.array([0, 1, *digits], np.uint8) for digits in permutations(range(2, 6))]
    return [(np.array(move), relabelling) for move in sorted(moves) for relabelling in relabellings]


GROUP_4X4 = group_4x4()
MOVES_4X4 = np.array([move for move, _ in GROUP_4X4])
LABELS_4X4 = np.array([relabelling for _, relabelling in GROUP_4X4])


def least_by_brute_force(solution: np.ndarray, mask: np.ndarray) -> tuple[bytes, bytes]:
    """The least (solution, mask of givens) over all 3,072 images."""
    grids = np.take_along_axis(LABELS_4X4, solution[MOVES_4X4], axis=1)
    return min((grid.tobytes(), given.tobytes()) for grid, given in zip(grids, mask[MOVES_4X4], strict=True))


def test_the_brute_force_group_is_whole():
    assert len(solutions_4x4()) == 288
    assert len(GROUP_4X4) == 128 * 24  # 2 · (2!·2!²)² moves of cells, 4! relabellings


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_augment_moves_puzzle_and_solution_together(box):
    puzzles = generate(box, 200, seed=1, extra_clues=(0, 4))
    inputs, labels = augment(puzzles.inputs, puzzles.labels, box, np.random.default_rng(0))
    assert inputs.dtype == labels.dtype == np.uint8 and inputs.shape == labels.shape == puzzles.inputs.shape
    assert (conflicts(labels, box) == 0).all()
    given = inputs > 1
    np.testing.assert_array_equal(given.sum(axis=1), puzzles.givens)
    np.testing.assert_array_equal(inputs[given], labels[given])
    assert (inputs != puzzles.inputs).any(axis=1).mean() > 0.9


def test_augment_is_uniform_over_the_group():
    """Every image of one asymmetric 4×4 puzzle comes up, about equally often."""
    solution, mask = solutions_4x4()[0], np.zeros(16, bool)
    mask[[0, 1, 2, 3, 5, 10]] = True
    puzzle = np.where(mask, solution, 1).astype(np.uint8)
    images = {relabelling[puzzle[move]].tobytes() + relabelling[solution[move]].tobytes() for move, relabelling in GROUP_4X4}
    draws = 100 * len(images)
    rng = np.random.default_rng(5)
    moved = augment(np.tile(puzzle, (draws, 1)), np.tile(solution, (draws, 1)), Box(2, 2), rng)
    seen = Counter(row.tobytes() for row in np.concatenate(moved, axis=1))
    assert seen.keys() == images
    statistic = sum((count - 100) ** 2 / 100 for count in seen.values())
    freedom = len(images) - 1
    assert abs(statistic - freedom) < 5 * np.sqrt(2 * freedom)  # χ², five standard deviations


def test_augment_keeps_pads_and_other_dtypes():
    solution = solutions_4x4()[:3].astype(np.int32)
    padded = np.zeros_like(solution)
    inputs, labels = augment(padded, solution, Box(2, 2), np.random.default_rng(0))
    assert inputs.dtype == labels.dtype == np.int32 and (inputs == 0).all()
    with pytest.raises(ValueError, match="must both be"):
        augment(solution, solution[:, :15], Box(2, 2), np.random.default_rng(0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 287), st.integers(0, 2**16 - 1))
def test_canonical_form_is_the_least_image_on_4x4(index, bits):
    solution = solutions_4x4()[index]
    mask = np.array([bits >> cell & 1 for cell in range(16)], np.uint8)
    grids, masks = canonical_forms((solution - 2).reshape(1, 4, 4), mask.reshape(1, 4, 4), 2, 2)
    assert ((grids[0] + 2).tobytes(), masks[0].tobytes()) == least_by_brute_force(solution, mask)


def test_hashes_are_equal_exactly_for_equivalent_puzzles_on_4x4():
    rng = np.random.default_rng(3)
    solutions = solutions_4x4()[rng.integers(0, 288, 250)]
    masks = rng.random((250, 16)) < rng.choice([0.1, 0.2, 0.8, 0.9], (250, 1))
    hashes = canonical_hash(np.where(masks, solutions, 1), Box(2, 2), labels=solutions)
    orbits = [least_by_brute_force(solution, mask) for solution, mask in zip(solutions, masks, strict=True)]
    assert len(set(zip(hashes, orbits, strict=True))) == len(set(hashes)) == len(set(orbits))
    assert 20 < len(set(orbits)) < 230  # the sample holds both equivalent and inequivalent pairs


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(BOXES), st.integers(0, 2**32), st.integers(0, 8))
def test_hash_is_invariant_and_tells_puzzles_apart(box, seed, extra):
    puzzles = generate(box, 4, seed=seed, extra_clues=(0, extra))
    hashes = canonical_hash(puzzles.inputs, box)
    moved, _ = augment(puzzles.inputs, puzzles.labels, box, np.random.default_rng(seed))
    np.testing.assert_array_equal(canonical_hash(moved, box), hashes)
    fuller = puzzles.inputs.copy()
    for row, solution in zip(fuller, puzzles.labels, strict=True):
        blank = np.flatnonzero(row == 1)[0]
        row[blank] = solution[blank]
    assert (canonical_hash(fuller, box, labels=puzzles.labels) != hashes).all()


def test_known_numbers_of_classes():
    """2 essentially different 4×4 boards, and 49 of 6×6 without transposition (Jarvis & Russell 2005)."""
    assert len(set(canonical_hash(solutions_4x4(), Box(2, 2), labels=solutions_4x4()))) == 2
    boards = generate(Box(2, 3), 6000, seed=1).labels
    assert len(set(canonical_hash(boards, Box(2, 3), labels=boards))) == 49


def test_the_most_canonical_board_is_its_own_form():
    text = "123456789456789123789123456231564897564897231897231564312645978645978312978312645"
    board = np.array([[int(symbol) + 1 for symbol in text]], np.uint8)
    scrambled, _ = augment(np.repeat(board, 5, 0), np.repeat(board, 5, 0), Box(3, 3), np.random.default_rng(1))
    grids, _ = canonical_forms((scrambled - 2).reshape(5, 9, 9), np.ones((5, 9, 9)), 3, 3)
    np.testing.assert_array_equal(grids.reshape(5, 81) + 2, np.repeat(board, 5, 0))


def test_a_board_turned_on_its_side_is_another_game():
    """Transposition is no symmetry of 2×3 boxes: the turned board is one of 3×2."""
    wide = generate(Box(2, 3), 3, seed=0)
    tall = wide.labels.reshape(3, 6, 6).transpose(0, 2, 1).reshape(3, 36)
    assert (conflicts(tall, Box(3, 2)) == 0).all()
    own, other = canonical_hash(wide.labels, Box(2, 3)), canonical_hash(tall, Box(3, 2))
    assert not set(own) & set(other)


@pytest.mark.parametrize(
    ("inputs", "labels", "box", "message"),
    [
        (np.ones((1, 256)), None, Box(4, 4), "no canonical form for 16×16 boards (9×9 at most)"),
        (np.ones((1, 16)), None, Box(2, 2), "puzzle 0 (counted from 0) has more than one solution"),
        (np.ones((1, 16)), np.full((1, 16), 2), Box(2, 2), "the solution of puzzle 0 is illegal, so it has no canonical form"),
    ],
)
def test_what_has_no_canonical_form(inputs, labels, box, message):
    with pytest.raises(UserError) as caught:
        canonical_hash(inputs.astype(np.uint8), box, labels=labels)
    assert str(caught.value) == message


@pytest.mark.benchmark
@pytest.mark.parametrize(("what", "floor"), [("augment", 20_000), ("canonical", 500)])
def test_rates_on_9x9(what, floor, capsys):
    puzzles, rng = generate(Box(3, 3), 1000, seed=0), np.random.default_rng(0)
    canonical_hash(puzzles.inputs[:1], puzzles.box)
    start = time.perf_counter()
    if what == "augment":
        augment(puzzles.inputs, puzzles.labels, puzzles.box, rng)
    else:
        canonical_hash(puzzles.inputs, puzzles.box, labels=puzzles.labels)
    rate = len(puzzles) / (time.perf_counter() - start)
    with capsys.disabled():
        print(f"\n9×9 {what}: {rate:,.0f} puzzles a second on one core")
    assert rate > floor
