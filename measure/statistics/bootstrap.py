"""Bootstrap intervals over whole examples, for statistics that have no formula of their own.

An example is resampled with everything that was measured on it. The draws are those of `scipy.stats.bootstrap`, one at a time, with a
count of those on which the statistic has no value; the BCa limits are scipy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.libraries import stats
from unsettled.measure.statistics.sample import check_choice, check_share
from unsettled.measure.support.counts import at_least

KINDS = ("percentile", "bca")
#: Places of rows that scipy holds at once for BCa: of millions of rows all would take gigabytes.
AT_ONCE = 1 << 24


def bootstrap_examples(
    statistic: Callable[..., float],
    *arrays: ArrayLike,
    level: float = 0.95,
    resamples: int = 2000,
    kind: str = "percentile",
    seed: int = 0,
    unit: str = "",
    denominator: str = "examples",
) -> Estimate:
    """``statistic(*arrays)`` with an interval from resampling rows of ``arrays`` (each (N, …)) together.

    The limits are the (1 ∓ level)/2 quantiles of the statistic over ``resamples`` samples of N rows drawn with
    replacement (Efron 1979), or their bias-corrected and accelerated form ("bca", Efron 1987). Class sizes vary from
    resample to resample, as they would in a fresh sample. ``counts["unusable"]`` is the number of resamples without a
    value (say, a class was empty): percentiles are taken over the others, BCa is refused.

    Not for an extreme, whose bootstrap law has an atom (see `order`), nor for a median, which has an exact interval.

    Raises:
        UserError: an unknown ``kind``, fewer than 100 resamples, or arrays of different lengths.

    >>> found = bootstrap_examples(np.mean, [1.0, 2.0, 3.0, 4.0], resamples=200, seed=1)
    >>> found.value, found.low <= 2.5 <= found.high
    (2.5, True)
    """
    check_choice("kind", kind, KINDS)
    level = check_share("level", level)
    at_least(100, resamples, "resamples"), at_least(0, seed, "seed")
    rows = _check_rows(arrays)
    n = len(rows[0])
    about = Estimate(value=math.nan, level=level, n=n, method=f"{kind} bootstrap over examples", unit=unit, denominator=denominator)
    if n == 0:
        return replace(about, extra={"undefined": "no examples"})

    def of_rows(index: np.ndarray) -> float:
        return statistic(*(array[index] for array in rows))

    everything = np.arange(n)
    value = float(of_rows(everything))
    if math.isnan(value):
        return replace(about, extra={"undefined": "the statistic has no value on this sample"})
    counts: dict[str, int] = {"resamples": resamples, "unusable": 0}
    if n < 2:
        return replace(about, value=value, counts=counts, extra={"note": "a single example cannot be resampled, no interval"})
    rng = np.random.default_rng(seed)
    with np.errstate(invalid="ignore"):
        draws = np.array([of_rows(rng.integers(0, n, n)) for _ in range(resamples)], np.float64)
    usable = draws[~np.isnan(draws)]
    counts["unusable"] = len(draws) - len(usable)
    low, high, note = math.nan, math.nan, ""
    if not len(usable):
        note = "the statistic has no value on any resample, no interval"
    elif kind == "percentile":
        # observed values instead of interpolated ones: infinite draws then stay what they are
        low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    elif counts["unusable"] or not np.isfinite(usable).all() or usable.min() == usable.max():
        note = "BCa needs finite, varying values on every resample, no interval"
    else:
        known = SimpleNamespace(bootstrap_distribution=draws)
        batch = max(1, AT_ONCE // n)
        found = stats.bootstrap(
            (everything,),
            of_rows,
            vectorized=False,
            n_resamples=0,
            bootstrap_result=known,
            method="BCa",
            confidence_level=level,
            batch=batch,
        )
        low, high = found.confidence_interval
    finite = len(usable) > 1 and bool(np.isfinite(usable).all())
    return replace(
        about,
        value=value,
        low=float(low),
        high=float(high),
        counts=counts,
        extra={"note": note} if note else {},
        error=float(usable.std(ddof=1)) if finite else None,
    )


def _check_rows(arrays: tuple[ArrayLike, ...]) -> list[np.ndarray]:
    if not arrays:
        raise UserError("nothing to resample, give at least one array")
    rows = [np.asarray(array) for array in arrays]
    if any(array.ndim == 0 or len(array) != len(rows[0]) for array in rows):
        raise UserError(f"arrays to resample together have shapes {', '.join(str(array.shape) for array in rows)}")
    return rows
