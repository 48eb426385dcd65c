"""From trajectories to the evidence of their labels: recurrence, decoded loss, boards, and the plane a plot would show."""

from __future__ import annotations

import numpy as np

from unsettled.measure.analysis.labels import Evidence
from unsettled.measure.errors import UserError
from unsettled.measure.rollout.trajectory import PERIODS, Trajectories


def evidence_of(runs: Trajectories, *, end: int | None = None, window: int = 8) -> Evidence:
    """What segments ``end − window + 1 … end`` (counted from 1; the last ones by default) show of every run.

    Raises:
        UserError: the window is empty, leaves the rollout, or starts before there is a state 8 segments ago.
    """
    end = runs.segments if end is None else end
    if not (1 <= window <= end - PERIODS and end <= runs.segments):
        raise UserError(
            f"a window of {window} segments up to segment {end} does not fit a rollout of {runs.segments}",
            hint=f"it starts after segment {PERIODS}",
        )
    late = slice(end - window, end)
    loss, conflicts = runs.loss[:, late], runs.conflicts[:, late]
    with np.errstate(invalid="ignore", over="ignore"):  # of runs that do not stay finite
        recurrence = runs.recurrence[:, late] / runs.norm[:, late, None]
        loss_range, loss_mean = np.ptp(loss, axis=1), loss.mean(axis=1)
    return Evidence(
        recurrence_high=recurrence.max(axis=1),
        recurrence_mean=recurrence.mean(axis=1),
        loss_range=loss_range,
        loss_mean=loss_mean,
        boards=distinct(runs.boards[:, late]),
        conflicts_range=np.ptp(conflicts, axis=1),
        plane_step=plane_step(runs.pooled[:, : end + 1], window),
        solved=runs.solved_at[:, end - 1],
    )


def distinct(boards: np.ndarray) -> np.ndarray:
    """(N,) number of different boards among (N, W, cells)."""
    return np.array([len(np.unique(rows, axis=0)) for rows in boards])


def plane_step(path: np.ndarray, window: int) -> np.ndarray:
    """(N,) largest of the last ``window`` steps in each path's own principal plane, over the path's extent there.

    ``path`` is (N, T, d) points in time. The plane is that of the two leading principal components of all T points; the extent is
    the diagonal of the box around the path in it. 0 for a path that never moves, NaN for one that does not stay finite.
    """
    finite = np.isfinite(path).all(axis=(1, 2))
    if not finite.all():
        found: np.ndarray = np.full(len(path), np.nan)
        found[finite] = plane_step(path[finite], window)
        return found
    centred = path.astype(np.float64) - path.mean(axis=1, keepdims=True)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    plane = left[..., :2] * values[:, None, :2]
    extent = np.linalg.norm(np.ptp(plane, axis=1), axis=-1)
    steps = np.linalg.norm(np.diff(plane[:, -window - 1 :], axis=1), axis=-1).max(axis=1)
    share: np.ndarray = np.divide(steps, extent, out=np.zeros_like(steps), where=extent > 0)
    return share
