"""Medians and quantiles: exact coverage of ranks, brute force, infinities, and the shortcut of the bootstrap."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, ks_2samp, norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.median import (
    bootstrap_medians,
    median,
    median_difference,
    order_statistic_ranks,
    quantile,
    sample_quantile,
)


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


@pytest.mark.parametrize("n", [1, 2, 7, 20, 21])
def test_shortcut_draws_from_the_bootstrap_law(n):
    ordered = np.sort(np.random.default_rng(1).normal(size=n))
    rng = np.random.default_rng(2)
    honest = np.median(rng.choice(ordered, size=(20_000, n)), axis=1)
    short = bootstrap_medians(ordered, 20_000, np.random.default_rng(3))
    assert ks_2samp(honest, short).statistic < 0.02  # 1 in 1000 for 20,000 against 20,000: .0195


def test_difference_of_medians():
    rng = np.random.default_rng(4)
    first, second = rng.normal(0.103, 0.02, 254), rng.normal(0.012, 0.005, 1794)
    measured = median_difference(first, second, unit="nats per update")
    assert measured.value == np.median(first) - np.median(second)
    expected = math.sqrt(math.pi / 2 * (0.02**2 / 254 + 0.005**2 / 1794))
    assert measured.error == pytest.approx(expected, rel=0.25)
    assert measured.low < 0.091 < measured.high and measured.extra["share_above_zero"] == 1.0
    again = median_difference(first, second, unit="nats per update")
    assert (again.low, again.high) == (measured.low, measured.high)
    other = median_difference(first, second, seed=1)
    assert other.low != measured.low and other.low == pytest.approx(measured.low, abs=5e-4)


def test_difference_with_infinite_medians():
    sunk, finite = np.full(20, -np.inf), np.arange(20.0)
    assert median_difference(finite, sunk).value == math.inf
    assert median_difference(finite, sunk).low == math.inf
    assert not median_difference(sunk, sunk).defined
    mixed = median_difference(finite, np.concatenate((sunk, np.arange(25.0))))
    assert mixed.value == 9.5 - 2.0 and mixed.high == math.inf and mixed.error is None


def test_degenerate_samples_have_no_value():
    for one in (median([]), median([1.0, math.nan]), median_difference([], [1.0]), median_difference([math.nan], [1.0])):
        assert not one.defined and one.undefined_reason


def test_mistakes_are_named():
    with pytest.raises(UserError):
        quantile([1.0], 1.0)
    with pytest.raises(UserError):
        median([[1.0]])
    with pytest.raises(UserError):
        median_difference([1.0], [2.0], resamples=3)


def test_sample_quantile_is_exact_at_the_jumps():
    ordered = np.arange(1.0, 11.0)
    assert [sample_quantile(ordered, k / 10) for k in (1, 3, 9)] == [1.5, 3.5, 9.5]
    assert sample_quantile(ordered, 0.31) == 4.0
