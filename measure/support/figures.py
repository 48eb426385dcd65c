"""The one formatter of numbers: figures, percentages, counts, intervals and lists as every reader is shown them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction


def number(x: float | Fraction | None, digits: int = 4) -> str:
    """A figure with ``digits`` significant digits; whole numbers in full, with separators; "none" for NaN.

    >>> number(0.76257), number(12_345.6), number(2048), number(None)
    ('0.7626', '12,346', '2,048', 'none')
    """
    value = math.nan if x is None else float(x)
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < 1e15 and (value == int(value) or abs(value) >= 10**digits):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def as_percent(x: float | Fraction, digits: int = 4) -> str:
    """A share as a percentage with ``digits`` significant digits."""
    return f"{number(float(x) * 100, digits)}%"


def fraction(numerator: int, denominator: int) -> str:
    """ "21/3,894 = 0.5393%"."""
    return f"{numerator:,}/{denominator:,} = {as_percent(Fraction(numerator, denominator))}"


def span(first: int, last: int) -> str:
    """ "3,879 to 3,887", or the one number."""
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def listing(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 claim", "2,048 claims"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: int) -> str:
    """Bytes in the unit that gives two to four digits: "812 B", "14 kB", "1.3 MB"."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 999_500 else f"{count / 1_000_000:.1f} MB"


@dataclass(frozen=True)
class Notation:
    """How one measured value is written wherever it is shown: in percent or not, and with how many significant digits.

    >>> Notation(percent=True).measured(0.76257, 0.7422, 0.7821)
    '76.26% [74.22%, 78.21%]'
    >>> Notation(digits=3).measured(0.9312, 0.9101, float("nan"))
    '0.931 [0.91, ∞]'
    """

    percent: bool = False
    digits: int = 4

    def finer(self, digits: int) -> Notation:
        """The same with at least so many significant digits."""
        return replace(self, digits=max(self.digits, digits))

    def value(self, x: float | Fraction | None) -> str:
        """A value; "none" where there is none."""
        return number(x, self.digits) if x is None or math.isnan(x) or not self.percent else as_percent(x, self.digits)

    def difference(self, x: float | Fraction) -> str:
        """A distance between two values; one between percentages is in percentage points."""
        if not self.percent or not math.isfinite(x):
            return number(x, self.digits)
        points = number(float(x) * 100, self.digits)
        return f"{points} percentage point{'' if points == '1' else 's'}"

    def interval(self, low: float, high: float) -> str:
        """ "[0.1, 0.2]"; a side without a limit is open, and an interval without limits or width is empty text."""
        if low == high or not (math.isfinite(low) or math.isfinite(high)):
            return ""
        return f"[{self.value(low) if math.isfinite(low) else '−∞'}, {self.value(high) if math.isfinite(high) else '∞'}]"

    def measured(self, value: float, low: float = math.nan, high: float = math.nan) -> str:
        """A value with its interval."""
        return f"{self.value(value)} {self.interval(low, high)}".rstrip()
