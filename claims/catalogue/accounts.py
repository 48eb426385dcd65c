"""Statistics of the accounts that other papers give: first passages, what is lost, what moves, and answers from several starts."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from unsettled.claims.catalogue.bands import lacking, members, vacuous
from unsettled.claims.catalogue.diagnosis import Rest
from unsettled.claims.catalogue.parameters import Class, Nothing, Part, RestartPool, Segments
from unsettled.claims.catalogue.policies import pool
from unsettled.claims.catalogue.registry import Parameters, statistic
from unsettled.measure.analysis import passage
from unsettled.measure.analysis.capture import LongRuns
from unsettled.measure.analysis.label_tables import rest_lines
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion

# Below this spread over its mean a norm is that of a normalisation, not of the run.
FIXED_NORM = 1e-3


class Later(Parameters):
    """Runs that are unsolved after ``after`` segments, looked at again at ``until``; 0 for as far as they were followed."""

    after: Segments = 16
    until: Annotated[int, Field(ge=0, le=10_000)] = 0


class PassageClass(Later):
    """A class by the time of solving: ``early`` by ``after``, ``late`` between the two, ``persistent`` at neither."""

    which: passage.Passage


class Window(Parameters):
    """The ``window`` segments up to segment ``end``."""

    end: Segments = 16
    window: Segments = 8


class Critical(Parameters):
    """Boards first right at segment ``least`` or later, of which one segment may bring any share of the improvement."""

    least: Annotated[int, Field(ge=3, le=10_000)] = 4


class Moved(Parameters):
    """A ``quantity`` of a latent, averaged over the segments from ``first`` to ``last`` (the end where none is given).

    ``cosine`` is that between successive states (from displacement and norm: ⟨z, z'⟩/‖z‖‖z'‖ = (‖z‖² + ‖z'‖² − ‖z − z'‖²) / 2‖z‖‖z'‖),
    ``update_cosine`` that between successive updates, ``rise`` the norm at ``last`` over the norm at ``first``.
    """

    quantity: Literal["displacement", "relative", "norm", "cosine", "update_cosine", "rise"] = "displacement"
    part: Part = "H"
    first: Segments | None = None
    last: Segments | None = None


class MovedOf(Moved):
    """The same quantity of one class."""

    of: Class = "failures"


def moved(record: Record, parameters: Moved) -> np.ndarray:
    """The quantity of each example, (N,); the window is the last two segments where none is given.

    Raises:
        UserError: the window does not fit, or the record lacks the column.
    """
    last = parameters.last or record.segments
    first = parameters.first or max(1, last - 1)
    if not 1 <= first <= last <= record.segments or (parameters.quantity in ("cosine", "update_cosine") and first < 2):
        raise UserError(f"segments {first} to {last} do not fit the {record.segments} of the record (cosines begin with the second)")
    window = slice(first - 1, last)
    if parameters.quantity == "displacement":
        found = record.displacement(parameters.part)[:, window]
    elif parameters.quantity == "relative":
        found = record.relative_displacement(parameters.part)[:, window]
    elif parameters.quantity == "update_cosine":
        found = np.asarray(getattr(record, f"update_cosine_{parameters.part}")[:, window])
    else:
        norm = np.asarray(record.norm(parameters.part)[:, :])
        if parameters.quantity == "norm":
            found = norm[:, window]
        elif parameters.quantity == "rise":
            found = norm[:, last - 1 : last] / norm[:, first - 1 : first]
        else:
            step = np.asarray(record.displacement(parameters.part)[:, window])
            here, before = norm[:, window], norm[:, first - 2 : last - 1]
            found = (here**2 + before**2 - step**2) / (2 * here * before)
    values: np.ndarray = np.asarray(found).mean(axis=1)
    return values


def _normalised(record: Record, parameters: Moved) -> str:
    """Why the norm says nothing: every state has one and the same; empty where that is not so."""
    if parameters.quantity not in ("norm", "rise"):
        return ""
    norm = np.asarray(record.norm(parameters.part)[:, :])
    spread = float(norm.std() / norm.mean()) if norm.size and norm.mean() else 0.0
    return "every state has the same norm, because the network normalises it" if spread < FIXED_NORM else ""


@statistic("moved_median", MovedOf)
def moved_median(record: Record, parameters: MovedOf) -> Estimate:
    """Median of displacement, norm, its rise, or a cosine, over failures or over successes."""
    who = members(record, parameters.of)
    if reason := _normalised(record, parameters):
        return undefined(reason, n=int(who.sum()), denominator=parameters.of)
    values = moved(record, parameters)
    found = median(values[who], denominator=parameters.of)
    other = values[~who]
    return replace(found, extra=dict(found.extra) | ({"the others": float(np.median(other))} if len(other) else {}))


@statistic("moved_auc", Moved, limits=(0, 1))
def moved_auc(record: Record, parameters: Moved) -> Estimate:
    """Area under the ROC curve of the same quantity, with failures as positives."""
    if reason := _normalised(record, parameters) or lacking(record.solved, "of the puzzles"):
        return undefined(reason, n=len(record))
    return auc(moved(record, parameters), ~record.solved)


@statistic("passage_share", PassageClass, limits=(0, 1), needs="long")
def passage_share(record: Record, parameters: PassageClass, side: SideRecord) -> Estimate:
    """Share of the puzzles that are solved early, late, or persistently not."""
    return passage.passage_share(LongRuns(side), parameters.which, after=parameters.after, until=parameters.until)


@statistic("solved_later_share", Later, limits=(0, 1), needs="long")
def solved_later_share(record: Record, parameters: Later, side: SideRecord) -> Estimate:
    """Share of the puzzles that are unsolved after some segments and right when many more have passed."""
    return passage.solved_later_within(LongRuns(side), after=parameters.after, until=parameters.until)


@statistic("never_lost_share", Nothing, limits=(0, 1), needs="long")
def never_lost_share(record: Record, parameters: Nothing, side: SideRecord) -> Estimate:
    """Share of the boards that were ever right which stay right at every later segment."""
    return passage.never_lost(LongRuns(side))


@statistic("exploring_share", Window, limits=(0, 1), needs="long")
def exploring_share(record: Record, parameters: Window, side: SideRecord) -> Estimate:
    """Share of the failures whose decoded board still changed within the last segments."""
    return passage.exploring(LongRuns(side), end=parameters.end, window=parameters.window)


@statistic("critical_segment", Critical, limits=(0, 1), needs="long")
def critical_segment(record: Record, parameters: Critical, side: SideRecord) -> Estimate:
    """Median share of a solved board's wrong cells that vanish in its one best segment."""
    found = passage.critical_segment(LongRuns(side), least=parameters.least)
    told = found.defined and found.value <= float(found.extra["even"])
    return vacuous(found, "an even improvement would give as much" if told else "")


@statistic("several_rests_share", Rest, limits=(0, 1), needs="long")
def several_rests_share(record: Record, parameters: Rest, side: SideRecord) -> Estimate:
    """Share of the puzzles whose runs from several starts come to rest on different boards."""
    runs = LongRuns(side)
    rest = parameters.rest or rest_lines(runs.evidence(*runs.windows[0]), dtype=record.provenance.dtype).rest
    found = passage.several_rests(runs, rest)
    return replace(found, extra=dict(found.extra) | {"rest": rest})


@statistic("several_answers_share", RestartPool, limits=(0, 1), needs="restarts")
def several_answers_share(record: Record, parameters: RestartPool, side: SideRecord) -> Estimate:
    """Share of the puzzles for which not all draws end with the same answer, of those that not every draw solves."""
    boards = pool(side, parameters).restarts[parameters.start]
    last, solved = boards.signals.board[:, :, -1], boards.solved[:, :, -1].astype(bool)
    who = ~solved.all(axis=1)
    wrong = np.where(solved, last.max() + 1, last)  # all right answers count as one
    several = (wrong != wrong[:, :1]).any(axis=1)
    return proportion(int((several & who).sum()), int(who.sum()), denominator="puzzles that some draw does not solve")
