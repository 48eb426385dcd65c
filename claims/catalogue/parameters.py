"""Typed parameters of the statistics that a claim may name."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from unsettled.claims.catalogue.registry import Parameters
from unsettled.measure.record.movement import Scale
from unsettled.measure.statistics.modality import FLOOR, REST

Part = Literal["H", "L", "joint"]
Who = Literal["failures", "successes", "all"]
Class = Literal["failures", "successes"]
Score = Literal["exponent", "spectrum_mean", "displacement", "halting"]
Segments = Annotated[int, Field(ge=1, le=10_000)]


class Nothing(Parameters):
    """A statistic without parameters."""


class Per(Parameters):
    """A count expressed per ``of`` examples, so that samples of other sizes compare."""

    of: Annotated[int, Field(ge=1, le=10**9)]


class Rollout(Parameters):
    """A rollout of ``segments`` segments."""

    segments: Segments = 16


class Settling(Parameters):
    """When a trajectory counts as settled: its late displacement lies in the low band.

    ``part`` names the latent, ``window`` the number of last segments that are averaged. ``rule`` draws the upper
    edge of the band: Otsu's threshold on the pooled log10 late displacement, a percentile of the pooled late
    displacement, or a fixed displacement per segment. ``scale`` says in what: raw displacement, the same over the norm
    of the state, or the angle between successive states in radians; the latter two are there even where that norm grows.
    ``floor`` and ``rest`` are what counts as no step, and as rest at most, in fractions of the norm (see
    `unsettled.measure.statistics.modality`).
    """

    part: Part = "H"
    window: Segments = 4
    scale: Scale = "raw"
    rule: Literal["otsu", "percentile", "fixed"] = "otsu"
    percentile: Annotated[float, Field(gt=0, lt=100)] | None = None
    edge: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    floor: Annotated[float, Field(gt=0, lt=1)] = FLOOR
    rest: Annotated[float, Field(gt=0, lt=1)] = REST

    @model_validator(mode="after")
    def _rule_has_its_setting(self) -> Settling:
        for rule, setting in (("percentile", self.percentile), ("fixed", self.edge)):
            name = "percentile" if rule == "percentile" else "edge"
            if (self.rule == rule) != (setting is not None):
                raise ValueError(f"{name} is given if and only if rule is {rule!r}")
        return self


class SettledShare(Settling):
    """Settled share of failures, of successes, or of all."""

    of: Who = "failures"


class ConfidentShare(Settling):
    """Share of failures (or successes) whose last halting logit is above ``logit``, settled ones only if asked."""

    of: Class = "failures"
    logit: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    settled: bool = False


class Mobility(Parameters):
    """Late displacement of one latent over the last ``window`` segments, on a ``scale``."""

    part: Part = "H"
    window: Segments = 4
    scale: Scale = "raw"


class Extreme(Mobility):
    """The mobility of an extreme; ``failures`` is over how many failures the printed extreme was taken."""

    failures: Annotated[int, Field(ge=1, le=10**9)]


class ExponentOf(Parameters):
    """The ``index``-th exponent (1 is λ₁) of one class, in nats per update or per segment."""

    of: Who = "failures"
    index: Annotated[int, Field(ge=1, le=1000)] = 1
    unit: Literal["update", "segment"] = "update"


class Separation(Parameters):
    """Area under the ROC curve of ``score``, with ``positives`` as the positive class; ``scale`` is that of a displacement."""

    score: Score = "exponent"
    scale: Scale = "raw"
    positives: Class = "failures"


class Baselined(Separation):
    """A separation, with what λ₁ must beat: ``baselines`` adds displacement, halting and spectrum to the figures.

    ``folds`` is the number of folds of the cross-validated regressions behind the incremental value.
    """

    baselines: bool = True
    folds: Annotated[int, Field(ge=2, le=100)] = 5

    def lean(self) -> Self:
        return self.model_copy(update={"baselines": False})


class Matched(Baselined, Settling):
    """Area within bins of late displacement or of the number of givens.

    ``among`` restricts the examples, ``edges`` says whose displacements draw the decile edges, ``weighting``
    how bins combine, and ``minimum`` how many of each class a bin needs in order to count.
    """

    by: Literal["displacement", "givens"]
    bins: Annotated[int, Field(ge=1, le=1000)] = 10
    among: Literal["all", "unsettled"] = "all"
    edges: Literal["pooled", "within"] = "within"
    weighting: Literal["pairs", "positives", "macro"] = "pairs"
    minimum: Annotated[int, Field(ge=1)] = 1


class Early(Parameters):
    """A score of the first ``horizon`` segments, among the puzzles that are unsolved after them.

    The positives are the puzzles solved later. ``displacement`` is the mean over the early segments, on a ``scale``.
    """

    score: Literal[
        "exponent", "spectrum_mean", "displacement", "last_displacement", "halting", "exponent_slope", "displacement_slope", "halting_slope"
    ] = "exponent"
    horizon: Segments = 4
    part: Part = "H"
    scale: Scale = "raw"


class Stays(Settling):
    """Being in the band for at least the last ``stay`` segments, having entered it at any time before."""

    of: Class = "successes"
    stay: Segments = 4


class RestartPool(Parameters):
    """Restarts to choose from: ``draws`` of them, how they ``start``, and the label-free rule that ``select``s the answer."""

    draws: Annotated[int, Field(ge=2, le=10_000)] = 8
    start: Literal["symmetry", "random", "perturbed", "digits"] = "symmetry"
    select: Literal["halting", "displacement", "majority", "conflicts"] = "halting"


class Restarts(RestartPool):
    """Restarts against early pruning, for a budget of ``rollouts`` full rollouts; pruning may look at all ``draws``."""

    rollouts: Annotated[int, Field(ge=1, le=5_000)] = 4

    @model_validator(mode="after")
    def _something_to_prune(self) -> Restarts:
        if self.draws < 2 * self.rollouts:
            raise ValueError(f"{self.rollouts} rollouts leave nothing to prune of {self.draws} draws; let draws be {2 * self.rollouts}")
        return self


class Gained(RestartPool):
    """All ``draws`` against a single rollout: of one draw, or as ``long`` as all of them together (as long as measured)."""

    over: Literal["single", "long"] = "single"


class External(Parameters):
    """Something that no record can show: what is needed, and the command that would get it."""

    needs: Annotated[str, Field(min_length=3)]
    command: str | None = None
