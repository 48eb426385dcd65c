"""The dip against a linear programme that knows nothing of its algorithm, and its p-values against unimodal samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import linprog

from unsettled.measure.statistics import minorant
from unsettled.measure.statistics.dip import DRAWS, FEW, NULLS, SIZES, FewValues, _dip, dip, dip_p_value, p_value_of, simulated


def naive_dip(values: np.ndarray) -> float:
    """The dip by its definition: for every mode, the closest convex-then-concave function, by linear programming."""
    x = np.sort(values)
    places, counts = np.unique(x, return_counts=True)
    at = np.cumsum(counts) / len(x)
    before, k = np.concatenate([[0], at[:-1]]), len(places)
    best = 1.0
    for mode in range(k):
        jump, worst = k, k + 1  # two more unknowns: the limit from the left at the mode, and the distance
        rows, limits = [], []

        def add(terms: list[tuple[int, float]], limit: float, rows: list = rows, limits: list = limits) -> None:
            row = np.zeros(k + 2)
            for place, factor in terms:
                row[place] += factor
            rows.append(row)
            limits.append(limit)

        for i in range(k):
            left = jump if i == mode else i
            for place, height in ((i, at[i]), (left, before[i])):
                add([(place, 1), (worst, -1)], height)
                add([(place, -1), (worst, -1)], -height)
        add([(jump, 1), (mode, -1)], 0)
        sides = ([(places[i], i if i < mode else jump) for i in range(mode + 1)], [(places[i], i) for i in range(mode, k)])
        for bend, side in zip((1.0, -1.0), sides, strict=True):
            for (_, a), (_, b) in pairwise(side):
                add([(a, 1), (b, -1)], 0)
            for (p, a), (q, b), (r, c) in zip(side[:-2], side[1:-1], side[2:], strict=True):
                add([(b, bend * (1 / (q - p) + 1 / (r - q))), (a, -bend / (q - p)), (c, -bend / (r - q))], 0)
        found = linprog(np.eye(k + 2)[worst], A_ub=np.array(rows), b_ub=np.array(limits), bounds=[(0, 1)] * (k + 2))
        best = min(best, found.fun)
    return max(best, 0.5 / len(x))


@pytest.mark.parametrize("seed", range(40))
def test_dip_matches_naive(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 13))
    values = rng.integers(0, 5, n).astype(float) if seed % 3 == 0 else rng.standard_normal(n)
    values[: n // 2] += 4 * (seed % 2)
    assert dip(values) == pytest.approx(naive_dip(values), abs=1e-7)


def test_two_equal_piles_dip_by_a_quarter_and_one_value_by_nothing() -> None:
    assert dip([0.0] * 50 + [1.0] * 50) == pytest.approx(0.25)
    assert dip([3.0] * 10) == 0.05
    assert np.isnan(dip([])) and np.isnan(dip_p_value([]))


def test_infinite_values_lie_beyond_the_finite_ones() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate((np.full(100, -np.inf), rng.random(100)))
    assert dip_p_value(values) < 0.01


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.random(n),
        lambda rng, n: rng.standard_normal(n),
        lambda rng, n: rng.exponential(size=n),
        lambda rng, n: np.where(rng.random(n) < 0.4, 0.0, rng.exponential(size=n)),
    ],
    ids=["uniform", "normal", "exponential", "an atom at the mode"],
)
@pytest.mark.parametrize("n", [30, 300])
def test_one_mode_is_rejected_no_more_often_than_declared(monkeypatch, draw, n: int) -> None:
    monkeypatch.setattr("unsettled.measure.statistics.dip.FEW", 0)  # the same minorants, and hundreds of samples sooner
    rng = np.random.default_rng(n)
    rejected = sum(dip_p_value(draw(rng, n)) <= 0.05 for _ in range(400))
    assert rejected <= 33  # 20 of 400 are declared; 33 is three standard errors above


def test_the_null_that_is_kept_is_the_one_that_is_simulated():
    kept = np.load(NULLS)
    assert kept.shape == (len(SIZES), DRAWS)
    for row in (0, 4):
        np.testing.assert_array_equal(kept[row], simulated(SIZES[row]))


@pytest.mark.parametrize("size", [1, 2, 3, 50, 700])
def test_few_values_and_many_have_one_minorant(size):
    rng = np.random.default_rng(size)
    for x in (rng.random(size), rng.normal(size=size), rng.integers(0, 1 + size // 4, size).astype(float), np.geomspace(1, 9, size)):
        ordered = np.sort(x)
        for mirrored in (False, True):
            knots = FewValues.knots_of(ordered, mirrored)
            np.testing.assert_array_equal(minorant.knots_of(ordered, mirrored), knots)
            told = [by.heights(ordered, knots, np.arange(size), mirrored) for by in (FewValues, minorant)]
            np.testing.assert_array_equal(*told)
            last = int(knots[len(knots) // 2])
            assert FewValues.farthest(ordered, knots, last, mirrored) == minorant.farthest(ordered, knots, last, mirrored)
    many = np.sort(rng.random(FEW + 1))
    assert dip(many) == _dip(many, FewValues)


def test_the_p_value_is_taken_from_the_null_of_the_next_size_and_counts_ties_as_extreme() -> None:
    nulls = np.load(NULLS)
    assert p_value_of(0.5, 1) == 1.0  # of one value, the least dip that there is
    for n, row in ((8, 0), (9, 1), (2048, 8), (2049, 8)):
        for place in (0, 1000, DRAWS - 1):
            null = nulls[row]
            above = int((null >= null[place]).sum())
            assert p_value_of(null[place] / np.sqrt(n) * (1 - 1e-12), n) == (above + 1) / (DRAWS + 1)
            assert p_value_of((null[-1] + 1e-6) / np.sqrt(n), n) == 1 / (DRAWS + 1)


def test_of_values_that_are_not_finite_the_distance_is_what_the_finite_ones_reach() -> None:
    values = np.array([0.0, 1.0, 4.0, 4.5])
    for infinite, stands_for in ((-np.inf, -4.5), (np.inf, 9.0)):
        assert dip([*values, infinite, infinite]) == dip([*values, stands_for, stands_for])
    assert dip([0.1, 0.2, np.inf]) == dip([0.1, 0.2, 1.2]) and dip([-np.inf, -np.inf, np.inf, np.inf]) == 0.25


@pytest.mark.parametrize("n", [60, 400])
def test_it_does_not_hang_on_place_scale_or_direction(n: int) -> None:
    rng = np.random.default_rng(n)
    values = np.concatenate((rng.normal(0, 1, n // 2), rng.normal(4, 0.5, n - n // 2)))
    found = dip(values)
    assert found == pytest.approx(dip(3 * values - 5)) == pytest.approx(dip(-values)) and 1 / (2 * n) < found < 0.25
    assert dip(np.repeat(values, 2)) == pytest.approx(found, abs=1.5 / n)


@pytest.mark.parametrize("n", range(1, 9))
def test_evenly_spread_values_say_nothing_however_few(n):
    """A single value has the dip ½, which of eight values would be extreme."""
    assert dip_p_value(np.arange(n)) == 1.0
