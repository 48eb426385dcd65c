"""A printed figure as exact decimals: what its digits admit, and nothing else.

A figure is read from the string that the paper prints; digits are never passed through a binary float. Its
*rounding interval* is closed: which side a tie goes to depends on the rounding rule, and papers do not say theirs. A bound
that excludes its limit ("< 72%", "less than 5%", "over 77%") is taken at its word, without rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal

Exact = Decimal | Fraction | int | float


def exact(x: Exact) -> Fraction:
    """A number as a fraction; a float counts as the shortest decimal that denotes it (0.9935 is a tie)."""
    return Fraction(Decimal(repr(float(x)))) if isinstance(x, float) else Fraction(x)


@dataclass(frozen=True)
class Figure:
    """One printed number. ``value`` and ``half`` are in shares if the digits carry a percent sign."""

    text: str
    value: Decimal
    half: Decimal
    percent: bool
    signed: bool

    @property
    def low(self) -> Fraction:
        return Fraction(self.value) - Fraction(self.half)

    @property
    def high(self) -> Fraction:
        return Fraction(self.value) + Fraction(self.half)


@dataclass(frozen=True)
class Stated:
    """A printed statement with the closed interval of values that round to its digits.

    ``shape`` is ``number``, ``range``, ``count`` (k of n), ``most`` or ``least``. ``low`` and ``high`` are None on
    the open side of a bound; ``strict`` says that a bound excludes its limit. ``approximate`` says that the text itself
    hedges ("~", "≈"). ``spread`` is what stands behind "±" or in brackets after the last digit, in the unit of the value.
    """

    text: str
    shape: Literal["number", "range", "count", "most", "least"]
    figures: tuple[Figure, ...]
    low: Fraction | None
    high: Fraction | None
    approximate: bool = False
    numerator: int | None = None
    denominator: int | None = None
    strict: bool = False
    spread: Fraction | None = None

    @property
    def least(self) -> float:
        """The figure itself, or the lower end of a range."""
        return float(self.figures[0].value) if self.shape == "range" else self.value

    @property
    def most(self) -> float:
        """The figure itself, or the upper end of a range."""
        return float(self.figures[-1].value) if self.shape == "range" else self.value

    @property
    def value(self) -> float:
        """The figure itself; the middle of a range, the share of a count, the limit of a bound."""
        if self.shape == "count":
            return float(Fraction(self.numerator or 0, self.denominator or 1))
        if self.shape == "range":
            return float(sum(Fraction(f.value) for f in self.figures) / 2)
        return float(self.figures[0].value)

    @property
    def percent(self) -> bool:
        return any(figure.percent for figure in self.figures)

    @property
    def region(self) -> tuple[float, float]:
        """The values that round to these digits, as limits of which the open side of a bound is infinite."""
        return -math.inf if self.low is None else float(self.low), math.inf if self.high is None else float(self.high)

    @property
    def digits(self) -> int:
        """The most significant digits that one of its figures has; 0 for a count."""
        return 0 if self.shape == "count" else max(len(figure.value.as_tuple().digits) for figure in self.figures)

    @property
    def agrees(self) -> str:
        """What agreeing with these digits is called, completing "a value that …"."""
        verbs = {"range": "lies within", "count": "is", "most": "keeps to", "least": "keeps to"}
        return f"{verbs.get(self.shape, 'is' if self.approximate else 'rounds to')} {self.text}"

    def contains(self, x: Exact, *, widen: float = 0.0) -> bool:
        """Whether ``x`` rounds to these digits, or lies within ``widen`` of a value that does."""
        if isinstance(x, float) and not math.isfinite(x):
            return False
        point, slack = exact(x), exact(widen)
        return self.meets_exactly(point, point, slack=slack)

    def meets(self, low: float, high: float, *, widen: float = 0.0) -> bool:
        """Whether the closed interval [low, high] has a value in common with the printed digits."""
        return self.meets_exactly(_bounded(low), _bounded(high), slack=exact(widen))

    def meets_exactly(self, low: Fraction, high: Fraction, *, slack: Fraction = Fraction(0)) -> bool:
        """As `meets`, with limits that are fractions."""
        if self.strict and not slack:
            return (self.low is None or high > self.low) and (self.high is None or low < self.high)
        above = self.low is None or high >= self.low - slack
        return above and (self.high is None or low <= self.high + slack)

    def numerators(self, denominator: int) -> range:
        """The whole numbers k for which k/denominator rounds to these digits; "k of n" admits no other denominator."""
        if denominator < 1 or self.denominator not in (None, denominator):
            return range(0)
        first, last = 0, denominator
        low, high = self._whole_numbers
        if low:
            first = max(first, -(-low[0] * denominator // low[1]))
        if high:
            last = min(last, high[0] * denominator // high[1])
        if self.strict:
            first += self.low is not None and first == self.low * denominator
            last -= self.high is not None and last == self.high * denominator
        return range(first, last + 1)

    @cached_property
    def _whole_numbers(self) -> list[tuple[int, int] | None]:
        """Both limits as one whole number over another: `numerators` is asked for every n of a range."""
        return [None if limit is None else limit.as_integer_ratio() for limit in (self.low, self.high)]

    @property
    def whole(self) -> int | None:
        """The number itself when the digits are those of an exact count: no decimals, no percent, no hedge."""
        figure = self.figures[0]
        exactly = self.shape == "number" and figure.half == Decimal("0.5") and not self.approximate
        return int(figure.value) if exactly else None


def _bounded(x: float) -> Fraction:
    """A limit of an interval, infinite ones clipped far outside everything a paper prints."""
    return exact(min(max(x, -1e300), 1e300))
