"""Calibration against forecasts whose calibration is known, confident failures by hand, and what selection misses."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve

from unsettled.measure.errors import UserError
from unsettled.measure.statistics import bootstrap
from unsettled.measure.statistics.bootstrap import bootstrap_examples
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


def gap(confidence, right):
    """The calibration error in four bins, one at a time."""
    which = np.minimum((confidence * 4).astype(int), 3)
    return float(sum(abs((confidence - right)[which == b].sum()) for b in range(4)) / len(right))


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_what_chance_gives_is_drawn_from_the_confidences_and_held_to_the_level(level):
    logits, right = LOGITS[:200], np.random.default_rng(1).random(200) < expit(LOGITS[:200]) ** 1.3
    found = calibration_error(logits, right, bins=4, level=level, resamples=100, seed=3)
    confidence = expit(logits)
    chance = [gap(confidence, draw) for draw in np.random.default_rng(3).random((100, 200)) < confidence]
    assert found.value == pytest.approx(gap(confidence, right)) and found.extra["if_calibrated"] == pytest.approx(np.mean(chance))
    assert found.extra["beyond_chance"] == ("yes" if gap(confidence, right) > np.quantile(chance, level) else "no")
    assert (found.extra["mean_confidence"], found.extra["share_right"]) == pytest.approx((confidence.mean(), right.mean()))
    again = bootstrap_examples(gap, confidence, right, level=level, resamples=100, seed=3)
    reflected = max(0.0, min(again.low, 2 * again.value - again.high)) if found.extra["beyond_chance"] == "yes" else 0.0
    assert (found.low, found.high, found.level) == pytest.approx((reflected, again.high, level))


def test_the_interval_of_the_brier_score_resamples_with_its_seed_and_the_skill_is_one_less_the_ratio():
    found = brier(LOGITS[:80], HONEST[:80], level=0.8, resamples=100, seed=3)
    again = bootstrap_examples(lambda c, m: ((c - m) ** 2).mean(), expit(LOGITS[:80]), HONEST[:80], level=0.8, resamples=100, seed=3)
    assert (found.low, found.high, found.level) == (again.low, again.high, 0.8)
    assert found.extra["skill"] == pytest.approx(1 - found.value / HONEST[:80].var())


def test_confidences_of_one_lie_in_the_last_bin_and_one_bin_holds_all():
    assert [(b.low, b.high) for b in reliability([-40.0, 40.0], [False, True])] == [(0.0, 0.1), (0.9, 1.0)]
    (one,) = reliability(LOGITS, HONEST, bins=1)
    assert (one.low, one.high, one.right.n, one.confidence) == (0.0, 1.0, 3000, pytest.approx(expit(LOGITS).mean()))


def test_the_threshold_of_selection_is_a_success_of_that_rank_and_what_ties_with_it_passes():
    logits, solved = np.array([1.0, 2, 3, 4, 5, 1, 2, 3]), np.arange(8) < 5
    for keep, threshold, passed in ((0.95, 1, 3), (0.8, 1, 3), (0.79, 2, 2), (0.2, 4, 0)):
        found = missed_by_selection(solved, logits, keep=keep)
        assert (found.extra["threshold"], found.counts["successes"], found.n) == (threshold, passed, 3)
    assert missed_by_selection(solved, logits) == missed_by_selection(solved, logits, keep=0.95)
    assert missed_by_selection(np.zeros(8, bool), logits).n == 8
    assert confident_failures([False], [True], [0.0]).confident == 0  # not above the threshold


def test_draws_are_the_same_however_many_are_held_at_once(monkeypatch):
    """Of millions of answers a resample at a time is in memory."""
    rng = np.random.default_rng(5)
    logits, right = rng.normal(0, 2, 300), rng.random(300) < 0.6
    whole = calibration_error(logits, right, resamples=200)
    draws = np.random.default_rng(0).random((200, 300)) < 1 / (1 + np.exp(-logits))
    monkeypatch.setattr(bootstrap, "AT_ONCE", 700)
    assert vars(calibration_error(logits, right, resamples=200)) == vars(whole)
    gaps = [np.abs(np.bincount((1 / (1 + np.exp(-logits)) * 10).astype(int), 1 / (1 + np.exp(-logits)) - draw)).sum() for draw in draws]
    assert whole.extra["if_calibrated"] == pytest.approx(np.mean(gaps) / 300)


def test_what_selection_misses_is_undefined_where_a_logit_is_missing():
    """It was 0 % of the failures: a threshold that is NaN passes none."""
    logits = np.array([1.0, 2.0, np.nan, -1.0])
    found = missed_by_selection([True, True, True, False], logits)
    assert not found.defined and found.undefined_reason == "1 of 4 halting logits are NaN"


def test_the_error_lies_within_its_limits_and_a_perfect_forecast_is_not_excluded():
    rng, excluded = np.random.default_rng(3), 0
    for _ in range(12):
        logits = 2 * rng.standard_normal(200)
        found = calibration_error(logits, rng.random(200) < 1 / (1 + np.exp(-logits)), resamples=100)
        assert found.low <= found.value <= found.high and (found.low == 0) >= (found.extra["beyond_chance"] == "no")
        excluded += found.low > 0
    assert excluded <= 2
    sure = np.full(40, 3.0)
    wrong = calibration_error(sure, np.arange(40) % 2 > 0, bins=1, resamples=100)
    again = bootstrap_examples(lambda c, r: abs(c.mean() - r.mean()), expit(sure), np.arange(40) % 2 > 0, resamples=100)
    assert wrong.low == pytest.approx(min(again.low, 2 * again.value - again.high)) and wrong.low > 0.2
