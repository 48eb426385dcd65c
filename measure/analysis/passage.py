"""How and when long rollouts come to their answer: classes by first-passage time, what is lost again, and in how many steps it comes.

Everything here reads a long record (`unsettled.measure.analysis.capture.LongRuns`) with numpy alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from unsettled.measure.analysis.capture import LongRuns
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion

Passage = Literal["early", "late", "persistent"]


def passage_share(runs: LongRuns, which: Passage, *, after: int, until: int = 0) -> Estimate:
    """Share of the puzzles of one class by the time of solving.

    ``early`` is right after segment ``after``; ``late`` is not, and right at ``until``; ``persistent`` is right at neither.
    ``until`` is by default (0) as far as the unsolved were followed; where only some of them were, those not followed stand for
    nobody: the shares are weighted by the share of the unsolved that was.

    Raises:
        UserError: the rollouts do not reach these segments.
    """
    early, followed, late = _classes(runs, after, until)
    if which == "early":
        return proportion(int(early.sum()), len(runs), denominator="puzzles")
    rest = ~early
    if followed[rest].all():
        chosen = rest & (late if which == "late" else ~late)
        return proportion(int(chosen.sum()), len(runs), denominator="puzzles")
    # a share of a part that is itself a share: the interval of the part, times the other, is too narrow by that one's own error
    part = solved_later_within(runs, after=after, until=until)
    if not part.defined:
        return part
    weight = float(rest.mean())
    low, high = (part.low, part.high) if which == "late" else (1 - part.high, 1 - part.low)
    outer = proportion(int(rest.sum()), len(runs))
    value = weight * (part.value if which == "late" else 1 - part.value)
    method = "product of two shares, limits multiplied (conservative)"
    return replace(
        part, value=value, low=low * outer.low, high=high * outer.high, n=len(runs), counts={}, denominator="puzzles", method=method
    )


def solved_later_within(runs: LongRuns, *, after: int, until: int = 0) -> Estimate:
    """Share of the puzzles that are not right after segment ``after`` and are right at segment ``until``.

    ``until`` is by default (0) as far as the unsolved were followed. Counted are those that were followed so far.

    Raises:
        UserError: the rollouts do not reach these segments.
    """
    early, followed, late = _classes(runs, after, until)
    who = ~early & followed
    return proportion(int((who & late).sum()), int(who.sum()), denominator=f"puzzles unsolved after {after} segments")


def _classes(runs: LongRuns, after: int, until: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) each: right after ``after``, followed until ``until``, right at ``until``."""
    until = until or runs.deep
    if not 1 <= after < until or after > runs.segments:
        raise UserError(f"from segment {after} to {until} does not fit a rollout of {runs.segments}")
    early = runs.solved_at[:, after - 1]
    if until <= runs.segments:
        return early, np.ones(len(runs), bool), runs.solved_at[:, until - 1]
    if until != runs.deep:
        raise UserError(f"beyond segment {runs.segments} only segment {runs.deep} is kept, not {until}")
    solved = runs.solved_at[:, -1]
    # what is right after S segments was not followed further: it counts as right
    return early, solved | (runs.followed >= until), solved | (runs.side["solved_since"] > 0)


def never_lost(runs: LongRuns) -> Estimate:
    """Share of the boards that were ever right which were right at every later segment, as far as each was followed."""
    ever = runs.captured > 0
    kept = ever & (runs.side["solved_since"] == runs.captured)
    back = int((ever & ~kept & (runs.side["solved_since"] > 0)).sum())
    share = proportion(int(kept.sum()), int(ever.sum()), denominator="boards that were ever right")
    return replace(share, counts=dict(share.counts) | {"lost_and_right_at_end": back})


def exploring(runs: LongRuns, *, end: int, window: int) -> Estimate:
    """Share of the failures after ``end`` segments whose board changed within the ``window`` segments before.

    Raises:
        UserError: the rollouts are shorter, or the window does not fit.
    """
    if not 1 <= window < end <= runs.segments:
        raise UserError(f"a window of {window} up to segment {end} does not fit a rollout of {runs.segments}")
    failed = ~runs.solved_at[:, end - 1]
    moved = runs.side["board_changed"][:, end - window : end].astype(bool).any(axis=1)
    return proportion(int((failed & moved).sum()), int(failed.sum()), denominator=f"failures after {end} segments")


def critical_segment(runs: LongRuns, *, least: int, cells: int | None = None) -> Estimate:
    """Median share of a solved board's wrong cells that vanish in its one best segment.

    (largest fall of the number of wrong cells from one segment to the next, up to the first right board) / (wrong cells after the
    first segment). Counted are boards first right at segment ``least`` or later: of one that is right in the second segment
    everything falls at once, whatever happens. ``extra["even"]`` is the median of what an even improvement would give, 1 / (T − 1)
    for a first passage at T.

    Args:
        least: the earliest first passage that counts, from 3.
        cells: labelled cells of a board; as many as the right boards show by default.
    """
    right = runs.side["token_right"].astype(np.int64)
    when = runs.captured
    who = np.flatnonzero((when >= max(least, 3)) & (when <= runs.segments))
    denominator = f"boards first right at segment {least} or later"
    if not len(who):
        return undefined(f"no {denominator}", denominator=denominator)
    full = cells or int(right[runs.solved_at].max())
    shares = []
    for row in who:
        wrong = full - right[row, : when[row]]
        shares.append(float(-np.diff(wrong).min() / wrong[0]) if wrong[0] > 0 else np.nan)
    found = median(np.array(shares), denominator=denominator)
    return replace(found, extra=dict(found.extra) | {"even": float(np.median(1 / (when[who] - 1)))})


def several_rests(runs: LongRuns, rest: float) -> Estimate:
    """Share of the puzzles run from other starts whose runs come to rest on two different boards or more.

    ``rest``: distance over the norm within which a state stands still for its last 8 segments.
    """
    ran = runs.side["start_run"].astype(bool)
    own = runs.evidence(runs.segments).recurrence_high[:, 0] <= rest
    rows, several = np.flatnonzero(ran.any(axis=1)), 0
    for row in rows:
        still = ran[row] & (runs.side["start_rest"][row] <= rest) if "start_rest" in runs.side.columns else np.zeros(0, bool)
        boards = {int(board) for board in runs.side["start_board"][row][still]} | ({int(runs.side["board"][row])} if own[row] else set())
        several += len(boards) > 1
    return proportion(several, len(rows), denominator="puzzles that were run from other starts")
