"""What early windows of every length say of who is solved later: one area per score and horizon, with its equivalence to ½.

Two guards against the outcome leaking into a window. The arrays are cut to the window before a score is computed; and every
score is computed again with everything after the window scrambled: one that changes has looked, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc_limits import half_p_value, hanley_mcneil_error
from unsettled.measure.statistics.best_score import BestCombination
from unsettled.measure.statistics.early import SLOPES, EarlyWindow, area_for_later, early_window
from unsettled.measure.statistics.equivalence import equivalence
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.logistic import fitted_scores, fold_of
from unsettled.measure.statistics.multiplicity import holm
from unsettled.measure.statistics.strata import stratified_auc
from unsettled.measure.support.counts import at_least

Arrays = Mapping[str, np.ndarray]
Score = Callable[[Arrays, int], np.ndarray]

NAMES = ("exponent", "displacement", "halting", *SLOPES)
FOLDS = 5
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class WindowPoint:
    """One score of one window.

    Attributes:
        score, horizon: what was computed, on how many first segments.
        area: AUC for "solved later" with its 95 % interval; above ½ later successes score higher.
        near_half: the same area under TOST against ½ ± the margin, with its 90 % interval, its verdict and its power.
        p_value: two-sided, of an area of ½, by Mann and Whitney's null law, exact of few examples, else normal; NaN without an area.
        p_adjusted: the same by Holm over the whole curve.
    """

    score: str
    horizon: int
    area: Estimate
    near_half: Estimate
    p_value: float
    p_adjusted: float = float("nan")


def told(whole: Arrays) -> list[str]:
    """The scores of `NAMES` whose arrays are there: a network may tell no confidence, a record hold no exponents."""
    series = {"exponent": "growth", "displacement": "displacement", "halting": "halting_logit"}
    there = {name for name, array in whole.items() if not isinstance(array, AbsentColumn) and 0 not in array.shape[2:]}
    return [name for name in NAMES if series[name.removesuffix("_slope")] in there]


def windowed(name: str) -> Score:
    """A score of `unsettled.measure.statistics.early.EarlyWindow`, computed on arrays that are cut to the window first."""
    return lambda whole, horizon: early_window(**whole, horizon=horizon).score(name)


def leaked(score: Score, whole: Arrays, horizon: int, *, seed: int = 0) -> int:
    """For how many examples a score changes when everything after the window is scrambled; 0 for one that uses the window alone."""
    at_least(1, horizon, "horizon")
    rng = np.random.default_rng(at_least(0, seed, "seed"))
    scrambled = {name: array if isinstance(array, AbsentColumn) else np.array(array) for name, array in whole.items()}
    for array in scrambled.values():
        if isinstance(array, AbsentColumn):
            continue
        future = array[:, horizon:]
        future[:] = ~future[rng.permutation(len(future))] if array.dtype == bool else 1e3 * rng.standard_normal(future.shape)
    before, after = np.asarray(score(whole, horizon)), np.asarray(score(scrambled, horizon))
    return int((~((before == after) | (np.isnan(before) & np.isnan(after)))).sum())


def window_curve(
    whole: Arrays, *, scores: Mapping[str, Score] | None = None, horizons: range | None = None, margin: float = 0.1, level: float = 0.95
) -> list[WindowPoint]:
    """Every score at every horizon, 1 to S − 1 by default, with p-values held to Holm's level over the curve.

    ``whole`` has ``growth`` (N, S, k), ``displacement``, ``halting_logit`` and ``solved_at`` (N, S). Slopes start at two
    segments.

    Raises:
        UserError: a score changes with what comes after its window.
    """
    scores = scores or {name: windowed(name) for name in told(whole)}
    points = []
    for name, score in scores.items():
        for horizon in horizons or range(1, whole["solved_at"].shape[1]):
            if name in SLOPES and horizon < 2:
                continue
            if changed := leaked(score, whole, horizon):
                raise UserError(
                    f"the score {name!r} of the first {horizon} segments looks beyond them: {changed} values change with the future"
                )
            points.append(_point(name, horizon, score(whole, horizon), whole, margin, level))
    return adjusted(points)


def adjusted(points: list[WindowPoint]) -> list[WindowPoint]:
    """The points with Holm's p-values over all of them."""
    held = holm({str(index): point.p_value for index, point in enumerate(points)})
    return [replace(point, p_adjusted=held[str(index)].adjusted) for index, point in enumerate(points)]


