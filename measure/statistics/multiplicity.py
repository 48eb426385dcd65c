"""Many claims at once: Holm's control of the chance of any false refutation, and Benjamini and Hochberg's of their share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from statsmodels.stats.multitest import multipletests

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
    if tested:
        raw = [float(p_values[name]) for name in tested]
        rejected, adjusted, _, _ = multipletests(raw, alpha=alpha, method="holm")
        for name, value, new, decision in zip(tested, raw, adjusted, rejected, strict=True):
            result[name] = Adjusted(raw=value, adjusted=float(new), rejected=bool(decision))
    return result


def benjamini_hochberg(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values (Benjamini & Hochberg 1995) over named ones: those up to α have an expected share of false ones of at most α.

    Holds for independent tests and positively dependent ones (Benjamini & Yekutieli 2001).

    >>> benjamini_hochberg({"a": 0.01, "b": 0.04, "c": 0.9})
    {'a': 0.03, 'b': 0.06, 'c': 0.9}
    """
    if not p_values:
        return {}
    adjusted = multipletests([float(value) for value in p_values.values()], method="fdr_bh")[1]
    return {name: round(float(value), 12) for name, value in zip(p_values, adjusted, strict=True)}
