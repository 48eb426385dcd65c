"""Difference of two shares on the same examples, with an interval that holds where few pairs differ.

Source: Agresti & Min (2005), Statistics in Medicine 24:729: the Wald interval after half an observation was added to each of
the four cells. With no pair that differs the plain Wald and the bootstrap interval have no width; this one has. Where few
pairs differ it is too narrow at zero, so it is widened to the Clopper–Pearson limits among the pairs that differ: it leaves
zero out only where McNemar's exact test does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binomtest, norm

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.sample import as_mask, check_share


def paired_difference(first: ArrayLike, second: ArrayLike, *, level: float = 0.95, denominator: str = "examples") -> Estimate:
    """Share of ``first`` minus share of ``second``, two yes/no arrays (N,) on the same examples.

    ``counts``: ``first_only``, ``second_only``, ``n``. ``extra``: the two shares and the exact McNemar ``p_value`` (two-sided).
    Not for two independent samples, whose examples do not come in pairs.

    Raises:
        UserError: arrays of different lengths, or that are not yes/no.

    >>> found = paired_difference([True, True, True, False], [True, False, True, False])
    >>> found.value, found.counts["first_only"], found.extra["p_value"]
    (0.25, 1, 1.0)
    """
    level = check_share("level", level)
    first = as_mask("first", first, len(np.asarray(first)))
    second = as_mask("second", second, len(first))
    method, n = "paired difference of shares, Agresti–Min interval widened to the exact one at zero", len(first)
    if not n:
        return undefined("no examples", method=method, denominator=denominator)
    only, other = int((first & ~second).sum()), int((~first & second).sum())
    more = n + 2
    centre = (only - other) / more
    error = math.sqrt(only + other + 1 - (only - other) ** 2 / more) / more
    half = float(norm.isf((1 - level) / 2)) * error
    low, high = max(-1.0, centre - half), min(1.0, centre + half)
    if differ := only + other:
        exact = binomtest(only, differ).proportion_ci(level, method="exact")
        low, high = min(low, differ * (2 * exact.low - 1) / n), max(high, differ * (2 * exact.high - 1) / n)
    return Estimate(
        value=(only - other) / n,
        low=low,
        high=high,
        level=level,
        n=n,
        method=method,
        denominator=denominator,
        counts={"first_only": only, "second_only": other, "n": n},
        error=error,
        extra={
            "share_first": float(first.mean()),
            "share_second": float(second.mean()),
            "p_value": float(binomtest(only, only + other).pvalue) if only + other else 1.0,
        },
    )
