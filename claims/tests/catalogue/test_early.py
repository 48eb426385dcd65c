"""Early windows: an early score sees nothing of what comes later, and hindsight gains what the later segments tell."""

import numpy as np
import pytest

from unsettled.fixtures.synthetic.by_hand import RECORD, brute_auc, compute


def test_early_windows_see_nothing_of_what_comes_later():
    unsolved = ~RECORD.solved_at[:, 3]
    measured = compute("early_auc", score="displacement")
    early = RECORD.displacement_H[:, :4].mean(axis=1)
    assert measured.value == pytest.approx(brute_auc(early[unsolved], RECORD.solved[unsolved]))
    moved = RECORD.displacement_H.copy()
    moved[:, 4:] = 7.0
    assert compute("early_auc", RECORD.replace(displacement_H=moved), score="displacement").value == measured.value


def test_the_gain_of_hindsight_is_late_minus_early_distance_from_one_half():
    rng = np.random.default_rng(2)
    growth = rng.normal(size=RECORD.growth.shape)
    growth[:, 4:, 0] += np.where(RECORD.solved, -0.2, 0.2)[:, None]
    record = RECORD.replace(growth=growth)
    unsolved = ~record.solved_at[:, 3]
    solved = record.solved[unsolved]
    late = brute_auc(growth[unsolved, 4:, 0].mean(axis=1), solved)
    early = brute_auc(growth[unsolved, :4, 0].mean(axis=1), solved)
    assert late < 0.2  # informative, not perfect: the windows must matter
    measured = compute("retrospective_gain", record)
    assert measured.value == pytest.approx(abs(late - 0.5) - abs(early - 0.5))
    assert measured.extra["auc_late"] == pytest.approx(late) and measured.extra["auc_early"] == pytest.approx(early)
    omen = record.replace(growth=np.repeat(growth[:, 4:5], 16, axis=1))  # an early sign as strong as the late one
    assert abs(compute("retrospective_gain", omen).value) < 0.01
