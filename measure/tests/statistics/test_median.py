"""Medians and quantiles: exact coverage of ranks, brute force, infinities, and the shortcut of the bootstrap."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.median import median, order_statistic_ranks, quantile, sample_quantile


@pytest.mark.parametrize("n", range(1, 40))
@pytest.mark.parametrize("share", [0.1, 0.5, 0.965])
def test_ranks_are_the_tightest_that_keep_each_tail(n, share):
    low, high, coverage = order_statistic_ranks(n, share)
    below = np.cumsum(binom.pmf(np.arange(n + 1), n, share))
    assert low == 0 or below[low - 1] <= 0.025 + 1e-12
    assert low == n or below[low] > 0.025
    assert high == n + 1 or 1 - below[high - 1] <= 0.025 + 1e-12
    assert high == 1 or 1 - (below[high - 2] if high > 1 else 0) > 0.025
    assert coverage >= 0.95


def test_published_ranks_for_a_median():
    """n = 10: ranks 2 and 9 cover .9785; n = 20: ranks 6 and 15 cover .9586 (any table of the sign test)."""
    assert order_statistic_ranks(10)[:2] == (2, 9) and order_statistic_ranks(20)[:2] == (6, 15)
    assert order_statistic_ranks(20)[2] == pytest.approx(0.9586, abs=5e-5)


def test_the_standard_error_is_half_of_an_interval_over_the_normal_quantile_of_its_coverage():
    """Of the interval at .999 where the sample bounds it, which it does from eleven values on, else of the one asked for."""
    assert median(np.arange(5.0)).error is None
    assert median(np.arange(6.0)).error == pytest.approx(5 / (2 * norm.isf((1 - 0.96875) / 2)))
    assert median(np.arange(11.0)).error == pytest.approx(10 / (2 * norm.isf((1 - 0.9990234375) / 2)))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_median_is_numpys_and_follows_increasing_maps(values):
    measured = median(values)
    assert measured.value == pytest.approx(np.median(values), rel=1e-12, abs=1e-9)
    assert measured.low <= measured.value <= measured.high
    mapped = median(2 * np.array(values) + 1)
    assert (mapped.low, mapped.high) == pytest.approx((2 * measured.low + 1, 2 * measured.high + 1))


@pytest.mark.parametrize("share", [0.05, 0.25, 0.333, 0.9, 0.965])
def test_quantile_is_the_inverse_of_the_empirical_distribution(share):
    values = np.random.default_rng(0).normal(size=60)
    expected = np.quantile(values, share, method="averaged_inverted_cdf")
    assert quantile(values, share).value == pytest.approx(expected, abs=1e-12)


def test_small_samples_have_no_limits_rather_than_wrong_ones():
    five = median([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (five.low, five.high, five.value) == (-math.inf, math.inf, 3.0)
    assert five.counts["low_rank"] == 0 and five.counts["high_rank"] == 6
    six = median([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert (six.low, six.high) == (1.0, 6.0)


def test_minus_infinity_is_a_value():
    values = np.concatenate((np.full(30, -np.inf), np.arange(31.0)))
    measured = median(values)
    assert measured.value == 0.0 and measured.low == -math.inf and measured.high == 8.0
    assert measured.counts["minus_infinity"] == 30
    assert median([-np.inf, -np.inf, 1.0]).value == -math.inf
    assert median([-np.inf, 2.0]).value == -math.inf
    assert "middle" in median([-np.inf, np.inf]).undefined_reason


def test_error_is_the_asymptotic_one():
    """The median of n normal values has standard error √(π / 2n)."""
    values = norm.ppf((np.arange(4000) + 0.5) / 4000)
    assert median(values).error == pytest.approx(math.sqrt(math.pi / 8000), rel=0.02)


def test_degenerate_samples_have_no_value():
    for one in (median([]), median([1.0, math.nan])):
        assert not one.defined and one.undefined_reason


def test_mistakes_are_named():
    with pytest.raises(UserError):
        quantile([1.0], 1.0)
    with pytest.raises(UserError):
        median([[1.0]])


def test_sample_quantile_is_exact_at_the_jumps():
    ordered = np.arange(1.0, 11.0)
    assert [sample_quantile(ordered, k / 10) for k in (1, 3, 9)] == [1.5, 3.5, 9.5]
    assert sample_quantile(ordered, 0.31) == 4.0
