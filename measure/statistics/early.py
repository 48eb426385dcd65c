"""Does an early window predict who is solved later? The AUC among the examples that are unsolved after h segments.

Nothing after segment h may reach a score. So the arrays are cut to the window first, and scores are computed from the
cut arrays only; the label alone looks at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.columns.streamed import StreamedColumn, foresee
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc, auc_equivalence
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.sample import check_choice
from unsettled.measure.support.counts import at_least

SLOPES = ("exponent_slope", "displacement_slope", "halting_slope")
SCORES = ("exponent", "spectrum_mean", "displacement", "last_displacement", "halting", *SLOPES)
UNSOLVED = ("at", "throughout")
LATER = ("end", "ever")


@dataclass(frozen=True)
class EarlyWindow:
    """What is known after the window: arrays of the first h segments, no more.

    ``growth`` (N, h, k) nats per segment, ``displacement`` (N, h), ``halting_logit`` (N, h), ``solved_at`` (N, h).
    """

    growth: np.ndarray
    displacement: np.ndarray
    halting_logit: np.ndarray
    solved_at: np.ndarray

    @property
    def horizon(self) -> int:
        return int(self.solved_at.shape[1])

    def score(self, name: str) -> np.ndarray:
        """One score per example, shape (N,).

        ``exponent`` (λ₁ over the window, nats per segment), ``spectrum_mean`` (mean of all measured exponents),
        ``displacement`` (mean over the window), ``last_displacement`` (of its last segment), ``halting`` (logit after
        it), and the slopes per segment (least squares) of the exponent, the displacement and the logit: NaN in a window
        of one segment.
        """
        check_choice("score", name, SCORES)
        if name in SLOPES:
            series = {"exponent_slope": "growth", "displacement_slope": "displacement", "halting_slope": "halting_logit"}[name]
            values = getattr(self, series)
            return slope(np.asarray(values[:, :, 0] if series == "growth" else values))
        if name == "exponent":
            return np.asarray(self.growth[:, :, 0].sum(axis=1) / self.horizon)
        if name == "spectrum_mean":
            return np.asarray(self.growth.sum(axis=(1, 2)) / (self.horizon * self.growth.shape[2]))
        if name == "displacement":
            return np.asarray(self.displacement.mean(axis=1))
        return self.displacement[:, -1] if name == "last_displacement" else self.halting_logit[:, -1]

    def unsolved(self, how: str = "at") -> np.ndarray:
        """Which examples are unsolved: ``"at"`` the end of the window, or ``"throughout"`` it. Shape (N,)."""
        check_choice("unsolved", how, UNSOLVED)
        return np.asarray(~self.solved_at[:, -1] if how == "at" else ~self.solved_at.any(axis=1))


def slope(series: np.ndarray) -> np.ndarray:
    """(N,) least-squares slope per segment of (N, h) values; NaN for a single segment."""
    centred = np.arange(series.shape[1]) - (series.shape[1] - 1) / 2
    if len(centred) < 2:
        return np.full(len(series), np.nan)
    with np.errstate(invalid="ignore"):  # infinite growth has no slope
        fitted: np.ndarray = series @ centred / (centred @ centred)
    return fitted


def early_window(
    *, growth: ArrayLike, displacement: ArrayLike, halting_logit: ArrayLike, solved_at: ArrayLike, horizon: int
) -> EarlyWindow:
    """The first ``horizon`` segments of whole-rollout arrays, as copies that share no memory with the rest.

    Raises:
        UserError: the horizon is not within the rollout (it must leave segments to be solved in), or shapes disagree.
    """
    whole = {
        "growth": _array(growth, np.float64),
        "displacement": _array(displacement, np.float64),
        "halting_logit": _array(halting_logit, np.float64),
        "solved_at": _array(solved_at, bool),
    }
    shape = whole["solved_at"].shape
    for name, array in whole.items():
        if array.ndim != (3 if name == "growth" else 2) or array.shape[:2] != shape:
            raise UserError(f"{name} has shape {array.shape}, expected examples and segments as in {shape}")
    _check_horizon(horizon, shape[1])
    cut = {name: array[:, :horizon] for name, array in whole.items()}
    return EarlyWindow(**{name: array.copy() if isinstance(array, np.ndarray) else array for name, array in cut.items()})


def _check_horizon(horizon: int, segments: int) -> None:
    if at_least(1, horizon, "horizon") >= segments:
        raise UserError(f"an early window of {horizon} segments must be shorter than the {segments} of the rollout")


def _array(values: ArrayLike, kind: type) -> np.ndarray:
    """As an array; a column that is read as it is used stays one and is cut before it is read, and one that is not there refuses then."""
    return cast(np.ndarray, values) if isinstance(values, (StreamedColumn, AbsentColumn)) else np.asarray(values, kind)


def early_auc(
    *,
    growth: ArrayLike,
    displacement: ArrayLike,
    halting_logit: ArrayLike,
    solved_at: ArrayLike,
    score: str,
    horizon: int = 4,
    unsolved: str = "at",
    later: str = "end",
    margin: float | None = None,
    level: float = 0.95,
) -> Estimate:
    """AUC of an early score for "solved later" (the positives) among the examples unsolved after ``horizon`` segments.

    Args:
        growth (N, S, k), displacement (N, S), halting_logit (N, S), solved_at (N, S): the whole rollout.
        score: one of `SCORES`; see `EarlyWindow.score`.
        unsolved: ``"at"`` segment h, or ``"throughout"`` the first h (differs where an answer was right, then lost).
        later: solved at the ``"end"`` of the rollout, or ``"ever"`` after the window.
        margin: if given, the claim is "AUC ≈ ½": TOST within ± margin, interval of level 1 − 2(1 − level).

    Above ½, later successes score higher. ``counts``: ``unsolved``, ``solved_later``.
    """
    window = early_window(growth=growth, displacement=displacement, halting_logit=halting_logit, solved_at=solved_at, horizon=horizon)
    measured = area_for_later(
        window.score(score), solved_at=solved_at, horizon=horizon, unsolved=unsolved, later=later, margin=margin, level=level
    )
    return replace(measured, method=f"{score} of the first {horizon} segments; {measured.method}") if measured.method else measured


def area_for_later(
    scores: ArrayLike,
    *,
    solved_at: ArrayLike,
    horizon: int,
    unsolved: str = "at",
    later: str = "end",
    margin: float | None = None,
    level: float = 0.95,
) -> Estimate:
    """AUC of any ``scores`` (N,) for "solved later" among the examples unsolved after ``horizon``; see `early_auc`.

    That the scores know nothing of what comes after the horizon is the caller's to see to.
    """
    check_choice("later", later, LATER)
    check_choice("unsolved", unsolved, UNSOLVED)
    right = _array(solved_at, bool)
    _check_horizon(horizon, right.shape[1])
    before, after = right[:, :horizon], right[:, horizon:]
    foresee(right, lambda held: held[:, :horizon][:, -1], lambda held: held[:, horizon:][:, -1])
    chosen = ~before[:, -1] if unsolved == "at" else ~before.any(axis=1)
    solved_later = np.asarray(after[:, -1] if later == "end" else after.any(axis=1))[chosen]
    denominator = f"examples unsolved after {horizon} segments"
    if not chosen.any():
        return undefined(f"every example is solved after {horizon} segments", denominator=denominator)
    values = np.asarray(scores, np.float64)[chosen]
    if margin is None:
        measured = auc(values, solved_later, level=level)
    else:
        measured = auc_equivalence(values, solved_later, margin=margin, alpha=round(1 - level, 12))
    counts = dict(measured.counts) | {"unsolved": int(chosen.sum()), "solved_later": int(solved_later.sum())}
    return replace(measured, counts=counts, denominator=denominator)
