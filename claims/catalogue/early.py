"""Statistics of early windows: what a score over the first segments foretells of what comes later, and what it says by the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, TypedDict

import numpy as np
from pydantic import Field

from unsettled.claims.catalogue.bands import same_in_both, unusable, vacuous
from unsettled.claims.catalogue.parameters import Early, Part, Segments
from unsettled.claims.catalogue.registry import Parameters, statistic
from unsettled.claims.catalogue.separation import exponents_of
from unsettled.measure.columns.streamed import foresee, in_pieces
from unsettled.measure.record.movement import Scale
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc, auc_difference
from unsettled.measure.statistics.early import EarlyWindow, early_auc, early_window
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.ratio import risk_ratio
from unsettled.measure.statistics.splits import over_splits
from unsettled.measure.statistics.windows import Together

Share = Annotated[float, Field(gt=0, lt=1)]


class EarlyTogether(Parameters):
    """All early scores together, of the first ``horizon`` segments."""

    horizon: Segments = 4
    part: Part = "H"
    scale: Scale = "raw"


class Doom(Early):
    """The share ``tail`` of the unsolved whose early score predicts failure most strongly: highest, or lowest with ``high`` false."""

    tail: Share = 0.1
    high: bool = True


class Trajectories(TypedDict):
    """What an early window is cut from: arrays of a record, by the names that `early_window` takes."""

    growth: np.ndarray
    displacement: np.ndarray
    halting_logit: np.ndarray
    solved_at: np.ndarray


def trajectories(record: Record, parameters: Early) -> Trajectories:
    """The arrays that an early window is cut from. Raises UserError when the score needs exponents that are absent."""
    if parameters.score in ("exponent", "spectrum_mean"):
        exponents_of(record, 1)
    return {
        "growth": record.growth,
        "displacement": record.movement(parameters.part, parameters.scale),
        "halting_logit": record.halting_logit,
        "solved_at": record.solved_at,
    }


def _later_score(record: Record, parameters: Early) -> np.ndarray:
    """The same score over the segments after the early window, shape (N,)."""
    if parameters.score in ("exponent", "spectrum_mean"):
        exponents = record.exponents(unit="segment", first=parameters.horizon)
        return exponents[:, 0] if parameters.score == "exponent" else exponents.mean(axis=1)
    if parameters.score == "halting":
        return record.halting_logit[:, -1]
    moves = record.movement(parameters.part, parameters.scale)
    return moves[:, -1] if parameters.score == "last_displacement" else moves[:, parameters.horizon :].mean(axis=1)


def uncontrolled(record: Record, parameters: Early) -> str:
    """Why an early score that foretells nothing says nothing: over the later segments it does not tell the outcome either."""
    return same_in_both(_later_score(record, parameters), record.solved, f"the same scores ({parameters.score}) of the later segments")


def cuts(record: Record, parameters: Early) -> None:
    """Note what an early score, and the same of the later segments, are made of."""
    end = parameters.horizon
    foresee(record.solved_at, lambda held: held[:, :end][:, -1], lambda held: held[:, end:][:, -1])
    if parameters.score == "exponent":
        foresee(record.growth, lambda held: held[:, :end][:, :, 0].sum(axis=1), lambda held: held[:, end : record.segments].sum(axis=1))
    elif parameters.score == "displacement":
        foresee(record.movement(parameters.part, parameters.scale), lambda held: held[:, :end].mean(axis=1))


@statistic("early_auc", Early, limits=(0, 1), ahead=cuts)
def early(record: Record, parameters: Early) -> Estimate:
    """Area of an early score for "solved later" among the puzzles unsolved after the early segments.

    That it is ½ says something only where the same score over the later segments is not.
    """
    found = early_auc(**trajectories(record, parameters), score=parameters.score, horizon=parameters.horizon)
    told = found.low > 0.5 or found.high < 0.5
    return found if told or not found.defined else vacuous(found, uncontrolled(record, parameters))


@statistic("retrospective_gain", Early, limits=(-1, 1), ahead=cuts)
def retrospective_gain(record: Record, parameters: Early) -> Estimate:
    """Distance of the AUC from ½ over the later segments, minus that over the early ones, on the same puzzles.

    Both areas are of one score among the puzzles unsolved after ``horizon`` segments, for "solved later". Each is
    turned to the side of ½ on which it lies, so that an early score that predicts the other way round counts too.
    """
    window = early_window(**trajectories(record, parameters), horizon=parameters.horizon)
    cuts(record, parameters)
    unsolved, denominator = window.unsolved(), f"puzzles unsolved after {parameters.horizon} segments"
    if not unsolved.any():
        return undefined(f"no {denominator}", denominator=denominator)
    solved_later = record.solved[unsolved]
    before = window.score(parameters.score)[unsolved]
    after = _later_score(record, parameters)[unsolved]
    first, second = auc(after, solved_later), auc(before, solved_later)
    if not (first.defined and second.defined):
        return first if not first.defined else second
    later, earlier = (values if area.value >= 0.5 else -values for values, area in ((after, first), (before, second)))
    gain = auc_difference(later, earlier, solved_later)
    if not gain.defined:
        return gain
    extra: dict[str, float | str] = {"auc_late": first.value, "auc_early": second.value}
    extra |= {name: gain.extra[name] for name in ("p_value", "note") if name in gain.extra}
    return replace(gain, extra=extra, denominator=denominator, method=f"{gain.method}, late minus early")


@statistic("early_auc_together", EarlyTogether, limits=(0, 1))
def early_auc_together(record: Record, parameters: EarlyTogether) -> Estimate:
    """Area of all early scores together for "solved later", by logistic regression judged out of fold.

    That it is ½ says something only where the last halting confidence does tell the outcome.
    """
    arrays = trajectories(record, Early(horizon=parameters.horizon, part=parameters.part, scale=parameters.scale))
    early_window(**arrays, horizon=parameters.horizon)  # refuses a window that does not fit
    solved_at, horizon = np.asarray(record.solved_at), parameters.horizon
    columns = arrays["growth"], arrays["displacement"], arrays["halting_logit"]
    growth, displacement, halting = (_beginning(column, horizon) for column in columns)
    if any(np.isnan(array).any() for array in (growth, displacement, halting)):
        return undefined("some early scores are NaN", n=len(record))
    window = EarlyWindow(growth=growth, displacement=displacement, halting_logit=halting, solved_at=solved_at[:, :horizon])
    together = Together(window, solved_at[:, -1])
    del window, growth, displacement, halting  # what is left is a few numbers an example
    found = over_splits(lambda seed: together.area(seed=seed), splits=5)
    return vacuous(found, same_in_both(record.halting_logit[:, -1], record.solved, "the last halting logits"))


def _beginning(column: np.ndarray, segments: int) -> np.ndarray:
    """The first segments of a column (N, S, …), from one look at it; NaN where any segment is, whichever it is."""
    found = np.empty((len(column), segments, *column.shape[2:]))
    for rows, piece in in_pieces(column):
        found[rows] = piece[:, :segments]
        found[rows][np.isnan(piece).any(axis=tuple(range(1, piece.ndim)))] = np.nan
    return found


@statistic("early_doom", Doom)
def early_doom(record: Record, parameters: Doom) -> Estimate:
    """Risk ratio of eventual success: the unsolved with the worst early scores against the other unsolved."""
    window = early_window(**trajectories(record, parameters), horizon=parameters.horizon)
    chosen = window.unsolved()
    scores = window.score(parameters.score)[chosen] * (1 if parameters.high else -1)
    later = np.asarray(record.solved)[chosen]
    denominator = f"puzzles unsolved after {parameters.horizon} segments"
    about: dict[str, Any] = {"n": len(later), "denominator": denominator}
    worst = max(1, round(parameters.tail * len(later)))
    if reason := unusable(scores, "early scores") or ("too few of them" if len(later) <= worst else ""):
        return undefined(reason, **about)
    order = np.argsort(-scores, kind="stable")
    hit, other = int(later[order[:worst]].sum()), int(later[order[worst:]].sum())
    if not other:
        return undefined("none of the others is solved later", **about)
    found = risk_ratio(hit, worst, other, len(later) - worst, denominator=denominator)
    counts = {"worst": worst, "worst_solved_later": hit, "others": len(later) - worst, "others_solved_later": other}
    found = replace(found, counts=counts, method=f"worst {parameters.tail:.0%} over the others; {found.method}")
    return vacuous(found, uncontrolled(record, parameters))
