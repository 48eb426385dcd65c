"""What a report draws of a population: its portrait, and a few of its puzzles run again; stored in the audit.

Portraits are computed from records. The boards of the puzzle view need the checkpoint, so they are collected where rows are
measured again (`unsettled.claims.audit.boards`). Who draws needs neither.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from unsettled.claims.populations.populations import Population
from unsettled.measure.analysis.portrait import POINTS, Portrait, portrait_of
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record

# Points of all clouds of an audit together, and the fewest of one: the audit and its page stay small whatever is measured.
SHARED, FEWEST = 2_400, 300
# Puzzles of one kind at most, and of one kind over all populations.
EACH, ALL = 4, 12
# Kinds of `unsettled.measure.campaign.watch.KINDS` in words, with what they are.
WORDS = {
    "settled failure": ("converged failures", "wrong at the end, hardly moving"),
    "wandering failure": ("failures that do not converge", "wrong at the end, still moving"),
    "slow success": ("slow successes", "right at the end, late"),
    "fast success": ("fast successes", "right at the end, early"),
}


class Pictured(BaseModel):
    """The portrait of a population, or ``reason``: why it has none."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
    population: str
    portrait: Portrait | None = None
    reason: str = ""


class Board(BaseModel):
    """One puzzle over S segments: boards as text, one character a cell (a dot for a blank), series to four digits (null: not finite).

    ``enters`` is the first segment, from 1, since which the state has converged (null: it has not); ``agrees`` whether the boards are
    right and wrong where the record says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    id: int
    givens: int
    enters: int | None
    agrees: bool
    puzzle: str
    solution: str
    boards: list[str]
    conflicts: list[int]
    displacement: list[float | None]
    growth: list[float | None]
    halting: list[float | None]


class Boards(BaseModel):
    """The puzzles of one population that were run again; without any, ``reason`` says why."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    population: str
    reason: str = ""
    box: tuple[int, int] = (1, 1)
    size: int = 1
    threshold: float | None = None
    examples: tuple[Board, ...] = ()


def pictures_of(populations: Iterable[Population]) -> tuple[Pictured, ...]:
    """The portraits of all populations that hold a record."""
    measured = [(population, population.record) for population in populations if population.record is not None]
    points = max(FEWEST, min(POINTS, SHARED // max(1, len(measured))))
    return tuple(_pictured(population, record, points) for population, record in measured)


def _pictured(population: Population, record: Record, points: int) -> Pictured:
    try:
        portrait = portrait_of(population.name, record, title=population.title, points=points)
    except UserError as error:  # an imported record lacks what pictures are drawn from
        return Pictured(population=population.name, reason=str(error))
    return Pictured(population=population.name, portrait=portrait)


def without_boards(population: Population) -> str:
    """Why no puzzle of a population was run again."""
    if population.record is None:
        return "nothing was measured"
    if not population.measurable:
        return "the audit was given a record, but not its checkpoint and puzzles"
    return "no puzzle was run again in this audit"
