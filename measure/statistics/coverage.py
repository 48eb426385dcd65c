"""Do the intervals cover what they promise? Simulation at the sizes the claims themselves have.

A case draws a sample from a known law and measures it with the very functions that judge a claim; the share of
intervals that contain the truth is their coverage. Several laws per size, because coverage near the boundary depends on
the shape of the scores and not on the AUC alone. `exact_proportion_coverage` needs no simulation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom, norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import INTERVALS, auc, auc_interval
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.matching import WEIGHTS, matched_auc
from unsettled.measure.statistics.median import median, median_difference
from unsettled.measure.statistics.order import outmoved_share
from unsettled.measure.statistics.proportion import INTERVALS as SHARE_INTERVALS
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.sample import check_choice

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A law with a known ``truth`` and the estimators that are asked for it, by name."""

    name: str
    truth: float
    measure: Callable[[np.random.Generator], dict[str, Estimate]]


def coverage(case: Case, *, repetitions: int = 2000, seed: int = 0, level: float = 0.99) -> dict[str, Estimate]:
    """Coverage of each interval of ``case``: share of ``repetitions`` that contain the truth, Clopper–Pearson.

    ``counts``: ``below`` and ``above``, intervals that lie wholly below or above the truth, and ``none``, samples
    without an interval (they count as not covering). ``extra["nominal"]`` is what was promised. ``level`` is that of the
    interval for the coverage itself.
    """
    if repetitions < 1:
        raise UserError(f"{repetitions} repetitions, at least one is needed")
    rng = np.random.default_rng(seed)
    tally: dict[str, dict[str, int]] = {}
    nominal: dict[str, float] = {}
    for _ in range(repetitions):
        for name, estimate in case.measure(rng).items():
            counts = tally.setdefault(name, {"covered": 0, "below": 0, "above": 0, "none": 0})
            nominal[name] = estimate.level
            counts[_place(estimate, case.truth)] += 1
    result = {}
    for name, counts in tally.items():
        share = proportion(counts["covered"], repetitions, level=level, denominator="simulated samples")
        result[name] = replace(
            share,
            method=f"{case.name}: {name}",
            counts=dict(share.counts) | counts,
            extra=dict(share.extra) | {"nominal": nominal[name], "truth": case.truth},
        )
    return result


def _place(estimate: Estimate, truth: float) -> str:
    if math.isnan(estimate.low) or math.isnan(estimate.high):
        return "none"
    if estimate.high < truth:
        return "below"
    return "above" if estimate.low > truth else "covered"


def score_laws(value: float) -> dict[str, tuple[Draw, Draw]]:
    """Pairs of score laws (positives, negatives) whose AUC is ``value``, by name.

    ``binormal`` has equal spread; ``wide positives`` normal with twice the spread (few positives overlap, but deeply);
    ``exponential`` scales, for which the Hanley–McNeil variance is exact; ``wide negatives`` their mirror image.
    """
    apart, odds = float(norm.ppf(value)), value / (1 - value)

    def normal(mean: float, spread: float) -> Draw:
        return lambda rng, size: rng.normal(mean, spread, size)

    def exponential(scale: float, sign: float = 1.0) -> Draw:
        return lambda rng, size: sign * rng.exponential(scale, size)

    return {
        "binormal": (normal(math.sqrt(2) * apart, 1), normal(0, 1)),
        "wide positives": (normal(math.sqrt(5) * apart, 2), normal(0, 1)),
        "exponential": (exponential(odds), exponential(1)),
        "wide negatives": (exponential(1, -1.0), exponential(odds, -1.0)),
    }


def auc_case(law: str = "binormal", *, value: float = 0.993, m: int = 254, n: int = 1794, level: float = 0.95) -> Case:
    """AUC of ``value`` with ``m`` positives and ``n`` negatives: all of `auc.INTERVALS` on the same samples."""
    laws = score_laws(value)
    check_choice("law", law, tuple(laws))
    positives, negatives = laws[law]
    mask = np.arange(m + n) < m

    def measure(rng: np.random.Generator) -> dict[str, Estimate]:
        base = auc(np.concatenate((positives(rng, m), negatives(rng, n))), mask, level=level)
        limits = {name: auc_interval(base.value, base.error, m, n, level=level, interval=name) for name in INTERVALS}
        return {name: replace(base, low=low, high=high) for name, (low, high, _) in limits.items()}

    return Case(name=f"AUC {value} of {m}/{n}, {law}", truth=value, measure=measure)


def proportion_case(*, share: float = 0.0055, n: int = 3900, level: float = 0.95) -> Case:
    """A share of ``share`` among ``n``: both intervals of `proportion`."""

    def measure(rng: np.random.Generator) -> dict[str, Estimate]:
        count = int(rng.binomial(n, share))
        return {name: proportion(count, n, level=level, interval=name) for name in SHARE_INTERVALS}

    return Case(name=f"proportion {share} of {n}", truth=share, measure=measure)


