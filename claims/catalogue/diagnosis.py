"""Statistics of how runs fail: what confidence misses, how far they still move, and what long rollouts show."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from unsettled.claims.catalogue.bands import band_of, banded, contrasted, has_lengths, members, over_lines, told_apart, unusable, vacuous
from unsettled.claims.catalogue.early import uncontrolled
from unsettled.claims.catalogue.parameters import Class, Early, Part, Segments, Settling
from unsettled.claims.catalogue.registry import Parameters, side_kind, statistic
from unsettled.measure.analysis.capture import LongRuns, kept_solved
from unsettled.measure.analysis.capture_exponent import before_capture, before_capture_in, exponents
from unsettled.measure.analysis.label_tables import RestLines, rest_lines
from unsettled.measure.analysis.labels import NAMES, Thresholds, classify, settled
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.calibration import brier, calibration_error
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

side_kind(
    "long",
    words="rollouts far beyond the record's segments and from other starts",
    command="unsettled follow {checkpoint} {puzzles} --out {out}",
)


class Exceptions(Settling):
    """Failures whose last halting logit is above ``logit``."""

    logit: Annotated[float, Field(allow_inf_nan=False)] = 0.0


class Calibration(Parameters):
    """A figure of the last halting logit as a probability of being right: calibration error, Brier score, or its skill."""

    figure: Literal["error", "brier", "skill"] = "error"
    bins: Annotated[int, Field(ge=1, le=1000)] = 10


class RelativeMobility(Parameters):
    """Late displacement over the norm of the same latent, of one class."""

    part: Part = "H"
    window: Segments = 4
    of: Class = "failures"


class Beforehand(Parameters):
    """λ₁ over the last ``window`` segments, of runs that have not reached the solved state yet."""

    window: Segments = 4


class Kept(Parameters):
    """Being right at every segment from ``after`` to ``until``."""

    after: Segments = 16
    until: Segments = 64


class Rest(Parameters):
    """``rest``: relative-displacement threshold below which a state counts as converged; Otsu's after 16 segments if none is given."""

    rest: Positive | None = None


class RestLater(Rest):
    """Failures after ``after`` segments, looked at again when ``until`` segments have passed."""

    after: Segments = 16
    until: Segments = 64


class Labelled(Rest):
    """Failures that bear one of ``labels`` over the ``window`` segments up to ``end``.

    The labels are defined in `unsettled.measure.analysis.labels.DEFINITIONS`.
    """

    labels: Annotated[tuple[Literal["settled", "periodic", "plateau", "drifting", "wandering"], ...], Field(min_length=1)]
    end: Segments = 16
    window: Segments = 8
    loss: Positive = 0.01
    drift: Positive = 0.75


@statistic("confident_failures_settled", Exceptions, limits=(0, 1))
def confident_failures_settled(record: Record, parameters: Exceptions) -> Estimate:
    """Of the failures whose last halting logit is above a threshold, the share that settles."""
    band, logits = band_of(record, parameters), record.halting_logit[:, -1]
    chosen = ~record.solved & (logits > parameters.logit)
    if reason := unusable(logits, "halting logits"):
        return undefined(reason, n=int(chosen.sum()), denominator="confident failures")
    share = banded(record, band, lambda line: line.settled(record), chosen, "confident failures")
    return contrasted(share, band, band.settled(record), record.solved)


@statistic("halting_calibration", Calibration)
def halting_calibration(record: Record, parameters: Calibration) -> Estimate:
    """Calibration error, Brier score or Brier skill of the last halting logit as a probability of being right."""
    logits = record.halting_logit[:, -1]
    if reason := unusable(logits, "halting logits") or ("" if len(record) else "no puzzles"):
        return undefined(reason, n=len(record))
    if parameters.figure == "error":
        return calibration_error(logits, record.solved, bins=parameters.bins)
    score = brier(logits, record.solved)
    if parameters.figure == "brier":
        return score
    spread = float(record.solved.mean() * (1 - record.solved.mean()))
    if not spread:
        return undefined("all or none are right, so that no skill is defined", n=len(record))
    value, ends = 1 - score.value / spread, (1 - score.high / spread, 1 - score.low / spread)
    return replace(
        score, value=value, low=ends[0], high=ends[1], error=None, method=f"skill over the base rate as measured; {score.method}"
    )


