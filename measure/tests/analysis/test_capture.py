"""Capture: survival against lifetimes whose law is known, rates, fates, and whether λ₁ knows of capture beforehand."""

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.capture import (
    FATES,
    LongRuns,
    capture_curve,
    capture_rate,
    fate_of,
    fates,
    first_solved,
    kept_solved,
    loss_rate,
    solved_from_other_starts,
    solved_later,
    solved_since,
)
from unsettled.measure.analysis.capture_exponent import around_capture, before_capture, before_capture_in, exponents, sliding
from unsettled.measure.campaign.long import measure_long
from unsettled.measure.campaign.long_stages import LongSettings
from unsettled.measure.errors import UserError
from unsettled.measure.record.side import SideRecord, read_side
from unsettled.measure.rollout.trajectory import follow
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.survival import landmark_auc, occurred_by, rate
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

RUNS = LongRuns(long_record(800, seed=1))


def changed(runs, **columns):
    return LongRuns(SideRecord({**runs.side.columns, **columns}, runs.side.provenance))


def test_kaplan_meier_finds_a_known_law_in_spite_of_censoring():
    rng = np.random.default_rng(0)
    times, waited = rng.geometric(0.05, 3000).astype(float), rng.integers(1, 60, 3000).astype(float)
    found = occurred_by(np.minimum(times, waited - 0.5), times <= waited - 0.5, [5, 20])
    for estimate, at in zip(found, (5, 20), strict=True):
        assert estimate.low < 1 - 0.95**at < estimate.high and estimate.high - estimate.low < 0.08
    naive = (times <= np.minimum(waited - 0.5, 20)).mean()
    assert naive < found[1].low  # counting the censored as never captured is wrong


def test_kaplan_meier_by_hand_and_at_its_ends():
    # at 1: 1 of 4; at 3: 1 of 2 still waited for (one was censored at 2)
    found = occurred_by([1, 2, 3, 4], [True, False, True, False], [0.5, 1, 3, 4, 9])
    assert [round(e.value, 6) for e in found[:4]] == [0, 0.25, 0.625, 0.625]
    assert found[0].high == pytest.approx(1 - 0.025**0.25) and not found[4].defined
    everyone = occurred_by([1, 1, 2], [True] * 3, [2])[0]
    assert (everyone.value, everyone.high) == (1, 1) and everyone.low < 0.5
    assert not occurred_by([], np.zeros(0, bool), [1])[0].defined


def test_rates_are_garwoods():
    found = rate(3, 100.0, unit="per segment")
    assert (found.value, found.low, found.high) == (0.03, pytest.approx(0.006187, abs=1e-6), pytest.approx(0.087673, abs=1e-6))
    assert rate(0, 10.0, unit="x").low == 0 and rate(0, 10.0, unit="x").high == pytest.approx(0.368888, abs=1e-6)
    assert not rate(0, 0.0, unit="x").defined
    with pytest.raises(UserError):
        rate(-1, 3.0, unit="x")


def test_the_capture_curve_and_its_rate_find_the_truth():
    curve = capture_curve(RUNS)
    assert list(curve) == [1, 2, 4, 8, 16, 32, 64, 128]
    for at, estimate in curve.items():
        assert estimate.low < 0.6 * (1 - 0.95**at) < estimate.high
    late = capture_rate(RUNS, 16, 64)
    by_hand = sum(min(c or f, 64) - 16 for c, f in zip(RUNS.captured, RUNS.followed, strict=True) if (c or f) > 16)
    events = ((RUNS.captured > 16) & (RUNS.captured <= 64)).sum()
    assert late.value == pytest.approx(events / by_hand)
    only = LongRuns(long_record(800, never=0.0, seed=2))
    assert capture_rate(only, 16, 128).low < 0.05 < capture_rate(only, 16, 128).high


def test_solved_later_and_kept():
    right = RUNS.solved_at
    assert solved_later(RUNS, 16).value == pytest.approx(right[~right[:, 15], 63].mean())
    assert kept_solved(RUNS, 16).value == 1 and loss_rate(RUNS).value == 0
    flicker = right.copy()
    rows = np.flatnonzero(right[:, 15])[:10]
    flicker[rows, 40] = False
    flicker[rows[:3], 63] = False
    lost = changed(RUNS, solved_at=flicker.astype(np.uint8))
    kept = kept_solved(lost, 16)
    assert kept.counts["n"] - kept.counts["successes"] == 10 and kept.counts["wrong_at_end"] == 3
    assert loss_rate(lost).counts["events"] == 13
    for after, until in ((0, 16), (16, 16), (16, 65)):
        with pytest.raises(UserError):
            solved_later(RUNS, after, until)


