"""Tables of labels: how they move with each threshold, where convergence ends, and what a plot would have taken for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from unsettled.measure.analysis.labels import APPEARANCES, Evidence, Thresholds, counts, settled
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.otsu import otsu_threshold
from unsettled.measure.statistics.proportion import proportion

# Jitter of float32 at a fixed point: no band is drawn within it.
FLOOR, SMALLEST = 1e-5, 1e-8
# What each threshold is swept over. 0.005 and 0.08 are the paper's bands, as fractions of the norm.
SWEEPS: dict[str, tuple[float, ...]] = {
    "rest": (1e-6, 1e-5, 1e-4, 1e-3, 0.005, 0.08),
    "loss": (1e-4, 1e-3, 0.01, 0.1),
    "drift": (0.6, 0.75, 0.9),
    "plane": (0.005, 0.02, 0.08),
}


def rest_of(evidence: Evidence) -> float:
    """The convergence threshold: Otsu's on the pooled log10 mean step of all runs, no lower than `FLOOR`.

    `FLOOR` where there are no two different steps. Steps that float32 cannot tell from none count as `SMALLEST`.
    """
    steps = np.maximum(evidence.recurrence_mean[evidence.known, 0].astype(np.float64), SMALLEST)
    threshold, _ = otsu_threshold(np.log10(steps))
    return FLOOR if math.isnan(threshold) else max(FLOOR, 10.0**threshold)


def sweep(evidence: Evidence, thresholds: Thresholds, name: str, values: Sequence[float]) -> list[tuple[float, dict[str, int]]]:
    """Counts of the labels of the unsolved, with the named threshold at each of ``values``."""
    if name not in {item.name for item in fields(Thresholds)}:
        raise UserError(f"no threshold {name!r}", hint="one of " + ", ".join(SWEEPS))
    return [(value, counts(evidence, replace(thresholds, **{name: value}))) for value in values]


def confusion(evidence: Evidence, thresholds: Thresholds) -> dict[str, Estimate]:
    """Of the unsolved runs that look at rest by each of `APPEARANCES`, the share whose state still moves; exact intervals.

    ``counts``: ``settled_unseen``, the runs at rest that this appearance does not show.
    """
    chosen = evidence.take(~evidence.solved & evidence.known)
    still = settled(chosen, thresholds)
    table = {}
    for name, (words, holds) in APPEARANCES.items():
        looks = holds(chosen, thresholds)
        share = proportion(int((looks & ~still).sum()), int(looks.sum()), denominator=f"unsolved runs with {words}")
        table[name] = replace(share, counts=dict(share.counts) | {"settled_unseen": int((still & ~looks).sum())})
    return table
