"""Statistics of probes of a network: boards with one unknown cell, and states that were disturbed or put in."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from unsettled.claims.catalogue.parameters import Segments
from unsettled.claims.catalogue.registry import Parameters, side_kind, statistic
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion

side_kind(
    "few_unknown",
    words="the outcomes of the same puzzles with nearly every cell filled in",
    command="unsettled few-unknown {checkpoint} {puzzles} --out {out}",
)
side_kind(
    "disturbed",
    words="the outcomes of runs from disturbed starts, and of solved states that were disturbed",
    command="unsettled disturb {checkpoint} {puzzles} --out {out}",
)


class Unknown(Parameters):
    """After ``segments`` segments; the end of the rollout where none is given."""

    segments: Segments | None = None


class Radius(Parameters):
    """Disturbance of every entry by normal noise of ``radius`` times the state's root mean square; one of those measured."""

    radius: Annotated[float, Field(ge=0, allow_inf_nan=False)]


@statistic("few_unknown_failures", Unknown, limits=(0, 1), needs="few_unknown")
def few_unknown_failures(record: Record, parameters: Unknown, side: SideRecord) -> Estimate:
    """Share of boards with a single unknown cell (or as few as were left) that are not right."""
    solved = side["solved_at"].astype(bool)
    segments = parameters.segments or solved.shape[1]
    if segments > solved.shape[1]:
        raise UserError(f"segment {segments} of boards that were run for {solved.shape[1]}")
    wrong = ~solved[:, segments - 1]
    unknown = int(side["unknown"].max(initial=0))
    share = proportion(int(wrong.sum()), len(wrong), denominator=f"boards with {unknown} unknown cell{'s' if unknown > 1 else ''}")
    ever = float((~solved.any(axis=1)).mean()) if len(solved) else float("nan")
    return replace(share, extra=dict(share.extra) | {"never right at any segment": ever})


@statistic("retention_share", Radius, limits=(0, 1), needs="disturbed")
def retention_share(record: Record, parameters: Radius, side: SideRecord) -> Estimate:
    """Share of the solved states, disturbed, from which every later segment of as long a rollout again ends right.

    ``counts["right_at_end"]``: how many are right at its end, whatever lies between.
    """
    place = _place(side, parameters.radius)
    put = side["put_in"].astype(bool)
    share = proportion(int(side["held"][put, place].sum()), int(put.sum()), denominator="solved states that were put in")
    return replace(share, counts=dict(share.counts) | {"right_at_end": int(side["held_at_end"][put, place].sum())})


@statistic("basin_share", Radius, limits=(0, 1), needs="disturbed")
def basin_share(record: Record, parameters: Radius, side: SideRecord) -> Estimate:
    """Share of the puzzles solved from the trained start that are solved from that start disturbed."""
    place, base = _place(side, parameters.radius), _place(side, 0.0)
    own = side["start_solved"][:, base].astype(bool)
    share = proportion(
        int((side["start_solved"][:, place] * own).sum()), int(own.sum()), denominator="puzzles solved from the trained start"
    )
    curve = {
        f"at {radius:g}": float(column[own].mean())
        for radius, column in zip(_radii(side), side["start_solved"].T, strict=True)
        if own.any()
    }
    return replace(share, extra=dict(share.extra) | curve)


def _radii(side: SideRecord) -> list[float]:
    return [float(radius) for radius in np.atleast_1d(np.asarray(side.provenance.settings["radii"], float))]


def _place(side: SideRecord, radius: float) -> int:
    """Which column has that radius. Raises UserError that lists those there are."""
    radii = _radii(side)
    if radius not in radii:
        raise UserError(f"no state was disturbed by {radius:g}", hint="measured are " + ", ".join(f"{one:g}" for one in radii))
    return radii.index(radius)
