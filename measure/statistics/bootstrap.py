"""Bootstrap intervals over whole examples, or within each class, for statistics that have no formula of their own.

An example is resampled with everything that was measured on it. Drawing is scipy's (`scipy.stats.bootstrap`); this module
adds the pairing, the class strata, and an honest account of resamples on which the statistic has no value. Not for an
extreme (see `order`), and not for a median, which has exact methods (see `median`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.sample import as_mask, check_choice, check_share

KINDS = ("percentile", "bca")


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

    Class sizes vary from resample to resample, as they would in a fresh sample. ``counts["unusable"]`` is the number of
    resamples without a value (say, a class was empty): percentiles are taken over the others, BCa is refused.
    """
    rows = _check_rows(arrays)
    n = len(rows[0])
    groups = [np.arange(n)] if n else []
    return _bootstrap(
        lambda index: statistic(*(array[index] for array in rows)),
        groups,
        n=n,
        level=level,
        resamples=resamples,
        kind=kind,
        seed=seed,
        unit=unit,
        denominator=denominator,
        how="over examples",
    )


def bootstrap_within_class(
    statistic: Callable[..., float],
    positives: ArrayLike,
    *arrays: ArrayLike,
    level: float = 0.95,
    resamples: int = 2000,
    kind: str = "percentile",
    seed: int = 0,
    unit: str = "",
    denominator: str = "examples",
) -> Estimate:
    """``statistic(positives, *arrays)``, resampling positives and negatives apart: class sizes stay as they are.

    For a statistic of the two classes given their sizes, such as an AUC. Otherwise as `bootstrap_examples`.
    """
    rows = _check_rows(arrays)
    mask = as_mask("positives", positives, len(rows[0]))
    groups = [np.flatnonzero(mask), np.flatnonzero(~mask)]

    def of_indices(*parts: np.ndarray) -> float:
        index = np.concatenate(parts)
        return statistic(mask[index], *(array[index] for array in rows))

    if not all(map(len, groups)):
        groups = []
    return _bootstrap(
        of_indices,
        groups,
        n=len(mask),
        level=level,
        resamples=resamples,
        kind=kind,
        seed=seed,
        unit=unit,
        denominator=denominator,
        how="within class",
    )


def _bootstrap(
    statistic: Callable[..., float],
    groups: list[np.ndarray],
    *,
    n: int,
    level: float,
    resamples: int,
    kind: str,
    seed: int,
    unit: str,
    denominator: str,
    how: str,
) -> Estimate:
    check_choice("kind", kind, KINDS)
    level = check_share("level", level)
    if resamples < 100:
        raise UserError(f"{resamples} resamples are too few for an interval, use at least 100")
    about = {"n": n, "method": f"{kind} bootstrap {how}", "unit": unit, "denominator": denominator}
    if not groups:
        return undefined("no examples" if n == 0 else "one class is empty", **about)
    value = float(statistic(*groups))
    if math.isnan(value):
        return undefined("the statistic has no value on this sample", **about)
    counts, extra = {"resamples": resamples, "unusable": 0}, {}
    if any(len(group) < 2 for group in groups):
        note = {"note": "a group of one example cannot be resampled, no interval"}
        return Estimate(value=value, level=level, counts=counts, extra=note, **about)
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)  # resamples without a value are counted below
        drawn = stats.bootstrap(
            groups,
            statistic,
            n_resamples=resamples,
            vectorized=False,
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(seed),
        )
    draws = drawn.bootstrap_distribution
    usable = draws[~np.isnan(draws)]
    counts["unusable"] = len(draws) - len(usable)
    low = high = math.nan
    if not len(usable):
        extra["note"] = "the statistic has no value on any resample, no interval"
    elif kind == "percentile":
        # observed values instead of interpolated ones: infinite draws then stay what they are
        low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    elif counts["unusable"] or not np.isfinite(usable).all() or usable.min() == usable.max():
        extra["note"] = "BCa needs finite, varying values on every resample, no interval"
    else:
        low, high = stats.bootstrap(
            groups, statistic, n_resamples=0, bootstrap_result=drawn, vectorized=False, confidence_level=level, method="BCa"
        ).confidence_interval
    finite = len(usable) > 1 and np.isfinite(usable).all()
    return Estimate(
        value=value,
        low=float(low),
        high=float(high),
        level=level,
        counts=counts,
        extra=extra,
        error=float(usable.std(ddof=1)) if finite else None,
        **about,
    )


def _check_rows(arrays: tuple[ArrayLike, ...]) -> list[np.ndarray]:
    if not arrays:
        raise UserError("nothing to resample, give at least one array")
    rows = [np.asarray(array) for array in arrays]
    if any(array.ndim == 0 or len(array) != len(rows[0]) for array in rows):
        raise UserError(f"arrays to resample together have shapes {', '.join(str(array.shape) for array in rows)}")
    return rows
