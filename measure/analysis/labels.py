"""Operational labels of a run: at rest, periodic, on a plateau, drifting or wandering, read off a late window of its states.

`DEFINITIONS` is the one table of what the labels mean; `classify` applies its rows in order, the first that holds counts. Distances
are fractions of the state's norm, so that networks of different width compare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from unsettled.measure.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Where the labels draw their lines.

    ``rest``: distance, as a fraction of the norm, below which two states count as the same; ``loss``: range of the decoded
    loss over the window, in nats, below which it counts as constant; ``drift``: exponent a of recurrence ∝ periodᵃ from
    which movement counts as directed (½ is a random walk, 1 a straight line); ``plane``: largest step within the plane of the
    run's two leading principal components, as a fraction of its extent there, below which a plot shows it standing still.
    """

    rest: float
    loss: float = 0.01
    drift: float = 0.75
    plane: float = 0.02

    def __post_init__(self) -> None:
        for item in fields(self):
            if not getattr(self, item.name) > 0:
                raise UserError(f"threshold {item.name} is {getattr(self, item.name)}, it must be positive")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one window of segments shows of each run; (N,) or (N, 8) arrays, NaN where a run was not followed so far.

    Attributes:
        recurrence_high, recurrence_mean: (N, 8) largest and mean distance to the state p segments before, p = 1 … 8, as
            fractions of the norm.
        loss_range, loss_mean: range and mean of the decoded loss over the window, nats.
        boards: number of different decoded boards in the window; 0 where not followed.
        conflicts_range: range of the number of violated units over the window.
        plane_step: largest step within the run's own principal plane, as a fraction of its extent in that plane.
        solved: whether the board at the end of the window is right.
    """

    recurrence_high: np.ndarray
    recurrence_mean: np.ndarray
    loss_range: np.ndarray
    loss_mean: np.ndarray
    boards: np.ndarray
    conflicts_range: np.ndarray
    plane_step: np.ndarray
    solved: np.ndarray

    def __len__(self) -> int:
        return len(self.solved)

    @property
    def known(self) -> np.ndarray:
        """(N,) whether the run was followed to the end of the window and stayed finite."""
        return np.asarray(np.isfinite(self.recurrence_high).all(axis=1))

    @property
    def drift(self) -> np.ndarray:
        """(N,) exponent a of mean recurrence ∝ periodᵃ, least squares over p = 1 … 8 on logarithms; NaN at exact rest."""
        periods = np.log(np.arange(1, self.recurrence_mean.shape[1] + 1))
        centred = periods - periods.mean()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(self.recurrence_mean) @ centred / (centred @ centred))

    def take(self, rows: np.ndarray) -> Evidence:
        return replace(self, **{item.name: getattr(self, item.name)[rows] for item in fields(self)})


@dataclass(frozen=True)
class Definition:
    """One label: its name, its meaning in words, and the test of (evidence, thresholds) → (N,) bool."""

    name: str
    words: str
    holds: Callable[[Evidence, Thresholds], np.ndarray]


def settled(evidence: Evidence, thresholds: Thresholds) -> np.ndarray:
    """(N,) whether the state stands still throughout the window."""
    return evidence.recurrence_high[:, 0] <= thresholds.rest


DEFINITIONS: tuple[Definition, ...] = (
    Definition("settled", "every step of the window is within `rest` of the norm: a fixed point within the band", settled),
    Definition(
        "periodic",
        "the state p segments before is within `rest` all through the window, for some p from 2 to 8",
        lambda e, t: np.asarray((e.recurrence_high[:, 1:] <= t.rest).any(axis=1)),
    ),
    Definition(
        "plateau",
        "the state moves, but the board does not change and the decoded loss varies by at most `loss` nats",
        lambda e, t: (e.boards == 1) & (e.loss_range <= t.loss),
    ),
    Definition(
        "drifting",
        "the state moves in one direction: mean distance to the state p segments before grows like pᵃ, a ≥ `drift` "
        "(1 is a straight line; above 1 its steps shrink: it still converges)",
        lambda e, t: e.drift >= t.drift,
    ),
    Definition("wandering", "the state moves, without period, plateau or direction", lambda e, t: np.ones(len(e), bool)),
)
NAMES = tuple(definition.name for definition in DEFINITIONS)

# Appearances from which earlier accounts judged a run, by what is plotted.
APPEARANCES: dict[str, tuple[str, Callable[[Evidence, Thresholds], np.ndarray]]] = {
    "loss": ("decoded loss constant within `loss` nats", lambda e, t: e.loss_range <= t.loss),
    "plane": ("no step above `plane` of the extent in its own plane of two principal components", lambda e, t: e.plane_step <= t.plane),
    "conflicts": ("number of violated rows, columns and boxes constant", lambda e, t: e.conflicts_range == 0),
    "board": ("decoded board constant", lambda e, t: e.boards == 1),
}


def classify(evidence: Evidence, thresholds: Thresholds) -> np.ndarray:
    """(N,) index into `NAMES` of each run's label; −1 where the run was not followed to the window's end."""
    label = np.full(len(evidence), -1)
    for index, definition in enumerate(DEFINITIONS):
        label[(label < 0) & definition.holds(evidence, thresholds)] = index
    return np.where(evidence.known, label, -1)


def counts(evidence: Evidence, thresholds: Thresholds, among: np.ndarray | None = None) -> dict[str, int]:
    """How many runs bear each label, among those chosen by a mask (the unsolved by default)."""
    chosen = ~evidence.solved if among is None else among
    labels = classify(evidence, thresholds)[chosen]
    return {name: int((labels == index).sum()) for index, name in enumerate(NAMES)}
