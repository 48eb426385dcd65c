"""Text for terminals: figures, intervals and counts."""

from __future__ import annotations

import math

from unsettled.claims.verdict import Measurement, Verdict


def figure(value: float | None, *, percent: bool = False, open_end: str = "?") -> str:
    """A figure with four significant digits, in percent where the claim is; ``open_end`` where there is none."""
    if value is None or math.isnan(value):
        return open_end
    return f"{100 * value:.4g}" if percent else f"{value:.4g}"


def measured(verdict: Verdict) -> str:
    """Value and interval of a verdict, e.g. ``93.4% [92.2, 94.4]``; a dash where nothing was measured."""
    if verdict.measured is None or verdict.measured.value is None:
        return "–"
    return value_of(verdict.measured, percent=verdict.stated.rstrip().endswith("%"))


def value_of(found: Measurement, *, percent: bool = False) -> str:
    """Value and interval, e.g. ``0.9312 [0.9101, 0.9487]``."""
    return figure(found.value, percent=percent) + ("%" if percent else "") + interval(found, percent=percent)


def interval(found: Measurement, *, percent: bool = False) -> str:
    """The interval in brackets; empty where there is none, open where one side has no limit."""
    if found.low is None and found.high is None:
        return ""
    low = figure(found.low, percent=percent, open_end="−∞")
    high = figure(found.high, percent=percent, open_end="∞")
    return f" [{low}, {high}]"


def plural(count: int, noun: str) -> str:
    """A count with its noun, e.g. ``1 claim``, ``2 claims``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: int) -> str:
    """Bytes in the unit that gives two to four digits, e.g. ``812 B``, ``14 kB``, ``1.3 MB``."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1_000_000:.1f} MB"
