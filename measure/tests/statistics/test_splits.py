"""Several random splits of one sample: what they disagree on is not decided by one of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.splits import over_splits


def test_a_verdict_that_its_own_splits_overturn_is_not_decided() -> None:
    """Ten splits, of which four exclude 0: the interval over all of them holds it."""
    values = np.linspace(-0.02, 0.08, 10)
    found = over_splits(lambda seed: Estimate(value=values[seed], low=values[seed] - 0.04, high=values[seed] + 0.04))
    assert sum(value > 0.04 for value in values) == 4 and found.low < 0 < found.value
    assert found.extra["splits"] == 10 and found.extra["split_high"] == pytest.approx(0.08)


def test_splits_that_agree_change_nothing() -> None:
    one = Estimate(value=0.3, low=0.2, high=0.45, n=9, method="m", error=0.06)
    found = over_splits(lambda seed: one)
    assert (found.value, found.low, found.high) == pytest.approx((0.3, 0.2, 0.45)) and found.method == "m, over 10 splits"


def test_without_a_value_there_is_the_reason() -> None:
    assert over_splits(lambda seed: undefined("too few")).undefined_reason == "too few"


def test_splits_without_a_value_do_not_count() -> None:
    found = over_splits(lambda seed: undefined("none") if seed == 3 else Estimate(value=1.0, low=0.0, high=2.0), splits=5)
    assert found.extra["splits"] == 4 and found.value == 1.0


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_each_side_is_the_root_of_the_mean_square_half_width_and_of_the_spread(level: float) -> None:
    values, below, above = [0.3, 0.1, 0.6], [0.1, 0.2, 0.3], [0.2, 0.1, 0.4]
    each = [
        Estimate(value=v, low=v - b, high=v + a, level=level, extra={"split": float(v)})
        for v, b, a in zip(values, below, above, strict=True)
    ]
    found = over_splits(each.__getitem__, splits=3)
    apart = norm.isf((1 - level) / 2) ** 2 * np.var(values, ddof=1)
    assert found.low == pytest.approx(0.3 - np.sqrt(np.mean(np.square(below)) + apart))
    assert found.high == pytest.approx(0.3 + np.sqrt(np.mean(np.square(above)) + apart))
    assert found.extra == {"split": 0.3, "splits": 3, "split_low": 0.1, "split_high": 0.6} and found.error is None
    alone = over_splits(each.__getitem__, splits=1)
    assert (alone.value, alone.low, alone.high) == pytest.approx((0.3, 0.2, 0.5))
