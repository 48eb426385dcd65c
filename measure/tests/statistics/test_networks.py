"""A mean over networks: by hand, its coverage where the examples scatter too, and what has no mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chi2, norm, t, ttest_1samp

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


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_error_adds_scatter_of_networks_and_of_examples_with_satterthwaites_degrees(level):
    errors = [0.02, 0.05, 0.03]
    values = [0.80, 0.86, 0.91]
    z = norm.isf((1 - level) / 2)
    told = [
        Estimate(value=v, low=v - z * e, high=v + z * e, error=None if i == 1 else e, level=level)  # the second by its interval alone
        for i, (v, e) in enumerate(zip(values, errors, strict=True))
    ]
    found, sd = mean_over_networks(told), np.std(values, ddof=1)
    each, mean = math.sqrt(np.mean(np.square(errors))), sd / math.sqrt(3)
    error = math.hypot(mean, each)
    degrees = 2 * (error / mean) ** 4
    half = t.isf((1 - level) / 2, degrees) * error
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), np.mean(values) - half, np.mean(values) + half))
    limits = [sd * math.sqrt(2 / chi2.ppf(q, 2)) for q in ((1 + level) / 2, (1 - level) / 2)]
    assert [found.extra[name] for name in ("sd", "sd_low", "sd_high", "examples_error", "degrees")] == pytest.approx(
        [sd, *limits, each, degrees]
    )
    assert found.error == pytest.approx(error) and found.level == level
    unbounded = mean_over_networks([Estimate(value=0.5, low=-math.inf, high=math.inf), Estimate(value=0.6)])
    assert (unbounded.value, unbounded.low, unbounded.high) == (pytest.approx(0.55), -math.inf, math.inf) and unbounded.error is None


def test_networks_that_agree_to_the_last_digit_are_no_certainty():
    found = mean_over_networks([Estimate(value=0.5)] * 3, examples=False)
    assert found.value == 0.5 and math.isnan(found.low) and math.isnan(found.high) and found.error is None
