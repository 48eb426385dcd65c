"""The one shape in which every statistic returns: a value, its interval, and what it was computed on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict


class About(TypedDict, total=False):
    """What an estimate is of, whether it has a value or not; see `Estimate`."""

    n: int
    method: str
    unit: str
    denominator: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A measured value with its sampling interval.

    Attributes:
        value: the point estimate; NaN when it is undefined on this sample.
        low, high: two-sided confidence limits at ``level``; NaN when no interval exists.
        level: confidence level of the interval.
        n: size of the sample that the denominator names.
        method: the name of the estimator and of its interval.
        unit: unit of the value, e.g. ``"nats per update"``; empty for shares and areas.
        denominator: what one counted, in words, e.g. ``"TRM failures"``.
        counts: integer counts behind the value (successes, positives, pairs, …).
        extra: further named figures; ``extra["undefined"]`` holds the reason when ``value`` is NaN.
        error: standard error where the method has one.

    >>> Estimate(value=0.5, low=0.4, high=0.6, n=96).defined, undefined("no failures").undefined_reason
    (True, 'no failures')
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    level: float = 0.95
    n: int = 0
    method: str = ""
    unit: str = ""
    denominator: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, float | str] = field(default_factory=dict)
    error: float | None = None

    @property
    def defined(self) -> bool:
        """Whether the statistic has a value on this sample."""
        return not math.isnan(self.value)

    @property
    def undefined_reason(self) -> str:
        """Why there is no value; empty when there is one."""
        return "" if self.defined else str(self.extra.get("undefined", "undefined on this sample"))


def undefined(reason: str, *, n: int = 0, method: str = "", unit: str = "", denominator: str = "") -> Estimate:
    """An estimate without a value, and the reason: for an empty class, an empty sample, or a NaN score."""
    return Estimate(value=math.nan, n=n, method=method, unit=unit, denominator=denominator, extra={"undefined": reason})
