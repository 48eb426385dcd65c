"""Panels of a portrait that show states: the plane of λ₁ and late displacement, trajectories, spectrum, confidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unsettled.measure.analysis.band import Band
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.median import median, sample_quantile
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.support.arrays import Flags, Floats
from unsettled.measure.support.counts import at_least

OUTCOMES = ("success", "failure")
# Shares of the examples below the lines of a ribbon; the middle one is the median.
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Ticks that an axis of a picture holds.
TICKS = 400


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """λ₁ against late displacement, one point an example; arrays of shape (P,).

    ``exponent`` is in nats per update over the whole rollout (−∞ possible), ``displacement`` the mean over the last
    ``window`` segments of the band (0 possible). ``drawn`` of ``of`` examples are there, by cell (A settled and right,
    B settled and wrong, C unsettled and right, D unsettled and wrong).
    """

    exponent: Floats
    displacement: Floats
    solved: Flags
    drawn: Mapping[str, int]
    of: Mapping[str, int]

    @property
    def complete(self) -> bool:
        """Whether every example is a point."""
        return self.drawn == self.of


@dataclass(frozen=True, kw_only=True)
class Ribbon:
    """One quantity per segment within one class of ``n`` examples.

    ``quantiles`` (5, S) at `SHARES`; NaN without examples. ``samples`` (m, S) are trajectories at even ranks of late displacement.
    """

    n: int
    quantiles: Floats
    samples: Floats


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Exponents 1 … k of one class, nats per update: quantiles (5, k) at `SHARES`, and medians with intervals."""

    n: int
    quantiles: Floats
    medians: tuple[Estimate, ...]


@dataclass(frozen=True, kw_only=True)
class Confidence:
    """The last halting logit against the answer.

    ``edges`` (M + 1,) are equal bins of the logit; ``success`` and ``failure`` (M,) count examples, and
    ``right`` has the share of right ones in each bin with its interval (NaN in an empty bin). ``settled_failures``
    are the logits of the failures that settle, at most `TICKS` of them, at even ranks. ``counts`` crosses confident (logit above 0)
    with right.
    """

    edges: Floats
    success: Floats
    failure: Floats
    right: tuple[Estimate, ...]
    settled_failures: Floats
    counts: Mapping[str, int]
    area: Estimate


def drawn(estimate: Estimate) -> Estimate:
    """What a picture shows of an estimate: value, limits, the counts behind it, and why there is no value where there is none."""
    kept = {key: value for key, value in estimate.extra.items() if isinstance(value, str) or math.isfinite(value)}
    return Estimate(value=estimate.value, low=estimate.low, high=estimate.high, counts=dict(estimate.counts), extra=kept)


def cloud_of(record: Record, band: Band, *, most: int, seed: int = 0) -> Cloud:
    """The points of at most ``most`` examples, or a few more: rare cells are kept whole, common ones sampled evenly.

    Raises UserError when the record holds no exponents.
    """
    if not record.k:
        raise UserError("the record holds no exponents")
    settled = band.settled(record)
    cells = {"A": settled & record.solved, "B": settled & ~record.solved, "C": ~settled & record.solved, "D": ~settled & ~record.solved}
    positions = {name: np.flatnonzero(mask) for name, mask in cells.items()}
    kept = _drawn(positions, most=most, seed=seed)
    chosen = np.sort(np.concatenate(list(kept.values())))
    return Cloud(
        exponent=record.exponents(unit="update")[chosen, 0],
        displacement=record.late_displacement(part=band.part, window=band.window, scale=band.scale)[chosen],
        solved=record.solved[chosen],
        drawn={name: len(rows) for name, rows in kept.items()},
        of={name: len(rows) for name, rows in positions.items()},
    )


