"""Many claims at once: Holm's control of the chance of any false refutation, and Benjamini and Hochberg's of their share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.sample import check_share


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """One p-value of a family. ``adjusted`` is NaN, and ``rejected`` false, where there was no p-value."""

    raw: float
    adjusted: float
    rejected: bool


def holm(p_values: Mapping[str, float], *, alpha: float = 0.05) -> dict[str, Adjusted]:
    """Holm (1979) over named p-values, in the given order; needs no independence.

    A NaN is a claim that was not tested: it stays in the result and does not count towards the family.

    Raises:
        UserError: a p-value outside [0, 1].
    """
    alpha = check_share("alpha", alpha)
    for name, value in p_values.items():
        if not (math.isnan(value) or 0 <= value <= 1):
            raise UserError(f"p-value of {name} is {value}, it must lie within 0 and 1")
    tested = [name for name, value in p_values.items() if not math.isnan(value)]
    result = {name: Adjusted(raw=math.nan, adjusted=math.nan, rejected=False) for name in p_values}
    raw = np.array([float(p_values[name]) for name in tested])
    order, adjusted = np.argsort(raw, kind="stable"), np.empty(len(raw))
    adjusted[order] = np.minimum(np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1)), 1.0)
    for name, value, new in zip(tested, raw, adjusted, strict=True):
        result[name] = Adjusted(raw=float(value), adjusted=float(new), rejected=bool(new <= alpha))
    return result


def benjamini_hochberg(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values (Benjamini & Hochberg 1995) over named ones: those up to α have an expected share of false ones of at most α.

    Holds for independent tests and positively dependent ones (Benjamini & Yekutieli 2001).

    >>> benjamini_hochberg({"a": 0.01, "b": 0.04, "c": 0.9})
    {'a': 0.03, 'b': 0.06, 'c': 0.9}
    """
    raw = np.array([float(value) for value in p_values.values()])
    order, adjusted = np.argsort(raw, kind="stable"), np.empty(len(raw))
    steps = raw[order] * len(raw) / np.arange(1, len(raw) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    # the last bits of a product are cut off, where they are all that is: 10⁻¹⁵ is not certainty
    return {name: round(float(value), 12 if value > 1e-6 else 300) for name, value in zip(p_values, adjusted, strict=True)}
