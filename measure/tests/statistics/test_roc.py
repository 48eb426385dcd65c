"""The ROC curve against its definition, its area, and the coverage of its rectangles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_curve as reference_curve

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.proportion import proportion
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
    with pytest.raises(UserError, match="of at least 2"):
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


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_each_side_of_a_rectangle_is_an_exact_limit_at_the_root_of_the_level(level):
    scores, positives = sample(60, ties=True)
    curve, m = roc_curve(scores, positives, level=level), int(positives.sum())
    for at in range(len(curve)):
        for rate, low, high, n in (
            (curve.true_rate, curve.true_low, curve.true_high, m),
            (curve.false_rate, curve.false_low, curve.false_high, 60 - m),
        ):
            wanted = proportion(round(rate[at] * n), n, level=level**0.5)
            assert (low[at], high[at]) == pytest.approx((wanted.low, wanted.high))
    assert curve.level == level and roc_curve([1.0], [True], level=level).level == level


def test_kept_corners_are_even_along_both_rates_and_their_roots():
    rng = np.random.default_rng(2)
    positives = np.arange(900) < 400
    scores = rng.standard_normal(900) + positives
    whole, thin = (roc_curve(scores, positives, points=points) for points in (10**6, 30))
    along = whole.true_rate + whole.false_rate + np.sqrt(whole.false_rate) - np.sqrt(1 - whole.true_rate)
    kept = np.flatnonzero(np.isin(whole.true_rate + 2 * whole.false_rate, thin.true_rate + 2 * thin.false_rate))
    wanted = sorted({0, 900} | {int(np.argmax(along >= value)) for value in np.linspace(-1, 3, 30)})
    assert kept.tolist() == wanted and len(roc_curve(scores, positives)) <= 162 < len(roc_curve(scores, positives, points=900))
    exact = roc_curve(scores[:10], [*positives[:9], False], points=11)
    assert len(exact) == 11 and len(roc_curve([1.0, 2.0, 3.0], [True, False, True], points=2)) == 2
