"""Early windows of every length: a planted leak is refused, the null curve is flat, and one point equals the early AUC."""

import numpy as np
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.early import early_auc
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
