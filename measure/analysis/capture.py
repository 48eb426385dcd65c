"""First-passage times of long rollouts: when puzzles are solved, whether they stay so, and what becomes of the others.

Everything here reads a long record (`unsettled.measure.campaign.long` writes it) with numpy alone. Capture means the first passage to the
right board: the first segment after which it is right.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from unsettled.measure.analysis.labels import Evidence
from unsettled.measure.columns.streamed import in_pieces
from unsettled.measure.errors import UserError
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.survival import occurred_by, rate

FATES = {
    "transient": "solved later on the same trajectory",
    "multistable": "comes to rest on different boards from different starts",
    "one wrong rest": "comes to rest from some start, always on one and the same wrong board",
    "never at rest": "comes to rest from no start by then",
}


@dataclass(frozen=True, eq=False)
class LongRuns:
    """A long record: N puzzles, S segments from the trained start, deeper ones of the unsolved, K other starts."""

    side: SideRecord

    def __post_init__(self) -> None:
        if self.side.provenance.kind != "long":
            raise UserError(f"a side record of {self.side.provenance.kind!r}, expected 'long'", hint="write it with `unsettled follow`")

    def __len__(self) -> int:
        return len(self.side)

    @property
    def segments(self) -> int:
        return int(self.side["solved_at"].shape[1])

    @property
    def deep(self) -> int:
        """Segments until which the unsolved were followed: S where there were no deeper rollouts."""
        return int(self.side["followed"].max(initial=self.segments))

    @property
    def solved_at(self) -> np.ndarray:
        """(N, S) bool."""
        return self.side["solved_at"].astype(bool)

    @property
    def captured(self) -> np.ndarray:
        """(N,) first segment, from 1, after which the board is right; 0 for never while followed."""
        return self.side["first_solved"]

    @property
    def followed(self) -> np.ndarray:
        """(N,) until which segment each puzzle was followed."""
        return self.side["followed"]

    @property
    def held(self) -> np.ndarray:
        """(N,) bool: at rest before S and not followed further; the last segment stands for the others."""
        held = self.side.columns.get("held")
        return np.zeros(len(self), bool) if held is None else held > 0

    @property
    def windows(self) -> list[tuple[int, int]]:
        """(end, length) of the windows that hold evidence for labels."""
        flat = np.asarray(self.side.provenance.settings["windows"], int).tolist()
        return list(zip(flat[::2], flat[1::2], strict=True))

    def evidence(self, end: int, length: int = 8) -> Evidence:
        """The evidence of one window. Raises UserError that lists the windows when there is no such one."""
        if (end, length) not in self.windows:
            known = ", ".join(f"{length} up to {end}" for end, length in self.windows)
            raise UserError(f"no window of {length} segments up to segment {end} was kept", hint=f"known are {known}")
        place = self.windows.index((end, length))
        columns = {item.name: self.side[f"late_{item.name}"][:, place] for item in fields(Evidence)}
        columns["solved"] = columns["solved"].astype(bool)
        return Evidence(**columns)


def capture_curve(runs: LongRuns, at: list[int] | None = None) -> dict[int, Estimate]:
    """Share of puzzles captured by each segment (doubling from 1 by default), with censoring where following ended."""
    at = at or [2**power for power in range(12) if 2**power <= runs.deep]
    times = np.where(runs.captured > 0, runs.captured, runs.followed)
    return dict(zip(at, occurred_by(times, runs.captured > 0, at, denominator="puzzles"), strict=True))


def capture_rate(runs: LongRuns, first: int, last: int) -> Estimate:
    """Captures per puzzle and segment after segment ``first`` up to ``last``, of the puzzles not captured by ``first``."""
    end = np.where(runs.captured > 0, runs.captured, runs.followed)
    exposure = np.clip(np.minimum(end, last) - first, 0, None)
    events = (runs.captured > first) & (runs.captured <= last)
    return rate(int(events.sum()), float(exposure.sum()), unit="per segment", denominator="segments of uncaptured puzzles")


def solved_later(runs: LongRuns, after: int, until: int | None = None) -> Estimate:
    """Share of the puzzles unsolved after a segment that are right at segment ``until`` (S at most and by default)."""
    until = until or runs.segments
    _check(runs, after, until)
    unsolved = ~runs.solved_at[:, after - 1]
    later = unsolved & runs.solved_at[:, until - 1]
    return proportion(int(later.sum()), int(unsolved.sum()), denominator=f"puzzles unsolved after {after} segments")


def kept_solved(runs: LongRuns, after: int, until: int | None = None) -> Estimate:
    """Share of the puzzles right after a segment that are also right at every segment up to ``until`` (S by default).

    ``counts["wrong_at_end"]``: how many of them are wrong at ``until``, the others that left had come back.
    """
    until = until or runs.segments
    _check(runs, after, until)
    right = runs.solved_at[:, after - 1]
    kept = right & runs.solved_at[:, after - 1 : until].all(axis=1)
    share = proportion(int(kept.sum()), int(right.sum()), denominator=f"puzzles right after {after} segments")
    wrong = int((right & ~runs.solved_at[:, until - 1]).sum())
    return replace(share, counts=dict(share.counts) | {"wrong_at_end": wrong})


def loss_rate(runs: LongRuns) -> Estimate:
    """Losses of a right board per segment that starts with one, over all S segments."""
    before, after = runs.solved_at[:, :-1], runs.solved_at[:, 1:]
    return rate(int((before & ~after).sum()), float(before.sum()), unit="per segment", denominator="segments that start solved")


def fates(runs: LongRuns, rest: float) -> dict[str, Estimate]:
    """What becomes of the puzzles unsolved after S segments: each of `FATES` as a share of them, exact intervals.

    ``rest`` is the distance, as a fraction of the norm, within which a state stands still for the last 8 segments. A transient run is
    solved by the end of its deeper rollout; the others are told apart by where all starts, the trained one included, come to rest.
    """
    fate = fate_of(runs, rest)
    n = int((fate != "").sum())
    return {
        name: proportion(int((fate == name).sum()), n, denominator=f"puzzles unsolved after {runs.segments} segments") for name in FATES
    }


def fate_of(runs: LongRuns, rest: float) -> np.ndarray:
    """(N,) the name of each puzzle's fate; empty for those solved after S segments, or not followed deeper where others were."""
    own = runs.evidence(runs.segments).recurrence_high[:, 0] <= rest
    unsolved, fate = ~runs.solved_at[:, -1] & (runs.followed == runs.deep), np.full(len(runs), "", dtype=object)
    for row in np.flatnonzero(unsolved):
        if runs.side["solved_since"][row] > 0:
            fate[row] = "transient"
            continue
        boards = {int(runs.side["board"][row])} if own[row] else set()
        for start in range(runs.side["start_run"].shape[1]):
            if runs.side["start_run"][row, start] and runs.side["start_rest"][row, start] <= rest:
                boards.add(int(runs.side["start_board"][row, start]))
        fate[row] = ("never at rest", "one wrong rest", "multistable")[min(len(boards), 2)]
    return fate