@statistic("relative_displacement", RelativeMobility)
def relative_displacement(record: Record, parameters: RelativeMobility) -> Estimate:
    """Median late displacement of failures or successes as a fraction of the norm of the state."""
    who = members(record, parameters.of)
    relative = median(record.late_steps(part=parameters.part, window=parameters.window)[who], unit="of the norm", denominator=parameters.of)
    if not has_lengths(record, parameters.part):
        return relative
    absolute = median(record.late_displacement(part=parameters.part, window=parameters.window)[who], denominator=parameters.of)
    return replace(relative, extra=dict(relative.extra) | {"absolute": absolute.value})


@statistic("capture_auc", Beforehand, limits=(0, 1))
def capture_auc(record: Record, parameters: Beforehand) -> Estimate:
    """AUC of λ₁ before the first passage to the solved state: runs without one against those with a later one, at the same segment."""
    found = before_capture_in(record, window=parameters.window)
    return vacuous(found, uncontrolled(record, Early()))


@statistic("capture_auc_long", Beforehand, limits=(0, 1), needs="long")
def capture_auc_long(record: Record, parameters: Beforehand, side: SideRecord) -> Estimate:
    """The same with longer rollouts: runs that never reached the solved state while they were followed."""
    runs = LongRuns(side)
    found = before_capture(runs, exponents(runs, record), window=parameters.window)
    return vacuous(found, uncontrolled(record, Early()))


@statistic("kept_share", Kept, limits=(0, 1), needs="long")
def kept_share(record: Record, parameters: Kept, side: SideRecord) -> Estimate:
    """Share of the puzzles right after some segments that are right at every later segment."""
    return kept_solved(LongRuns(side), parameters.after, parameters.until)


@statistic("rests_later_share", RestLater, limits=(0, 1), needs="long")
def rests_later_share(record: Record, parameters: RestLater, side: SideRecord) -> Estimate:
    """Share of the failures after some segments whose state has come to rest, right or wrong, when many more have passed."""
    runs = LongRuns(side)
    failed = ~runs.solved_at[:, parameters.after - 1]
    shown = _rest(runs, record, parameters.rest)
    evidence, named = runs.evidence(parameters.until), f"failures after {parameters.after} segments"
    still, *others = (settled(evidence, Thresholds(rest=line)) for line in (shown.rest, *shown.lines))
    share = proportion(int((failed & still).sum()), int(failed.sum()), denominator=named)
    share = over_lines(share, [proportion(int((failed & other).sum()), int(failed.sum())) for other in others])
    wrong = int((failed & still & ~runs.solved_at[:, parameters.until - 1]).sum())
    share = replace(share, counts=dict(share.counts) | {"at_wrong_boards": wrong}, extra=dict(share.extra) | shown.figures)
    return vacuous(share, told_apart(still, ~failed, "failures come to rest no less often than the others"))


@statistic("label_share", Labelled, limits=(0, 1), needs="long")
def label_share(record: Record, parameters: Labelled, side: SideRecord) -> Estimate:
    """Share of failed runs that bear one of some labels: settled, periodic, plateau, drifting, wandering."""
    runs = LongRuns(side)
    evidence = runs.evidence(parameters.end, parameters.window)
    shown = _rest(runs, record, parameters.rest)
    wanted = [NAMES.index(name) for name in parameters.labels]

    def labelled(line: float) -> np.ndarray:
        """Label of each run, with the band of rest up to ``line``."""
        return classify(evidence, Thresholds(rest=line, loss=parameters.loss, drift=parameters.drift))

    labels = labelled(shown.rest)
    who = ~evidence.solved & (labels >= 0)
    shares = [
        proportion(int(np.isin(labelled(line)[who], wanted).sum()), int(who.sum()), denominator=f"failures after {parameters.end} segments")
        for line in (shown.rest, *shown.lines)
    ]
    share = over_lines(shares[0], shares[1:])
    others = {name: float((labels[who] == index).mean()) for index, name in enumerate(NAMES) if who.any()}
    share = replace(share, extra=dict(share.extra) | others | shown.figures)
    settles = labels == NAMES.index("settled")
    return vacuous(share, told_apart(settles, evidence.solved, "failures settle no less often than successes"))


def _rest(runs: LongRuns, record: Record, rest: float | None) -> RestLines:
    """A given convergence threshold, or what the first window shows of one."""
    if rest is not None:
        return RestLines(rest=rest)
    return rest_lines(runs.evidence(*runs.windows[0]), dtype=record.provenance.dtype)
