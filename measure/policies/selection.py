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
    if rule == "majority":
        score = _votes(_at(signals.board, stop), candidates)
    elif rule == "consistent":
        score = _at(signals.consistent, stop).astype(np.float64)
    elif rule in RULES:
        score = signals.score(rule, stop)
    else:
        raise UserError(f"no selection rule {rule!r}", hint="one of " + ", ".join(RULES))
    # NaN never wins, and a candidate always beats a draw that is none
    score = np.where(np.isnan(score), -np.inf, score)
    best = np.where(candidates, score, -np.inf).max(axis=1, keepdims=True)
    chosen: np.ndarray = (candidates & (score == best)).argmax(axis=1)
    return chosen


def _at(values: np.ndarray, stop: np.ndarray) -> np.ndarray:
    return np.take_along_axis(values, np.maximum(stop, 1)[..., None] - 1, axis=2)[..., 0]


def _votes(board: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(N, K) how many candidates show the same board as each."""
    same = (board[:, :, None] == board[:, None, :]) & candidates[:, None, :]
    found: np.ndarray = same.sum(axis=2).astype(np.float64)
    return found


def outcome(solved: np.ndarray, stop: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(N,) whether the selected answer is right; the only place where labels (``solved``, (N, K, S)) score a rule."""
    return np.take_along_axis(_at(solved, stop), chosen[:, None], axis=1)[:, 0]


def oracle(solved: np.ndarray, stop: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """(N,) whether any candidate is right: what a selection **with labels** reaches, the bound of every rule."""
    found: np.ndarray = (_at(solved, stop) & candidates).any(axis=1)
    return found
