"""What a fresh sample says of a printed figure: does it exclude it, and does it exclude any difference that would matter?

The printed figure was computed on a sample itself. Comparing a fresh interval with it as if it were the truth refutes
one true claim in six when both samples are equally large (the interval of a mean captures the next mean in 83 %;
Cumming & Maillardet 2006, Psychological Methods 11:217). So where the ledger says how many examples stand behind the
figure, the interval is that of the difference: wider by √(1 + n/n_printed). Every p-value here is the level at which
that very interval would just reach the printed digits, so that p ≤ .05 and "excluded" are one decision.

That a figure is not excluded is no evidence for it. It is *consistent* once a difference of the smallest contradiction
is excluded on both sides, each at 5 % (two one-sided tests; Schuirmann 1987, Journal of Pharmacokinetics and
Biopharmaceutics 15:657): so of figures that are off by as much, at most one in twenty is called consistent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from unsettled.claims.judgement.power import chance_of_refuting, standard_error
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.wording import is_share
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import beta, binom, norm, student
from unsettled.measure.statistics.libraries import fisher_exact
from unsettled.measure.statistics.order import extreme_power
from unsettled.measure.statistics.power import minimum_detectable_difference
from unsettled.measure.statistics.proportion import proportion

ALPHA = 0.05
ENOUGH = 0.8


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one fresh sample says of one printed figure.

    ``low`` and ``high`` are the limits that were compared with the printed digits, ``excluded`` whether they leave
    them out, ``close`` whether differences of the smallest contradiction are excluded, ``power`` the chance that a
    sample like this one excludes a figure off by as much, after the correction for the tests of its family.
    """

    low: float
    high: float
    excluded: bool
    close: bool
    power: float
    p_value: float
    detectable: float | None = None


def against_fresh(
    stated: Stated, measured: Estimate, *, smallest: float, ratio: float = 0.0, tolerance: float = 0.0, tests: int = 1
) -> Evidence:
    """Compare a fresh estimate with a printed figure.

    Args:
        stated: the printed digits; a fresh figure need only be compatible with one value that prints so.
        measured: the fresh estimate, with an interval.
        smallest: the smallest contradiction, in the unit of the claim.
        ratio: size of the fresh sample over that of the printed figure; 0 takes the printed figure for the truth.
        tolerance: by how much the ledger widens the digits.
        tests: how many figures are tested in the claim's family (Holm), which lowers the power of each.
    """
    if stated.shape == "count" and stated.numerator == 0 and plain_share(measured):
        return _zero(stated, measured, smallest, tests)
    if stated.low is None or stated.high is None:
        raise ValueError(f"{stated.text!r} is open on one side: a bound is placed, not compared")
    widen = math.sqrt(1 + ratio)
    span = float(stated.low) - tolerance, float(stated.high) + tolerance
    printed = stated.least, stated.most
    error = standard_error(measured) * widen
    p_value = level_reached(measured, span, widen=widen)
    return Evidence(
        low=measured.value - (measured.value - measured.low) * widen,
        high=measured.value + (measured.high - measured.value) * widen,
        excluded=p_value <= ALPHA,
        close=_close(measured, printed, smallest, ratio),
        power=chance_of_refuting(span, printed, measured, smallest=smallest, ratio=ratio, alpha=ALPHA / tests),
        p_value=p_value,
        detectable=minimum_detectable_difference(error, power=ENOUGH, alpha=ALPHA) if 0 < error < math.inf else None,
    )


def from_count(counted: Estimate, smallest: float, power: float) -> Evidence:
    """The evidence of a count with a test of its own: ``extra["p_value"]`` decides; it is close when fewer cases are shown to exist."""
    p_value = float(counted.extra["p_value"])
    return Evidence(
        low=counted.low, high=counted.high, excluded=p_value <= ALPHA, close=_rarer(counted, smallest), power=power, p_value=p_value
    )


