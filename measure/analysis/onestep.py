"""Reads a spectrum record: one-step quantities of each run at a segment, and its outcome there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.record.side import SideRecord

MOVING = ("gain", "update_cosine")


@dataclass(frozen=True)
class OneStepRuns:
    """The runs of a spectrum record; see `unsettled.measure.campaign.spectrum.measure_spectrum` for its columns."""

    side: SideRecord

    @property
    def segments(self) -> int:
        """Segments of each rollout."""
        return int(self.side["solved_at"].shape[1])

    @property
    def at(self) -> list[int]:
        """Segments (from 1) after which singular value and radius are known."""
        told = self.side.provenance.settings["at"]
        return [int(segment) for segment in told] if isinstance(told, list) else []

    def solved(self, segment: int | None = None) -> np.ndarray:
        """(N,) bool whether the answer after a segment, by default the last, is right."""
        right: np.ndarray = self.side["solved_at"][:, self._number(segment) - 1].astype(bool)
        return right

    def values(self, quantity: str, segment: int | None = None) -> np.ndarray:
        """(N,) float64 ``gain``, ``update_cosine``, ``sigma`` or ``radius`` after a segment, by default the last; NaN where unknown.

        Of a run at rest, whose update has no direction, gain and cosine are those after its last update that had one.

        Raises:
            UserError: a segment after which it was not measured.
        """
        number = self._number(segment)
        if quantity in MOVING:
            seen = self.side[quantity][:, :number].astype(np.float64)
            known = np.isfinite(seen)
            last = number - 1 - known[:, ::-1].argmax(axis=1)
            found: np.ndarray = np.where(known.any(axis=1), seen[np.arange(len(seen)), last], np.nan)
            return found
        if number not in self.at:
            measured = ", ".join(map(str, self.at))
            raise UserError(
                f"{quantity} was not measured after segment {number}", hint=f"it is known after {measured}; measure with --at {number}"
            )
        values: np.ndarray = self.side[quantity][:, self.at.index(number)].astype(np.float64)
        return values

    def _number(self, segment: int | None) -> int:
        number = self.segments if segment is None else segment
        if not 1 <= number <= self.segments:
            raise UserError(f"segment {number} of {self.segments}", hint="measure longer rollouts: unsettled spectrum --segments")
        return number
