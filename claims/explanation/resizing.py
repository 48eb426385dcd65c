"""An estimate as a larger sample would give it if its value stayed, and the smallest sample that answers a question.

Shares get their exact binomial limits again, and areas the interval that they were measured with; other intervals shrink
with the square root of the sample, on the logit scale where they are built there. The proportions of all classes stay as they are,
and so do the lines that could be drawn between settled and unsettled: what an interval owes to them, no number of puzzles narrows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from unsettled.claims.wording import is_share, span_of_lines
from unsettled.measure.statistics.auc_limits import shrunk_interval
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.libraries import expit, logit
from unsettled.measure.statistics.proportion import proportion

# Beyond so many times the present sample, or so many exact counts, no size is named.
LARGEST_FACTOR, LARGEST_COUNT = 10_000.0, 100_000
Decide = Callable[[Estimate, float], str]


def resized(measured: Estimate, factor: float) -> Estimate:
    """The estimate as ``factor`` times the sample would give it, if the value stayed."""
    n = max(1, round(measured.n * factor))
    if is_share(measured):
        return _share(measured, n)
    shrink, value = 1 / math.sqrt(factor), measured.value
    if lines := span_of_lines(measured):
        least, most = lines
        return replace(measured, n=n, low=least - (least - measured.low) * shrink, high=most + (measured.high - most) * shrink)
    if "Mann–Whitney AUC, shrunk" in measured.method:
        m, others = (max(1, round(measured.counts[name] * factor)) for name in ("positives", "negatives"))
        known = measured.error or measured.extra.get("DeLong error")
        error = shrink * known if isinstance(known, float) else None
        low, high = shrunk_interval(value, error, m, others, level=measured.level)
        return replace(measured, n=n, low=low, high=high, counts=dict(measured.counts) | {"positives": m, "negatives": others})
    low, high = value - (value - measured.low) * shrink, value + (measured.high - value) * shrink
    if ("logit" in measured.method or "shrunk" in measured.method) and measured.low > 0 and measured.high < 1 and 0 < value < 1:
        centre = logit(value)
        low, high = (float(expit(centre + (logit(x) - centre) * shrink)) for x in (measured.low, measured.high))
    error = None if measured.error is None else measured.error * shrink
    return replace(measured, n=n, low=low, high=high, error=error)


def _share(measured: Estimate, n: int) -> Estimate:
    """A share of ``n`` cases; one that was measured with several lines reaches over the shares of the extreme ones again."""
    hits = [measured.counts[name] for name in ("successes", "least", "most") if name in measured.counts]
    found = [proportion(round(count / measured.n * n), n, level=measured.level, denominator=measured.denominator) for count in hits]
    return replace(found[0], low=min(share.low for share in found), high=max(share.high for share in found))


def deciding_factor(measured: Estimate, decide: Decide) -> tuple[float, str] | None:
    """The smallest factor by which the sample must grow until ``decide`` answers, with the answer; None if none does.

    ``decide(estimate, factor)`` gives the empty text while undecided.
    """
    largest = min(LARGEST_FACTOR, LARGEST_COUNT / measured.n) if is_share(measured) else LARGEST_FACTOR
    below, above = 1.0, 2.0
    while not decide(resized(measured, above), above):
        below, above = above, above * 2
        if above > largest:
            return None
    while above / below > 1 + 0.5 / (measured.n * below):
        middle = math.sqrt(below * above)
        below, above = (below, middle) if decide(resized(measured, middle), middle) else (middle, above)
    return above, decide(resized(measured, above), above)
