"""A mean over networks: by hand, its coverage where the examples scatter too, and what has no mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.networks import mean_over_networks
from unsettled.measure.statistics.proportion import proportion


def test_without_examples_it_is_students_interval():
    values = [0.86, 0.88, 0.87, 0.91]
    found, wanted = mean_over_networks([Estimate(value=x) for x in values], examples=False), ttest_1samp(values, 0).confidence_interval()
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.extra["degrees"] == 3 and found.extra["sd_low"] < found.extra["sd"] < found.extra["sd_high"]
    assert found.counts == {"networks": 4}


def test_examples_that_all_networks_share_do_not_average_out():
    found = mean_over_networks([proportion(hits, 400) for hits in (340, 352, 348)])
    assert found.error > proportion(347, 400).error * 0.99 and found.extra["degrees"] > 2
    same = mean_over_networks([proportion(352, 400)] * 2)
    assert same.high - same.low == pytest.approx(2 * 1.96 * proportion(352, 400).error, rel=1e-3) and same.extra["degrees"] == math.inf


def test_it_covers():
    rng, missed = np.random.default_rng(0), 0
    for _ in range(300):
        ease = rng.random(300)  # shared by the networks
        skills = 0.7 + 0.03 * rng.standard_normal(4)
        found = mean_over_networks([proportion(int((ease < skill).sum()), 300) for skill in skills])
        missed += not found.low <= 0.7 <= found.high
    assert missed <= 24


def test_one_network_has_no_mean_and_one_without_a_value_is_told():
    with pytest.raises(UserError, match="several"):
        mean_over_networks([Estimate(value=1.0)])
    assert mean_over_networks([Estimate(value=1.0), undefined("no failures")]).undefined_reason == "no failures"
