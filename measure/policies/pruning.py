"""Early pruning fitted on halves: which signal, time and threshold is best on one half of the puzzles, scored on the other.

What a puzzle's pruning finishes hangs on one number alone, how many draws were looked at: of those it finishes as many as the rest of
the budget pays for, the most promising first, whether they passed at once or were taken up again. So scores and orders are
computed once for all halves, and a threshold is one comparison of them (`unsettled.measure.policies.policies.Prune` says the rule).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unsettled.measure.policies.policies import SIGNALS, TANGENT, Prune, finished_of, looked_at
from unsettled.measure.policies.selection import ORACLE, preference, votes
from unsettled.measure.policies.table import Draws, Signals

LOOKS = (1, 2, 4, 8)
DROPPED = (0.25, 0.5, 0.75)
LEAST = np.iinfo(np.int64).min
# Numbers that are scored at once: of few puzzles all ways to look, of many one after the other.
AT_ONCE = 1 << 20


def looks(signals: Signals, budget: float, depth: int, names: Sequence[str] = SIGNALS) -> Iterator[tuple[str, int]]:
    """The (signal, segments) at which draws may be looked at: only signals that are there, and only where one draw can be finished."""
    for name in signals.known(names):
        for after in LOOKS:
            cost = after * (1 + TANGENT * (name == "exponent"))
            if after < depth and cost + depth - after <= budget:
                yield name, after


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What all N puzzles show after a few segments of each of K draws, by L ways to look, and what comes of those that are finished.

    ``score`` (L, N, K) in the order of the draws; ``order`` (L, N, K) from the most promising. In that order: ``liked`` (L, N, K), higher
    for what the rule selects before others, or ``board`` (L, N, K) where the boards vote; ``solved`` (L, N, K) at the end.
    """

    rule: str
    policies: tuple[Prune, ...]
    score: np.ndarray
    order: np.ndarray
    liked: np.ndarray
    board: np.ndarray
    solved: np.ndarray

    def scored(self, ways: slice, rows: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the M puzzles at ``rows`` under ``thresholds`` (L, T) of some of the ways, (L, T, M) each: whether it is right, its cost in
        segments, the draw selected."""
        policies = self.policies[ways]
        budget, depth = policies[0].budget, policies[0].depth
        after, look = (np.array([getattr(policy, name) for policy in policies])[:, None, None] for name in ("after", "look"))
        tangent, carried = np.array([policy.signal == "exponent" for policy in policies])[:, None, None], self.rule == "exponent"
        order = self.order[ways, None, rows]
        seen = looked_at(budget, look, depth - after, self.score[ways, None, rows] >= thresholds[..., None, None])
        finished = finished_of(budget, look, depth - after, seen, order)
        count = np.count_nonzero(finished, axis=-1)
        tangents = tangent * after * (seen - count * carried) + depth * count * carried
        segments = after * seen + (depth - after) * count + TANGENT * tangents
        solved = self.solved[ways, None, rows]
        if self.rule == ORACLE:
            return (finished & solved).any(axis=-1), segments, np.full(seen.shape, -1)
        if self.rule == "majority":
            liked = votes(self.board[ways, None, rows], finished) * finished.shape[-1] - order
        else:
            liked = self.liked[ways, None, rows]
        chosen = np.where(finished, liked, LEAST).argmax(axis=-1)[..., None]
        right, draw = (np.take_along_axis(np.broadcast_to(values, finished.shape), chosen, -1)[..., 0] for values in (solved, order))
        return right, segments, draw

    def best_on(self, rows: np.ndarray) -> tuple[int, float] | None:
        """The way to look and the threshold of `DROPPED` that are most accurate on the puzzles at ``rows``; None if none fits the budget.

        Of equally accurate ones the cheaper is taken, then the first.
        """
        tried: list[tuple[tuple[int, float], int, float]] = []
        draws = len(rows) * self.score.shape[2]
        together = max(1, AT_ONCE // (len(DROPPED) * max(1, draws) * (self.score.shape[2] if self.rule == "majority" else 1)))
        for first in range(0, len(self.policies), together):
            ways = slice(first, first + together)
            thresholds = np.quantile(self.score[ways, rows].reshape(-1, draws), DROPPED, axis=1).T
            right, segments, _ = self.scored(ways, rows, thresholds)
            hits, costs = np.count_nonzero(right, axis=-1), segments.mean(axis=-1)
            tried += [
                ((int(hits[place]), -float(costs[place])), first + place[0], float(thresholds[place]))
                for place in np.ndindex(*hits.shape)
                if costs[place] <= self.policies[0].budget + 1e-9
            ]
        return max(tried, key=lambda one: one[0])[1:] if tried else None


def all_looks(draws: Draws, rule: str, budget: float, depth: int, names: Sequence[str] = SIGNALS) -> Looks:
    """Every way to look at these draws that a budget allows, for a selection rule."""
    signals, (n, k, _) = draws.signals, draws.signals.shape
    liked = np.zeros((n, k), np.int64) if rule in (ORACLE, "majority") else preference(rule, signals, np.full((n, k), depth))
    policies = [
        Prune(signal=name, after=after, threshold=0.0, budget=budget, depth=depth) for name, after in looks(signals, budget, depth, names)
    ]
    score = np.empty((len(policies), n, k))
    for place, policy in enumerate(policies):
        score[place] = signals.score(policy.signal, np.full((n, k), policy.after))
    order = np.argsort(-score, axis=2, kind="stable")
    ends = (liked, signals.board[:, :, depth - 1], draws.solved[:, :, depth - 1])
    liked, board, solved = (np.take_along_axis(values[None], order, axis=2) for values in ends)
    return Looks(rule=rule, policies=tuple(policies), score=score, order=order, liked=liked, board=board, solved=solved)
