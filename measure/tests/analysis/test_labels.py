"""Labels of systems whose class is known, the lines between them, and what a plot of loss or of a plane would have said."""

from dataclasses import replace

import numpy as np
import pytest

from unsettled.fixtures.synthetic.wanderers import NORM, SYSTEMS, known_runs
from unsettled.measure.analysis.label_tables import confusion, rest_of, sweep
from unsettled.measure.analysis.labels import APPEARANCES, DEFINITIONS, NAMES, Thresholds, classify, counts, settled
from unsettled.measure.campaign.evidence import evidence_of, plane_step
from unsettled.measure.errors import UserError
from unsettled.measure.rollout.trajectory import join

USUAL = Thresholds(rest=1e-4)


@pytest.mark.parametrize("label", SYSTEMS)
@pytest.mark.parametrize("window", [4, 8, 16])
def test_a_known_system_bears_its_label(label, window):
    evidence = evidence_of(known_runs(label, 40, seed=window), window=window)
    found = counts(evidence, USUAL)
    assert set(NAMES) == set(SYSTEMS) == set(found)
    # eight distances of one random walk do look directed now and then
    least = 40 if label != "wandering" else 34
    assert found[label] >= least, found


def test_one_label_each_and_the_first_definition_that_holds_counts():
    runs = join([known_runs(label, 5) for label in SYSTEMS])
    evidence = evidence_of(runs)
    assert sum(counts(evidence, USUAL).values()) == len(runs)
    # with a band as wide as the state nothing moves at all
    assert counts(evidence, replace(USUAL, rest=10.0))["settled"] == len(runs)
    tight = counts(evidence, replace(USUAL, rest=1e-30))
    assert tight["settled"] == 0 or tight["settled"] == 5  # a fixed point reached exactly stays one under every band


def test_one_burst_within_the_window_is_no_rest_and_its_numbers_are_the_windows():
    runs = known_runs("settled", 4)
    gaps = runs.recurrence.copy()
    gaps[1, -6, 0] = 5.0
    gaps[2, -9, 0] = 5.0  # before the window
    evidence = evidence_of(replace(runs, recurrence=gaps))
    assert settled(evidence, USUAL).tolist() == [True, False, True, True]
    assert evidence.recurrence_high[1, 0] == pytest.approx(5.0 / NORM) and evidence.recurrence_mean[1, 0] == pytest.approx(
        5.0 / NORM / 8, rel=1e-3
    )
    np.testing.assert_allclose(evidence.loss_mean, runs.loss[:, -8:].mean(axis=1))


def test_thresholds_move_the_lines_they_name():
    walk = evidence_of(known_runs("wandering", 30))
    assert counts(walk, replace(USUAL, drift=0.01))["drifting"] > counts(walk, USUAL)["drifting"]
    assert (np.median(walk.drift), np.median(evidence_of(known_runs("drifting")).drift)) == pytest.approx((0.5, 1.0), abs=0.12)
    still_board = replace(walk, boards=np.ones(30, int))
    assert counts(still_board, replace(USUAL, loss=100.0))["plateau"] == 30
    with pytest.raises(UserError, match="rest"):
        Thresholds(rest=0.0)


def test_windows_that_do_not_fit_are_named():
    runs = known_runs("settled", 2, segments=20)
    for end, window in ((20, 13), (21, 8), (20, 0), (8, 4)):
        with pytest.raises(UserError, match="window"):
            evidence_of(runs, end=end, window=window)
    assert len(evidence_of(runs, end=16)) == 2


def test_runs_that_were_not_followed_bear_no_label():
    evidence = evidence_of(known_runs("settled", 3))
    gaps = evidence.recurrence_high.copy()
    gaps[1] = np.nan
    assert classify(replace(evidence, recurrence_high=gaps), USUAL).tolist() == [0, -1, 0]


def test_a_plateau_in_loss_is_not_rest_in_the_state():
    """The confusion that the two-by-two table is for: the blind readout looks settled in everything that is decoded."""
    runs = join([known_runs("plateau", 8), known_runs("settled", 4), known_runs("wandering", 6)])
    evidence = evidence_of(runs)
    table = confusion(evidence, USUAL)
    assert set(table) == set(APPEARANCES)
    assert (table["loss"].counts["successes"], table["loss"].counts["n"]) == (8, 12)
    for appearance in ("conflicts", "board"):  # coarser: a few wanderers keep theirs by chance
        moving = table[appearance]
        assert 8 <= moving.counts["successes"] == moving.counts["n"] - 4 and moving.counts["settled_unseen"] == 0
    assert table["plane"].counts["n"] == 4 and table["plane"].value == 0  # the circle lies in the plane that is plotted
    # turn the circle into directions that the plane does not hold, and the plot stands still as well
    states = known_runs("plateau", 8).pooled.copy()
    states[:, :50, 5] += np.linspace(40, 0, 50)
    states[:, :50, 6] += np.linspace(0, 30, 50) ** 1.5
    assert (plane_step(states, 8) <= USUAL.plane).all()


def test_the_plane_step_is_that_of_the_path_in_its_own_plane():
    flat = np.zeros((1, 11, 5))
    flat[0, :, 1] = np.arange(11)
    assert plane_step(flat, 3) == pytest.approx(0.1)  # ten equal steps along a line
    assert plane_step(np.zeros((2, 11, 5)), 3).tolist() == [0, 0]
    for lost in (np.inf, np.nan):  # a run that diverges says nothing, and takes no other with it
        found = plane_step(np.concatenate([flat, np.full_like(flat, lost)]), 3)
        assert found[: len(flat)] == pytest.approx(0.1) and np.isnan(found[len(flat) :]).all()


def test_the_sweep_counts_at_every_line_and_the_band_is_otsus_with_a_floor():
    runs = join([known_runs("settled", 20), known_runs("wandering", 20)])
    evidence = evidence_of(runs)
    rest = rest_of(evidence)
    assert 1e-5 <= rest < evidence.recurrence_mean[20:, 0].min()
    table = sweep(evidence, USUAL, "rest", [1e-6, 1e-3, 1.0])
    settled_counts = [found["settled"] for _, found in table]
    assert settled_counts == sorted(settled_counts) and settled_counts[-1] == 40
    assert [value for value, _ in table] == [1e-6, 1e-3, 1.0]
    with pytest.raises(UserError, match="no threshold"):
        sweep(evidence, USUAL, "speed", [1.0])
    assert settled(evidence, USUAL).sum() == 20 and len(DEFINITIONS) == 5
