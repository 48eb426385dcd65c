"""When long rollouts come to their answer, against counts by hand."""

import numpy as np
import pytest

from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.measure.analysis import passage
from unsettled.measure.analysis.capture import LongRuns
from unsettled.measure.errors import UserError


def runs_of(n=400, **changes):
    side = long_record(n, never=0.25, seed=2)
    side.columns.update(changes)
    return LongRuns(side)


def test_the_classes_make_up_all_puzzles_and_the_late_are_those_solved_between():
    runs = runs_of()
    when = np.where(runs.captured > 0, runs.captured, 10_000)
    shares = {which: passage.passage_share(runs, which, after=16).value for which in ("early", "late", "persistent")}
    assert shares == {"early": (when <= 16).mean(), "late": ((when > 16) & (when <= 128)).mean(), "persistent": (when > 128).mean()}
    later = passage.solved_later_within(runs, after=16, until=64)
    assert later.counts == {"successes": ((when > 16) & (when <= 64)).sum(), "n": (when > 16).sum()}
    with pytest.raises(UserError, match="only segment 128 is kept, not 100"):
        passage.solved_later_within(runs, after=16, until=100)
    with pytest.raises(UserError, match="does not fit"):
        passage.solved_later_within(runs, after=65)


def test_where_only_some_of_the_unsolved_were_followed_the_others_stand_for_nobody():
    side = long_record(400, never=0.25, seed=2)
    skipped = (np.arange(400) % 2 == 0) & (side["followed"] == 128)
    followed, since = side["followed"].copy(), side["solved_since"].copy()
    followed[skipped] = 64
    since[skipped] = 0
    runs = runs_of(followed=followed, solved_since=since)
    found = passage.solved_later_within(runs, after=16)
    assert found.n == (~runs.solved_at[:, 15] & ~skipped).sum()
    late = passage.passage_share(runs, "late", after=16)
    assert late.value == pytest.approx(found.value * (~runs.solved_at[:, 15]).mean()) and late.low < late.value < late.high
    assert late.value + passage.passage_share(runs, "persistent", after=16).value == pytest.approx((~runs.solved_at[:, 15]).mean())


def test_a_board_that_is_lost_and_comes_back_is_lost():
    runs = runs_of()
    assert passage.never_lost(runs).value == 1
    since = runs.side["solved_since"].copy()
    ever = np.flatnonzero(runs.captured > 0)
    since[ever[:5]] += 1
    since[ever[5:8]] = 0
    lost = passage.never_lost(runs_of(solved_since=since))
    assert (lost.counts["successes"], lost.n, lost.counts["lost_and_right_at_end"]) == (len(ever) - 8, len(ever), 5)


def test_exploring_looks_at_the_last_segments_of_failures_alone():
    changed = np.zeros((400, 64), np.uint8)
    changed[:100, 10] = 1  # within 8 segments up to 16
    changed[100:200, 3] = 1  # before
    runs = runs_of(board_changed=changed)
    failed = ~runs.solved_at[:, 15]
    found = passage.exploring(runs, end=16, window=8)
    assert (found.counts["successes"], found.n) == (failed[:100].sum(), failed.sum())


def test_a_collapse_in_one_segment_is_told_from_an_even_improvement():
    solved = np.arange(1, 65) >= np.full(400, 9)[:, None]
    when = np.full(400, 9, np.int32)
    even = 81 - np.clip(16 - 2 * np.arange(64), 0, None)
    shared = {"solved_at": solved.astype(np.uint8), "first_solved": when, "solved_since": when}
    slow = passage.critical_segment(runs_of(**shared, token_right=np.tile(even, (400, 1)).astype(np.int16)), least=4)
    assert slow.value == slow.extra["even"] == pytest.approx(1 / 8)
    jump = np.where(solved, 81, 65).astype(np.int16)
    jump[:, 3:8] = 67
    fast = passage.critical_segment(runs_of(**shared, token_right=jump), least=4)
    assert fast.value == pytest.approx(14 / 16)
    assert not passage.critical_segment(runs_of(**shared, token_right=jump), least=10).defined


def test_boards_at_rest_count_as_different_answers_and_moving_ones_do_not():
    runs = runs_of()
    own = ~runs.solved_at[:, -1] & (np.arange(400) % 4 == 0)  # at rest at a wrong board, every eighth elsewhere from other starts
    found = passage.several_rests(runs, 1e-4)
    moved = runs.side["start_board"][:, 0] != runs.side["board"]
    still = runs.side["start_rest"][:, 0] <= 1e-4
    assert found.counts["successes"] == (moved & still).sum() > own[::8].sum()
    assert passage.several_rests(runs, 1e-9).counts["successes"] == 0
