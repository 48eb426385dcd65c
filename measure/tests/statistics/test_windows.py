"""Early windows of every length: a planted leak is refused, the null curve is flat, and one point equals the early AUC."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc_limits import half_p_value
from unsettled.measure.statistics.best_score import best_area_limit
from unsettled.measure.statistics.early import early_auc
from unsettled.measure.statistics.equivalence import equivalence
from unsettled.measure.statistics.multiplicity import holm
from unsettled.measure.statistics.strata import stratified_auc
from unsettled.measure.statistics.windows import NAMES, combined, leaked, window_curve, windowed


def arrays(n=400, *, seed=0):
    record = synthetic_record(n, seed=seed)
    return {
        "growth": record.growth,
        "displacement": record.displacement_H,
        "halting_logit": record.halting_logit,
        "solved_at": record.solved_at,
    }


def null_arrays(n=600, *, seed=0, segments=8):
    """Nothing knows anything: scores are noise, and a third is solved at a random time."""
    rng = np.random.default_rng(seed)
    when = np.where(rng.random(n) < 0.5, rng.integers(1, segments, n), 2 * segments)
    return {
        "growth": rng.standard_normal((n, segments, 2)),
        "displacement": rng.random((n, segments)),
        "halting_logit": rng.standard_normal((n, segments)),
        "solved_at": np.arange(segments) >= when[:, None],
    }


def peeking(whole, horizon):
    """A score that reads the one segment after its window."""
    return whole["halting_logit"][:, : horizon + 1].mean(axis=1)


def peeking_at_the_answer(whole, horizon):
    """A score that changes only where the outcome is known already."""
    return windowed("exponent")(whole, horizon) + 1e-6 * whole["solved_at"][:, -1]


@pytest.mark.parametrize("score", [peeking, peeking_at_the_answer])
def test_a_planted_leak_is_caught_and_refused(score):
    whole = arrays(60)
    assert leaked(score, whole, 4) > 30
    with pytest.raises(UserError, match="looks beyond"):
        window_curve(whole, scores={"planted": score}, horizons=range(4, 5))


@pytest.mark.parametrize("name", NAMES)
def test_no_built_in_score_leaks(name):
    whole = arrays(60)
    assert all(leaked(windowed(name), whole, horizon) == 0 for horizon in (2, 7, 15))


def test_the_point_at_four_is_the_early_auc_and_slopes_start_at_two():
    whole = arrays()
    points = {(p.score, p.horizon): p for p in window_curve(whole)}
    assert len(points) == 3 * 15 + 3 * 14 and ("halting_slope", 1) not in points
    for name in NAMES:
        expected = early_auc(**whole, score=name)
        found = points[name, 4].area
        assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)


def test_where_nothing_predicts_the_curve_is_shown_to_be_near_one_half():
    points = window_curve(null_arrays(4000), scores={"exponent": windowed("exponent"), "halting": windowed("halting")})
    early = [p for p in points if p.horizon <= 4]
    assert all(p.near_half.extra["equivalent"] == "yes" and p.near_half.extra["power"] > 0.8 for p in early)
    assert min(p.p_adjusted for p in points) > 0.05
    few = window_curve(null_arrays(40), scores={"exponent": windowed("exponent")}, horizons=range(3, 4))[0].near_half
    assert few.extra["equivalent"] == "no" and few.extra["power"] < 0.2  # not shown, and it could not have been


def test_what_predicts_is_significant_after_holm_and_not_equivalent():
    whole = null_arrays(400)
    whole["displacement"] = whole["displacement"] + 2 * whole["solved_at"][:, -1:]
    found = {(p.score, p.horizon): p for p in window_curve(whole)}
    assert found["displacement", 3].p_adjusted < 1e-6 and found["displacement", 3].near_half.extra["equivalent"] == "no"
    assert found["displacement", 3].area.value > 0.95 and found["exponent", 3].p_adjusted > 0.05


def test_all_scores_together_are_judged_out_of_fold():
    noise = combined(null_arrays(500), 3)
    assert noise.area.low < 0.5 < noise.area.high  # in-fold, six features of noise would look better than chance
    whole = null_arrays(500)
    whole["halting_logit"] = whole["halting_logit"] + whole["solved_at"][:, -1:]
    assert combined(whole, 3).area.value > 0.7
    assert not combined(null_arrays(6), 3).area.defined


def test_without_exponents_the_other_scores_remain():
    whole = null_arrays(100)
    whole["growth"] = whole["growth"][:, :, :0]
    assert {p.score for p in window_curve(whole)} == {n for n in NAMES if not n.startswith("exponent")}
    assert combined(whole, 3).area.defined


def test_a_window_without_two_classes_has_no_area():
    whole = null_arrays(50)
    whole["solved_at"] = np.zeros_like(whole["solved_at"])
    assert all(not p.area.defined and np.isnan(p.p_adjusted) for p in window_curve(whole))


def test_a_point_is_its_area_tested_against_one_half_with_the_null_error_and_held_to_holm():
    whole = null_arrays(300)
    points = window_curve(whole, scores={"halting": windowed("halting"), "exponent": windowed("exponent")}, margin=0.15, level=0.8)
    assert [(p.score, p.horizon) for p in points] == [(name, h) for name in ("halting", "exponent") for h in range(1, 8)]
    for p in points:
        m, n = p.area.counts["positives"], p.area.counts["negatives"]
        null = math.sqrt((m + n + 1) / (12 * m * n))
        assert p.p_value == half_p_value(p.area.value, m, n) and p.area.level == 0.8
        wanted = equivalence(replace(p.area, error=p.area.error or null), target=0.5, margin=0.15, planned_error=null)
        assert p.near_half.extra["power"] == pytest.approx(wanted.extra["power"]) and p.near_half.low == pytest.approx(wanted.low)
    held = holm({str(i): p.p_value for i, p in enumerate(points)})
    assert [p.p_adjusted for p in points] == [one.adjusted for one in held.values()]
    assert window_curve(whole, horizons=range(3, 4)) == window_curve(whole, horizons=range(3, 4), margin=0.1, level=0.95)


def test_separation_has_the_null_error_where_delong_has_none():
    whole = null_arrays(60)
    whole["halting_logit"] = np.where(whole["solved_at"][:, -1:], 1.0, 0.0) + np.zeros((1, 8))
    (point,) = window_curve(whole, scores={"halting": windowed("halting")}, horizons=range(2, 3))
    m, n = point.area.counts["positives"], point.area.counts["negatives"]
    half = norm.isf(0.05) * math.sqrt((m + n + 1) / (12 * m * n))
    assert point.area.error is None and (point.near_half.low, point.near_half.high) == pytest.approx((1 - half, 1 + half))


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_all_scores_together_are_areas_within_folds_bounded_by_the_best_combination(level):
    whole = null_arrays(200, seed=3)
    found = combined(whole, 3, level=level, margin=0.2, seed=5)
    features = np.column_stack([windowed(name)(whole, 3) for name in NAMES])[~whole["solved_at"][:, 2]]
    later = whole["solved_at"][~whole["solved_at"][:, 2], -1]
    scores, folds = np.empty(len(later)), np.empty(len(later), int)
    for number, (fitted, judged) in enumerate(StratifiedKFold(5, shuffle=True, random_state=5).split(features, later)):
        model = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-8)).fit(features[fitted], later[fitted])
        scores[judged], folds[judged] = model.decision_function(features[judged]), number
    area = stratified_auc(scores, later, folds, weights="pairs", level=level)
    best = best_area_limit(features, later, level=level)
    assert (found.area.value, found.area.low) == pytest.approx((area.value, area.low), abs=0.004)
    assert found.area.extra["best combination high"] == pytest.approx(best) and found.area.high == max(
        best, found.area.extra["out-of-fold high"]
    )
    assert found.near_half.extra["equivalent"] == "no"
    assert combined(whole, 3) == combined(whole, 3, margin=0.1, level=0.95, seed=0)


@pytest.mark.parametrize(("few", "defined"), [(9, False), (10, True)])
def test_two_examples_of_a_class_for_each_fold_are_enough(few, defined):
    whole = null_arrays(80)
    whole["solved_at"] = np.repeat((np.arange(80) < few)[:, None], 8, axis=1) & (np.arange(8) > 5)
    assert combined(whole, 2).area.defined == defined and combined(whole, 1).area.defined == defined
    few_areas = combined(whole, 2).area
    assert defined or (few_areas.undefined_reason, few_areas.n) == ("fewer than 10 examples of a class", 80)
