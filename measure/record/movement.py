"""How far the latents of a record move, on three scales, and whether there is a scale of rest at all.

Displacement is a length, which means something beside other lengths alone. Where a latent keeps its norm, networks of one width
compare as they are; where the norm differs, over it; and where it grows through the whole rollout (a residual stream), no length of a
step tells rest from motion: then the step over the norm, or the angle between successive states, does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal, TypeVar

import numpy as np

from unsettled.measure.columns.absent import AbsentColumn, ScalelessColumn
from unsettled.measure.errors import UserError
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.support.counts import at_least

Scale = Literal["raw", "relative", "angle"]
Found = TypeVar("Found")
# segments of the shortest rollout of which growth through the whole of it is said
GROWING = 4


class Moving:
    """What a record says of movement; `unsettled.measure.record.record.Record` has the columns."""

    provenance: Provenance
    _known: dict[Hashable, Any]

    def once(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """What ``find`` gives, computed the first time that it is asked for under ``key``: records do not change."""
        if key not in self._known:
            self._known[key] = find()
        found: Found = self._known[key]
        return found

    def __len__(self) -> int:
        raise NotImplementedError

    @property
    def segments(self) -> int:
        """Segments of the rollout."""
        raise NotImplementedError

    def displacement(self, part: str = "H") -> np.ndarray:
        """Per-segment displacement, shape (N, S): of a latent by its name (or H and L, the first and the second), or "joint" of all."""
        return self._of("displacement", part)

    def norm(self, part: str = "H") -> np.ndarray:
        """Length of a latent after each segment, shape (N, S); "joint" of all latents together."""
        return self._of("norm", part)

    def relative_displacement(self, part: str = "H") -> np.ndarray:
        """Displacement over the norm, shape (N, S): without a scale, so that networks compare."""
        with np.errstate(invalid="ignore", divide="ignore"):
            relative: np.ndarray = self._of("displacement", part, lent=True) / self.norm(part)
        return relative

    def movement(self, part: str = "H", scale: Scale = "raw") -> np.ndarray:
        """How far a latent moves in each segment, shape (N, S).

        Args:
            part: a latent, or "joint" of all.
            scale: ``"raw"``, ‖Δz‖₂; ``"relative"``, ‖Δz‖₂ / ‖z‖₂; ``"angle"`` between successive states, in radians.

        Raises:
            UserError: the joint angle of several latents, which their own angles do not tell.
        """
        if scale != "angle":
            return self.displacement(part) if scale == "raw" else self.relative_displacement(part)
        latents = self.provenance.model.latents
        if part == "joint" and len(latents) > 1:
            raise UserError(
                f"the angles of {' and '.join(latents)} make no joint angle", hint="name one latent, or use relative displacement"
            )
        return self._of("angle", latents[0] if part == "joint" else part)

    def _of(self, quantity: str, part: str, *, lent: bool = False) -> np.ndarray:
        names = self.provenance.model.latents if part == "joint" else (part,)
        columns = [getattr(self, f"{quantity}_{name}") for name in names]
        columns = [column.values if lent and isinstance(column, ScalelessColumn) else column for column in columns]
        found: np.ndarray = columns[0]
        for column in columns[1:]:
            found = np.hypot(found, column)
        return found

    def late_displacement(self, *, part: str = "H", window: int = 4, scale: Scale = "raw") -> np.ndarray:
        """Mean movement over the last ``window`` segments, shape (N,)."""
        late: np.ndarray = self.movement(part, scale)[:, self._last(window)].mean(axis=1)
        return late

    def late_steps(self, *, part: str = "H", window: int = 4) -> np.ndarray:
        """Mean displacement over the last ``window`` segments as a fraction of the norm at the end, shape (N,)."""
        late = self._of("displacement", part, lent=True)[:, self._last(window)].mean(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            steps: np.ndarray = late / np.asarray(self.norm(part)[:, -1])
        return steps

    def _last(self, window: int) -> slice:
        if at_least(1, window, "window") > self.segments:
            raise UserError(f"a late window of {window} does not fit the {self.segments} segments of the record")
        return slice(-window, None)

    def grows(self, *, part: str = "H") -> bool:
        """Whether a latent has no scale of rest: the network says so, or its norm grows through the whole rollout.

        It does where the median norm rises by more than 0.1 % in every segment after the first, over at least four, and rises in the
        second half of them by no less than a quarter of what it rose in the first: a norm that levels off has a scale.
        """
        if self.provenance.model.grows:
            return True
        return self.once(("grows", part), lambda: self._norm_grows(self.norm(part)))

    def _norm_grows(self, norm: np.ndarray) -> bool:
        if self.segments < GROWING or isinstance(norm, AbsentColumn):
            return False
        medians: list[float] = []
        for first in range(0, self.segments, 2):  # two at a time: most norms stop rising at once, and a column may be on disk
            for segment in np.asarray(norm[:, first : first + 2]).T:
                medians.append(float(np.median(segment)) if len(self) else 0.0)
                if len(medians) > 1 and not medians[-1] > (1 + 1e-3) * medians[-2]:
                    return False
        middle = medians[self.segments // 2]
        return medians[-1] - middle >= (middle - medians[0]) / 4