def level_reached(measured: Estimate, span: tuple[float, float], *, widen: float = 1.0) -> float:
    """Two-sided p-value of "the value lies in ``span``": 1 inside it, else one minus the level that just reaches it.

    Exact for shares (Clopper–Pearson inverted); for others the half-interval on that side is scaled as a normal one. An
    interval that reaches over the lines of one hump is counted from its farther end.
    """
    if span[0] <= measured.value <= span[1]:
        return 1.0
    return min(1.0, 2 * _below(measured, span[0] if measured.value < span[0] else span[1], widen))


def _close(measured: Estimate, printed: tuple[float, float], smallest: float, ratio: float) -> bool:
    """Whether a difference of ``smallest`` from the ``printed`` figure is excluded on both sides, each at `ALPHA`.

    A share scatters with √(p(1 − p)), so that a printed one may be less sure than a fresh one. So the limits of their difference too lie
    within ± ``smallest``: those of each on the side where the difference grows, at `ALPHA`, by the root of their squares (Newcombe 1998,
    Statistics in Medicine 17:873, method 10, of exact limits).
    """
    widen = math.sqrt(1 + ratio)
    if not all(_below(measured, edge, widen) <= ALPHA for edge in (printed[0] - smallest, printed[1] + smallest)):
        return False
    if not (ratio and plain_share(measured)):
        return True
    value, n, fresh = measured.value, measured.n / ratio, proportion(measured.counts["successes"], measured.n, level=1 - 2 * ALPHA)
    least, most = (min(max(figure, 0.0), 1.0) for figure in printed)
    low = float(beta.ppf(ALPHA, most * n, n - most * n + 1)) if most else 0.0
    high = float(beta.isf(ALPHA, least * n + 1, n - least * n)) if least < 1 else 1.0
    return value - least + smallest > math.hypot(value - fresh.low, high - least) and most + smallest - value > math.hypot(
        fresh.high - value, most - low
    )


def plain_share(measured: Estimate) -> bool:
    """Whether an estimate is a plain proportion, of one line between settled and moving."""
    return is_share(measured) and "most" not in measured.counts


def _below(measured: Estimate, edge: float, widen: float) -> float:
    """One-sided p-value of "the truth lies at ``edge`` or beyond", seen from the value; 0 where no truth can lie there."""
    value = measured.value
    if plain_share(measured):
        if not 0 <= edge <= 1:
            return 0.0
        theta = value + (edge - value) / widen  # between the value and the edge, since nothing is widened by less than 1
        hits, n = measured.counts["successes"], measured.n
        return float(binom.cdf(hits, n, theta) if edge >= value else binom.sf(hits - 1, n, theta))
    if is_share(measured) and not 0 <= edge <= 1:
        return 0.0
    half = (measured.high - value if edge >= value else value - measured.low) * widen
    if math.isnan(half) or half == math.inf:
        return 1.0
    if half <= 0:  # all that lies between the limits ties: how much farther the next value lies is not known
        return (1 - measured.level) / 2
    degrees = float(measured.extra.get("degrees", math.inf))  # finite for a mean over networks
    tail, far = (1 - measured.level) / 2, abs(edge - value) / half
    by_degrees, by_none = student.sf(far * student.isf(tail, degrees), degrees), norm.sf(far * norm.isf(tail))
    return float(by_degrees if math.isfinite(degrees) else by_none)


def _rarer(counted: Estimate, share: float) -> bool:
    """Whether a share is shown to be below ``share``, one-sided at 5 %."""
    return proportion(counted.counts["successes"], counted.n, level=1 - 2 * ALPHA).high < share


def _zero(stated: Stated, measured: Estimate, smallest: float, tests: int) -> Evidence:
    """None of m, and k of n fresh ones: Fisher's exact test that both have one rate, two-sided."""
    m, hits = stated.denominator or 1, measured.counts["successes"]
    p_value = float(fisher_exact([[0, m], [hits, measured.n - hits]]).pvalue)
    return Evidence(
        low=measured.low,
        high=measured.high,
        excluded=p_value <= ALPHA,
        close=_rarer(measured, smallest),
        p_value=p_value,
        power=extreme_power(smallest, measured.n, stated_failures=m, alpha=ALPHA / tests, both_tails=True),
    )
