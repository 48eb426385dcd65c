"""By how much measured numerical noise can move a statistic: the record's noise floor, pushed through the statistic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unsettled.measure.record.provenance import NoiseFloor
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate

DRAWS = 8
_LEVELS = {"median": 0.5, "q90": 0.9, "q99": 0.99, "largest": 1.0}


def under_noise(statistic: Callable[[Record], Estimate], record: Record) -> list[Estimate]:
    """The statistic over re-measurements that noise alone could have given; none without a recorded floor.

    Exponents, displacements, halting logits and outcomes are disturbed independently, row by row, as strongly as
    the record's floor says re-measurements differ; exponents also as another tangent start would move them, since
    nobody else's start is known. Outcomes flip in random rows, though in truth they flip in those
    that are close to call: the band is rather too wide, which can only spare a claim.
    """
    floor = record.provenance.noise
    if floor is None or not len(record):
        return []
    rng = np.random.default_rng(0)
    return [statistic(disturb(record, floor, rng, starts=True)) for _ in range(DRAWS)]


def largest_change(versions: list[Estimate], value: float) -> float:
    """The largest finite distance of the disturbed values from ``value``; 0 without any."""
    changes = [abs(version.value - value) for version in versions]
    return float(max((change for change in changes if np.isfinite(change)), default=0.0))


def disturb(record: Record, floor: NoiseFloor, rng: np.random.Generator, *, starts: bool = False) -> Record:
    """The record as another equivalent measurement might have come out, from another tangent start too if ``starts``."""
    rows = len(record)
    per_segment = record.provenance.model.updates_per_segment
    drawn = {name: _draw(floor.quantiles.get(name, {}), rows, rng) for name in ("exponents", "displacement", "halting")}
    exponents = drawn["exponents"][:, None] + (_other_start(floor, rows, record.k, rng) if starts else 0.0)
    exponents, displacement = exponents[:, None, :] * per_segment, drawn["displacement"][:, None]
    flips: np.ndarray = np.zeros(rows, dtype=bool)
    comparisons = floor.rows * len(floor.alternates)
    if floor.label_flips and comparisons:
        flips = rng.random(rows) < floor.label_flips / comparisons
    solved_at = record.solved_at.copy()
    solved_at[:, -1] ^= flips
    return record.replace(
        growth=record.growth + exponents,
        displacement_H=np.maximum(record.displacement_H + displacement * record.norm_H, 0.0),
        displacement_L=np.maximum(record.displacement_L + displacement * record.norm_L, 0.0),
        halting_logit=record.halting_logit + drawn["halting"][:, None],
        solved=record.solved ^ flips,
        solved_at=solved_at,
    )


def _other_start(floor: NoiseFloor, rows: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Change of the exponents (rows, k), or (rows, 1) of none: for each exponent one normal draw for all rows, and each row's own."""
    known = floor.tangent_starts
    if known is None:
        return np.zeros((rows, 1))
    own = np.stack([_draw(quantiles, rows, rng) for quantiles in known.own[:k]], axis=1)
    return np.asarray(rng.standard_normal(k) * np.array(known.shared[:k]) + own)


def _draw(recorded: dict[str, float], rows: int, rng: np.random.Generator) -> np.ndarray:
    """Signed differences (rows,) drawn by inverting the recorded quantiles, linear between them."""
    levels = [0.0] + [level for label, level in _LEVELS.items() if label in recorded]
    sizes = [0.0] + [recorded[label] for label in _LEVELS if label in recorded]
    size = np.interp(rng.random(rows), levels, sizes) if len(levels) > 1 else np.zeros(rows)
    return np.asarray(size * rng.choice([-1.0, 1.0], rows))
