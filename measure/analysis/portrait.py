"""The portrait of a population: everything that its pictures need, computed once; renderings only draw it.

    portrait = portrait_of("reference.trm-9x9", read_record("record.parquet"), title="…")

| field | picture | drawn from |
|---|---|---|
| `cloud` | λ₁ against late displacement by outcome, with the settled band | `portrait_states.Cloud`, `band` |
| `displacement` | displacement by segment: median, quantile ribbons, sample trajectories, by outcome | `portrait_states.Ribbon` |
| `separations` | ROC curves with ribbons and areas with intervals | `portrait_areas.Separation` |
| `spectrum` | the exponents by outcome | `portrait_states.Spectrum` |
| `matchings` | AUC within bins of displacement, and what displacement keeps within them | `portrait_areas.Matching` |
| `horizons` | AUC against the length of the early window | `portrait_areas.Horizon` |
| `confidence` | the last halting logit against the answer | `portrait_states.Confidence` |

Exponents are in nats per update (``updates`` of them make a segment), displacements are ‖Δz‖₂ per segment of the part that the
band names. A panel that the record cannot fill is None or empty, and ``missing`` says why. By outcome means a mapping with the
keys ``"success"`` and ``"failure"``. Estimates may have no value (an empty class): ask ``estimate.defined``. An audit stores
portraits as JSON (the pictures of an audit), so every field is a number, a text, or an array that JSON can hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from unsettled.measure.analysis.band import Band, otsu_band, scale_of
from unsettled.measure.analysis.portrait_areas import Horizon, Matching, Separation, horizons_of, matchings_of, separations_of
from unsettled.measure.analysis.portrait_states import Cloud, Confidence, Ribbon, Spectrum, cloud_of, confidence_of, ribbons_of, spectra_of
from unsettled.measure.analysis.settling import Cells, cells
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.support.counts import at_least

# Above so many examples the cloud is a sample.
POINTS = 2_000
# Above so many the panels of `THINNED` are computed from as many, drawn at random: their lines would move by less than their width.
MOST = 100_000
THINNED = ("displacement", "separations", "spectrum", "matchings", "horizons")
TRAJECTORIES = 6
WINDOW = 4

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """All panels of one population; see the module for what each draws.

    Attributes:
        name, title: of the population, as foreign text.
        rows, segments, k, updates: puzzles, segments, exponents, state updates per segment.
        accuracy: share of puzzles that are right after the last segment.
        band: where "settled" ends (Otsu on log10 late displacement; its threshold is NaN where there is no band).
        cells: A settled and right, B settled and wrong, C unsettled and right, D unsettled and wrong.
        missing: panel → why it is not there.
        sampled: how many examples the panels of `THINNED` are computed from; None where it is all. Nothing is judged by them.
    """

    name: str
    title: str
    rows: int
    segments: int
    k: int
    updates: int
    accuracy: Estimate
    band: Band
    cells: Cells
    cloud: Cloud | None
    displacement: Mapping[str, Ribbon]
    separations: tuple[Separation, ...]
    spectrum: Mapping[str, Spectrum]
    matchings: tuple[Matching, ...]
    horizons: tuple[Horizon, ...]
    confidence: Confidence | None
    missing: Mapping[str, str] = field(default_factory=dict)
    sampled: int | None = None

    @property
    def has_band(self) -> bool:
        """Whether anything can be called settled."""
        return not math.isnan(self.band.log10_threshold)


def portrait_of(
    name: str, record: Record, *, title: str = "", points: int = POINTS, samples: int = TRAJECTORIES, most: int = MOST
) -> Portrait:
    """The portrait of a record.

    Args:
        name, title: of its population.
        points: about how many examples the cloud shows at most; the draw is the same every time.
        samples: trajectories shown by outcome.
        most: examples that the panels of `THINNED` are computed from, at most; the draw is the same every time.

    Raises:
        UserError: the record has no rows.
    """
    if not len(record):
        raise UserError("a record without rows has no portrait", where=name)
    for count, asked in (("points", points), ("samples", samples), ("most", most)):
        at_least(1, asked, count)
    missing: dict[str, str] = {}

    def panel(what: str, make: Callable[[], T], otherwise: T) -> T:
        try:
            return make()
        except UserError as error:
            missing[what] = error.what
            return otherwise

    window = min(WINDOW, record.segments)
    band = otsu_band(record, window=window, scale=scale_of(record))
    few = _few(record, most)
    late = few.late_displacement(part=band.part, window=window, scale=band.scale)
    settled = band.settled(record)
    if not record.k:
        missing["matchings"] = "the record holds no exponents"
    if record.solved.all() or not record.solved.any():
        missing["separations"] = f"every puzzle is {'solved' if record.solved.all() else 'failed'}"
    if record.segments < 2:
        missing["horizons"] = "the rollout has one segment"
    matchings = matchings_of(few, band)
    if matchings and not any(matching.bins for matching in matchings):
        missing["matchings"] = matchings[-1].matched.undefined_reason
    return Portrait(
        name=name,
        title=title,
        rows=len(record),
        segments=record.segments,
        k=record.k,
        updates=record.provenance.model.updates_per_segment,
        accuracy=proportion(int(record.solved.sum()), len(record), denominator="puzzles"),
        band=band,
        cells=cells(record, band),
        cloud=panel("cloud", lambda: cloud_of(record, band, most=points), None),
        displacement=panel("displacement", lambda: ribbons_of(few.movement(band.part, band.scale), few, late, samples=samples), {}),
        separations=() if "separations" in missing else separations_of(few, band),
        spectrum=panel("spectrum", lambda: spectra_of(few), {}),
        matchings=matchings,
        horizons=panel("horizons", lambda: horizons_of(few, band), ()),
        confidence=panel("confidence", lambda: confidence_of(record, settled), None),
        missing=missing,
        sampled=None if few is record else len(few),
    )


def _few(record: Record, most: int, *, seed: int = 0) -> Record:
    """At most so many examples, drawn at random without regard to anything; the record itself where it has no more."""
    if len(record) <= most:
        return record
    return record.take(np.sort(np.random.default_rng(seed).choice(len(record), most, replace=False)))
