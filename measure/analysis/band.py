"""Bands of late displacement: where the line between settled and moving lies, and whether there is one.

Late displacement is the mean displacement of the last segments (four in the paper), per part: z_H, z_L, or joint; as it is, over the
norm, or as the angle between successive states (``scale``), which a state without a scale of rest has as well. Where it has
two modes on a log scale, "settled" means in the low one. Where it has not, every line cuts one hump: then a band keeps the
lowest and the highest line that anyone could draw, and what is said of it must hold for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, cast

import numpy as np

from unsettled.measure.columns.streamed import StreamedColumn
from unsettled.measure.errors import UserError
from unsettled.measure.record.movement import Scale
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.modality import FLOOR, MOVING, REST, Modality, Modes, modality
from unsettled.measure.statistics.otsu import otsu_threshold

Part = Literal["H", "L", "joint"]
# Relative distance from a line beyond which rounding of a logarithm moves no number across it, and log10 of lengths that have it.
BESIDE, NEAR_ZERO = 1e-9, -290.0


@dataclass(frozen=True, kw_only=True)
class Band:
    """The low-velocity band: displacement of at most 10 ** ``log10_threshold`` in ``part``, on a ``scale``.

    ``separation`` is Otsu's η = between-class over total variance of log10 displacement at this threshold (1: two points; a
    uniform distribution reaches .75), NaN where it is undefined. ``shown`` says whether there are two modes; None where nobody
    asked (a line that is fixed beforehand). ``lines`` are log10 of the lowest and the highest line that could be drawn: the ends
    of the valley between rest and motion, or where one hump is cut the floor of the number type and what may be called rest.
    """

    kind: str
    log10_threshold: float
    part: Part = "H"
    window: int = 4
    scale: Scale = "raw"
    separation: float = math.nan
    shown: Modality | None = None
    lines: tuple[float, float] | None = None

    @property
    def threshold(self) -> float:
        return float(10.0**self.log10_threshold)

    @property
    def others(self) -> tuple[Band, ...]:
        """The same with the lowest and with the highest line; none where the line is not in doubt."""
        lines = () if self.lines is None or self.lines == (self.log10_threshold,) * 2 else self.lines
        return tuple(replace(self, log10_threshold=line, lines=None) for line in lines)

    def contains(self, displacement: np.ndarray) -> np.ndarray:
        """Which displacements lie in the band, elementwise; NaN never does. Compared in log10, as it was fitted.

        Of a column that is too large for memory it is a column that is read as it is used.
        """
        if isinstance(displacement, StreamedColumn) and displacement.ndim > 1:
            return cast(np.ndarray, displacement.by_row(self.contains))
        values, line = np.asarray(displacement), self.log10_threshold
        if not NEAR_ZERO < line < -NEAR_ZERO:
            return np.asarray(_log10(values) <= line)
        # far from the line a number itself tells, and takes no logarithm
        inside = np.asarray((values >= 0) & (values <= self.threshold * (1 - BESIDE)))
        near = (values > self.threshold * (1 - BESIDE)) & (values <= self.threshold * (1 + BESIDE))
        if near.any():
            inside[near] = _log10(values[near]) <= line
        return inside

    def settled(self, record: Record) -> np.ndarray:
        """Which examples settle: late displacement in the band, shape (N,); claims that share a band ask for them once."""
        asked = ("settled", self.log10_threshold, self.part, self.window, self.scale)
        return record.once(asked, lambda: self.contains(record.late_displacement(part=self.part, window=self.window, scale=self.scale)))


def scale_of(record: Record) -> Scale:
    """The scale of displacement on which rest can be told: over the norm where that grows through the whole rollout."""
    return "relative" if record.grows() else "raw"


def otsu_band(record: Record, *, part: Part = "H", window: int = 4, scale: Scale = "raw", floor: float = FLOOR, rest: float = REST) -> Band:
    """Otsu's threshold on the pooled log10 late displacement, displacements within the floor counting as the floor.

    ``floor`` and ``rest`` are fractions of the norm (see `unsettled.measure.statistics.modality`). Where all are at rest the line
    is the floor, and where none is it is ``rest``. With no two distinct values otherwise the threshold is NaN: nothing settles.
    Several claims ask for the same line, which is fitted once.
    """
    return record.once(("otsu", part, window, scale, floor, rest), partial(_otsu_band, record, part, window, scale, floor, rest))


def _otsu_band(record: Record, part: Part, window: int, scale: Scale, floor: float, rest: float) -> Band:
    late, drawn = (
        record.late_displacement(part=part, window=window, scale=scale),
        partial(Band, kind="otsu", part=part, window=window, scale=scale),
    )
    steps = record.late_steps(part=part, window=window) if scale == "raw" else late
    if not np.isfinite(steps).all() or not len(steps):
        threshold, separation = otsu_threshold(_log10(late))
        return drawn(log10_threshold=threshold, separation=separation)
    shown = modality(steps, floor=floor, rest=rest, dtype=record.provenance.dtype)
    unit = float(np.median(np.asarray(record.norm(part)[:, -1]))) if scale == "raw" else 1.0
    lowest, highest = (math.log10(share * unit) if share * unit > 0 else -math.inf for share in (shown.floor, rest))
    threshold, separation = otsu_threshold(np.maximum(_log10(late), lowest))
    band = drawn(log10_threshold=threshold, separation=separation, shown=shown)
    if shown.modes in (Modes.ALL, Modes.NONE):
        return replace(band, log10_threshold=lowest if shown.modes is Modes.ALL else highest)
    if math.isnan(threshold):
        return band
    if shown.modes is Modes.TWO:  # the line may lie anywhere in the valley, where it is known which decades that is
        highest = lowest + math.log10(MOVING) if shown.still > shown.slow else -math.inf
        lowest = lowest if shown.still > shown.slow else math.inf
    return replace(band, lines=(min(lowest, threshold), max(highest, threshold)))


def percentile_band(record: Record, percentile: float, *, part: Part = "H", window: int = 4, scale: Scale = "raw") -> Band:
    """The band up to ``percentile`` (0–100) of the pooled log10 late displacement, as numpy interpolates it."""
    if not 0 <= percentile <= 100:
        raise UserError(f"percentile {percentile} is not within 0 and 100")
    values = _log10(record.late_displacement(part=part, window=window, scale=scale))
    values, drawn = values[~np.isnan(values)], partial(Band, kind=f"percentile {percentile:g}", part=part, window=window, scale=scale)
    if not len(values):
        return drawn(log10_threshold=math.nan)
    # interpolation between −inf and a number is undefined; take the observed value below instead
    method: Literal["linear", "lower"] = "linear" if np.isfinite(values).all() else "lower"
    return drawn(log10_threshold=float(np.percentile(values, percentile, method=method)))


def settled_percentile(
    record: Record, percentile: float, *, part: Part = "H", window: int = 4, scale: Scale = "raw", floor: float = FLOOR, rest: float = REST
) -> Band:
    """The same as a line between settled and moving: no higher than Otsu's where that is not in doubt, in doubt with it elsewhere.

    A percentile always holds its share of the runs, whether so many settle or not.
    """
    drawn = percentile_band(record, percentile, part=part, window=window, scale=scale)
    between = otsu_band(record, part=part, window=window, scale=scale, floor=floor, rest=rest)
    threshold = drawn.log10_threshold
    if between.shown is not None and between.shown.modes is Modes.ONE and between.lines is not None:
        return replace(drawn, shown=between.shown, lines=(min(between.lines[0], threshold), max(between.lines[1], threshold)))
    return replace(drawn, shown=between.shown, log10_threshold=min(threshold, between.log10_threshold))


def _log10(displacement: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(displacement))
