"""Correlation of two measurements of the same examples (two seeds, two estimators), with an interval.

Pearson: Fisher's z with variance 1/(n − 3). Spearman: z with variance (1 + r²/2)/(n − 3), Bonett & Wright (2000),
Psychometrika 65:23, which holds for |r| up to about .95 and for any increasing change of scale; at .9 it covers .76 of 95 % with five
examples, .96 with eight. Up to `EXACT` examples the p-value of Spearman's is that of all orders: of three examples, which scipy would
find correlated with p = 0, one order in three is as extreme.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import midranks
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.libraries import pearsonr, spearmanr, upper_quantile
from unsettled.measure.statistics.sample import as_values, check_choice, check_share

#: Up to so many examples all orders are tried: 5,040.
EXACT = 7


def correlation(
    first: ArrayLike, second: ArrayLike, *, kind: str = "spearman", level: float = 0.95, denominator: str = "examples"
) -> Estimate:
    """Spearman or Pearson correlation of ``first`` and ``second`` (N,); ``extra["p_value"]`` of no correlation.

    Infinite values rank like others under Spearman and leave Pearson undefined. Fewer than four examples, or |r| = 1,
    give a value without an interval.
    """
    check_choice("kind", kind, ("spearman", "pearson"))
    level = check_share("level", level)
    x, y = as_values("first", first), as_values("second", second)
    if x.shape != y.shape:
        raise UserError(f"second has shape {y.shape}, expected {x.shape}")
    about: About = {"n": len(x), "method": f"{kind} correlation, Fisher z interval", "denominator": denominator}
    if len(x) < 2:
        return undefined("fewer than two examples", **about)
    if np.isnan(x).any() or np.isnan(y).any():
        return undefined("some values are NaN", **about)
    if (x == x[0]).all() or (y == y[0]).all():
        return undefined("one of the two is constant", **about)
    if kind == "pearson" and not (np.isfinite(x).all() and np.isfinite(y).all()):
        return undefined("some values are infinite", **about)
    r, p_value = map(float, (pearsonr if kind == "pearson" else spearmanr)(x, y))
    if kind == "spearman" and len(x) <= EXACT:
        p_value = _of_all_orders(midranks(x), midranks(y))
    low = high = math.nan
    error = None
    if len(x) > 3 and abs(r) < 1:
        spread = math.sqrt((1 + r**2 / 2 if kind == "spearman" else 1.0) / (len(x) - 3))
        half = upper_quantile((1 - level) / 2) * spread
        low, high = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
        error = spread * (1 - r**2)
    return Estimate(value=r, low=low, high=high, level=level, extra={"p_value": p_value}, error=error, **about)


def _of_all_orders(first: np.ndarray, second: np.ndarray) -> float:
    """The share of the orders of ``second`` whose ranks go with ``first`` as much as these do, either way."""
    products = second[np.array(list(itertools.permutations(range(len(second)))))] @ (first - first.mean())
    return float((np.abs(products) >= abs(float(second @ (first - first.mean()))) - 1e-9).mean())
