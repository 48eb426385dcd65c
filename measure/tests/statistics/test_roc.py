"""The ROC curve against its definition, its area, and the coverage of its rectangles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_curve as reference_curve

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.roc import roc_curve


def sample(n: int = 400, *, ties: bool = False, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    positives = rng.random(n) < 0.3
    scores = rng.standard_normal(n) + positives
    return (scores.round(0) if ties else scores), positives


@pytest.mark.parametrize("ties", [False, True])
def test_corners_are_those_of_scikit_learn(ties):
    scores, positives = sample(ties=ties)
    curve = roc_curve(scores, positives, points=10_000)
    false_rate, true_rate, _ = reference_curve(positives, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_rate, false_rate)
    np.testing.assert_allclose(curve.true_rate, true_rate)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("points", [40, 160, 10_000])
def test_the_area_under_it_is_the_auc(ties, points):
    scores, positives = sample(4000, ties=ties)
    curve = roc_curve(scores, positives, points=points)
    area = np.trapezoid(curve.true_rate, curve.false_rate)
    assert area == pytest.approx(auc(scores, positives).value, abs=1e-12 if points == 10_000 else 0.01)


def test_infinite_scores_are_corners_and_a_missing_class_is_none():
    curve = roc_curve([-np.inf, 0.0, np.inf, -np.inf], [False, False, True, True])
    assert curve.true_rate.tolist() == [0, 0.5, 0.5, 1] and curve.false_rate.tolist() == [0, 0, 0.5, 1]
    assert len(roc_curve([1.0, 2.0], [True, True])) == 0
    assert len(roc_curve([np.nan, 2.0], [True, False])) == 0
    with pytest.raises(UserError, match="2 are needed"):
        roc_curve([1.0, 2.0], [True, False], points=1)


def test_thinning_keeps_ends_and_the_corner_near_one():
    rng = np.random.default_rng(1)
    positives = rng.random(8000) < 0.1
    curve = roc_curve(rng.standard_normal(8000) + 4 * positives, positives, points=60)
    assert len(curve) <= 62 and curve.false_rate[0] == curve.true_rate[0] == 0 and curve.false_rate[-1] == curve.true_rate[-1] == 1
    assert ((curve.false_rate < 0.02) & (curve.true_rate > 0.8)).sum() >= 8


def test_rectangles_hold_the_true_rates_as_often_as_they_promise():
    threshold, held, runs = 0.5, 0, 400
    truth = norm.sf(threshold - 1), norm.sf(threshold)
    for seed in range(runs):
        scores, positives = sample(120, seed=seed)
        curve = roc_curve(np.where(scores > threshold, 1.0, 0.0), positives)
        at = 1  # the corner between the two scores
        held += curve.true_low[at] <= truth[0] <= curve.true_high[at] and curve.false_low[at] <= truth[1] <= curve.false_high[at]
    assert held / runs >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / runs)


def test_limits_enclose_the_curve():
    curve = roc_curve(*sample())
    for low, mid, high in ((curve.true_low, curve.true_rate, curve.true_high), (curve.false_low, curve.false_rate, curve.false_high)):
        assert (low <= mid).all() and (mid <= high).all()
    assert curve.true_low[0] == 0 and curve.true_high[-1] == 1
