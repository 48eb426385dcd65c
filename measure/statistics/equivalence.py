"""Equivalence of an estimate to a stated value: two one-sided tests (TOST) on the normal scale, with their power.

Source: Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15:657. A wide interval around the target
is not evidence for the target: only an interval inside the margin is.
"""

from __future__ import annotations

import math
from dataclasses import replace

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import norm
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.statistics.sample import check_share


def equivalence(estimate: Estimate, *, target: float, margin: float, alpha: float = 0.05, planned_error: float | None = None) -> Estimate:
    """``estimate`` with the interval of level 1 − 2·alpha and the result of TOST against ``target`` ± ``margin``.

    ``extra`` gains ``target``, ``margin``, ``p_value`` (the larger of the two one-sided ones), ``equivalent``
    ("yes" or "no"), ``different`` ("yes" when the interval of level 1 − alpha excludes the target), and ``power``:
    the chance of "equivalent" if the truth is the target, with ``planned_error`` (the estimate's own error if none).
    Without a standard error there is no test; ``equivalent`` is then "no" when the estimate's own interval lies outside
    the margin, else "undecided". Not for an estimate near an end of its scale, whose law is not normal.

    Raises:
        UserError: a margin that is not positive, or an alpha outside (0, 1).

    >>> found = equivalence(Estimate(value=0.52, error=0.02), target=0.5, margin=0.1)
    >>> found.extra["equivalent"], round(found.extra["power"], 3)
    ('yes', 0.999)
    """
    margin = _check_margin(margin)
    alpha = check_share("alpha", alpha)
    extra = dict(estimate.extra) | {"target": float(target), "margin": margin, "equivalent": "undecided"}
    method = f"{estimate.method}; TOST"
    if not estimate.defined or not estimate.error:
        if estimate.defined and (estimate.low > target + margin or estimate.high < target - margin):
            extra |= {"equivalent": "no", "different": "yes"}
        return replace(estimate, extra=extra, method=method)
    error = estimate.error
    distance = estimate.value - target
    p_value = max(norm.sf((distance + margin) / error), norm.cdf((distance - margin) / error))
    half = upper_quantile(alpha) * error
    extra |= {
        "p_value": float(p_value),
        "equivalent": "yes" if p_value <= alpha else "no",
        "different": "yes" if abs(distance) > norm.isf(alpha / 2) * error else "no",
        "power": equivalence_power(planned_error or error, margin=margin, alpha=alpha),
    }
    level = round(1 - 2 * alpha, 12)
    return replace(estimate, low=estimate.value - half, high=estimate.value + half, level=level, extra=extra, method=method)


def equivalence_power(error: float, *, margin: float, difference: float = 0.0, alpha: float = 0.05) -> float:
    """Chance that TOST shows equivalence within ± ``margin`` when the truth lies ``difference`` from the target.

    Zero when the error is so large that the interval can never fit into the margin.
    """
    margin = _check_margin(margin)
    if not error > 0:
        raise UserError(f"standard error is {error}, it must be positive")
    room = margin - upper_quantile(check_share("alpha", alpha)) * error
    if room <= 0:
        return 0.0
    return float(norm.cdf((room - difference) / error) - norm.cdf((-room - difference) / error))


def _check_margin(margin: float) -> float:
    if not (margin > 0 and math.isfinite(margin)):
        raise UserError(f"margin is {margin}, it must be positive and finite")
    return float(margin)
