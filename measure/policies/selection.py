"""Which of several answers to give: rules that see no label, the check of an answer, and the oracle that bounds them all."""

from __future__ import annotations

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.policies.table import Signals

# Each sees signals alone. `first` selects nothing: it is what a single draw is worth.
RULES: dict[str, str] = {
    "first": "the first draw",
    "halting": "highest halting logit after the last segment",
    "displacement": "least displacement over the last four segments",
    "exponent": "lowest λ₁ over the segments run",
    "majority": "the board that most draws agree on; of equally many, the one that comes first",
    "conflicts": "fewest violated rows, columns and boxes",
    "consistent": "first board that holds every clue and violates nothing: the answer is checked, not guessed",
}


ORACLE = "oracle"  # in place of a rule: selection with labels


def select(rule: str, signals: Signals, stop: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(N,) the draw that a rule of `RULES` selects; of equally good ones the first.

    Args:
        stop: (N, K) segments after which each draw stopped.
        candidates: (N, K) which draws may be selected; at least one of every puzzle.
    """
    if not candidates.any(axis=1).all():
        raise UserError("a puzzle has no draw to select from")
    if rule == "first":
        found: np.ndarray = candidates.argmax(axis=1)
        return found
    score = votes(_at(signals.board, stop), candidates).astype(np.float64) if rule == "majority" else _score(rule, signals, stop)
    best = np.where(candidates, score, -np.inf).max(axis=1, keepdims=True)
    chosen: np.ndarray = (candidates & (score == best)).argmax(axis=1)
    return chosen


def usual_rule(signals: Signals) -> str:
    """What selects an answer where nobody says: the halting logit, or, of a network that tells none, the least displacement."""
    return "halting" if signals.tells("halting") else "displacement"


def preference(rule: str, signals: Signals, stop: np.ndarray) -> np.ndarray:
    """(N, K) ranks of draws that stop there, by any rule but "majority": of several candidates `select` takes the one of the highest."""
    n, k, _ = signals.shape
    if rule == "first":
        return np.broadcast_to(-np.arange(k), (n, k))
    found = np.empty((n, k), np.int64)
    np.put_along_axis(found, np.argsort(-_score(rule, signals, stop), axis=1, kind="stable"), -np.arange(k)[None], axis=1)
    return found


def _score(rule: str, signals: Signals, stop: np.ndarray) -> np.ndarray:
    """(N, K) what a rule selects by; NaN never wins."""
    if rule not in RULES:
        raise UserError(f"no selection rule {rule!r}", hint="one of " + ", ".join(RULES))
    score = _at(signals.consistent, stop).astype(np.float64) if rule == "consistent" else signals.score(rule, stop)
    return np.where(np.isnan(score), -np.inf, score)


def _at(values: np.ndarray, stop: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, np.maximum(stop, 1)[..., None] - 1, axis=2)[..., 0]


def votes(board: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(…, N, K) how many candidates show the same board as each."""
    same = (board[..., :, None] == board[..., None, :]) & candidates[..., None, :]
    found: np.ndarray = same.sum(axis=-1)
    return found


def outcome(solved: np.ndarray, stop: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(N,) whether the selected answer is right; the only place where labels (``solved``, (N, K, S)) score a rule."""
    return np.take_along_axis(_at(solved, stop), chosen[:, None], axis=1)[:, 0]


def oracle(solved: np.ndarray, stop: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(N,) whether any candidate is right: what a selection **with labels** reaches, the bound of every rule."""
    found: np.ndarray = (_at(solved, stop) & candidates).any(axis=1)
    return found