def test_every_unsolved_puzzle_has_one_fate():
    found = fates(RUNS, 1e-4)
    unsolved = ~RUNS.solved_at[:, -1]
    assert sum(e.counts["successes"] for e in found.values()) == unsolved.sum() and set(found) == set(FATES)
    fate = fate_of(RUNS, 1e-4)
    later = unsolved & (RUNS.captured > 0)
    assert (fate[later] == "transient").all() and (fate[~unsolved] == "").all()
    rows = np.flatnonzero(unsolved & ~later)
    expected = ["multistable" if r % 8 == 0 else "one wrong rest" if r % 4 == 0 else "never at rest" for r in rows]
    assert fate[rows].tolist() == expected
    draws = solved_from_other_starts(RUNS)
    assert draws["unsolved"].value == 0 and draws["solved"].value == 1 and draws["any"].n == unsolved.sum()


@pytest.mark.parametrize("lead", [None, (2, 3), (50, 60)])
def test_who_waits_at_no_landmark_changes_nothing(lead):
    record = synthetic_record(500, segments=12, k=1, seed=3)
    captured, followed = first_solved(record.solved_at), np.full(500, 12)
    assert ((captured > 0) & (captured < 4)).any() and captured.max() < 12
    every = landmark_auc(sliding(record.growth[:, :, 0], 4), captured, followed, lead=lead)
    found = before_capture_in(record, window=4, lead=lead)
    beside = {"extra": found.extra} if every.defined else {"value": every.value, "low": every.low, "high": every.high}
    assert vars(found) | beside == vars(every) | beside


def test_an_exponent_that_only_tells_that_capture_has_happened_is_no_omen():
    plain = before_capture(RUNS, exponents(RUNS))
    assert plain.low < 0.5 < plain.high and plain.extra["equivalent"] == "yes"
    omen = LongRuns(long_record(800, omen=0.8, seed=3))
    assert before_capture(omen, exponents(omen)).low > 0.7
    # averaged over all segments the same exponent separates well: what the matching removes
    whole = exponents(RUNS).mean(axis=1)
    never = RUNS.captured == 0
    assert (whole[never].mean() - whole[~never].mean()) > 0.5


def test_the_landmark_area_is_the_mean_over_pairs_that_wait_together():
    scores = np.array([[1.0, 5.0, 2.0], [0.0, 6.0, 9.0], [2.0, 1.0, 3.0]])
    event, waited = np.array([0, 3, 2]), np.array([9, 9, 9])
    # t=1: rows 1 and 2 come later: 1 > 0, 1 < 2; t=2: row 1 alone, 5 < 6; t=3: nobody
    measured = landmark_auc(scores, event, waited)
    assert measured.value == pytest.approx(1 / 3) and measured.counts["pairs"] == 3 and measured.counts["landmarks"] == 2
    assert landmark_auc(scores, event, waited, lead=(2, 9)).value == 1.0
    assert "later" in landmark_auc(scores, np.zeros(3, int), waited).undefined_reason
    assert np.isnan(measured.low) and "fewer than 10" in measured.extra["note"]  # three examples scatter nobody knows how
    scores[0, 1] = np.nan
    assert landmark_auc(scores, event, waited).counts["pairs"] == 2


