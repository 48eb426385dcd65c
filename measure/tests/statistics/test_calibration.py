"""Calibration against forecasts whose calibration is known, confident failures by hand, and what selection misses."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.calibration import brier, calibration_error, confident_failures, missed_by_selection, reliability

RNG = np.random.default_rng(5)
LOGITS = RNG.normal(0.5, 2.0, 3000)
HONEST = RNG.random(3000) < expit(LOGITS)


def test_a_perfect_forecast_has_the_error_that_chance_gives():
    measured = calibration_error(LOGITS, HONEST, resamples=300)
    assert measured.extra["beyond_chance"] == "no" and measured.value == pytest.approx(measured.extra["if_calibrated"], abs=0.01)
    overconfident = calibration_error(3 * LOGITS, HONEST, resamples=300)
    assert overconfident.extra["beyond_chance"] == "yes" and overconfident.low > 0.05 > overconfident.extra["if_calibrated"]


def test_the_error_is_the_gap_by_hand():
    confidence = np.array([0.05, 0.05, 0.55, 0.95])
    right = np.array([False, True, True, True])
    # |0.1 − 1|/4 + |0.55 − 1|/4 + |0.95 − 1|/4
    assert calibration_error(logit(confidence), right, resamples=100).value == pytest.approx((0.9 + 0.45 + 0.05) / 4)
    curve = reliability(logit(confidence), right)
    assert [(b.low, b.right.value, b.right.n) for b in curve] == [(0.0, 0.5, 2), (0.5, 1.0, 1), (0.9, 1.0, 1)]


def test_reliability_agrees_with_scikit_learn():
    shares, means = calibration_curve(HONEST, expit(LOGITS), n_bins=10)
    curve = reliability(LOGITS, HONEST)
    np.testing.assert_allclose([b.right.value for b in curve], shares)
    np.testing.assert_allclose([b.confidence for b in curve], means)


def test_brier_and_its_skill():
    measured = brier(LOGITS, HONEST, resamples=200)
    assert measured.value == pytest.approx(((expit(LOGITS) - HONEST) ** 2).mean())
    assert measured.low < measured.value < measured.high and 0 < measured.extra["skill"] < 1
    constant = np.full(3000, logit(HONEST.mean()))
    assert brier(constant, HONEST, resamples=100).extra["skill"] == pytest.approx(0, abs=1e-12)
    assert brier(-LOGITS, HONEST, resamples=100).extra["skill"] < 0
    assert np.isnan(brier(LOGITS, np.ones(3000, bool), resamples=100).extra["skill"])


def test_confident_failures_are_joint_counts_of_all_failures():
    solved = np.array([1, 1, 0, 0, 0, 0, 0], bool)
    settled = np.array([1, 1, 1, 1, 0, 0, 1], bool)
    logits = np.array([5, 5, 3, -3, 2, -2, 0.5])
    found = confident_failures(solved, settled, logits)
    cells = {name: (e.counts["successes"], e.n) for name, e in vars(found).items()}
    assert cells == {"settled_confident": (2, 5), "settled_only": (1, 5), "confident_only": (1, 5), "neither": (1, 5)}
    assert found.confident == 3 and confident_failures(solved, settled, logits, logit=1.0).confident == 2


def test_what_selection_misses_at_the_price_of_some_successes():
    logits = np.array([*range(1, 21), *range(-2, 3)], float)
    solved = np.array([True] * 20 + [False] * 5)
    missed = missed_by_selection(solved, logits, keep=0.95)
    assert missed.extra["threshold"] == 1.0 and missed.counts["successes"] == 2
    assert missed.extra["right_if_chosen"] == 20 / 22
    assert missed_by_selection(solved, logits, keep=0.5).counts["successes"] == 0
    assert not missed_by_selection(np.zeros(25, bool), logits).defined


def test_degenerate_input():
    assert not calibration_error([], np.zeros(0, bool)).defined and not brier([], np.zeros(0, bool)).defined
    with pytest.raises(UserError, match="NaN"):
        brier([np.nan, 1.0], [True, False])
    with pytest.raises(UserError, match="bins"):
        reliability(LOGITS, HONEST, bins=0)
    assert not confident_failures([True], [True], [1.0]).neither.defined
