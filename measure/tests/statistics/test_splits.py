"""Several random splits of one sample: what they disagree on is not decided by one of them."""

from __future__ import annotations

import numpy as np
import pytest

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
