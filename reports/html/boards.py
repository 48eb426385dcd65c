"""The puzzle view's data: a few puzzles of each population, watched again where its checkpoint is at hand, packed as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unsettled.measure.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from unsettled.claims.populations.populations import Population
    from unsettled.measure.analysis.portrait import Portrait
    from unsettled.measure.campaign.watch import Watched, Watching

EACH = 4
# Kinds of `unsettled.measure.campaign.watch.KINDS` in words of the page, with what they are.
WORDS = {
    "settled failure": ("failures that settled", "wrong at the end, hardly moving"),
    "wandering failure": ("failures that wander", "wrong at the end, still moving"),
    "slow success": ("slow successes", "right at the end, late"),
    "fast success": ("fast successes", "right at the end, early"),
}


@dataclass(frozen=True, kw_only=True)
class Boards:
    """The puzzles of one population. Either ``data`` for the script of the page, or ``reason`` why there are none."""

    population: str
    data: Mapping[str, Any] | None = None
    reason: str = ""

    @property
    def examples(self) -> list[dict[str, Any]]:
        return list(self.data["examples"]) if self.data else []


def boards_of(population: Population, portrait: Portrait, *, each: int = EACH) -> Boards:
    """Watch a few puzzles of a population again.

    That is plain inference on some 16 puzzles. Where even that is long (see `unsettled.claims.audit.remeasure.cost_of_row`), fewer are
    watched, and where it is too long for a report, none.
    """
    record = population.record
    if record is None:
        return Boards(population=population.name, reason="nothing was measured")
    if not population.measurable:
        return Boards(population=population.name, reason="the audit was given a record, but not its checkpoint and puzzles")
    affordable = _affordable(population)
    if not affordable:
        return Boards(population=population.name, reason="running some of its puzzles again would take minutes")
    from unsettled.claims.audit.remeasure import suited_threads
    from unsettled.measure.campaign.watch import watch
    from unsettled.measure.networks.checkpoints import load_checkpoint

    try:
        checkpoint = load_checkpoint(population.checkpoint, **population.structure)  # type: ignore[arg-type]
        with suited_threads(checkpoint.facts.parameters):
            seen = watch(checkpoint, population.puzzles, record, portrait.band, each=min(each, affordable))
    except UserError as error:
        return Boards(population=population.name, reason=str(error))
    return Boards(population=population.name, data=pack(population.name, seen))


def _affordable(population: Population) -> int:
    """Puzzles of each kind that plain inference runs in some twenty seconds of one core."""
    from unsettled.claims.audit.remeasure import AFFORDABLE, cost_of_row

    once = cost_of_row(population) / (1 + population.record.provenance.exponents)  # type: ignore[union-attr]
    return int(2 * AFFORDABLE / once / len(WORDS))


def pack(name: str, seen: Watching) -> dict[str, Any]:
    """The watched puzzles as JSON: boards as strings of one character a cell, series rounded to what a plot shows."""
    return {
        "population": name,
        "box": [seen.box.rows, seen.box.cols],
        "size": seen.box.size,
        "threshold": _rounded(seen.threshold),
        "kinds": {kind: list(words) for kind, words in WORDS.items()},
        "examples": [_example(example) for example in seen.examples],
    }


def _example(example: Watched) -> dict[str, Any]:
    return {
        "kind": example.kind,
        "id": example.example_id,
        "givens": example.givens,
        "enters": example.enters,
        "agrees": example.agrees,
        "puzzle": _text(example.puzzle),
        "solution": _text(example.solution),
        "boards": [_text(board) for board in example.boards],
        "conflicts": example.conflicts.tolist(),
        "displacement": _series(example.displacement),
        "growth": _series(example.growth),
        "halting": _series(example.halting),
    }


def _text(tokens: np.ndarray) -> str:
    """One character a cell: digits, letters from ten on, a dot for a blank or a token that is no digit."""
    from unsettled.measure.tasks.sudoku.boards import SYMBOLS

    return "".join(SYMBOLS[token - 2] if 2 <= token < len(SYMBOLS) + 2 else "." for token in tokens.tolist())


def _series(values: np.ndarray) -> list[float | None]:
    return [_rounded(float(value)) for value in values]


def _rounded(value: float) -> float | None:
    """Four significant digits; null for what is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
