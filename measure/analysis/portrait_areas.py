"""Panels of a portrait that compare classes: ROC curves, the matched AUC by decile, the AUC against the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unsettled.measure.analysis.band import Band
from unsettled.measure.analysis.portrait_states import drawn
from unsettled.measure.record.record import Record, held
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.early import early_auc
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.matching import matched_auc, quantile_edges
from unsettled.measure.statistics.roc import Curve, roc_curve

# What tells failure from success: key, name, and whether a high value speaks for failure.
SCORES = (("exponent", "λ₁", True), ("displacement", "late displacement", True), ("halting", "halting logit", False))

# About so many corners of a ROC curve are kept: more cannot be seen.
CORNERS = 72


@dataclass(frozen=True, kw_only=True)
class Separation:
    """How one score tells failures (the positives) from successes: the curve, and its area with an interval."""

    score: str
    name: str
    curve: Curve
    area: Estimate


@dataclass(frozen=True, kw_only=True)
class Bin:
    """One bin of late displacement: (low, high], who is in it, and the areas of λ₁ and of displacement itself there.

    ``residual`` is what the bin is too coarse to remove: ½ is nothing. Without both classes there is no area.
    """

    number: int
    low: float
    high: float
    failures: int
    successes: int
    area: Estimate
    residual: Estimate


@dataclass(frozen=True, kw_only=True)
class Matching:
    """The AUC of λ₁ among examples alike in late displacement. ``among`` is ``"unsettled"`` or ``"all"``.

    ``matched.extra["residual"]`` is the matched AUC of displacement itself, weighted like ``matched``; ``overall`` the
    area of λ₁ on the same examples without matching.
    """

    among: str
    n: int
    bins: tuple[Bin, ...]
    matched: Estimate
    overall: Estimate

    @property
    def residual(self) -> float:
        """The AUC that displacement keeps within the bins, pair-weighted; NaN where undefined."""
        return float(self.matched.extra.get("residual", np.nan))


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """What the first ``segments`` segments say of who is solved at the end, among those unsolved after them.

    ``areas`` has one AUC for each score of the early window, solved later being the positives.
    """

    segments: int
    unsolved: int
    solved_later: int
    areas: dict[str, Estimate]


def score_arrays(record: Record, band: Band) -> dict[str, np.ndarray]:
    """The scores of `SCORES` that a record has, (N,) each, turned so that a high value speaks for failure."""
    found = {"displacement": record.late_displacement(part=band.part, window=band.window, scale=band.scale)}
    if "halting_logit" in held(record) or getattr(record.halting_logit, "last", None) is not None:
        found["halting"] = -record.halting_logit[:, -1]
    return found | ({"exponent": record.exponents(unit="update")[:, 0]} if record.k else {})


def separations_of(record: Record, band: Band) -> tuple[Separation, ...]:
    """ROC curves of λ₁, late displacement and halting logit; their areas with the interval that the claims are judged by."""
    arrays, wrong = score_arrays(record, band), ~record.solved
    return tuple(
        Separation(score=key, name=name, curve=roc_curve(arrays[key], wrong, points=CORNERS), area=drawn(auc(arrays[key], wrong)))
        for key, name, _ in SCORES
        if key in arrays
    )


def matchings_of(record: Record, band: Band, *, bins: int = 10) -> tuple[Matching, ...]:
    """The matched AUC among the unsettled, and among all; none when the record holds no exponents."""
    if not record.k:
        return ()
    groups = {"unsettled": ~band.settled(record), "all": np.ones(len(record), dtype=bool)}
    return tuple(_matching(record, band, among, chosen, bins) for among, chosen in groups.items())


def _matching(record: Record, band: Band, among: str, chosen: np.ndarray, bins: int) -> Matching:
    late = record.late_displacement(part=band.part, window=band.window, scale=band.scale)
    exponent, wrong = record.exponents(unit="update")[:, 0], ~record.solved
    return Matching(
        among=among,
        n=int(chosen.sum()),
        bins=tuple(_bins(late[chosen], exponent[chosen], wrong[chosen], bins)),
        matched=drawn(matched_auc(exponent, wrong, late, weights="pairs", bins=bins, within=chosen, minimum=1)),
        overall=drawn(auc(exponent[chosen], wrong[chosen])),
    )


def _bins(late: np.ndarray, exponent: np.ndarray, wrong: np.ndarray, bins: int) -> Iterator[Bin]:
    """The bins that `matched_auc` compares within, one by one."""
    if not len(late) or np.isnan(late).any():
        return
    inner = quantile_edges(late, bins)
    place = np.searchsorted(inner, late, side="left")
    ends = [float(late.min()), *map(float, inner), float(late.max())]
    for index in range(len(inner) + 1):
        rows = place == index
        failures = int(wrong[rows].sum())
        yield Bin(
            number=index + 1,
            low=ends[index],
            high=ends[index + 1],
            failures=failures,
            successes=int(rows.sum()) - failures,
            area=drawn(auc(exponent[rows], wrong[rows])),
            residual=drawn(auc(late[rows], wrong[rows])),
        )


def horizons_of(record: Record, band: Band) -> tuple[Horizon, ...]:
    """The early-warning curve: windows of 1, 2, … segments, as long as segments are left to be solved in."""
    displacement, there = record.movement(band.part, band.scale), held(record)
    needs = {"exponent": record.k > 0, "halting": "halting_logit" in there}
    names = [key for key, _, _ in SCORES if needs.get(key, True)]
    found = []
    for horizon in range(1, record.segments):
        areas = {
            name: drawn(
                early_auc(
                    growth=record.growth,
                    displacement=displacement,
                    halting_logit=record.halting_logit,
                    solved_at=record.solved_at,
                    score=name,
                    horizon=horizon,
                )
            )
            for name in names
        }
        unsolved = ~record.solved_at[:, horizon - 1]
        found.append(
            Horizon(segments=horizon, unsolved=int(unsolved.sum()), solved_later=int((unsolved & record.solved).sum()), areas=areas)
        )
    return tuple(found)