class Together:
    """All scores of one window together, among the examples that are unsolved after it; what hangs on no seed is computed once.

    Args:
        window: the first h segments. later: (N,) which examples are solved at the end.
    """

    def __init__(self, window: EarlyWindow, later: np.ndarray) -> None:
        self.horizon = window.horizon
        names = [name for name in told(vars(window)) if self.horizon > 1 or name not in SLOPES]
        known = np.column_stack([window.score(name) for name in names])
        rows = window.unsolved() & np.isfinite(known).all(axis=1)
        self._features, self._later = known[rows], later[rows]

    @cached_property
    def _best(self) -> BestCombination:
        return BestCombination(self._features, self._later)

    def area(self, *, level: float = 0.95, seed: int = 0) -> Estimate:
        """Their area for "solved later": out-of-fold logistic regression, so that what is fitted is never what is judged.

        The interval is of what the scores could tell: its upper limit is no lower than that of their best linear combination
        (`unsettled.measure.statistics.best_score`), of which what is fitted falls short. Undefined where a class has fewer than two
        examples for each fold.
        """
        features, later = self._features, self._later
        if min(int(later.sum()), int((~later).sum())) < 2 * FOLDS:
            return undefined(f"fewer than {2 * FOLDS} examples of a class", n=len(later))
        folds, found = fold_of(later, folds=FOLDS, seed=seed), np.empty(len(features))
        for number in range(FOLDS):
            judged = folds == number
            found[judged] = fitted_scores(features[~judged], later[~judged], features[judged])
        # fold by fold: pooled scores of several fits are biased below ½ where nothing predicts, because their intercepts differ
        area, best = stratified_auc(found, later, folds, weights="pairs", level=level), self._best.limit(level)
        return replace(
            area,
            high=max(area.high, best),
            denominator=f"examples unsolved after {self.horizon} segments",
            method=f"out-of-fold logistic regression; {area.method}, upper limit of the best combination",
            extra=dict(area.extra) | {"out-of-fold high": area.high, "best combination high": best},
        )

    def point(self, *, margin: float, level: float, seed: int) -> WindowPoint:
        """The area tested against ½; equivalence to it is held to the limit of the best combination as well."""
        area = self.area(level=level, seed=seed)
        point = _compared("all together", self.horizon, area, margin)
        if not area.defined or self._best.limit(1 - 2 * ALPHA) < 0.5 + margin:
            return point
        near = replace(point.near_half, extra=dict(point.near_half.extra) | {"equivalent": "no"})
        return replace(point, near_half=near)


def combined(whole: Arrays, horizon: int, *, margin: float = 0.1, level: float = 0.95, seed: int = 0) -> WindowPoint:
    """All scores of one window `Together`, as a point of the curve."""
    window, later = early_window(**whole, horizon=horizon), np.asarray(whole["solved_at"], bool)[:, -1]
    return Together(window, later).point(margin=margin, level=level, seed=seed)


def _point(name: str, horizon: int, scores: np.ndarray, whole: Arrays, margin: float, level: float) -> WindowPoint:
    area = area_for_later(scores, solved_at=whole["solved_at"], horizon=horizon, level=level)
    return _compared(name, horizon, area, margin)


def _compared(name: str, horizon: int, area: Estimate, margin: float) -> WindowPoint:
    """An area with its p-value against ½ and its equivalence to it."""
    if not area.defined:
        return WindowPoint(score=name, horizon=horizon, area=area, near_half=area, p_value=float("nan"))
    m, n = area.counts["positives"], area.counts["negatives"]
    null = hanley_mcneil_error(0.5, m, n)
    # at ½ the null error plans the power; where DeLong has none, it also serves as the error
    near = equivalence(replace(area, error=area.error or null), target=0.5, margin=margin, planned_error=null)
    return WindowPoint(score=name, horizon=horizon, area=area, near_half=near, p_value=half_p_value(area.value, m, n))
