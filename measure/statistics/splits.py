"""An estimate that hangs on a random split of the examples, over several splits: their spread is part of its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.libraries import upper_quantile
from unsettled.measure.support.counts import at_least

SPLITS = 10


def over_splits(measure: Callable[[int], Estimate], *, splits: int = SPLITS) -> Estimate:
    """The median of an estimate over ``splits`` seeds 0, 1, …, with an interval of the mean width, wider by how far they scatter.

    On each side the half-width is the root of the mean squared half-width plus z² times the variance between splits. Only splits
    with a value count; if the first has none, it is returned. ``extra`` is that of the split nearest to the median, with ``splits``,
    and ``split_low`` and ``split_high``, the lowest and the highest value.

    >>> found = over_splits(lambda seed: Estimate(value=0.1 * seed, low=0.1 * seed - 0.1, high=0.1 * seed + 0.1), splits=3)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (0.1, -0.12, 0.32)
    """
    found = [measure(seed) for seed in range(at_least(1, splits, "splits"))]
    if not found[0].defined:
        return found[0]
    known = [one for one in found if one.defined]
    values = np.array([one.value for one in known])
    value = float(np.median(values))
    nearest = known[int(np.argmin(np.abs(values - value)))]
    apart = (upper_quantile((1 - nearest.level) / 2) ** 2) * float(values.var(ddof=1)) if len(known) > 1 else 0.0
    below, above = (
        math.sqrt(float(np.mean(np.square(half))) + apart)
        for half in zip(*((o.value - o.low, o.high - o.value) for o in known), strict=True)
    )
    between = {"splits": float(len(known)), "split_low": float(values.min()), "split_high": float(values.max())}
    return replace(
        nearest,
        value=value,
        low=value - below,
        high=value + above,
        error=None,
        extra=dict(nearest.extra) | between,
        method=f"{nearest.method}, over {len(known)} splits",
    )
