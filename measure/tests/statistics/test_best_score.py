"""The limit of the best combination covers it, where what is fitted out of fold falls short."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nct, norm, ttest_ind

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
