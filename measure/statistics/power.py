"""Could the sample have refuted the claim? Power and minimum detectable difference of z-tests.

Exact power for counts stands with the counts: `proportion.binomial_power`, `order.extreme_power`. A sample whose power
against the smallest contradiction that matters is below .8 decides nothing by agreeing.
"""

from __future__ import annotations

import math

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.laws import norm
from unsettled.measure.statistics.libraries import upper_quantile
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


def _critical(alpha: float, sided: int) -> float:
    if sided not in (1, 2):
        raise UserError(f"a test has 1 or 2 sides, not {sided}")
    return upper_quantile(check_share("alpha", alpha) / sided)


def _check_error(error: float) -> float:
    if not (error > 0 and math.isfinite(error)):
        raise UserError(f"standard error is {error}, it must be positive and finite")
    return float(error)
