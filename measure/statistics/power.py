"""Could the sample have refuted the claim? Power and minimum detectable difference of z-type tests, and by simulation.

Exact power for counts stands with the counts: `proportion.binomial_power`, `order.extreme_power`. A sample whose power
against the smallest contradiction that matters is below .8 decides nothing by agreeing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import hanley_mcneil_error
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.sample import check_share


def z_power(difference: float, error: float, *, alpha: float = 0.05, sided: int = 2) -> float:
    """Chance that a z-test rejects when the truth lies ``difference`` away and the standard error is ``error``.

    Two-sided power counts rejections on both sides; one-sided power is for the direction of a positive difference.
    """
    critical, shift = _critical(alpha, sided), difference / _check_error(error)
    power = norm.sf(critical - shift)
    return float(power + norm.cdf(-critical - shift) if sided == 2 else power)


def minimum_detectable_difference(error: float, *, power: float = 0.8, alpha: float = 0.05, sided: int = 2) -> float:
    """(z_{1−α/2} + z_{power})·error: the difference that a z-test detects with ``power`` (the far tail is ignored)."""
    return float((_critical(alpha, sided) + norm.ppf(check_share("power", power))) * _check_error(error))


def largest_error(difference: float, *, power: float = 0.8, alpha: float = 0.05, sided: int = 2) -> float:
    """The standard error that a sample must reach so that ``difference`` is detected with ``power``."""
    if not difference > 0:
        raise UserError(f"a difference of {difference} cannot be detected, it must be positive")
    return difference / minimum_detectable_difference(1.0, power=power, alpha=alpha, sided=sided)


def print_again_probability(error: float, half_width: float, *, offset: float = 0.0) -> float:
    """Chance that a fresh estimate falls within ± ``half_width`` of the printed value, the truth ``offset`` from it.

    AUC .993 ± .0005 with error .0037: 10.8 %. Printed digits test a recomputation, never a replication.
    """
    error = _check_error(error)
    if not half_width > 0:
        raise UserError(f"a rounding interval of half-width {half_width} is empty")
    return float(norm.cdf((half_width - offset) / error) - norm.cdf((-half_width - offset) / error))


def auc_power(stated: float, truth: float, m: int, n: int, *, alpha: float = 0.05, error: float | None = None) -> float:
    """Chance that m positives and n negatives refute an AUC of ``stated`` when it is ``truth``; two-sided.

    ``error`` is the standard error to plan with; Hanley–McNeil at the stated value if none is given, which is on the
    safe side near 1 (see `auc.hanley_mcneil_error`).
    """
    return z_power(abs(truth - stated), hanley_mcneil_error(stated, m, n) if error is None else error, alpha=alpha)


def auc_minimum_detectable_difference(
    stated: float, m: int, n: int, *, power: float = 0.8, alpha: float = 0.05, error: float | None = None
) -> float:
    """The smallest |truth − stated| that m positives and n negatives refute with ``power``; .0104 for .993, 254, 1794.

    ``error`` as in `auc_power`.
    """
    planned = hanley_mcneil_error(stated, m, n) if error is None else error
    return minimum_detectable_difference(planned, power=power, alpha=alpha)


def simulated_power(
    decide: Callable[[np.random.Generator], bool], *, repetitions: int = 1000, seed: int = 0, level: float = 0.95
) -> Estimate:
    """Share of ``repetitions`` in which ``decide(rng)`` is true, with its Clopper–Pearson interval.

    ``decide`` draws a sample under the alternative and says whether the test rejects. Repetition i has its own stream
    spawned from ``seed``, so more repetitions extend the same series.
    """
    if repetitions < 1:
        raise UserError(f"{repetitions} repetitions, at least one is needed")
    streams = np.random.SeedSequence(seed).spawn(repetitions)
    rejected = sum(bool(decide(np.random.default_rng(stream))) for stream in streams)
    return proportion(rejected, repetitions, level=level, denominator="simulated samples")


def _critical(alpha: float, sided: int) -> float:
    if sided not in (1, 2):
        raise UserError(f"a test has 1 or 2 sides, not {sided}")
    return float(norm.isf(check_share("alpha", alpha) / sided))


def _check_error(error: float) -> float:
    if not (error > 0 and math.isfinite(error)):
        raise UserError(f"standard error is {error}, it must be positive and finite")
    return float(error)
