"""The types of a verdict: what was claimed, what was measured, and how the two compare."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Outcome(StrEnum):
    """The ten verdicts. What each means and what pytest makes of it stands in `TABLE`."""

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


class Meaning(BaseModel):
    """One row of the table of verdicts."""

    model_config = ConfigDict(frozen=True)
    meaning: str
    report: Literal["passed", "failed", "xfailed", "skipped", "error"]
    decided: bool


# `report` is the fate under the draft policy before acknowledgements and baselines are applied.
TABLE: dict[Outcome, Meaning] = {
    Outcome.REPRODUCED: Meaning(meaning="inside the rounding interval, same examples", report="passed", decided=True),
    Outcome.CONSISTENT: Meaning(
        meaning="fresh sample: the interval covers it, and the sample could have refuted it", report="passed", decided=True
    ),
    Outcome.TRANSFERS: Meaning(meaning="another checkpoint: the claim's declared form holds there", report="passed", decided=True),
    Outcome.REFUTED: Meaning(meaning="excluded on its own population", report="failed", decided=True),
    Outcome.DOES_NOT_TRANSFER: Meaning(meaning="another checkpoint: the claim's form fails there", report="xfailed", decided=True),
    Outcome.IMPOSSIBLE: Meaning(meaning="the printed digits contradict each other", report="failed", decided=True),
    Outcome.UNDERPOWERED: Meaning(meaning="the sample could not have refuted it", report="skipped", decided=False),
    Outcome.UNVERIFIABLE: Meaning(meaning="an input is missing; says which, and the command that gets it", report="skipped", decided=False),
    Outcome.DRIFTED: Meaning(meaning="verdict or value left the locked baseline", report="failed", decided=True),
    Outcome.ERROR: Meaning(meaning="the harness itself failed", report="error", decided=False),
}


class Measurement(BaseModel):
    """An `Estimate` as it is stored in an audit: same fields, JSON-safe (NaN becomes null)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int = 0
    method: str = ""
    unit: str = ""
    denominator: str = ""
    counts: dict[str, int] = {}
    extra: dict[str, float | str | None] = {}
    error: float | None = None


class Power(BaseModel):
    """Could this sample have refuted the claim?"""

    model_config = ConfigDict(frozen=True, extra="forbid")
    smallest_contradiction: float
    power: float
    minimum_detectable_difference: float | None = None


class Verdict(BaseModel):
    """One claim judged on one population.

    ``mode`` says which question was asked: ``arithmetic`` (the printed digits alone), ``recompute`` (the claim's
    own examples), ``replicate`` (its own checkpoint, fresh examples), ``transfer`` (another checkpoint).
    ``p_value`` is that of the printed figure on a fresh sample, ``p_adjusted`` the same after Holm over all claims of
    its paper; ``noise`` is by how much measured numerical noise widened the rounding interval.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    claim: str
    population: str
    mode: Literal["arithmetic", "recompute", "replicate", "transfer"]
    outcome: Outcome
    stated: str
    words: str
    locator: str
    criterion: str
    measured: Measurement | None = None
    power: Power | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    noise: float | None = None
    reason: str
    acknowledged: str | None = None
    planted: bool = False
    command: str | None = None

    @property
    def key(self) -> str:
        """Identity of a verdict across runs: ``claim@population``."""
        return f"{self.claim}@{self.population}"
