"""Policies: how many segments each draw of a puzzle gets, decided from signals alone, and what that costs.

Compute is counted in evaluations of the network: one state update is one; carrying one tangent along costs one more for
every update, for a tangent goes through the same matrices as the state (the jet of `unsettled.measure.networks` has 1 + k columns).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.policies.table import Signals

TANGENT = 1.0  # evaluations that one tangent adds to each update
SIGNALS = ("halting", "displacement", "exponent")


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What a policy did with N puzzles of K draws.

    ``stop`` (N, K): segments run of each draw, 0 for none. ``candidates`` (N, K): draws to select an answer from.
    ``tangents`` (N, K): segments of each draw along which λ₁ was carried.
    """

    stop: np.ndarray
    candidates: np.ndarray
    tangents: np.ndarray

    def segments(self) -> np.ndarray:
        """(N,) cost in segments of plain inference."""
        found: np.ndarray = self.stop.sum(axis=1) + TANGENT * self.tangents.sum(axis=1)
        return found

    def evaluations(self, updates: int) -> np.ndarray:
        """(N,) cost in evaluations of the network, with so many updates per segment."""
        return updates * self.segments()

    def selected_by(self, rule: str) -> Spent:
        """The same with what a selection rule costs: λ₁ must be carried along whole candidates to select by it."""
        if rule != "exponent":
            return self
        return Spent(stop=self.stop, candidates=self.candidates, tangents=np.where(self.candidates, self.stop, self.tangents))


class Policy(Protocol):
    """A rule for spending; ``name`` says it in words."""

    @property
    def name(self) -> str: ...

    def spend(self, signals: Signals) -> Spent:
        """Which draws are run how far; sees signals, never outcomes."""
        ...


def _spent(stop: np.ndarray, candidates: np.ndarray | None = None, tangents: np.ndarray | None = None) -> Spent:
    return Spent(
        stop=stop, candidates=stop > 0 if candidates is None else candidates, tangents=np.zeros_like(stop) if tangents is None else tangents
    )


@dataclass(frozen=True)
class Restarts:
    """The first ``draws`` draws, ``depth`` segments each; a single one is a rollout of that depth."""

    draws: int
    depth: int

    @property
    def name(self) -> str:
        return f"{self.draws} × {self.depth} segments"

    def spend(self, signals: Signals) -> Spent:
        n, k, _ = signals.shape
        return _spent(np.broadcast_to(np.where(np.arange(k) < self.draws, self.depth, 0), (n, k)).copy())


@dataclass(frozen=True)
class Confident:
    """Restart until a draw ends with a halting logit above ``above``, at most ``draws`` times."""

    above: float
    draws: int
    depth: int

    @property
    def name(self) -> str:
        return f"restart until the halting logit exceeds {self.above:.3g}, at most {self.draws} × {self.depth} segments"

    def spend(self, signals: Signals) -> Spent:
        halting = signals.halting[:, : self.draws, self.depth - 1]
        ran: np.ndarray = np.cumsum(halting > self.above, axis=1) - (halting > self.above) == 0
        stop = np.zeros(signals.shape[:2], np.int64)
        stop[:, : self.draws] = np.where(ran, self.depth, 0)
        return _spent(stop)


@dataclass(frozen=True)
class Verified:
    """Stop for good at the first consistent board, which is checked after every segment; at most ``draws`` × ``depth``."""

    draws: int
    depth: int

    @property
    def name(self) -> str:
        return f"until a checked board, at most {self.draws} × {self.depth} segments"

    def spend(self, signals: Signals) -> Spent:
        n, k, _ = signals.shape
        found = signals.consistent[:, : self.draws, : self.depth]
        length = np.where(found.any(axis=2), found.argmax(axis=2) + 1, self.depth)
        before = np.cumsum(found.any(axis=2), axis=1) - found.any(axis=2) > 0
        stop = np.zeros((n, k), np.int64)
        stop[:, : self.draws] = np.where(before, 0, length)
        return _spent(stop)


