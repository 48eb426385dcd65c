"""Numbers and lists as a reader expects them in one plain sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def number(x: float | Fraction | None, digits: int = 4) -> str:
    """A figure with ``digits`` significant digits, at least four decimals dropped to what matters; "none" for NaN."""
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


def percent(x: float | Fraction, digits: int = 4) -> str:
    """A share as a percentage with ``digits`` significant digits."""
    return f"{float(x) * 100:.{digits}g}%"


def fraction(numerator: int, denominator: int) -> str:
    """"21/3,894 = 0.5393%"."""
    return f"{numerator:,}/{denominator:,} = {percent(Fraction(numerator, denominator))}"


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """"[0.1, 0.2]"."""
    return f"[{number(low, digits)}, {number(high, digits)}]"


def listing(items: Sequence[str]) -> str:
    """"a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"
