"""An estimate in words, and the words that all readers of an audit are told alike."""

from __future__ import annotations

from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.figures import Notation

# What a population is to the paper, by its kind.
KIND = {"paper": "the paper's own", "reference": "another checkpoint", "user": "another checkpoint"}


def is_share(measured: Estimate) -> bool:
    """Whether the value is a plain proportion of its n."""
    hits = measured.counts.get("successes")
    return hits is not None and measured.counts.get("n") == measured.n > 0 and measured.value == hits / measured.n


def figure(measured: Estimate, notation: Notation | None = None) -> str:
    """An estimate in words; without a notation a share is in percent and all else is not.

    >>> figure(Estimate(value=0.25, low=0.1, high=0.4, n=20, counts={"successes": 5, "n": 20}, denominator="failures"))
    '25% [10%, 40%] (5 of 20 failures)'
    >>> figure(Estimate(value=0.9931, low=0.9907, high=0.9948, n=2048))
    '0.9931 [0.9907, 0.9948] (n = 2,048)'
    """
    notation = notation or Notation(percent=is_share(measured) and not measured.unit)
    text = notation.measured(measured.value, measured.low, measured.high)
    text += f" {measured.unit}" if measured.unit else ""
    if "networks" in measured.counts:
        sd = notation.difference(float(measured.extra["sd"]))
        return f"{text} (mean of {measured.counts['networks']} networks, standard deviation {sd})"
    if is_share(measured) and not measured.unit:
        return f"{text} ({measured.counts['successes']:,} of {measured.n:,} {measured.denominator})"
    return f"{text} (n = {measured.n:,})" if notation.interval(measured.low, measured.high) and measured.n > 1 else text


# What an area measured with every line that could be drawn between settled and unsettled has beside it (shares have counts).
LEAST, MOST, WITHOUT_PAIRS, LINES = "least over the lines", "most over the lines", "lines without pairs", "lines"


def span_of_lines(measured: Estimate) -> tuple[float, float] | None:
    """The least and the most that lines between settled and unsettled give where there are several; None where none was drawn."""
    if "most" in measured.counts:
        return measured.counts["least"] / measured.n, measured.counts["most"] / measured.n
    return (float(measured.extra[LEAST]), float(measured.extra[MOST])) if MOST in measured.extra else None


def caveat(measured: Estimate) -> str:
    """What weakens a measured share of settled runs, in words: no clear threshold, or agreement without evidence. Empty elsewhere."""
    modes, reason = (str(measured.extra.get(name, "")) for name in ("modes", "vacuous"))
    shown = f"; {modes}" if span_of_lines(measured) else ""
    return shown + (f"; agreement is no evidence: {reason}" if reason else "")
