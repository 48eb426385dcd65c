"""Watching a handful of puzzles: who is chosen, and that the boards are those behind the record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import otsu_band
from unsettled.measure.campaign.watch import KINDS, choose, watch
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.record.parquet import read_record
from unsettled.measure.tasks.read import read_puzzles
from unsettled.measure.tasks.sudoku.boards import BLANK, conflicts

SMALL = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-6x6"


@pytest.fixture(scope="module")
def record():
    return read_record(SMALL / "record.parquet")


@pytest.fixture(scope="module")
def watched(record):
    return watch(load_checkpoint(SMALL), SMALL / "puzzles.parquet", record, otsu_band(record), each=2)


def test_everybody_is_of_the_kind_that_they_are_called(record):
    band = otsu_band(record)
    chosen, settled = choose(record, band, each=4), band.settled(record)
    assert tuple(chosen) == KINDS and all(len(rows) == 4 for rows in chosen.values())
    assert (~record.solved & settled)[chosen["settled failure"]].all()
    assert (~record.solved & ~settled)[chosen["wandering failure"]].all()
    slow, fast = chosen["slow success"], chosen["fast success"]
    assert record.solved[slow].all() and record.solved[fast].all() and not set(slow) & set(fast)
    late = record.solved & ~record.solved_at[:, -4]
    assert late.any() and late[slow[0]] and record.solved_at[fast, 0].all()


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_kinds_that_do_not_occur_are_empty(accuracy):
    record = synthetic_record(40, accuracy=accuracy)
    chosen = choose(record, otsu_band(record))
    absent = KINDS[2:] if accuracy == 0 else KINDS[:2]
    assert not any(len(chosen[kind]) for kind in absent)
    positions = np.concatenate(list(chosen.values()))
    assert len(set(positions)) == len(positions) > 0


def test_one_success_is_shown_once():
    record = synthetic_record(30, accuracy=1.0).take(np.array([0]))
    assert sum(map(len, choose(record, otsu_band(record)).values())) == 1


def test_the_boards_are_right_where_the_record_says_so(record, watched):
    assert len(watched.examples) == 8 and all(example.agrees for example in watched.examples)
    for example in watched.examples:
        assert (example.solved_at == record.solved_at[example.position]).all()
        assert ((example.boards == example.solution).all(axis=1) == example.solved_at).all()
        np.testing.assert_array_equal(conflicts(example.boards, watched.box), example.conflicts)
        np.testing.assert_array_equal(example.conflicts, record.conflicts[example.position])
        np.testing.assert_array_equal(example.growth, record.growth[example.position, :, 0])
        assert example.givens == (example.puzzle > BLANK).sum()


def test_a_settled_failure_stays_in_the_band_from_where_it_is_said_to_enter(watched):
    for example in watched.examples:
        if example.kind == "settled failure":
            assert (example.displacement[example.enters - 1 :] <= watched.threshold).all()
            assert example.enters == 1 or example.displacement[example.enters - 2] > watched.threshold
        if example.kind == "wandering failure" and example.enters is not None:
            assert example.displacement[-4:].mean() > watched.threshold


def test_another_checkpoint_or_other_puzzles_are_refused(record):
    checkpoint, band = load_checkpoint(SMALL), otsu_band(record)
    with pytest.raises(UserError, match="another checkpoint"):
        watch(checkpoint, SMALL / "puzzles.parquet", synthetic_record(20), band)
    with pytest.raises(UserError, match="is not in the puzzle set"):
        watch(checkpoint, read_puzzles(SMALL / "puzzles.parquet").take(np.arange(3)), record, band)
    with pytest.raises(UserError, match="each is 0"):
        choose(record, band, each=0)
