"""Settled or not: bands of late displacement, the four cells, and who enters the band and stays.

What band is drawn, and whether there are two modes at all, stands in `unsettled.measure.analysis.band`. Where the line lies is a
choice, so a sweep over percentiles is here too, and a statement without any threshold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from unsettled.measure.analysis.band import Band, Part, percentile_band
from unsettled.measure.columns.streamed import in_pieces
from unsettled.measure.errors import UserError
from unsettled.measure.record.movement import Scale
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.order import outmoved_share
from unsettled.measure.statistics.proportion import proportion, zero_event_bound
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Counts of A settled and right, B settled and wrong, C unsettled and right, D unsettled and wrong."""

    A: int
    B: int
    C: int
    D: int

    @property
    def failures(self) -> int:
        return self.B + self.D

    @property
    def successes(self) -> int:
        return self.A + self.C


@dataclass(frozen=True, kw_only=True)
class BandEntry:
    """When each example enters the band and whether it stays; arrays of shape (N,), segments counted from 0.

    ``first`` is the first segment in the band, ``since`` the first from which it never leaves again; both equal the
    number of segments when there is none. ``left`` counts how often it left the band. ``unknown`` examples have a movement that is
    NaN, which is never in the band.
    """

    first: np.ndarray
    since: np.ndarray
    left: np.ndarray
    segments: int
    unknown: int = 0

    @property
    def entered(self) -> np.ndarray:
        return self.first < self.segments

    @property
    def stays(self) -> np.ndarray:
        """In the band at the end, having entered and stayed from ``since`` on."""
        return self.since < self.segments


def count_cells(solved: np.ndarray, settled: np.ndarray) -> Cells:
    """The four cells of two yes/no arrays (N,)."""
    if solved.shape != settled.shape:
        raise UserError(f"solved has shape {solved.shape}, settled {settled.shape}")
    a, b = int((solved & settled).sum()), int((~solved & settled).sum())
    return Cells(A=a, B=b, C=int(solved.sum()) - a, D=int((~solved).sum()) - b)


def cells(record: Record, band: Band) -> Cells:
    """The four cells of a record under one band."""
    return count_cells(record.solved, band.settled(record))


def settled_failures(record: Record, band: Band, *, level: float = 0.95) -> Estimate:
    """Share of failures that settle, B / (B + D), Clopper–Pearson; with none, the one-sided exact bound instead.

    ``extra``: the band's ``log10_threshold`` and, for Otsu, ``separation``.
    """
    counted = cells(record, band)
    if math.isnan(band.log10_threshold):
        return undefined("late displacement has no two modes", n=counted.failures, denominator="failures")
    if counted.B == 0:
        share = zero_event_bound(counted.failures, level=level, denominator="failures")
    else:
        share = proportion(counted.B, counted.failures, level=level, denominator="failures")
    extra = dict(share.extra) | {"log10_threshold": band.log10_threshold}
    if not math.isnan(band.separation):
        extra["separation"] = band.separation
    return replace(share, method=f"{share.method}; {band.kind} band, {band.part}", counts=dict(share.counts) | vars(counted), extra=extra)


def percentile_sweep(
    record: Record, *, percentiles: Iterable[float] = range(5, 100, 5), part: Part = "H", window: int = 4, scale: Scale = "raw"
) -> list[tuple[Band, Cells]]:
    """Bands and cells over ``percentiles``: how much of the statement hangs on where the line is drawn."""
    bands = [percentile_band(record, percentile, part=part, window=window, scale=scale) for percentile in percentiles]
    return [(band, cells(record, band)) for band in bands]


def without_threshold(record: Record, *, part: Part = "H", window: int = 4, scale: Scale = "raw", level: float = 0.95) -> Estimate:
    """Settling without a threshold: the AUC of late displacement, failures positive.

    ``extra`` adds the other end of the same curve: ``outmoved_share``, the largest share of successes a band can hold
    without holding any failure (successes below the minimum over failures), and ``outmoved_low`` / ``outmoved_high``.
    """
    late = record.late_displacement(part=part, window=window, scale=scale)
    measured = auc(late, ~record.solved, level=level)
    if not measured.defined:
        return measured
    extreme = outmoved_share(late, ~record.solved, level=level)
    extra = dict(measured.extra) | {"outmoved_share": extreme.value, "outmoved_low": extreme.low, "outmoved_high": extreme.high}
    return replace(measured, extra=extra, method=f"late displacement {part}; {measured.method}")


def entry(record: Record, band: Band) -> BandEntry:
    """When each example enters the band with its per-segment displacement, and whether it stays to the end."""
    return entries(record, (band,))[0]


def entries(record: Record, bands: tuple[Band, ...]) -> list[BandEntry]:
    """The same of several bands that differ in their line alone, from one look at the movement; claims that share them ask once."""
    return record.once(("entries", bands), partial(_entries, record, bands))


def _entries(record: Record, bands: tuple[Band, ...]) -> list[BandEntry]:
    segments, kind = record.segments, np.min_scalar_type(record.segments)
    times = [np.zeros((3, len(record)), kind) for _ in bands]
    unknown = 0
    for rows, moves in in_pieces(record.movement(bands[0].part, bands[0].scale)):
        unknown += int(np.isnan(moves).any(axis=1).sum())
        for band, (first, since, left) in zip(bands, times, strict=True):
            first[rows] = segments
            inside = np.ascontiguousarray(band.contains(moves).T)  # a segment at a time: there are few of them, and many rows
            for place, here in enumerate(inside):
                since[rows][~here] = place + 1
                if place:
                    left[rows] += inside[place - 1] & ~here
            for place in reversed(range(segments)):
                first[rows][inside[place]] = place
    return [BandEntry(first=first, since=since, left=left, segments=segments, unknown=unknown) for first, since, left in times]


def enter_and_stay(
    record: Record,
    band: Band,
    *,
    among: Literal["successes", "failures"],
    stay: int = 4,
    level: float = 0.95,
    times: BandEntry | None = None,
) -> Estimate:
    """Share of successes (or failures) that are in the band for at least their last ``stay`` segments, by their ``times`` if known.

    ``counts``: ``stayed``, ``entered`` (ever in the band), ``left`` (entered, but out of it again at the end);
    ``extra["median_since"]``: the median segment (from 1) since which those that stay are in it.
    """
    if among not in ("successes", "failures"):
        raise UserError(f"among is {among!r}, it must be successes or failures")
    if at_least(1, stay, "stay") > record.segments:
        raise UserError(f"to stay for {stay} segments does not fit the {record.segments} of the record")
    chosen = record.solved if among == "successes" else ~record.solved
    if math.isnan(band.log10_threshold):
        return undefined("late displacement has no two modes", n=int(chosen.sum()), denominator=among)
    times = entry(record, band) if times is None else times
    stayed = chosen & (times.since <= record.segments - stay)
    share = proportion(int(stayed.sum()), int(chosen.sum()), level=level, denominator=among)
    if not share.defined:
        return share
    counts = dict(share.counts) | {
        "stayed": int(stayed.sum()),
        "entered": int((chosen & times.entered).sum()),
        "left": int((chosen & times.entered & ~times.stays).sum()),
    }
    extra = dict(share.extra)
    if stayed.any():
        extra["median_since"] = float(np.median(times.since[stayed])) + 1
    return replace(share, counts=counts, extra=extra, method=f"in the {band.kind} band for the last {stay} segments; {share.method}")
