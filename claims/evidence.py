"""What a fresh sample says of a printed figure: does it exclude it, and could it have?

The printed figure was computed on a sample itself. Comparing a fresh interval with it as if it were the truth refutes
one true claim in six when both samples are equally large (the interval of a mean captures the next mean in 83 %;
Cumming & Maillardet 2006, Psychological Methods 11:217). So where the ledger says how many examples stand behind the
figure, the interval is that of the difference: wider by √(1 + n/n_printed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, binom, fisher_exact, norm

from claims.stated import Stated
from measure.statistics.estimate import Estimate
from measure.statistics.order import extreme_power
from measure.statistics.power import minimum_detectable_difference, z_power

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
    p_value: float | None = None
    detectable: float | None = None


def against_fresh(
    stated: Stated, measured: Estimate, *, smallest: float, printed_n: int | None, hedge: float = 0.0
) -> Evidence:
    """Compare a fresh estimate with a printed figure.

    Args:
        stated: the printed digits; a fresh figure need only be compatible with one value that prints so.
        measured: the fresh estimate, with an interval.
        smallest: the smallest contradiction, in the unit of the claim.
        printed_n: how many examples stand behind the printed figure, if known.
        hedge: by how much the text itself widens its digits ("~").
    """
    if stated.shape == "count" and stated.numerator == 0 and _is_share(measured):
        return _zero(stated, measured, smallest)
    widen = math.sqrt(1 + measured.n / printed_n) if printed_n else 1.0
    low = measured.value - (measured.value - measured.low) * widen
    high = measured.value + (measured.high - measured.value) * widen
    error = _error(measured) * widen
    excluded = not stated.meets(low, high, widen=hedge)
    if _is_share(measured) and stated.low is not None and stated.high is not None:
        power = _share_power(stated, measured.n, smallest, widen, measured.level, hedge)
    else:
        power = z_power(smallest, error, alpha=ALPHA) if error > 0 else 1.0
    gap = max(0.0, _gap(stated, measured.value) - hedge)
    return Evidence(
        low=low, high=high, excluded=excluded, power=power,
        p_value=float(2 * norm.sf(gap / error)) if error > 0 else None,
        detectable=minimum_detectable_difference(error, power=ENOUGH, alpha=ALPHA) if error > 0 else None,
    )  # fmt: skip


def fresh_evidence(counted: Estimate, power: float) -> Evidence:
    """The evidence of a count with its own test: ``extra["p_value"]`` decides."""
    p_value = float(counted.extra["p_value"])
    return Evidence(low=counted.low, high=counted.high, excluded=p_value <= ALPHA, power=power, p_value=p_value)


def _gap(stated: Stated, value: float) -> float:
    """How far a value lies outside the printed digits; 0 inside."""
    below = float(stated.low) - value if stated.low is not None else -math.inf
    above = value - float(stated.high) if stated.high is not None else -math.inf
    return max(below, above)


def _is_share(measured: Estimate) -> bool:
    """Whether the value is a plain proportion of its n."""
    hits = measured.counts.get("successes")
    return hits is not None and measured.counts.get("n") == measured.n > 0 and measured.value == hits / measured.n


def _error(measured: Estimate) -> float:
    """The standard error, from the interval where the method has none (or where a share of 0 or 1 gives 0)."""
    if measured.error:
        return measured.error
    z = float(norm.isf((1 - measured.level) / 2))
    width = measured.high - measured.low
    return width / (2 * z) if math.isfinite(width) else math.inf


def _share_power(stated: Stated, n: int, smallest: float, widen: float, level: float, hedge: float) -> float:
    """Exact chance that n examples exclude the printed share when the truth is off by ``smallest``.

    The smaller of the chances upwards and downwards, where both are possible.
    """
    counts = np.arange(n + 1)
    share, tail = counts / n, (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(counts == 0, 0.0, beta.ppf(tail, counts, n - counts + 1))
        high = np.where(counts == n, 1.0, beta.ppf(1 - tail, counts + 1, n - counts))
    low, high = share - (share - low) * widen, share + (high - share) * widen
    excluded = (high < float(stated.low) - hedge) | (low > float(stated.high) + hedge)  # type: ignore[arg-type, operator]
    truths = [t for t in (stated.value - smallest, stated.value + smallest) if 0 <= t <= 1]
    return min((float(binom.pmf(counts, n, truth)[excluded].sum()) for truth in truths), default=0.0)


def _zero(stated: Stated, measured: Estimate, smallest: float) -> Evidence:
    """None of m, and k of n fresh ones: Fisher's exact test that both have one rate, two-sided."""
    m, hits = stated.denominator or 1, measured.counts["successes"]
    p_value = float(fisher_exact([[0, m], [hits, measured.n - hits]]).pvalue)
    return Evidence(
        low=measured.low, high=measured.high, excluded=p_value <= ALPHA, p_value=p_value,
        power=extreme_power(smallest, measured.n, stated_failures=m, alpha=ALPHA),
    )  # fmt: skip
