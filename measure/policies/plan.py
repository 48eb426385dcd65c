"""What a table of draws holds and how it was drawn: typed settings, the cost of drawing, and the columns of its file. No torch."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

KIND = "restarts"
# Draws that restart; the single long rollout is drawn besides, from the trained start.
RESTARTS = ("symmetry", "random", "perturbed", "digits")
LONG = "trained"
# So many boards of one puzzle are told apart: their numbers have 16 bits.
BOARDS = 1 << 16

# column → (type in the file, mantissa bits kept of a float). More of the halting logit: it orders draws that are nearly alike.
SEGMENT_COLUMNS: dict[str, tuple[str, int]] = {
    "halting": ("float32", 15),
    "displacement": ("float32", 8),
    "growth": ("float32", 8),
    "conflicts": ("uint8", 0),
    "broken": ("uint8", 0),
    "board": ("uint16", 0),
    "solved": ("uint8", 0),
}


class Plan(BaseModel):
    """How draws are made.

    Attributes:
        starts: kinds of restarts, from `RESTARTS`, each with ``draws`` draws of ``segments`` segments.
        exponents: the kinds along whose draws λ₁ is measured.
        depth: segments of the one long rollout from the trained start.
        scale, sigma: of random states and of the noise on a carry, see `unsettled.measure.rollout.starts`.
        seed: of all draws.
        stop_at_rest: a draw whose steps stay within this fraction of the norm for `REST` segments is not run further: what it
            showed last stands for the rest. Not for draws along which λ₁ is measured or whose carry is perturbed. 0: never.
        batch: rows (a puzzle and a draw) at a time; chunk: puzzles that are kept at a time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    starts: tuple[str, ...] = RESTARTS[:3]
    exponents: tuple[str, ...] = ("symmetry",)
    draws: int = Field(default=8, ge=2, le=1000)
    segments: int = Field(default=16, ge=1, le=10_000)
    depth: int = Field(default=128, ge=1, le=100_000)
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    sigma: float = Field(default=0.3, gt=0, allow_inf_nan=False)
    seed: int = Field(default=0, ge=0, lt=2**63)
    stop_at_rest: float = Field(default=0.0, ge=0, lt=1)
    batch: int = Field(default=32, ge=1)
    chunk: int = Field(default=8, ge=1)
    device: str = "cpu"

    @field_validator("starts", "exponents")
    @classmethod
    def _known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        for kind in kinds:
            if kind not in RESTARTS:
                raise ValueError(f"no restarts are called {kind!r}, they are {', '.join(RESTARTS)}")
        if len(set(kinds)) < len(kinds):
            raise ValueError("a kind is named twice")
        return kinds

    @field_validator("starts")
    @classmethod
    def _some(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        if not kinds:
            raise ValueError("name at least one kind of restarts")
        return kinds

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        shown = sum(draws * segments for draws, segments, _ in self.families().values())
        if shown > BOARDS:
            raise ValueError(f"{shown:,} boards a puzzle (draws × segments of all kinds of starts), a table numbers {BOARDS:,}")
        return self

    def families(self) -> dict[str, tuple[int, int, bool]]:
        """Kind → (draws, segments, whether λ₁ is measured), the long rollout last."""
        found = {kind: (self.draws, self.segments, kind in self.exponents) for kind in self.starts}
        return found | {LONG: (1, self.depth, False)}

    @property
    def rows(self) -> int:
        """Rollouts per puzzle."""
        return sum(draws for draws, _, _ in self.families().values())
