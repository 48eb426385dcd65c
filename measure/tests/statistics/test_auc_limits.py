"""Limits of an area: their coverage with few positives, near 1 and for spread scores; where DeLong's and the score interval fail."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import norm, t

from unsettled.measure.errors import UserError
from unsettled.measure.statistics import auc_limits
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.auc_limits import half_p_value, hanley_mcneil_error, score_interval, shrunk_interval
from unsettled.measure.statistics.strata import stratified_auc

DRAWS = 400


def scores(shape: str, area: float, m: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Scores of m positives and n negatives whose true area is ``area``."""
    if shape == "exponential":
        return np.concatenate((rng.exponential(area / (1 - area), m), rng.exponential(1, n)))
    spread = {"normal": 1.0, "spread positives": 3.0, "narrow positives": 1 / 3}[shape]
    return np.concatenate((rng.normal(norm.ppf(area) * np.sqrt(1 + spread**2), spread, m), rng.normal(0, 1, n)))


@pytest.mark.parametrize("shape", ["normal", "exponential", "spread positives", "narrow positives"])
@pytest.mark.parametrize(("m", "n"), [(2, 60), (3, 60), (6, 60), (20, 200)])
@pytest.mark.parametrize("area", [0.5, 0.9, 0.97])
def test_the_interval_covers_nearly_as_often_as_it_says(shape: str, m: int, n: int, area: float) -> None:
    rng = np.random.default_rng(m)
    mask = np.arange(m + n) < m
    covered = 0
    for _ in range(DRAWS):
        found = auc(scores(shape, area, m, n, rng), mask)
        covered += found.low <= area <= found.high
    assert covered >= 0.9 * DRAWS  # .93 less three standard errors of 400 draws


def test_delong_alone_misses_where_the_shrunk_interval_does_not() -> None:
    rng = np.random.default_rng(0)
    mask = np.arange(220) < 20
    covered = {"logit": 0, "shrunk": 0}
    for _ in range(DRAWS):
        drawn = scores("exponential", 0.97, 20, 200, rng)
        for interval in covered:
            found = auc(drawn, mask, interval=interval)
            covered[interval] += found.low <= 0.97 <= found.high
    assert covered["logit"] < 0.85 * DRAWS < 0.92 * DRAWS < covered["shrunk"]


def test_a_stratified_area_covers_with_few_of_a_class_in_each_stratum() -> None:
    rng = np.random.default_rng(1)
    strata, mask = np.repeat(np.arange(5), 24), np.tile(np.arange(24) < 3, 5)
    covered = 0
    for _ in range(DRAWS):
        drawn = rng.standard_normal(120) + strata
        found = stratified_auc(drawn, mask, strata, weights="pairs")
        covered += found.low <= 0.5 <= found.high
    assert covered >= 0.92 * DRAWS


def test_with_the_planned_variance_alone_it_is_the_score_interval() -> None:
    assert shrunk_interval(0.9, None, 30, 100) == score_interval(0.9, 30, 100)
    assert shrunk_interval(0.9, hanley_mcneil_error(0.9, 30, 100), 30, 100) == pytest.approx(score_interval(0.9, 30, 100))


def test_many_positives_follow_delong() -> None:
    low, high = shrunk_interval(0.7, 0.01, 2000, 8000)
    assert (low, high) == pytest.approx((0.7 - 1.96 * 0.01, 0.7 + 1.96 * 0.01), abs=5e-4)


@pytest.mark.parametrize("value, error, m, n", [(0.9, 0.03, 30, 100), (0.6, 0.12, 100, 5), (0.97, 0.02, 8, 8)])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_limits_solve_their_equation(value: float, error: float, m: int, n: int, level: float) -> None:
    """|value − θ| = z·s(θ), with the variance shrunk by 4·min(m, n)·value·(1 − value) examples against five."""
    known, at = 4 * min(m, n) * value * (1 - value), hanley_mcneil_error(value, m, n)
    ratio = (5 + known * error**2 / at**2) / (5 + known)
    for end in shrunk_interval(value, error, m, n, level=level):
        wanted = norm.isf((1 - level) / 2) * np.sqrt(ratio) * hanley_mcneil_error(end, m, n)
        assert abs(value - end) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("fewer", [2, 4, 5])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_fewer_than_five_of_a_class_unite_it_with_students_logit_interval(fewer: int, level: float) -> None:
    value, wide, narrow = 0.8, 0.15, 1e-3
    half, centre = t.isf((1 - level) / 2, fewer - 1) * wide / (value * (1 - value)), np.log(value / (1 - value))
    logit = [1 / (1 + np.exp(sign * half - centre)) for sign in (1, -1)]
    assert (shrunk_interval(value, wide, 1000, fewer, level=level) == pytest.approx(logit)) == (fewer < 5)
    low, high = shrunk_interval(value, narrow, fewer, 1000, level=level)  # what is planned is wider than this
    assert low < 0.7 and high > 0.88


def test_planning_takes_any_area_and_at_least_one_of_each_class() -> None:
    """At its ends nothing scatters; of one pair it is a coin; beyond the ends it is that of the end."""
    assert hanley_mcneil_error(0.0, 3, 4) == hanley_mcneil_error(1.0, 3, 4) == hanley_mcneil_error(1.5, 3, 4) == 0
    assert hanley_mcneil_error(0.3, 1, 1) == pytest.approx(np.sqrt(0.3 * 0.7))
    assert shrunk_interval(0.5, 0.2, 1, 30) == pytest.approx(shrunk_interval(0.5, 0.2, 1, 30, level=0.95))
    for m, n in ((0, 1), (1, 0)):
        with pytest.raises(UserError, match="needs both classes"):
            hanley_mcneil_error(0.5, m, n)


@pytest.mark.parametrize(("m", "n"), [(1, 20), (3, 3), (3, 4), (5, 5)])
def test_an_area_of_one_half_is_rejected_no_more_often_than_the_p_value_says(m: int, n: int) -> None:
    """The normal law rejects .1 of all orders of three and three at .05."""
    orders = list(itertools.combinations(range(m + n), m))
    areas = np.array([(sum(ups) - m * (m - 1) / 2) / (m * n) for ups in orders])
    p_values = np.array([half_p_value(area, m, n) for area in areas])
    for p_value in np.unique(p_values):
        assert (p_values <= p_value).mean() == pytest.approx(p_value)


def test_of_many_examples_one_half_is_tested_by_the_normal_law() -> None:
    exact, limit = half_p_value(0.7, 9, 200), auc_limits.FEW_PAIRS
    assert half_p_value(0.7, 10, 200) == pytest.approx(2 * norm.sf(0.2 / hanley_mcneil_error(0.5, 10, 200)))
    assert limit >= 9 * 200 and exact == pytest.approx(2 * norm.sf(0.2 / hanley_mcneil_error(0.5, 9, 200)), rel=0.03)
    assert half_p_value(0.5 + 0.5 / 9, 3, 3) == half_p_value(0.5, 3, 3) == 1.0
