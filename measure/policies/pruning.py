"""Early pruning fitted on halves: which signal, time and threshold is best on one half of the puzzles, scored on the other.

What a puzzle's pruning finishes hangs on one number alone, how many draws were looked at: of those it finishes as many as the rest of
the budget pays for, the most promising first, whether they passed at once or were taken up again. So scores and orders are
computed once for all halves, and a threshold is one comparison of them (`unsettled.measure.policies.policies.Prune` says the rule).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unsettled.measure.policies.policies import SIGNALS, TANGENT, Prune, finished_of, looked_at
from unsettled.measure.policies.selection import ORACLE, preference, votes
from unsettled.measure.policies.table import Draws, Signals

LOOKS = (1, 2, 4, 8)
DROPPED = (0.25, 0.5, 0.75)
LEAST = np.iinfo(np.int64).min


def looks(signals: Signals, budget: float, depth: int, names: Sequence[str] = SIGNALS) -> Iterator[tuple[str, int]]:
    """The (signal, segments) at which draws may be looked at: only signals that are there, and only where one draw can be finished."""
    for name in signals.known(names):
        for after in LOOKS:
            cost = after * (1 + TANGENT * (name == "exponent"))
            if after < depth and cost + depth - after <= budget:
                yield name, after


@dataclass(frozen=True, kw_only=True)
class Look:
    """What all N puzzles show after a few segments of each of K draws, and what comes of those that are finished.

    ``score`` (N, K) in the order of the draws; ``order`` (N, K) from the most promising. In that order: ``liked`` (N, K), higher for
    what the rule selects before others, or ``board`` (N, K) where the boards vote; ``solved`` (N, K) at the end.
    """

    rule: str
    policy: Prune
    score: np.ndarray
    order: np.ndarray
    liked: np.ndarray
    board: np.ndarray
    solved: np.ndarray

    def at(self, threshold: float) -> Prune:
        """The policy with a threshold."""
        return replace(self.policy, threshold=threshold)

    def scored(self, rows: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the N puzzles at ``rows`` under T thresholds, (T, N) each: whether it is right, its cost in segments, the draw selected."""
        policy, order = self.policy, self.order[rows]
        seen = looked_at(policy, self.score[rows] >= thresholds[:, None, None])
        finished = finished_of(policy, seen, order)
        count = np.count_nonzero(finished, axis=-1)
        tangents = policy.after * (seen - count * (self.rule == "exponent")) if policy.signal == "exponent" else 0 * seen
        tangents = tangents + policy.depth * count * (self.rule == "exponent")
        segments = policy.after * seen + (policy.depth - policy.after) * count + TANGENT * tangents
        solved = self.solved[rows]
        if self.rule == ORACLE:
            return (finished & solved).any(axis=-1), segments, np.full(seen.shape, -1)
        if self.rule == "majority":
            board = self.board[rows]
            liked = np.stack([votes(board, one) for one in finished]) * finished.shape[-1] - order
        else:
            liked = self.liked[rows]
        chosen, at = np.where(finished, liked, LEAST).argmax(axis=-1), np.arange(len(rows))
        return solved[at, chosen], segments, order[at, chosen]


def all_looks(draws: Draws, rule: str, budget: float, depth: int, names: Sequence[str] = SIGNALS) -> list[Look]:
    """Every `Look` of these draws that a budget allows, for a selection rule."""
    signals, (n, k, _) = draws.signals, draws.signals.shape
    ends = np.full((n, k), depth)
    liked = np.zeros((n, k), np.int64) if rule in (ORACLE, "majority") else preference(rule, signals, ends)
    board, solved = signals.board[:, :, depth - 1], draws.solved[:, :, depth - 1]
    found = []
    for name, after in looks(signals, budget, depth, names):
        policy, score = (
            Prune(signal=name, after=after, threshold=0.0, budget=budget, depth=depth),
            signals.score(name, np.full((n, k), after)),
        )
        order = np.argsort(-score, axis=1, kind="stable")
        sorted_by = [np.take_along_axis(values, order, axis=1) for values in (liked, board, solved)]
        found.append(Look(rule=rule, policy=policy, score=score, order=order, liked=sorted_by[0], board=sorted_by[1], solved=sorted_by[2]))
    return found


def best_on(looks: Sequence[Look], rows: np.ndarray, budget: float) -> tuple[Look, float] | None:
    """The look and the threshold of `DROPPED` that are most accurate on the puzzles at ``rows``; None where none fits the budget.

    Of equally accurate ones the cheaper is taken, then the first.
    """
    tried = []
    for look in looks:
        thresholds = np.quantile(look.score[rows], DROPPED)
        for threshold, right, segments in zip(thresholds, *look.scored(rows, thresholds)[:2], strict=True):
            cost = float(segments.mean())
            if cost <= budget + 1e-9:
                tried.append(((np.count_nonzero(right), -cost), look, float(threshold)))
    return max(tried, key=lambda one: one[0])[1:] if tried else None
