"""Solving one puzzle by restarts: all draws side by side, and after every segment the board that a label-free rule would give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.policies.draws import Seen, number_boards, run_rows
from unsettled.measure.policies.policies import TANGENT
from unsettled.measure.policies.selection import RULES, select
from unsettled.measure.policies.table import Signals
from unsettled.measure.rollout.rollout import board_of
from unsettled.measure.rollout.starts import Starts
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.sudoku.boards import BLANK, PuzzleSet, conflicts


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is known after one segment.

    Attributes:
        segment: counted from 1.
        draw: the one that would be selected now; board: its answer, (cells,) tokens.
        halting, displacement: of that draw.
        conflicts, broken: rows, columns and boxes that its board violates, and clues that it does not hold.
        agreeing: how many draws show that board; draws: of how many.
        evaluations: of the network, in all up to here.
    """

    segment: int
    draw: int
    board: np.ndarray
    halting: float
    displacement: float
    conflicts: int
    broken: int
    agreeing: int
    draws: int
    evaluations: int

    @property
    def consistent(self) -> bool:
        """Whether the board holds every clue and violates nothing: an answer to the puzzle."""
        return self.conflicts == 0 and self.broken == 0


def solve(
    model: RecursiveModel, clues: np.ndarray, *, starts: Starts, draws: int, segments: int, rule: str, identity: int = 0
) -> Iterator[Step]:
    """Solve a puzzle (cells,) of tokens; yields a step for every segment, the last one being the answer.

    With the rule ``consistent`` it ends at the first board that is checked to be an answer; other rules run all segments and
    look at signals alone. ``identity`` stands for the puzzle's id in the random numbers.

    Raises:
        UserError: an unknown rule, or counts below 1.
    """
    if rule not in RULES:
        raise UserError(f"no selection rule {rule!r}", hint="one of " + ", ".join(RULES))
    at_least(1, draws, "draws"), at_least(1, segments, "segments")
    rows = _rows(model, clues, draws, identity)
    exponent = rule == "exponent"
    each = round(draws * model.config.updates_per_segment * (1 + TANGENT * exponent))
    history: list[Seen] = []
    for seen in run_rows(model, rows, np.arange(draws), starts, segments=segments, exponent=exponent):
        history.append(seen)
        signals = signals_of(history, rows)
        stop = np.full((1, draws), len(history))
        draw = int(select(rule, signals, stop, np.ones((1, draws), bool))[0])
        board = seen.boards[draw]
        numbers = signals.board[0, :, -1]
        yield Step(
            segment=len(history),
            draw=draw,
            board=board,
            halting=float(seen.halting[draw]),
            displacement=float(seen.displacement[draw]),
            conflicts=int(signals.conflicts[0, draw, -1]),
            broken=int(signals.broken[0, draw, -1]),
            agreeing=int((numbers == numbers[draw]).sum()),
            draws=draws,
            evaluations=each * len(history),
        )
        if rule == "consistent" and signals.consistent[0, draw, -1]:
            return


def _rows(model: RecursiveModel, clues: np.ndarray, draws: int, identity: int) -> PuzzleSet:
    """The puzzle once for each draw; its clues stand in for the solution, which nobody knows."""
    boards = np.tile(clues, (draws, 1))
    return PuzzleSet(board_of(model), boards, boards, np.full(draws, identity), np.full(draws, np.nan))


def signals_of(history: list[Seen], rows: PuzzleSet) -> Signals:
    """The signals (1, K, S) of what K draws of one puzzle have shown so far."""
    boards = np.stack([seen.boards for seen in history], axis=1)[None]
    broken = ((boards != rows.inputs[None, :, None]) & (rows.inputs > BLANK)[None, :, None]).sum(axis=-1)

    def stacked(name: str) -> np.ndarray:
        return np.stack([getattr(seen, name) for seen in history], axis=1)[None]

    return Signals(
        halting=stacked("halting"),
        displacement=stacked("displacement"),
        growth=stacked("growth"),
        conflicts=conflicts(boards, rows.box),
        broken=broken,
        board=number_boards({"all": boards})["all"],
    )
