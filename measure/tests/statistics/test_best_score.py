"""The limit of the best combination covers it, where what is fitted out of fold falls short."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ncf, nct, norm, ttest_ind

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.best_score import best_area_limit


@pytest.mark.parametrize(("n", "area"), [(80, 0.55), (300, 0.6), (300, 0.8)])
def test_the_limit_covers_the_area_of_the_best_combination(n, area):
    rng, missed, draws = np.random.default_rng(n), 0, 200
    for _ in range(draws):
        positives = rng.random(n) < 0.4
        scores = rng.standard_normal((n, 4))
        scores[:, 0] += np.sqrt(2) * norm.ppf(area) * positives
        missed += best_area_limit(scores, positives) < area
    assert missed <= 13  # of 200 at 2.5 %; five more than two standard errors above is what a wrong limit exceeds


def test_of_one_score_the_limit_is_that_of_students_t():
    scores = norm.ppf((np.arange(40) + 1) / 41)
    positives = np.arange(40) % 7 > 2
    t = ttest_ind(scores[positives], scores[~positives]).statistic
    m, n = positives.sum(), (~positives).sum()
    # Δ of the limit as the noncentrality of t: |t| is seen as small as this in 2.5 %
    shift = np.sqrt(2) * norm.ppf(best_area_limit(scores[:, None], positives)) * np.sqrt(m * n / 40)
    assert nct.cdf(abs(t), 38, shift) - nct.cdf(-abs(t), 38, shift) == pytest.approx(0.025, rel=1e-6)


def test_no_scores_tell_nothing_and_too_few_examples_leave_all_open():
    assert best_area_limit(np.zeros((20, 2)), np.arange(20) < 10) == 0.5
    assert best_area_limit(np.random.default_rng(0).random((4, 6)), np.arange(4) < 2) == 1.0
    assert best_area_limit(np.zeros((5, 2)), np.ones(5, bool)) == 1.0
    with pytest.raises(UserError, match="finite"):
        best_area_limit([[np.nan], [1.0]], [True, False])


def test_it_does_not_hang_on_the_scale_of_a_score():
    rng = np.random.default_rng(3)
    positives = rng.random(120) < 0.5
    scores = rng.standard_normal((120, 2)) + positives[:, None]
    assert best_area_limit(np.exp(3 * scores), positives) == best_area_limit(scores, positives)


@pytest.mark.parametrize("n", [1345, 20_000])
def test_it_is_known_however_large_the_sample_and_however_far_apart_the_classes(n):
    rng = np.random.default_rng(n)
    for shift in (*[0.0] * 20, 3.0):
        positives = rng.random(n) < 0.4
        assert 0.5 <= best_area_limit(rng.standard_normal((n, 2)) + shift * positives[:, None], positives) <= 1.0


def test_of_several_scores_the_limit_is_the_noncentrality_at_which_hotellings_f_is_seldom_as_small():
    rng = np.random.default_rng(5)
    positives = np.arange(60) % 3 == 0
    scores = rng.standard_normal((60, 3)) + 0.8 * positives[:, None]
    for level in (0.95, 0.8):
        normal = norm.ppf(np.argsort(np.argsort(scores, axis=0), axis=0) / 61 + 1 / 61)
        parts = normal[positives], normal[~positives]
        pooled = sum((len(part) - 1) * np.cov(part.T) for part in parts) / 58
        gap = parts[0].mean(axis=0) - parts[1].mean(axis=0)
        f = 56 / (58 * 3) * (20 * 40 / 60) * gap @ np.linalg.solve(pooled, gap)
        distance = 2 * norm.ppf(best_area_limit(scores, positives, level=level)) ** 2
        assert ncf.cdf(f, 3, 56, distance * 20 * 40 / 60) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert best_area_limit(scores, positives) == best_area_limit(scores, positives, level=0.95)
    assert best_area_limit(np.column_stack((scores, scores[:, 0])), positives) == pytest.approx(best_area_limit(scores, positives))


def test_scores_that_explain_everything_or_nothing_and_those_that_leave_no_degree():
    positives = np.arange(8) < 4
    assert best_area_limit(np.where(positives, 1.0, 0.0)[:, None], positives) == 1.0
    assert best_area_limit(np.tile([[0.0], [1.0]], (4, 1)), positives) == 0.5  # less apart than chance puts them in 97.5 %
    assert (
        best_area_limit(np.eye(4)[:, :2], [True, False, False, True]) < 1 == best_area_limit(np.eye(4)[:, :3], [True, False, False, True])
    )
    for wrong in (np.zeros(4), np.zeros((4, 1, 1)), np.full((4, 1), np.inf)):
        with pytest.raises(UserError, match="expected a finite number"):
            best_area_limit(wrong, [True, False, True, False])
    assert best_area_limit(np.zeros((3, 1)), [False] * 3) == 1.0
