"""What a fresh sample says of a printed figure: does it exclude it, and could it have?

The printed figure was computed on a sample itself. Comparing a fresh interval with it as if it were the truth refutes
one true claim in six when both samples are equally large (the interval of a mean captures the next mean in 83 %;
Cumming & Maillardet 2006, Psychological Methods 11:217). So where the ledger says how many examples stand behind the
figure, the interval is that of the difference: wider by √(1 + n/n_printed). Every p-value here is the level at which
that very interval would just reach the printed digits, so that p ≤ .05 and "excluded" are one decision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import binom, fisher_exact, norm

from unsettled.claims.ledger.stated import Stated
from unsettled.claims.wording import is_share
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.order import extreme_power
from unsettled.measure.statistics.power import minimum_detectable_difference, z_power
from unsettled.measure.statistics.proportion import binomial_power

ALPHA = 0.05
ENOUGH = 0.8


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one fresh sample says of one printed figure.

    ``low`` and ``high`` are the limits that were compared with the printed digits, ``excluded`` whether they leave
    them out, ``power`` the chance that this sample excludes a figure off by the smallest contradiction.
    """

    low: float
    high: float
    excluded: bool
    power: float
    p_value: float
    detectable: float | None = None


def against_fresh(stated: Stated, measured: Estimate, *, smallest: float, ratio: float = 0.0, hedge: float = 0.0) -> Evidence:
    """Compare a fresh estimate with a printed figure.

    Args:
        stated: the printed digits; a fresh figure need only be compatible with one value that prints so.
        measured: the fresh estimate, with an interval.
        smallest: the smallest contradiction, in the unit of the claim.
        ratio: size of the fresh sample over that of the printed figure; 0 takes the printed figure for the truth.
        hedge: by how much the text itself widens its digits ("~").
    """
    if stated.shape == "count" and stated.numerator == 0 and is_share(measured):
        return _zero(stated, measured, smallest)
    if stated.low is None or stated.high is None:
        raise ValueError(f"{stated.text!r} is open on one side: a bound is placed, not compared")
    widen = math.sqrt(1 + ratio)
    span = float(stated.low) - hedge, float(stated.high) + hedge
    low = measured.value - (measured.value - measured.low) * widen
    high = measured.value + (measured.high - measured.value) * widen
    error = standard_error(measured) * widen
    if is_share(measured):
        power = _share_power(span, stated.value, measured, smallest, widen)
    else:
        power = z_power(smallest, error, alpha=ALPHA) if error > 0 else 1.0
    return Evidence(
        low=low,
        high=high,
        excluded=high < span[0] or low > span[1],
        power=power,
        p_value=level_reached(measured, span, widen=widen),
        detectable=minimum_detectable_difference(error, power=ENOUGH, alpha=ALPHA) if 0 < error < math.inf else None,
    )


def from_count(counted: Estimate, power: float) -> Evidence:
    """The evidence of a count with a test of its own: ``extra["p_value"]`` decides."""
    p_value = float(counted.extra["p_value"])
    return Evidence(low=counted.low, high=counted.high, excluded=p_value <= ALPHA, power=power, p_value=p_value)


def level_reached(measured: Estimate, span: tuple[float, float], *, widen: float = 1.0) -> float:
    """Two-sided p-value of "the value lies in ``span``": 1 inside it, else one minus the level that just reaches it.

    Exact for shares (Clopper–Pearson inverted); for others the half-interval on that side is scaled as a normal one.
    """
    if span[0] <= measured.value <= span[1]:
        return 1.0
    edge = span[0] if measured.value < span[0] else span[1]
    if is_share(measured):
        theta = measured.value + (edge - measured.value) / widen
        hits, n = measured.counts["successes"], measured.n
        tail = binom.cdf(hits, n, theta) if edge > measured.value else binom.sf(hits - 1, n, theta)
        return float(min(1.0, 2 * tail))
    half = (measured.high - measured.value if edge > measured.value else measured.value - measured.low) * widen
    if not half > 0:
        return 0.0
    z = abs(edge - measured.value) / half * float(norm.isf((1 - measured.level) / 2))
    return float(2 * norm.sf(z))


def standard_error(measured: Estimate) -> float:
    """The standard error, from the width of the interval where the method has none; infinite where that is."""
    if measured.error:
        return measured.error
    width = measured.high - measured.low
    return width / (2 * float(norm.isf((1 - measured.level) / 2))) if math.isfinite(width) else math.inf


def _share_power(span: tuple[float, float], stated: float, measured: Estimate, smallest: float, widen: float) -> float:
    """Exact chance that as many examples exclude the printed share when the truth is off by ``smallest``.

    The smaller of the chances upwards and downwards, where both are possible.
    """
    alpha, truths = 1 - measured.level, [truth for truth in (stated - smallest, stated + smallest) if 0 <= truth <= 1]
    return min((binomial_power(span, truth, measured.n, alpha=alpha, widen=widen) for truth in truths), default=0.0)


def _zero(stated: Stated, measured: Estimate, smallest: float) -> Evidence:
    """None of m, and k of n fresh ones: Fisher's exact test that both have one rate, two-sided."""
    m, hits = stated.denominator or 1, measured.counts["successes"]
    p_value = float(fisher_exact([[0, m], [hits, measured.n - hits]]).pvalue)
    return Evidence(
        low=measured.low,
        high=measured.high,
        excluded=p_value <= ALPHA,
        p_value=p_value,
        power=extreme_power(smallest, measured.n, stated_failures=m, alpha=ALPHA),
    )
