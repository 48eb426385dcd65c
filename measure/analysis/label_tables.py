"""Tables of labels: how they move with each threshold, where convergence ends, and what a plot would have taken for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from unsettled.measure.analysis.labels import APPEARANCES, Evidence, Thresholds, counts, settled
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.modality import MOVING, REST, Modality, Modes, modality
from unsettled.measure.statistics.otsu import otsu_threshold
from unsettled.measure.statistics.proportion import proportion

# What each threshold is swept over. 0.005 and 0.08 are the paper's bands, as fractions of the norm.
SWEEPS: dict[str, tuple[float, ...]] = {
    "rest": (1e-6, 1e-5, 1e-4, 1e-3, 0.005, 0.08),
    "loss": (1e-4, 1e-3, 0.01, 0.1),
    "drift": (0.6, 0.75, 0.9),
    "plane": (0.005, 0.02, 0.08),
}


@dataclass(frozen=True, kw_only=True)
class RestLines:
    """The convergence threshold ``rest``, in fractions of the norm, and the lowest and highest of its ``lines`` where it is in doubt."""

    rest: float
    lines: tuple[float, ...] = ()
    shown: Modality | None = None

    @property
    def figures(self) -> dict[str, float | str]:
        """What a report shows of it."""
        return {"rest": self.rest} | ({} if self.shown is None else {"modes": self.shown.words})


def rest_lines(evidence: Evidence, *, dtype: str = "float32") -> RestLines:
    """The band of rest of all runs: Otsu's threshold on their pooled log10 mean step, steps within the floor counting as the floor.

    The floor where all are at rest, `REST` where none is; see `unsettled.measure.statistics.modality`.
    """
    steps = evidence.recurrence_mean[evidence.known, 0].astype(np.float64)
    shown = modality(steps, dtype=dtype)
    threshold, _ = otsu_threshold(np.log10(np.maximum(steps, shown.floor)))
    if shown.modes in (Modes.ALL, Modes.NONE) or math.isnan(threshold):
        return RestLines(rest=REST if shown.modes is Modes.NONE else shown.floor, shown=shown)
    rest = 10.0**threshold
    highest = REST if shown.modes is Modes.ONE else MOVING * shown.floor
    lines = (min(shown.floor, rest), max(highest, rest)) if shown.modes is Modes.ONE or shown.still > shown.slow else ()
    return RestLines(rest=rest, lines=lines, shown=shown)


def rest_of(evidence: Evidence, *, dtype: str = "float32") -> float:
    """The upper edge of the band of rest alone."""
    return rest_lines(evidence, dtype=dtype).rest


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
