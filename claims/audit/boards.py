"""A few puzzles of a population run again, for the boards that a page plays. Imports torch."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from contextlib import suppress
from pathlib import Path
from typing import cast

import numpy as np
import torch
from pydantic import ValidationError

from unsettled.claims.audit.loading import loaded, loaded_network, suited_threads
from unsettled.claims.audit.pictures import EACH, WORDS, Board, Boards, without_boards
from unsettled.claims.audit.sampling import AFFORDABLE, cost_of_row
from unsettled.claims.populations.populations import Population
from unsettled.measure.analysis.band import otsu_band
from unsettled.measure.analysis.portrait import WINDOW
from unsettled.measure.campaign.watch import Watched, watch
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.provenance import commit_of_program, version_of_program
from unsettled.measure.record.record import Record
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.support.files import digest_of, write_whole
from unsettled.measure.tasks.sudoku.boards import SYMBOLS, PuzzleSet

KEPT = 1 << 28  # bytes of puzzles of which boards are kept between runs: longer files take longer to tell apart than to run


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


def kept_boards_of(population: Population, *, folder: Path, each: int = EACH) -> Boards:
    """The same, kept in ``folder`` for the next run on the same files by the same versions: a page draws them, no verdict hangs on them."""
    out = folder / f"boards-{digest}.json" if (digest := _digest(population, each)) else None
    if out is not None and out.is_file():
        with suppress(ValidationError):  # what is damaged is found again
            return Boards.model_validate_json(out.read_bytes())
    found = boards_of(population, each=each)
    if out is not None and found.examples:
        with suppress(UserError):  # where nothing can be kept they are found again
            write_whole(out, found.model_dump_json(), what="boards", make_folder=True)
    return found


def _digest(population: Population, each: int) -> str | None:
    """Of all that boards depend on; None where that cannot be read, or is long to read."""
    record, puzzles = population.record, population.puzzles
    if record is None or puzzles is None or not puzzles.is_file() or puzzles.stat().st_size > KEPT:
        return None
    try:
        network = loaded_network(population)
    except UserError:
        return None
    if not isinstance(network, Checkpoint):
        return None
    said = [
        population.name,
        each,
        record.digest(),
        digest_of(puzzles),
        network.tensors_digest,
        network.facts.model_dump(mode="json"),
        [version_of_program(), commit_of_program(), platform.python_version(), torch.__version__, np.__version__],
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


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