def _drawn(positions: Mapping[str, np.ndarray], *, most: int, seed: int) -> dict[str, np.ndarray]:
    """A deterministic draw: cells are served from the smallest, each gets an even share of what is left."""
    rng = np.random.default_rng(at_least(0, seed, "seed"))
    left, kept = at_least(1, most, "most"), {}
    for rank, name in enumerate(sorted(positions, key=lambda name: len(positions[name]))):
        rows = positions[name]
        share = max(1, left // (len(positions) - rank))
        kept[name] = rows if len(rows) <= share else np.sort(rng.choice(rows, share, replace=False))
        left -= len(kept[name])
    return {name: kept[name] for name in positions}


def ribbons_of(values: np.ndarray, record: Record, order: np.ndarray, *, samples: int) -> dict[str, Ribbon]:
    """Ribbons of ``values`` (N, S) by outcome; samples are taken at even ranks of ``order`` (N,)."""
    return {name: _ribbon(values, rows, order, samples) for name, rows in _classes(record).items()}


def _ribbon(values: np.ndarray, rows: np.ndarray, order: np.ndarray, samples: int) -> Ribbon:
    ranked = rows[np.argsort(order[rows], kind="stable")]
    ranks = np.unique(np.linspace(0, len(rows) - 1, samples + 2)[1:-1].round().astype(int)) if len(rows) else np.empty(0, dtype=int)
    chosen = ranked[ranks]
    return Ribbon(n=len(rows), quantiles=_quantiles(np.asarray(values[rows])), samples=np.asarray(values[chosen]))


def spectra_of(record: Record) -> dict[str, Spectrum]:
    """The spectrum by outcome. Raises UserError when the record holds no exponents."""
    if not record.k:
        raise UserError("the record holds no exponents")
    exponents = record.exponents(unit="update")
    return {
        name: Spectrum(
            n=len(rows), quantiles=_quantiles(exponents[rows]), medians=tuple(drawn(median(exponents[rows, i])) for i in range(record.k))
        )
        for name, rows in _classes(record).items()
    }


def confidence_of(record: Record, settled: np.ndarray, *, bins: int = 24) -> Confidence:
    """The last halting logit by outcome. Raises UserError when no logit is finite."""
    logits, right = record.halting_logit[:, -1], record.solved
    finite = logits[np.isfinite(logits)]
    if not len(finite):
        raise UserError("no halting logit is finite")
    low, high = float(finite.min()), float(finite.max())
    edges = np.linspace(low, high if high > low else low + 1.0, at_least(1, bins, "bins") + 1)
    counted = {name: np.histogram(logits[rows][np.isfinite(logits[rows])], edges)[0] for name, rows in _classes(record).items()}
    confident = logits > 0
    return Confidence(
        edges=edges,
        success=counted["success"],
        failure=counted["failure"],
        right=tuple(drawn(proportion(int(a), int(a + b))) for a, b in zip(counted["success"], counted["failure"], strict=True)),
        settled_failures=_ticks(logits[settled & ~right]),
        counts={
            "right_and_confident": int((right & confident).sum()),
            "right_and_doubtful": int((right & ~confident).sum()),
            "wrong_and_confident": int((~right & confident).sum()),
            "wrong_and_doubtful": int((~right & ~confident).sum()),
        },
        area=drawn(auc(logits, right)),
    )


def _ticks(values: np.ndarray) -> np.ndarray:
    """The values, or `TICKS` of them at even ranks where they are more."""
    if len(values) <= TICKS:
        return values
    found: np.ndarray = np.sort(values)[np.linspace(0, len(values) - 1, TICKS).round().astype(int)]
    return found


def _classes(record: Record) -> dict[str, np.ndarray]:
    """Positions of the examples of each outcome."""
    return {"success": np.flatnonzero(record.solved), "failure": np.flatnonzero(~record.solved)}


def _quantiles(values: np.ndarray) -> np.ndarray:
    """Quantiles (5, …) over the first axis at `SHARES`; −∞ is a value like others, NaN is left out."""
    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    columns = []
    for column in flat.T:
        ordered = np.sort(column[~np.isnan(column)])
        columns.append([sample_quantile(ordered, share) if len(ordered) else np.nan for share in SHARES])
    return np.array(columns, dtype=np.float64).T.reshape(len(SHARES), *values.shape[1:])
