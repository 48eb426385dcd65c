"""A few puzzles of a population run again, for the boards that a page plays. Imports torch."""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import numpy as np

from unsettled.claims.audit.pictures import EACH, WORDS, Board, Boards, without_boards
from unsettled.claims.audit.remeasure import loaded, loaded_network, suited_threads
from unsettled.claims.audit.sampling import AFFORDABLE, cost_of_row
from unsettled.claims.populations.populations import Population
from unsettled.measure.analysis.band import otsu_band
from unsettled.measure.analysis.portrait import WINDOW
from unsettled.measure.campaign.watch import Watched, watch
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.record import Record
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.tasks.sudoku.boards import SYMBOLS, PuzzleSet


def boards_of(population: Population, *, each: int = EACH) -> Boards:
    """Run a few puzzles of a population again, to see the board after every segment.

    That is plain inference on some 16 puzzles. Where even that is long (see `unsettled.claims.audit.sampling.cost_of_row`), fewer are
    run, and where it is too long for an audit, none.
    """
    record = population.record
    if record is None or population.puzzles is None or not population.measurable:
        return Boards(population=population.name, reason=without_boards(population))
    try:
        checkpoint = loaded_network(population)
        if not isinstance(checkpoint, Checkpoint) or record.provenance.task != "sudoku":
            return Boards(population=population.name, reason="boards are drawn of Sudoku, and of an HRM or a TRM")
        affordable = _affordable(checkpoint.facts, record)
        if not affordable:
            return Boards(population=population.name, reason="running some of its puzzles again would take minutes")
        band = otsu_band(record, window=min(WINDOW, record.segments))
        # where several answers are right the examples say of which puzzles; else the source is read no further than is needed
        source = loaded(population)[1] if record.provenance.by_rule else population.puzzles
        with suited_threads(checkpoint.facts.parameters):
            seen = watch(checkpoint, cast("PuzzleSet | Path", source), record, band, each=min(each, affordable))
    except UserError as error:
        return Boards(population=population.name, reason=str(error))
    return Boards(
        population=population.name,
        box=(seen.box.rows, seen.box.cols),
        size=seen.box.size,
        threshold=_rounded(seen.threshold),
        examples=tuple(map(_board, seen.examples)),
    )


def _affordable(network: ModelFacts, record: Record) -> int:
    """Puzzles of each kind that plain inference runs in some twenty seconds of one core."""
    once = cost_of_row(network, record) / (1 + record.k)
    return int(2 * AFFORDABLE / once / len(WORDS))


def _board(example: Watched) -> Board:
    return Board(
        kind=example.kind,
        id=example.example_id,
        givens=example.givens,
        enters=example.enters,
        agrees=example.agrees,
        puzzle=_text(example.puzzle),
        solution=_text(example.solution),
        boards=[_text(board) for board in example.boards],
        conflicts=example.conflicts.tolist(),
        displacement=_series(example.displacement),
        growth=_series(example.growth),
        halting=_series(example.halting),
    )


def _text(tokens: np.ndarray) -> str:
    """One character a cell: digits, letters from ten on, a dot for a blank or a token that is not a digit."""
    return "".join(SYMBOLS[token - 2] if 2 <= token < len(SYMBOLS) + 2 else "." for token in tokens.tolist())


def _series(values: np.ndarray) -> list[float | None]:
    return [_rounded(float(value)) for value in values]


def _rounded(value: float) -> float | None:
    """Four significant digits; None for what is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
