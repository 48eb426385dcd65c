"""The types of a verdict: what was claimed, what was measured, and how the two compare."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from unsettled.claims.ledger.stated import Stated
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.figures import Notation, number

Mode = Literal["arithmetic", "recompute", "replicate", "transfer"]


class Outcome(StrEnum):
    """The ten verdicts; `TABLE` has what each means and what pytest reports of it.

    >>> Outcome("UNDERPOWERED").shown
    'INCONCLUSIVE'
    """

    REPRODUCED = "REPRODUCED"
    CONSISTENT = "CONSISTENT"
    TRANSFERS = "TRANSFERS"
    REFUTED = "REFUTED"
    DOES_NOT_TRANSFER = "DOES_NOT_TRANSFER"
    IMPOSSIBLE = "IMPOSSIBLE"
    UNDERPOWERED = "UNDERPOWERED"
    UNVERIFIABLE = "UNVERIFIABLE"
    DRIFTED = "DRIFTED"
    ERROR = "ERROR"

    @property
    def shown(self) -> str:
        """Its name as readers are shown it; files keep the value."""
        return "INCONCLUSIVE" if self is Outcome.UNDERPOWERED else self.value


class Meaning(BaseModel):
    """One row of the table of verdicts."""

    model_config = ConfigDict(frozen=True)
    meaning: str
    report: Literal["passed", "failed", "xfailed", "skipped", "error"]
    decided: bool


# `report` is the fate under the draft policy before acknowledgements and baselines are applied.
TABLE: dict[Outcome, Meaning] = {
    Outcome.REPRODUCED: Meaning(
        meaning="same examples: the value rounds to the printed digits, within measured numerical noise", report="passed", decided=True
    ),
    Outcome.CONSISTENT: Meaning(
        meaning="independent sample: it does not reject the figure, and rejects every difference of interest", report="passed", decided=True
    ),
    Outcome.TRANSFERS: Meaning(meaning="another checkpoint: the claim's declared form holds there", report="passed", decided=True),
    Outcome.REFUTED: Meaning(meaning="rejected on the claim's own population", report="failed", decided=True),
    Outcome.DOES_NOT_TRANSFER: Meaning(meaning="another checkpoint: the claim's form fails there", report="xfailed", decided=True),
    Outcome.IMPOSSIBLE: Meaning(meaning="the printed digits contradict each other", report="failed", decided=True),
    Outcome.UNDERPOWERED: Meaning(
        meaning="undecided: the confidence interval contains the threshold, or the sample has too little power",
        report="skipped",
        decided=False,
    ),
    Outcome.UNVERIFIABLE: Meaning(
        meaning="an input is missing; the reason names it, and the command that gets it", report="skipped", decided=False
    ),
    Outcome.DRIFTED: Meaning(meaning="verdict or value deviates from the locked baseline", report="failed", decided=True),
    Outcome.ERROR: Meaning(meaning="the audit itself failed; no verdict on the paper", report="error", decided=False),
}


class Measurement(BaseModel):
    """An estimate, and the notation in which every reader shows it, which is decided when the verdict is made.

    A figure of the estimate that is NaN or infinite is null in JSON, and NaN once it is read again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null", revalidate_instances="always")
    estimate: Estimate
    percent: bool = False
    digits: int = 4

    @field_validator("estimate", mode="before")
    @classmethod
    def _nan_for_null(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        figures = {name: math.nan for name in ("value", "low", "high") if name in given and given[name] is None}
        return given | figures | {"extra": {name: math.nan if x is None else x for name, x in given.get("extra", {}).items()}}

    @property
    def notation(self) -> Notation:
        return Notation(self.percent, self.digits)

    @property
    def shown_value(self) -> str:
        """The value as it is shown, e.g. ``76.26%``; a dash where it is undefined."""
        return self.notation.value(self.estimate.value) if self.estimate.defined else "–"

    @property
    def shown_limits(self) -> str:
        """The interval as it is shown, e.g. ``[74.22%, 78.21%]``; empty where there is none."""
        return self.notation.interval(self.estimate.low, self.estimate.high) if self.estimate.defined else ""

    def __str__(self) -> str:
        return f"{self.shown_value} {self.shown_limits}".rstrip()


class Printed(BaseModel):
    """The values that round to the printed digits: closed limits, None on the open side of a bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    low: float | None
    high: float | None
    percent: bool

    @classmethod
    def of(cls, stated: Stated | None) -> Printed | None:
        """Those of a printed figure; None where a claim prints none."""
        if stated is None:
            return None
        low, high = (None if end is None else float(end) for end in (stated.low, stated.high))
        return cls(low=low, high=high, percent=stated.percent or stated.shape == "count")


class Power(BaseModel):
    """Could this sample have refuted the claim? Power at the smallest effect of interest, and what is detected with power 0.8."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    smallest_contradiction: float
    power: float
    minimum_detectable_difference: float | None = None


class Verdict(BaseModel):
    """One claim judged on one population.

    ``mode`` says which question was asked: ``arithmetic`` (the printed digits alone), ``recompute`` (the claim's
    own examples), ``replicate`` (its own checkpoint, fresh examples), ``transfer`` (another checkpoint).
    ``p_value`` is that of the printed figure on a fresh sample, or of a form on another network; ``p_adjusted`` the same
    after Holm over the ``family_tests`` figures of its ``family``, or by the false discovery rate within that network;
    ``declared`` is whether the record says that the claim was declared as it stands before the record was measured; None where it
    does not say. ``noise`` is by how much measured numerical noise widened the rounding interval. ``printed`` are the values that round to
    the printed digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    claim: str
    population: str
    mode: Mode
    outcome: Outcome
    stated: str
    words: str
    locator: str
    criterion: str
    printed: Printed | None = None
    measured: Measurement | None = None
    power: Power | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    family: str = "headline"
    family_tests: int = 1
    noise: float | None = None
    reason: str
    acknowledged: str | None = None
    declared: bool | None = None
    planted: bool = False
    command: str | None = None

    @property
    def shown(self) -> str:
        """What was measured as every reader shows it, e.g. ``76.26% [74.22%, 78.21%]``; a dash where nothing was."""
        return str(self.measured) if self.measured else "–"

    @property
    def notation(self) -> Notation:
        """How its figures are written; where nothing was measured, as the paper prints its own."""
        return self.measured.notation if self.measured else Notation(self.printed is not None and self.printed.percent)

    @property
    def sample(self) -> str:
        """The size of the sample as every reader shows it; empty where nothing was measured."""
        return number(self.measured.estimate.n) if self.measured and self.measured.estimate.n else ""

    @property
    def key(self) -> str:
        """Identity of a verdict across runs: ``claim@population``."""
        return f"{self.claim}@{self.population}"
