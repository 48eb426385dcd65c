"""The ROC curve behind an AUC, with a joint confidence rectangle at each threshold.

At a threshold the two rates are independent binomial shares, so two Clopper–Pearson intervals of level √level each
hold both at once with at least that level: the rectangular region of Pepe (2003), *The Statistical Evaluation of
Medical Tests for Classification and Prediction*, §2.2.2. The ribbon is what the rectangles cover: pointwise, not simultaneous.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.statistics.laws import beta
from unsettled.measure.statistics.sample import as_classes, check_share
from unsettled.measure.support.arrays import Floats
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Corners of a ROC curve, arrays of shape (P,), from (0, 0) to (1, 1).

    ``false_low`` … ``true_high`` are the sides of the rectangle at each corner. The upper edge of the ribbon runs
    through (false_low, true_high), the lower one through (false_high, true_low).
    """

    false_rate: Floats
    true_rate: Floats
    false_low: Floats
    false_high: Floats
    true_low: Floats
    true_high: Floats
    level: float = 0.95

    def __len__(self) -> int:
        return len(self.false_rate)


def roc_curve(scores: ArrayLike, positives: ArrayLike, *, points: int = 160, level: float = 0.95) -> Curve:
    """The ROC curve of ``scores`` (N,) for the class ``positives`` (N,); tied scores make one slanted step.

    Args:
        points: about how many corners are kept. They are chosen evenly along the curve's length and along the
            square roots of both error rates, so that the corner at (0, 1) keeps its detail.

    Returns:
        The curve; without points where there is nothing to compare (an empty class, a NaN score).

    Raises:
        UserError: fewer than two points, or a level outside (0, 1).
    """
    level = check_share("level", level)
    at_least(2, points, "points")
    values, mask, reason = as_classes(scores, positives)
    if reason:
        return Curve(**{name: np.empty(0) for name in _ARRAYS}, level=level)
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    last = np.append(ordered[1:] != ordered[:-1], True)  # a corner only where the score changes
    hits = np.concatenate(([0], np.cumsum(mask[order])[last]))
    alarms = np.concatenate(([0], np.cumsum(~mask[order])[last]))
    kept = _kept(hits / hits[-1], alarms / alarms[-1], points)
    hits, alarms, m, n = hits[kept], alarms[kept], int(hits[-1]), int(alarms[-1])
    each = math.sqrt(level)
    true_low, true_high = _limits(hits, m, each)
    false_low, false_high = _limits(alarms, n, each)
    return Curve(
        false_rate=alarms / n,
        true_rate=hits / m,
        level=level,
        false_low=false_low,
        false_high=false_high,
        true_low=true_low,
        true_high=true_high,
    )


_ARRAYS = ("false_rate", "true_rate", "false_low", "false_high", "true_low", "true_high")


def _limits(counts: np.ndarray, n: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Clopper–Pearson limits of counts / n, elementwise."""
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(counts == 0, 0.0, beta.ppf(tail, counts, n - counts + 1))
        high = np.where(counts == n, 1.0, beta.ppf(1 - tail, counts + 1, n - counts))
    return low, high


def _kept(true_rate: np.ndarray, false_rate: np.ndarray, points: int) -> np.ndarray:
    """Positions of at most ``points`` corners, ends included."""
    if len(true_rate) <= points:
        return np.arange(len(true_rate))
    stretch = np.sqrt(false_rate) - np.sqrt(1 - true_rate)  # both terms rise along the curve, from −1 to 1
    length = true_rate + false_rate
    along = stretch + length
    wanted = np.linspace(along[0], along[-1], points)
    return np.unique(np.concatenate((np.searchsorted(along, wanted).clip(max=len(along) - 1), [0, len(along) - 1])))