@dataclass(frozen=True)
class Prune:
    """Look at draws one after the other for ``after`` segments; go on to ``depth`` only with those that look good enough.

    A draw is dropped when its ``signal`` (see `Signals.score`) is below ``threshold``. A further one is looked at only while
    enough is left to finish it. When no other can be, dropped ones are taken up again, the most promising first, so that
    nothing is left unspent that could finish a draw. ``budget`` is in segments of plain inference per puzzle; carrying λ₁
    costs as in `TANGENT`. Answers come from finished draws, or, where the budget pays for none, from the one looked at.
    """

    signal: str
    after: int
    threshold: float
    budget: float
    depth: int

    @property
    def look(self) -> float:
        """What a look at one draw costs, in segments of plain inference."""
        return self.after * (1 + TANGENT * (self.signal == "exponent"))

    @property
    def name(self) -> str:
        return f"drop a draw whose {self.signal} after {self.after} segments is worse than {abs(self.threshold):.3g}"

    def spend(self, signals: Signals) -> Spent:
        n, k, _ = signals.shape
        if self.budget < self.look:
            raise UserError(f"{self.budget:g} segments do not pay for a look that costs {self.look:g}")
        score = signals.score(self.signal, np.full((n, k), self.after))
        costs = (self.budget, self.look, self.depth - self.after)
        seen, order = looked_at(*costs, score >= self.threshold), np.argsort(-score, axis=1, kind="stable")
        finished = np.empty((n, k), bool)
        np.put_along_axis(finished, order, finished_of(*costs, seen, order), axis=1)
        stop = np.where(finished, self.depth, np.where(np.arange(k) < seen[:, None], self.after, 0))
        return _finished(stop, np.minimum(stop, self.after) if self.signal == "exponent" else None)


# What a look and a rest cost: one number, or those of many policies, with axes that broadcast against (…, N).
Cost = float | np.ndarray


def looked_at(budget: float, look: Cost, rest: Cost, passes: np.ndarray) -> np.ndarray:
    """(…, N) how many draws pruning looks at, by whether a look lets each pass (…, N, K), in the order of the draws.

    The first always; a further one where what was looked at and finished before it leaves enough to look at it and to finish it.
    """
    look, rest, k = np.asarray(look)[..., None], np.asarray(rest)[..., None], passes.shape[-1]
    spent = look * np.arange(1, k) + rest * np.cumsum(passes[..., :-1], axis=-1, dtype=np.int32)
    found: np.ndarray = 1 + np.count_nonzero(spent <= budget - look - rest, axis=-1)
    return found


def finished_of(budget: float, look: Cost, rest: Cost, seen: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(…, N, K), in ``order`` (…, N, K) from the most promising draw, which of the first ``seen`` (…, N) are finished: what is paid for.

    Those that passed are among them: they have the best scores, and each was begun with enough left to finish it.
    """
    among = order < seen[..., None]
    pays = (budget - look * seen) // rest if np.all(rest) else seen
    found: np.ndarray = among & (np.cumsum(among, axis=-1, dtype=np.int32) <= pays[..., None])
    return found


@dataclass(frozen=True)
class Halving:
    """Successive halving: ``draws`` draws, of which the better half by ``signal`` goes on at each of ``rungs`` (segments)."""

    signal: str
    draws: int
    rungs: tuple[int, ...]
    depth: int

    @property
    def name(self) -> str:
        return f"halve {self.draws} draws by {self.signal} after {', '.join(map(str, self.rungs))} segments"

    def spend(self, signals: Signals) -> Spent:
        n, k, _ = signals.shape
        alive = np.broadcast_to(np.arange(k) < self.draws, (n, k)).copy()
        stop, kept = np.zeros((n, k), np.int64), self.draws
        for rung in self.rungs:
            stop[alive] = rung
            kept = max(1, kept // 2)
            score = np.where(alive, signals.score(self.signal, np.full((n, k), rung)), -np.inf)
            best = np.argsort(-score, axis=1, kind="stable")[:, :kept]
            alive = np.zeros_like(alive)
            np.put_along_axis(alive, best, True, axis=1)
        last = self.rungs[-1] if self.rungs else 0
        tangents = np.minimum(stop, last) if self.signal == "exponent" else None
        stop[alive] = self.depth
        return _finished(stop, tangents)


def _finished(stop: np.ndarray, tangents: np.ndarray | None) -> Spent:
    """Candidates are the draws that reached the end, else those that came farthest."""
    return _spent(stop, (stop == stop.max(axis=1, keepdims=True)) & (stop > 0), tangents)
