"""The early window: nothing from after it reaches a score, and each score is what it says."""

import numpy as np
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc, auc_equivalence
from unsettled.measure.statistics.early import SCORES, early_auc, early_window


def arrays(n=400, *, seed=0):
    record = synthetic_record(n, seed=seed)
    return {
        "growth": record.growth.copy(),
        "displacement": record.displacement_H.copy(),
        "halting_logit": record.halting_logit.copy(),
        "solved_at": record.solved_at.copy(),
    }


@pytest.mark.parametrize("score", SCORES)
def test_a_planted_leak_changes_nothing(score):
    """The answer is written into every array after the window; a score that looked would reach an AUC of 1."""
    plain = arrays()
    leaking = {name: array.copy() for name, array in plain.items()}
    answer = 1e6 * plain["solved_at"][:, -1]
    leaking["growth"][:, 4:] = answer[:, None, None]
    leaking["displacement"][:, 4:] = answer[:, None]
    leaking["halting_logit"][:, 4:] = answer[:, None]
    clean, planted = early_auc(**plain, score=score), early_auc(**leaking, score=score)
    assert planted == clean and clean.value < 0.95
    too_far = early_auc(**leaking, score=score, horizon=5)
    assert too_far.value == 1.0  # the plant is visible to a window that is one segment longer


@pytest.mark.parametrize("score", SCORES)
def test_scores_after_the_window_may_even_be_missing(score):
    holed = arrays()
    for name in ("growth", "displacement", "halting_logit"):
        holed[name][:, 4:] = np.nan
    assert early_auc(**holed, score=score) == early_auc(**arrays(), score=score)


def test_window_shares_no_memory_with_the_rest():
    whole = arrays(20)
    window = early_window(**whole, horizon=4)
    for name in whole:
        assert not np.shares_memory(getattr(window, name), whole[name])
        assert getattr(window, name).shape[1] == 4


def test_scores_by_hand():
    whole = arrays(50)
    window = early_window(**whole, horizon=3)
    expected = {
        "exponent": whole["growth"][:, :3, 0].mean(axis=1),
        "spectrum_mean": whole["growth"][:, :3].mean(axis=(1, 2)),
        "displacement": whole["displacement"][:, :3].mean(axis=1),
        "last_displacement": whole["displacement"][:, 2],
        "halting": whole["halting_logit"][:, 2],
        "exponent_slope": np.polyfit(np.arange(3), whole["growth"][:, :3, 0].T, 1)[0],
        "displacement_slope": np.polyfit(np.arange(3), whole["displacement"][:, :3].T, 1)[0],
        "halting_slope": np.polyfit(np.arange(3), whole["halting_logit"][:, :3].T, 1)[0],
    }
    assert set(expected) == set(SCORES)
    for name, values in expected.items():
        np.testing.assert_allclose(window.score(name), values)


def test_one_segment_has_no_slope():
    measured = early_auc(**arrays(), score="halting_slope", horizon=1)
    assert not measured.defined and "NaN" in measured.undefined_reason


def test_only_the_unsolved_are_compared_and_later_successes_are_positive():
    whole = arrays()
    unsolved = ~whole["solved_at"][:, 3]
    expected = auc(whole["displacement"][unsolved, :4].mean(axis=1), whole["solved_at"][unsolved, -1])
    measured = early_auc(**whole, score="displacement")
    assert (measured.value, measured.low, measured.n) == (expected.value, expected.low, unsolved.sum())
    assert measured.counts["unsolved"] == unsolved.sum()
    assert measured.counts["solved_later"] == whole["solved_at"][unsolved, -1].sum() == measured.counts["positives"]


def test_definitions_of_unsolved_and_of_later_differ_where_answers_are_lost():
    solved_at = np.zeros((4, 6), bool)
    solved_at[0, 1] = True  # right for a moment in the window
    solved_at[1, 4] = True  # right for a moment after it
    solved_at[2, 3:] = True
    rest = {"growth": np.zeros((4, 6, 2)), "displacement": np.arange(24.0).reshape(4, 6), "halting_logit": np.zeros((4, 6))}

    def count(**how):
        return early_auc(**rest, solved_at=solved_at, score="displacement", horizon=3, **how).counts

    assert (count()["unsolved"], count()["solved_later"]) == (4, 1)
    assert count(unsolved="throughout")["unsolved"] == 3
    assert count(later="ever")["solved_later"] == 2


def test_about_one_half_is_a_test_of_equivalence():
    whole = arrays(6000, seed=3)
    rng = np.random.default_rng(0)
    whole["halting_logit"][:, :4] = rng.normal(size=(6000, 4))
    measured = early_auc(**whole, score="halting", margin=0.1)
    assert measured.extra["equivalent"] == "yes" and measured.level == 0.9
    few = early_auc(**{name: array[:40] for name, array in whole.items()}, score="halting", margin=0.1)
    assert few.extra["equivalent"] == "no" and few.extra["power"] < 0.5


def test_nothing_to_compare_is_said():
    whole = arrays(30)
    whole["solved_at"][:] = True
    assert "every example is solved" in early_auc(**whole, score="exponent").undefined_reason
    whole["solved_at"][:] = False
    assert "no positive" in early_auc(**whole, score="exponent").undefined_reason


@pytest.mark.parametrize("change", [{"horizon": 0}, {"horizon": 16}, {"score": "omen"}, {"later": "soon"}, {"unsolved": "no"}])
def test_mistakes_are_named(change):
    with pytest.raises(UserError):
        early_auc(**({**arrays(20), "score": "exponent"} | change))


def test_shapes_that_disagree_are_named():
    whole = arrays(20)
    whole["displacement"] = whole["displacement"][:, :5]
    with pytest.raises(UserError, match="displacement"):
        early_auc(**whole, score="exponent")


def test_a_window_ends_before_the_rollout_does_and_every_array_has_its_axes():
    whole = arrays(40)
    assert early_window(**whole, horizon=1).horizon == 1 and early_window(**whole, horizon=15).horizon == 15
    assert early_auc(**whole, score="halting") == early_auc(**whole, score="halting", horizon=4, unsolved="at", later="end", level=0.95)
    for name in ("growth", "displacement", "halting_logit"):
        for wrong in (whole[name][:39], whole[name][:, :15], whole[name][..., None]):
            with pytest.raises(UserError, match=f"{name} has shape"):
                early_window(**(whole | {name: wrong}), horizon=4)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_margin_and_level_reach_the_equivalence(level):
    whole = arrays(300)
    unsolved, later = ~whole["solved_at"][:, 3], whole["solved_at"][:, -1]
    found = early_auc(**whole, score="halting", margin=0.2, level=level)
    wanted = auc_equivalence(whole["halting_logit"][unsolved, 3], later[unsolved], margin=0.2, alpha=1 - level)
    assert (found.low, found.high, found.extra["power"]) == pytest.approx((wanted.low, wanted.high, wanted.extra["power"]))
    assert found.level == pytest.approx(2 * level - 1)
    assert (
        early_auc(**whole, score="halting", level=level).low == auc(whole["halting_logit"][unsolved, 3], later[unsolved], level=level).low
    )
