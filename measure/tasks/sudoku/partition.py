"""Splits a puzzle set so that no puzzle has an equivalent one on the other side, and checks two sets for equivalent puzzles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.sudoku.boards import PuzzleSet

# What makes a puzzle harder: a key that sorts the hardest first.
HARDNESS: dict[str, Callable[[PuzzleSet], np.ndarray]] = {
    "rating": lambda puzzles: -puzzles.rating,
    "givens": lambda puzzles: np.asarray(puzzles.givens),
}


@dataclass(frozen=True)
class Partition:
    """Sets without equivalent puzzles, neither across nor within; ``dropped`` puzzles were equivalent to an earlier one."""

    train: PuzzleSet
    test: PuzzleSet
    hard: PuzzleSet
    dropped: int


def partition(puzzles: PuzzleSet, canonical: np.ndarray, *, held_out: int, hard: int = 0, by: str = "rating", seed: int = 0) -> Partition:
    """Holds out the hardest puzzles and a random sample of the others; the rest is for training.

    Of equivalent puzzles only the first is kept. All sets keep the order of the source.

    Args:
        puzzles: the set.
        canonical: (N,) hashes of its puzzles, see :func:`unsettled.measure.tasks.sudoku.symmetry.hash_in_pieces`.
        held_out: puzzles in the random sample ``test``.
        hard: puzzles in ``hard``; ties at its edge go to the earlier puzzle.
        by: what hard means: ``"rating"`` (highest) or ``"givens"`` (fewest).
        seed: of the random sample.

    Raises:
        UserError: an unknown ``by``, unrated puzzles, or too few puzzles.
    """
    if by not in HARDNESS:
        raise UserError(f"cannot rank puzzles by {by!r}", hint=f"one of {', '.join(HARDNESS)}")
    at_least(0, held_out, "held_out"), at_least(0, hard, "hard")
    kept = np.sort(np.unique(canonical, return_index=True)[1])
    distinct = puzzles.take(kept)
    key = HARDNESS[by](distinct)
    if hard and np.isnan(key).any():
        raise UserError("some puzzles have no rating", hint="`unsettled puzzles rate` adds it, or rank --by givens")
    if held_out + hard > len(distinct):
        raise UserError(f"{held_out} + {hard} puzzles to hold out, but only {len(distinct)} are not equivalent")
    ranked = np.argsort(key, kind="stable")
    hardest, others = np.sort(ranked[:hard]), np.sort(ranked[hard:])
    test = np.zeros(len(others), bool)
    test[np.random.default_rng(seed).choice(len(others), held_out, replace=False)] = True
    return Partition(
        train=distinct.take(others[~test]),
        test=distinct.take(others[test]),
        hard=distinct.take(hardest),
        dropped=len(puzzles) - len(distinct),
    )


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(M,) bool: which puzzles of the second set are equivalent to one of the first, by their canonical hashes."""
    return np.isin(second, first)
