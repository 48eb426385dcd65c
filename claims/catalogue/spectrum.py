"""Statistics of the one-step Jacobian: gain along the motion, largest singular value, spectral radius, by outcome."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from unsettled.claims.catalogue.parameters import Class, Segments
from unsettled.claims.catalogue.registry import Parameters, side_kind, statistic
from unsettled.measure.analysis.onestep import OneStepRuns
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion

side_kind(
    "spectrum",
    words="the one-step Jacobian at the states of the rollout, which a record does not hold",
    command="unsettled spectrum {checkpoint} {puzzles} --out {out}",
)

Quantity = Literal["gain", "sigma", "radius", "update_cosine"]


class OneStep(Parameters):
    """A one-step quantity after ``segment`` segments, by default the last, of the runs right or wrong there.

    ``gain`` is ‖J d‖/‖d‖ along the last update d, ``update_cosine`` that update's cosine with the one before, ``sigma`` the largest
    singular value of J, ``radius`` its spectral radius. Of a run at rest the first two are those of its last update that had a direction;
    a radius that has not converged is left out, and counted.
    """

    quantity: Quantity = "gain"
    segment: Segments | None = None


class OneStepOf(OneStep):
    """A one-step quantity of one class."""

    of: Class = "failures"


class OneStepAbove(OneStepOf):
    """A one-step quantity above ``limit``: of gain, sigma and radius 1 parts growth from decay."""

    limit: Annotated[float, Field(allow_inf_nan=False)] = 1.0


@statistic("one_step_median", OneStepOf, needs="spectrum")
def one_step_median(record: Record, parameters: OneStepOf, side: SideRecord) -> Estimate:
    """Median of a one-step quantity (gain along the motion, largest singular value, radius, update cosine) of failures or successes."""
    values, left_out = _of(side, parameters)
    found = median(values, denominator=parameters.of)
    return replace(found, counts=dict(found.counts) | {"without_a_value": left_out})


@statistic("one_step_above", OneStepAbove, limits=(0, 1), needs="spectrum")
def one_step_above(record: Record, parameters: OneStepAbove, side: SideRecord) -> Estimate:
    """Share of failures or successes whose one-step quantity is above a limit."""
    values, left_out = _of(side, parameters)
    found = proportion(int((values > parameters.limit).sum()), len(values), denominator=parameters.of)
    return replace(found, counts=dict(found.counts) | {"without_a_value": left_out})


@statistic("one_step_auc", OneStep, limits=(0, 1), needs="spectrum")
def one_step_auc(record: Record, parameters: OneStep, side: SideRecord) -> Estimate:
    """AUC of a one-step quantity for failure, at the segment at which both are read."""
    runs = OneStepRuns(side)
    values, failed = runs.values(parameters.quantity, parameters.segment), ~runs.solved(parameters.segment)
    known = np.isfinite(values)
    found = auc(values[known], failed[known])
    return replace(found, counts=dict(found.counts) | {"without_a_value": int((~known).sum())})


def _of(side: SideRecord, parameters: OneStepOf) -> tuple[np.ndarray, int]:
    """The known values of a class, and how many are not known."""
    runs = OneStepRuns(side)
    who = runs.solved(parameters.segment) == (parameters.of == "successes")
    values = runs.values(parameters.quantity, parameters.segment)[who]
    return values[np.isfinite(values)], int((~np.isfinite(values)).sum())