def exact_proportion_coverage(share: float, n: int, *, interval: str = "clopper-pearson", level: float = 0.95) -> float:
    """Coverage of a proportion's interval, summed over every count that matters (mass over 1e-12)."""
    counts = np.arange(int(binom.ppf(1e-13, n, share)), int(binom.isf(1e-13, n, share)) + 1)
    ends = [proportion(int(count), n, level=level, interval=interval) for count in counts]
    covers = np.array([end.low <= share <= end.high for end in ends])
    return float(binom.pmf(counts[covers], n, share).sum())


def median_case(*, n: int = 254, spread: float = 1.0, level: float = 0.95) -> Case:
    """The median of ``n`` lognormal values (skewed), truth 1."""

    def measure(rng: np.random.Generator) -> dict[str, Estimate]:
        return {"order statistics": median(rng.lognormal(0.0, spread, n), level=level)}

    return Case(name=f"median of {n}, lognormal", truth=1.0, measure=measure)


def median_difference_case(*, m: int = 254, n: int = 1794, level: float = 0.95) -> Case:
    """Difference of the medians of ``m`` wide and ``n`` narrow lognormal values, as the λ₁ of failures and successes."""

    def measure(rng: np.random.Generator) -> dict[str, Estimate]:
        first, second = 0.103 * rng.lognormal(0.0, 0.3, m), 0.012 * rng.lognormal(0.0, 0.3, n)
        seed = int(rng.integers(2**32))
        return {"bootstrap": median_difference(first, second, level=level, resamples=1000, seed=seed)}

    return Case(name=f"median difference of {m} and {n}", truth=0.103 - 0.012, measure=measure)


def matched_case(*, value: float = 0.89, n: int = 4500, level: float = 0.95) -> Case:
    """Decile-matched AUC of ``n`` examples whose chance to fail rises with what they are matched on; all weights."""
    apart = math.sqrt(2) * float(norm.ppf(value))

    def measure(rng: np.random.Generator) -> dict[str, Estimate]:
        by = rng.random(n)
        failed = rng.random(n) < 0.3 + 0.6 * by
        scores = rng.normal(apart * failed, 1.0)
        return {name: matched_auc(scores, failed, by, weights=name, level=level) for name in WEIGHTS}

    return Case(name=f"matched AUC {value} of {n}", truth=value, measure=measure)


def extreme_case(*, m: int = 254, n: int = 1794, level: float = 0.95) -> Case:
    """What an observed minimum of ``m`` failures says of all failures: the one-sided bound on the share below it.

    And what it says of all successes. Both truths differ from sample to sample (they are shares below the observed
    minimum), so each interval is shifted by its truth, and the truth asked for is 0.
    """

    def measure(rng: np.random.Generator) -> dict[str, Estimate]:
        moving = rng.normal(3.0, 1.0, m)
        values, mask = np.concatenate((moving, rng.normal(0.0, 1.0, n))), np.arange(m + n) < m
        measured = outmoved_share(values, mask, level=level)
        share_of_successes = float(norm.cdf(moving.min()))
        share_of_failures = float(norm.cdf(moving.min() - 3.0))
        bound = float(measured.extra["failures_below_high"]) - share_of_failures
        return {
            "successes below it": replace(measured, low=measured.low - share_of_successes, high=measured.high - share_of_successes),
            "failures below it": replace(measured, value=0.0, low=-math.inf, high=bound),
        }

    return Case(name=f"least mobile of {m} failures, {n} successes", truth=0.0, measure=measure)


def claim_cases() -> list[Case]:
    """The cases at the claims' own sizes."""
    return [
        *(auc_case(law) for law in score_laws(0.993)),
        *(auc_case(law, value=0.984, m=3894, n=4298) for law in ("binormal", "exponential")),
        auc_case("binormal", value=0.5, m=254, n=238),
        proportion_case(),
        median_case(n=254),
        median_case(n=1794),
        median_difference_case(),
        matched_case(),
        extreme_case(),
    ]


def coverage_table(results: list[dict[str, Estimate]]) -> str:
    """The results of `coverage` as aligned text: one row per case and interval, with the side of the misses."""
    rows = [("case", "nominal", "coverage", "99 % interval", "below", "above")]
    for result in results:
        for name, estimate in result.items():
            rows.append(
                (
                    estimate.method,
                    f"{estimate.extra['nominal']:.2f}",
                    f"{estimate.value:.4f}",
                    f"{estimate.low:.4f}–{estimate.high:.4f}",
                    str(estimate.counts["below"]),
                    str(estimate.counts["above"]),
                )
            )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
