"""A handful of puzzles of a record, watched again: the board that the network reads out after every segment.

A record keeps no boards. These are decoded anew by plain inference on the record's own checkpoint; everything else that is
shown beside them comes from the record, so that it agrees with what was judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unsettled.measure.analysis.band import Band
from unsettled.measure.analysis.settling import entry
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import check_source
from unsettled.measure.rollout.trajectory import follow
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.read import iterate_puzzles
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet

# Whom to watch, in the order in which they are shown.
KINDS = ("settled failure", "wandering failure", "slow success", "fast success")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One puzzle over S segments.

    Attributes:
        kind: one of `KINDS`.
        position: its row in the record; ``example_id`` and ``givens`` as there.
        puzzle, solution: (cells,) uint8 tokens (1 a blank, ``digit + 1``).
        boards: (S, cells) uint8 tokens decoded after each segment.
        conflicts: (S,) violated rows, columns and boxes of those boards.
        displacement, growth, halting: (S,) of the record: ‖Δz‖₂ of the band's part, log-growth of the leading tangent in nats (NaN
            where the record holds no exponents), halting logit.
        solved_at: (S,) of those boards.
        enters: first segment, from 1, since which it stays in the settled band; None if it does not.
        agrees: whether the boards are right and wrong where the record says so. Rounding on another machine can differ.
    """

    kind: str
    position: int
    example_id: int
    givens: int
    puzzle: np.ndarray
    solution: np.ndarray
    boards: np.ndarray
    conflicts: np.ndarray
    displacement: np.ndarray
    growth: np.ndarray
    halting: np.ndarray
    solved_at: np.ndarray
    enters: int | None
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class Watching:
    """The board, where the settled band ends (NaN without one), and the puzzles that were watched."""

    box: Box
    threshold: float
    examples: tuple[Watched, ...]


def choose(record: Record, band: Band, *, each: int = 4) -> dict[str, np.ndarray]:
    """Rows of a record worth watching, by kind; at most ``each``, fewer or none where there are no more.

    Settled failures in the order in which they settle, wandering ones at even ranks of late displacement, the successes
    that were right for good last (slow) and first (fast). Nobody is in two kinds. The choice depends on the record alone.

    Raises:
        UserError: ``each`` is below 1.
    """
    at_least(1, each, "each")
    settled, late = band.settled(record), record.late_displacement(part=band.part, window=band.window)
    wrong = ~np.asarray(record.solved_at)[:, ::-1]
    right_since = np.where(wrong.any(axis=1), record.segments - wrong.argmax(axis=1), 0)
    successes = _ranked(record.solved, right_since)
    fast = successes[: min(each, len(successes) - len(successes) // 2)]
    slow = successes[::-1][: min(each, len(successes) // 2)]
    return {
        "settled failure": _ranked(~record.solved & settled, entry(record, band).since)[:each],
        "wandering failure": _spread(_ranked(~record.solved & ~settled, late), each),
        "slow success": slow,
        "fast success": fast,
    }


def _ranked(chosen: np.ndarray, by: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(by[rows], kind="stable")]


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    """``count`` of the rows at even ranks; all of them when there are no more."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))] if len(rows) else rows


def watch(checkpoint: Checkpoint, puzzles: PuzzleSet | Path | str, record: Record, band: Band, *, each: int = 4) -> Watching:
    """Run the chosen puzzles of a record again, segment by segment; plain inference, no tangents.

    Args:
        checkpoint: the one that the record was measured on.
        puzzles: the path they were read from (see `unsettled.measure.tasks.read.read_puzzles`), or a `PuzzleSet`.
        band: what counts as settled.
        each: at most so many puzzles of each kind.

    Raises:
        UserError: the checkpoint is another one, a puzzle is missing from the source, or the source is unreadable.
    """
    check_source(record.provenance, checkpoint.tensors_digest, what="the record", where=checkpoint.path)
    rows = choose(record, band, each=each)
    positions = np.concatenate(list(rows.values()))
    kinds = [kind for kind, chosen in rows.items() for _ in chosen]
    found = _find(puzzles, record.example_id[positions])
    seen = follow(checkpoint, found, segments=record.segments, batch=record.provenance.batch)
    since = entry(record, band).since
    examples = tuple(
        Watched(
            kind=kind,
            position=int(position),
            example_id=int(record.example_id[position]),
            givens=int(record.givens[position]),
            puzzle=found.inputs[index],
            solution=found.labels[index],
            boards=seen.boards[index],
            conflicts=seen.conflicts[index],
            displacement=record.displacement(band.part)[position],
            growth=record.growth[position, :, 0] if record.k else np.full(record.segments, np.nan),
            halting=record.halting_logit[position],
            solved_at=seen.solved_at[index],
            enters=int(since[position]) + 1 if since[position] < record.segments else None,
            agrees=bool((seen.solved_at[index] == record.solved_at[position]).all()),
        )
        for index, (kind, position) in enumerate(zip(kinds, positions, strict=True))
    )
    return Watching(box=found.box, threshold=band.threshold, examples=examples)


def _find(puzzles: PuzzleSet | Path | str, identities: np.ndarray) -> PuzzleSet:
    """The puzzles of these identities in this order; a source is read no further than the last of them."""
    if isinstance(puzzles, PuzzleSet) and np.isin(identities, puzzles.ids).all():
        by_id = np.argsort(puzzles.ids, kind="stable")
        return puzzles.take(by_id[np.searchsorted(puzzles.ids, identities, sorter=by_id)])
    pieces = [puzzles] if isinstance(puzzles, PuzzleSet) else iterate_puzzles(puzzles)
    wanted = {int(identity): place for place, identity in enumerate(identities)}
    inputs, labels, ratings, box = {}, {}, {}, None
    for piece in pieces:
        box = piece.box
        for row in np.flatnonzero(np.isin(piece.ids, identities)):
            place = wanted[int(piece.ids[row])]
            inputs[place], labels[place], ratings[place] = piece.inputs[row], piece.labels[row], piece.rating[row]
        if len(inputs) == len(wanted):
            break
    missing = [identity for identity, place in wanted.items() if place not in inputs]
    if missing or box is None:
        where = None if isinstance(puzzles, PuzzleSet) else puzzles
        raise UserError(f"example {[*missing, 0][0]} of the record is not in the puzzle set", where=where)
    order = range(len(wanted))
    return PuzzleSet(
        box, np.stack([inputs[i] for i in order]), np.stack([labels[i] for i in order]), identities, np.array([ratings[i] for i in order])
    )
