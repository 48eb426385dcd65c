"""Numbers and lists as a reader expects them in one plain sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from unsettled.measure.statistics.estimate import Estimate


def number(x: float | Fraction | None, digits: int = 4) -> str:
    """A figure with ``digits`` significant digits; whole numbers in full, with separators; "none" for NaN."""
    if x is None:
        return "none"
    value = float(x)
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.{digits}g}"


def as_percent(x: float | Fraction, digits: int = 4) -> str:
    """A share as a percentage with ``digits`` significant digits."""
    return f"{number(float(x) * 100, digits)}%"


def fraction(numerator: int, denominator: int) -> str:
    """ "21/3,894 = 0.5393%"."""
    return f"{numerator:,}/{denominator:,} = {as_percent(Fraction(numerator, denominator))}"


def interval(low: float, high: float, *, percent: bool = False, digits: int = 4) -> str:
    """ "[0.1, 0.2]"."""
    shown = as_percent if percent else number
    return f"[{shown(low, digits)}, {shown(high, digits)}]"


def figure(measured: Estimate, *, percent: bool = False, digits: int = 4) -> str:
    """An estimate in words: "12.4% (254 of 2,048 puzzles) [11%, 13.9%]", "0.9931 [0.9907, 0.9948] (n = 2,048)"."""
    share = "successes" in measured.counts and measured.counts.get("n") == measured.n and not measured.unit
    text = (as_percent if percent or share else number)(measured.value, digits)
    text += f" {measured.unit}" if measured.unit else ""
    spread = not math.isnan(measured.low) and measured.low != measured.high
    limits = f" {interval(measured.low, measured.high, percent=percent or share)}" if spread else ""
    if share:
        return f"{text} ({measured.counts['successes']:,} of {measured.n:,} {measured.denominator}){limits}"
    return f"{text}{limits} (n = {measured.n:,})" if spread and measured.n > 1 else text + limits


def caveat(measured: Estimate) -> str:
    """Where Otsu's threshold found no two modes, in words; empty elsewhere. A uniform distribution reaches .75."""
    separation = measured.extra.get("separation")
    if isinstance(separation, str) or separation is None or separation > 0.75:
        return ""
    return f"; late displacement shows no two modes here (Otsu's separation {separation:.2f})"


def span(first: int, last: int) -> str:
    """ "3,879 to 3,887", or the one number."""
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def listing(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"