def test_at_one_landmark_it_is_delongs_area_and_interval():
    rng = np.random.default_rng(3)
    scores, event = rng.standard_normal((90, 1)).round(1), np.where(rng.random(90) < 0.4, 0, 2)
    found, plain = landmark_auc(scores, event, np.full(90, 9)), auc(scores[:, 0], event == 0)
    assert (found.value, found.low, found.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_the_interval_of_the_landmark_area_covers_its_truth():
    hits = 0
    for seed in range(40):
        runs = LongRuns(long_record(80, seed=100 + seed))
        found = before_capture(runs, exponents(runs))
        hits += found.low <= 0.5 <= found.high
    assert hits >= 34  # 95 % nominal: fewer has probability 2e-3


def test_around_capture_the_exponent_falls_when_it_is_said_to():
    lambda1 = exponents(RUNS)
    before, after = around_capture(RUNS, lambda1, (-4, -1)), around_capture(RUNS, lambda1, (1, 4))
    assert before.low < 0 < before.high and after.low < -1 < after.high
    few = around_capture(LongRuns(long_record(20, never=0.9, seed=1)), exponents(LongRuns(long_record(20, never=0.9, seed=1))), (0, 0))
    assert few.defined and np.isnan(few.low) and few.n < 10
    assert not around_capture(LongRuns(long_record(50, never=1.0)), exponents(LongRuns(long_record(50, never=1.0))), (1, 4)).defined


def test_exponents_come_from_the_record_where_the_long_record_has_none():
    record = synthetic_record(900, seed=4)
    bare = changed(RUNS, exponent=np.full((800, 64), np.nan, np.float32))
    np.testing.assert_array_equal(exponents(bare, record), record.growth[:800, :, 0])
    with pytest.raises(UserError, match="without exponents"):
        exponents(bare)
    with pytest.raises(UserError, match="not in the record"):
        exponents(bare, record.take(np.arange(10)))
    assert sliding(np.arange(6.0)[None], 3).tolist()[0][2:] == [1, 2, 3, 4] and np.isnan(sliding(np.ones((1, 5)), 3)[0, 1])


def test_first_and_last_times_by_hand():
    solved_at = np.array([[0, 1, 0, 1, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0]], bool)
    assert first_solved(solved_at).tolist() == [2, 0, 1, 1] and solved_since(solved_at).tolist() == [4, 0, 1, 0]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A long record of a tiny network on 6 puzzles, two chunks."""
    folder = tmp_path_factory.mktemp("long")
    network, puzzles = tiny_checkpoint(folder / "net", "trm_mlp"), generate(Box(2, 2), 6, seed=1)
    settings = LongSettings(segments=32, deep=48, starts=1, batch=4)
    return network, puzzles, settings, measure_long(network, puzzles, folder / "long.parquet", settings, chunk=4), folder


def test_a_long_record_is_what_was_followed(measured):
    network, puzzles, _settings, side, folder = measured
    runs = LongRuns(read_side(folder / "long.parquet", kind="long"))
    assert runs.side.digest() == side.digest() and not (folder / "long.parquet.parts").exists()
    assert (len(runs), runs.segments, runs.deep) == (6, 32, 48)
    ended = []
    seen = follow(network, puzzles, segments=32, k=1, batch=4, finish=ended.append)
    np.testing.assert_array_equal(runs.solved_at, seen.solved_at)
    np.testing.assert_allclose(runs.side["exponent"], seen.growth[..., 0], rtol=0.005)
    np.testing.assert_allclose(runs.side["displacement"], seen.displacement / seen.norm, rtol=0.005)
    state = tuple(torch.cat(parts) for parts in zip(*ended, strict=True))
    further = follow(network, puzzles, segments=16, batch=4, start=state)
    assert (runs.followed == 48).all()  # a random network solves nothing, so that all went on
    found, late = runs.evidence(48), further.recurrence[:, -8:] / further.norm[:, -8:, None]
    np.testing.assert_allclose(found.recurrence_high, late.max(axis=1), rtol=0.005)
    np.testing.assert_allclose(found.loss_range, np.ptp(further.loss[:, -8:], axis=1), rtol=0.005)
    with pytest.raises(UserError, match="known are"):
        runs.evidence(31)


def test_an_interrupted_measurement_resumes_and_refuses_other_parts(measured, tmp_path):
    network, puzzles, settings, side, _ = measured
    out = tmp_path / "long.parquet"

    def stop(rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_long(network, puzzles, out, settings, advance=stop, chunk=4)
    assert len(list((tmp_path / "long.parquet.parts").iterdir())) == 1 and not out.exists()
    with pytest.raises(UserError, match="another measurement"):
        measure_long(network, puzzles, out, LongSettings(segments=32, deep=48, starts=2, batch=4), chunk=4)
    done = []
    assert measure_long(network, puzzles, out, settings, advance=done.append, chunk=4).digest() == side.digest()
    assert done == [4, 2]


@pytest.mark.parametrize(
    "bad",
    [
        {"segments": 8},
        {"deep": 70},
        {"scale": 0.0},
        {"k": 2},
        {"controls": 0},
        {"starts": -1},
        {"stop_at_rest": 1e-6},
        {"stop_at_rest": 1e-6, "k": 0, "segments": 48},
        {"deep_every": 0},
    ],
)
def test_settings_that_make_no_long_record_are_named(bad):
    with pytest.raises(UserError):
        LongSettings(**bad)