def solved_from_other_starts(runs: LongRuns) -> dict[str, Estimate]:
    """Per draw of another start, after S segments: share solved, of puzzles unsolved and solved from the trained start.

    The interval takes draws as independent; the draws of one puzzle are not, so ``any`` gives the share of unsolved puzzles that
    at least one of the other starts solves.
    """
    ran, right = runs.side["start_run"].astype(bool), None
    if not ran.any():
        return {}
    right, unsolved = runs.side["start_solved"].astype(bool), ~runs.solved_at[:, -1]
    counted = unsolved & ran.any(axis=1)
    return {
        "unsolved": proportion(int(right[unsolved][ran[unsolved]].sum()), int(ran[unsolved].sum()), denominator="draws"),
        "solved": proportion(int(right[~unsolved][ran[~unsolved]].sum()), int(ran[~unsolved].sum()), denominator="draws"),
        "any": proportion(int((right & ran).any(axis=1)[counted].sum()), int(counted.sum()), denominator="unsolved puzzles"),
    }


def first_solved(solved_at: np.ndarray) -> np.ndarray:
    """(N,) first segment, from 1, after which the board is right; 0 where there is none."""
    first = np.empty(len(solved_at), np.int32)
    for rows, solved in in_pieces(solved_at):
        first[rows] = np.where(solved.any(axis=1), solved.argmax(axis=1) + 1, 0)
    return first


def solved_since(solved_at: np.ndarray) -> np.ndarray:
    """(N,) first segment, from 1, from which the board is right to the end; 0 where it is not right at the end."""
    stretch = np.where(solved_at.all(axis=1), solved_at.shape[1], (~solved_at[:, ::-1]).argmax(axis=1))
    return np.where(stretch > 0, solved_at.shape[1] - stretch + 1, 0).astype(np.int32)


def _check(runs: LongRuns, after: int, until: int) -> None:
    if not 1 <= after < until <= runs.segments:
        raise UserError(f"from segment {after} to {until} does not fit a rollout of {runs.segments}")
