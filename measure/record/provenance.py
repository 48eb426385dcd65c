"""What a record says of itself: network, puzzles, settings, versions, noise; typed, and readable without torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

SCHEMA_VERSION = 1


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFacts(_Strict):
    """What the record says about the network, so that judging never needs torch."""

    architecture: Literal["hrm", "trm"]
    variant: str
    hidden_size: int
    tokens: int
    parameters: int
    updates_per_segment: int
    H_cycles: int
    L_cycles: int


class TangentStarts(_Strict):
    """How far the exponents (nats per update) still depend on the tangent start, which a finite rollout does not forget.

    One start serves all rows, so part of the change is common to them. For each exponent, ``shared`` holds the root mean
    square over ``seeds`` other starts of the mean change of the rows, and ``own`` the quantiles of how far the changes of
    single rows deviate from that mean.
    """

    seeds: int
    shared: list[float]
    own: list[dict[str, float]]

    @field_validator("own", mode="before")
    @classmethod
    def _of_the_largest(cls, own: object, info: ValidationInfo) -> object:
        """Older records hold one dictionary, of the largest deviation among a row's exponents: an upper bound for each."""
        return [own] * len(info.data.get("shared", ())) if isinstance(own, dict) else own


class NoiseFloor(_Strict):
    """How far numerically equivalent re-measurements of the same rows lie apart (see `unsettled.measure.campaign.noise`).

    ``quantiles`` maps a quantity to its absolute differences at the named quantiles; ``label_flips`` counts
    rows whose outcome changed among ``rows`` × ``alternates`` comparisons. ``tangent_starts`` is apart: not noise of
    the arithmetic, but what a choice of the estimator moves.
    """

    rows: int
    alternates: list[str]
    quantiles: dict[str, dict[str, float]]
    label_flips: int
    tangent_starts: TangentStarts | None = None


class Imported(_Strict):
    """Where rows come from that `unsettled measure` did not measure, and what they therefore lack.

    ``files`` maps names to sha256; ``absent`` are columns that the record does not hold, ``last_segment`` those that it
    holds after the last segment alone.
    """

    source: str
    files: dict[str, str]
    absent: list[str]
    last_segment: list[str]


class Provenance(_Strict):
    """Where a record comes from. No timestamps: measuring twice gives the same bytes."""

    schema_version: int = SCHEMA_VERSION
    model: ModelFacts
    checkpoint_bytes: str
    checkpoint_tensors: str
    puzzles_digest: str
    puzzles: int
    segments: int
    exponents: int
    tangent_seed: int
    qr_every: int
    dtype: str
    device: str
    batch: int
    versions: dict[str, str]
    commit: str = "unknown"
    noise: NoiseFloor | None = None
    # left out where there is none, so that the bytes of measured records stay as they are
    imported: Imported | None = Field(default=None, exclude_if=lambda imported: imported is None)
