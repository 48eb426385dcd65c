"""Is the halting logit a probability of being right? Reliability, Brier score, calibration error, and what confidence misses.

σ(logit) is read as the probability that the answer is right, which is what its training target makes of it. The expected
calibration error of a finite sample is positive even for a perfect forecast; that floor is simulated and given beside it
(Bröcker & Smith 2007, Weather and Forecasting 22:651).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.bootstrap import bootstrap_examples
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.libraries import brier_score_loss, expit
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.sample import as_mask, as_values, check_share
from unsettled.measure.support.counts import at_least


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """One bin of a reliability curve: confidences in [low, high), their mean, and the share that was right."""

    low: float
    high: float
    confidence: float
    right: Estimate


@dataclass(frozen=True, kw_only=True)
class ConfidentFailures:
    """Failures by two questions, did it settle and is it confident, each a share of all failures with its exact interval."""

    settled_confident: Estimate
    settled_only: Estimate
    confident_only: Estimate
    neither: Estimate

    @property
    def confident(self) -> int:
        """How many failures are confident, settled or not: what no threshold on confidence at this height rejects."""
        return self.settled_confident.counts["successes"] + self.confident_only.counts["successes"]


def reliability(logits: ArrayLike, right: ArrayLike, *, bins: int = 10) -> list[ReliabilityBin]:
    """The reliability curve in ``bins`` equal bins of σ(logit); empty bins are left out."""
    confidence, mask = _forecast(logits, right)
    which = _bin_of(confidence, bins)
    curve = []
    for index in np.unique(which):
        rows = which == index
        share = proportion(int(mask[rows].sum()), int(rows.sum()), denominator="answers in the bin")
        curve.append(ReliabilityBin(low=index / bins, high=(index + 1) / bins, confidence=float(confidence[rows].mean()), right=share))
    return curve


def calibration_error(
    logits: ArrayLike, right: ArrayLike, *, bins: int = 10, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Expected calibration error: mean |confidence − share right| over equal bins, weighted by their sizes.

    The interval is a percentile bootstrap over examples. A resample is further from its confidences than the sample, by as much as that
    is from the truth, so that the limits would lie too high, and above the value in one sample of five: the lower one is reflected in
    the value (Efron & Tibshirani 1993, An Introduction to the Bootstrap, §13.4) where that is lower, and 0 where the value is not beyond
    chance. With three examples to a bin they cover .82 of 95 %, with twenty .92. ``extra``: ``if_calibrated``, the mean error of samples
    of this size and these confidences whose forecast is perfect; ``beyond_chance`` says whether the value exceeds their 95 % quantile.
    ``mean_confidence`` and ``share_right`` give the direction.
    """
    confidence, mask = _forecast(logits, right)
    if not len(mask):
        return undefined("no examples")
    measured = bootstrap_examples(
        lambda c, m: _error(c, m, bins), confidence, mask, level=level, resamples=resamples, seed=seed, denominator="answers"
    )
    rng = np.random.default_rng(seed)
    chance = np.array([_error(confidence, rng.random(len(mask)) < confidence, bins) for _ in range(resamples)])
    value, low, high = measured.value, measured.low, measured.high
    beyond = value > np.quantile(chance, level)
    extra = dict(measured.extra) | {
        "if_calibrated": float(chance.mean()),
        "beyond_chance": "yes" if beyond else "no",
        "mean_confidence": float(confidence.mean()),
        "share_right": float(mask.mean()),
    }
    if low <= high:
        low, high = (max(0.0, min(low, 2 * value - high)) if beyond else 0.0), max(high, value)
    return replace(measured, low=low, high=high, extra=extra, method=f"calibration error in {bins} equal bins; {measured.method}")


def brier(logits: ArrayLike, right: ArrayLike, *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> Estimate:
    """Mean squared difference of σ(logit) and being right; percentile bootstrap.

    ``extra["skill"]``: the share by which it is below the score of always forecasting the share of right answers (1: perfect,
    0: no better, negative: worse); NaN where all or none are right.
    """
    confidence, mask = _forecast(logits, right)
    if not len(mask):
        return undefined("no examples")
    measured = bootstrap_examples(
        lambda c, m: float(((c - m) ** 2).mean()), confidence, mask, level=level, resamples=resamples, seed=seed, denominator="answers"
    )
    value = float(brier_score_loss(mask, confidence, labels=[False, True]))
    spread = float(mask.mean() * (1 - mask.mean()))
    skill = 1 - value / spread if spread else float("nan")
    return replace(measured, value=value, extra=dict(measured.extra) | {"skill": skill}, method=f"Brier score; {measured.method}")


def confident_failures(solved: ArrayLike, settled: ArrayLike, logits: ArrayLike, *, logit: float = 0.0) -> ConfidentFailures:
    """How many failures settle and have a halting logit above ``logit``: the joint counts of both."""
    values = as_values("logits", logits)
    right, still = as_mask("solved", solved, len(values)), as_mask("settled", settled, len(values))
    sure, wrong = values > logit, ~right
    n = int(wrong.sum())
    shares = {
        name: proportion(int((wrong & rows).sum()), n, denominator="failures")
        for name, rows in {
            "settled_confident": still & sure,
            "settled_only": still & ~sure,
            "confident_only": ~still & sure,
            "neither": ~still & ~sure,
        }.items()
    }
    return ConfidentFailures(**shares)


def missed_by_selection(solved: ArrayLike, logits: ArrayLike, *, keep: float = 0.95) -> Estimate:
    """Share of failures that pass the highest threshold on the halting logit that keeps a share ``keep`` of the successes.

    What selection by halting cannot catch at that price. ``extra``: ``threshold``, and ``right_if_chosen``, the accuracy of what
    passes. The interval is that of the failures alone, for this threshold.
    """
    values, keep = as_values("logits", logits), check_share("keep", keep)
    right = as_mask("solved", solved, len(values))
    if not right.any() or np.isnan(values).any():
        reason = f"{int(np.isnan(values).sum())} of {len(values)} halting logits are NaN" if right.any() else "no successes"
        return undefined(reason, n=len(values), denominator="failures")
    threshold = float(np.quantile(values[right], round(1 - keep, 12), method="inverted_cdf"))
    passed = values >= threshold
    share = proportion(int((passed & ~right).sum()), int((~right).sum()), denominator="failures")
    extra = dict(share.extra) | {"threshold": threshold, "right_if_chosen": float(right[passed].mean())}
    return replace(share, extra=extra, method=f"{share.method}, at the threshold that {keep:.0%} of the successes pass")


def _forecast(logits: ArrayLike, right: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    values = as_values("logits", logits)
    mask = as_mask("right", right, len(values))
    if np.isnan(values).any():
        raise UserError(f"{int(np.isnan(values).sum())} of {len(values)} halting logits are NaN")
    return expit(values), mask


def _bin_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    return np.minimum((confidence * at_least(1, bins, "bins")).astype(np.int64), bins - 1)


def _error(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    """The sum over bins of |Σ confidence − Σ right|, over N: the weighted mean of the gaps."""
    which = _bin_of(confidence, bins)
    return float(np.abs(np.bincount(which, weights=confidence - right, minlength=bins)).sum() / len(right))
