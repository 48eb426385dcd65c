"""The chance that the whole procedure refutes a printed figure which is off by the smallest contradiction.

Whole means: the truth lies that far from the figure's own truth, of which the printed digits are a sample with an error
of its own; these are rounded; and the p-value must hold in its family. So the power is counted at the level α/tests,
which is what Holm asks of the only false figure among true ones.
"""

from __future__ import annotations

import math

import numpy as np

from unsettled.claims.wording import is_share
from unsettled.measure.statistics.auc_limits import hanley_mcneil_error, shrunk_interval
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import binom, norm, student
from unsettled.measure.statistics.libraries import nct, upper_quantile
from unsettled.measure.statistics.roots import root

# Quantiles of the printed figure over which the power of a share is averaged.
PRINTED = 41


def chance_of_refuting(
    span: tuple[float, float], printed: tuple[float, float], measured: Estimate, *, smallest: float, ratio: float, alpha: float
) -> float:
    """The smaller of the chances upwards and downwards, where both are possible.

    Args:
        span: what rounds to the digits, with what the ledger concedes. printed: the figure itself, or the ends of a range.
        measured: the fresh estimate, whose size and error are those of the sample. ratio: its size over the printed sample's.
    """
    limits = (0.0, 1.0) if is_share(measured) or _classes(measured) else (-math.inf, math.inf)
    directions = [(printed[1] + smallest, printed[1], span[1], 1), (printed[0] - smallest, printed[0], span[0], -1)]
    chances = [
        _share(truth, figure, edge, sign, measured, ratio, alpha)
        if is_share(measured)
        else _scaled(truth, figure, edge, sign, measured, ratio, alpha)
        for truth, figure, edge, sign in directions
        if limits[0] <= truth <= limits[1]
    ]
    return float(min(chances, default=0.0))


def standard_error(measured: Estimate) -> float:
    """The standard error, from the width of the interval where the method has none; infinite where that is."""
    if measured.error:
        return measured.error
    width = measured.high - measured.low
    return width / (2 * upper_quantile((1 - measured.level) / 2)) if math.isfinite(width) else math.inf


def _classes(measured: Estimate) -> tuple[int, int] | None:
    """Positives and negatives behind an area; None for another statistic."""
    counts = measured.counts
    return (counts["positives"], counts["negatives"]) if {"positives", "negatives"} <= counts.keys() and not measured.unit else None


def _scaled(truth: float, figure: float, edge: float, sign: int, measured: Estimate, ratio: float, alpha: float) -> float:
    """The chance by a normal law of the estimate about the truth."""
    error, classes = standard_error(measured), _classes(measured)
    if not math.isfinite(error):
        return 0.0
    if error == 0:
        return 1.0
    if classes is not None and 0 < measured.value < 1:
        return _area(truth, figure, edge, sign, measured, classes, ratio, alpha)
    degrees = measured.extra.get("degrees")
    if isinstance(degrees, float) and math.isfinite(degrees):  # a mean over few networks
        spare = (abs(truth - figure) - abs(edge - figure)) / (math.sqrt(1 + ratio) * error)
        return float(nct.sf(student.isf(alpha / 2, degrees), degrees, spare))
    needed = abs(edge - figure) + upper_quantile(alpha / 2) * math.sqrt(1 + ratio) * error
    return float(norm.sf((needed - abs(truth - figure)) / (math.sqrt(1 + ratio) * error)))


def _area(
    truth: float, figure: float, edge: float, sign: int, measured: Estimate, classes: tuple[int, int], ratio: float, alpha: float
) -> float:
    """The same for an area, whose error and interval change with its value: as Hanley and McNeil expect, scaled to the one measured.

    A value rejects the edge when it lies farther from it than its own half-interval, at the level that is asked.
    """
    known = measured.extra.get("DeLong error") or measured.error
    raw = float(known) if isinstance(known, float) else standard_error(measured)
    scale = raw / hanley_mcneil_error(measured.value, *classes)
    farther = float(norm.isf(alpha / 2) / norm.isf((1 - measured.level) / 2)) * math.sqrt(1 + ratio)

    def spare(value: float) -> float:
        """By how much a value lies farther from the edge than it must."""
        low, high = shrunk_interval(value, scale * hanley_mcneil_error(value, *classes), *classes, level=measured.level)
        return sign * (value - edge) - farther * (value - low if sign > 0 else high - value)

    end = 1 - 1e-6 if sign > 0 else 1e-6
    if spare(end) < 0:
        return 0.0
    least = root(spare, min(max(edge, 1e-6), 1 - 1e-6), end)
    printed = math.sqrt(ratio) * scale * hanley_mcneil_error(min(max(figure, 1e-3), 1 - 1e-3), *classes)
    spread = math.hypot(scale * hanley_mcneil_error(min(max(truth, 1e-3), 1 - 1e-3), *classes), printed)
    return float(norm.sf(sign * (least - truth) / spread))


def _share(truth: float, figure: float, edge: float, sign: int, measured: Estimate, ratio: float, alpha: float) -> float:
    """The chance by exact binomial laws of the fresh count, averaged over what the paper's own sample could have printed."""
    n, widen = measured.n, math.sqrt(1 + ratio)
    shift = np.zeros(1)
    if ratio:
        size = max(1, round(n / ratio))
        shift = binom.ppf((np.arange(PRINTED) + 0.5) / PRINTED, size, min(max(figure, 0.0), 1.0)) / size - figure
    # mirrored, so that the truth lies above the digits: the fewest hits whose upper tail at the edge is small enough
    edges, truth = (edge + shift, truth) if sign > 0 else (1 - edge - shift, 1 - truth)
    low, high = np.zeros(len(edges), np.int64), np.full(len(edges), n + 1)
    while (low < high).any():
        middle = (low + high) // 2
        share = middle / n
        theta = np.clip(share + (edges - share) / widen, 0.0, 1.0)
        refutes = (share > edges) & (2 * binom.sf(middle - 1, n, theta) <= alpha)
        low, high = np.where(refutes, low, middle + 1), np.where(refutes, middle, high)
        low = np.minimum(low, high)
    return float(binom.sf(high - 1, n, truth).mean())
