"""Early pruning fitted on halves: which signal, time and threshold is best on one half of the puzzles, scored on the other.

What a puzzle's pruning finishes hangs on one number alone, how many draws were looked at: of those it finishes as many as the rest of
the budget pays for, the most promising first, whether they passed at once or were taken up again. So scores and orders are
computed once for all halves, and a threshold is one comparison of them (`unsettled.measure.policies.policies.Prune` says the rule).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
    """What N puzzles show after a few segments of each of K draws, by L ways to look, and what comes of it.

    ``score`` (L, N, K) in the order of the draws. By how many draws were looked at, 1 … K: ``right`` (L, K, N) whether the selected board
    is, ``segments`` (L, K, N) what it cost, ``chosen`` (L, K, N) the draw selected; −1 by the oracle, which needs select none.
    """

    policies: tuple[Prune, ...]
    score: np.ndarray
    right: np.ndarray
    segments: np.ndarray
    chosen: np.ndarray

    def scored(self, ways: slice, rows: np.ndarray, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of the M puzzles at ``rows`` under ``thresholds`` (L, T) of some of the ways, (L, T, M) each: whether it is right, its cost in
        segments, the draw selected."""
        seen = self._seen(ways, rows, thresholds)
        right, segments, chosen = (_by_seen(of[ways, :, rows], seen) for of in (self.right, self.segments, self.chosen))
        return right, segments, chosen

    def _seen(self, ways: slice, rows: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        """(L, T, M) how many draws are looked at."""
        policies = self.policies[ways]
        look, rest = (np.array([one[place] for one in map(_costs, policies)])[:, None, None] for place in (0, 1))
        return looked_at(policies[0].budget, look, rest, self.score[ways, None, rows] >= thresholds[..., None, None])

    def best_on(self, rows: np.ndarray) -> tuple[int, float] | None:
        """The way to look and the threshold of `DROPPED` that are most accurate on the puzzles at ``rows``; None if none fits the budget.

        Of equally accurate ones the cheaper is taken, then the first.
        """
        tried: list[tuple[tuple[int, float], int, float]] = []
        draws = len(rows) * self.score.shape[2]
        together = max(1, AT_ONCE // (len(DROPPED) * max(1, draws)))
        for first in range(0, len(self.policies), together):
            ways = slice(first, first + together)
            thresholds = np.quantile(self.score[ways, rows].reshape(-1, draws), DROPPED, axis=1).T
            seen = self._seen(ways, rows, thresholds)
            right, segments = (_by_seen(of[ways, :, rows], seen) for of in (self.right, self.segments))
            hits, costs = np.count_nonzero(right, axis=-1), segments.mean(axis=-1)
            tried += [
                ((int(hits[place]), -float(costs[place])), first + place[0], float(thresholds[place]))
                for place in np.ndindex(*hits.shape)
                if costs[place] <= self.policies[0].budget + 1e-9
            ]
        return max(tried, key=lambda one: one[0])[1:] if tried else None


def _by_seen(of: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(L, T, M) of what stands by the number of draws that were looked at (L, K, M)."""
    return np.take_along_axis(of, seen - 1, axis=1)


def _costs(policy: Prune) -> tuple[float, int]:
    """Segments that a look takes, and those that are left of a draw after it."""
    return policy.look, policy.depth - policy.after


def all_looks(draws: Draws, rule: str, budget: float, depth: int, names: Sequence[str] = SIGNALS) -> Looks:
    """Every way to look at these draws that a budget allows, for a selection rule."""
    signals, (n, k, _) = draws.signals, draws.signals.shape
    policies = tuple(
        Prune(signal=name, after=after, threshold=0.0, budget=budget, depth=depth) for name, after in looks(signals, budget, depth, names)
    )
    liked = np.zeros((n, k), np.int64) if rule in (ORACLE, "majority") else preference(rule, signals, np.full((n, k), depth))
    ends = (liked, signals.board[:, :, depth - 1], draws.solved[:, :, depth - 1])
    score = np.empty((len(policies), n, k))
    right, segments, chosen = (np.zeros((len(policies), k, n), kind) for kind in (bool, np.float64, np.int64))
    for way, policy in enumerate(policies):
        score[way], order = _ordered(draws, policy.signal, policy.after)
        least = int(looked_at(budget, *_costs(policy), np.ones(k, bool)))  # where every draw passes
        seen = np.broadcast_to(np.arange(least, k + 1)[:, None], (k + 1 - least, n))
        found = _selected(policy, rule, seen, order, *(np.take_along_axis(values, order, axis=1) for values in ends))
        right[way, least - 1 :], segments[way, least - 1 :], chosen[way, least - 1 :] = found
    return Looks(policies=policies, score=score, right=right, segments=segments, chosen=chosen)


@lru_cache(maxsize=len(LOOKS) * len(SIGNALS))
def _ordered(draws: Draws, name: str, after: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, K) the score of each draw after so many segments, and the draws from the most promising: the same for every rule and budget."""
    score = draws.signals.score(name, np.full(draws.solved.shape[:2], after))
    return score, np.argsort(-score, axis=1, kind="stable")


def _selected(
    policy: Prune, rule: str, seen: np.ndarray, order: np.ndarray, liked: np.ndarray, board: np.ndarray, solved: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(…, N) of puzzles whose first ``seen`` (…, N) draws were looked at: whether the selected board is right, its cost, the draw selected.

    Args:
        order: (N, K) the draws from the most promising; in that order are all that follow.
        liked: (N, K) higher for what the rule selects before others, or ``board`` (N, K) where the boards vote.
        solved: (N, K) at the end.
    """
    look, rest = _costs(policy)
    finished = finished_of(policy.budget, look, rest, seen, order)
    count = np.count_nonzero(finished, axis=-1)
    carried = rule == "exponent"
    tangents = (policy.signal == "exponent") * policy.after * (seen - count * carried) + policy.depth * count * carried
    segments = policy.after * seen + rest * count + TANGENT * tangents
    if rule == ORACLE:
        return (finished & solved).any(axis=-1), segments, np.full(seen.shape, -1)
    if rule == "majority":
        liked = votes(board, finished) * finished.shape[-1] - order
    best = np.where(finished, liked, LEAST).argmax(axis=-1)
    puzzle = np.arange(len(order))
    return solved[puzzle, best], segments, order[puzzle, best]
