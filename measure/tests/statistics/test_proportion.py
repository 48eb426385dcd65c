"""Proportions against scipy, closed forms and enumeration; zero counts; power and detectable differences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.proportion import (
    acceptance_counts,
    binomial_power,
    n_for_zero_event_bound,
    proportion,
    proportion_difference,
    proportion_minimum_detectable_difference,
    zero_event_bound,
    zero_event_power,
)

SCIPY = {"clopper-pearson": "exact", "wilson": "wilson"}


@pytest.mark.parametrize("interval", SCIPY)
@pytest.mark.parametrize("successes, n", [(0, 1), (1, 1), (0, 254), (21, 3894), (1077, 2048), (7, 7)])
def test_intervals_agree_with_scipy(successes, n, interval):
    measured = proportion(successes, n, interval=interval)
    expected = binomtest(successes, n).proportion_ci(0.95, method=SCIPY[interval])
    assert (measured.value, measured.n) == (successes / n, n)
    assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_clopper_pearson_by_its_definition():
    measured = proportion(5, 971, level=0.9)
    assert binom.sf(4, 971, measured.low) == pytest.approx(0.05)
    assert binom.cdf(5, 971, measured.high) == pytest.approx(0.05)


@given(n=st.integers(1, 400), successes=st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_swapping_the_outcome_mirrors_the_interval(n, successes):
    successes = min(successes, n)
    for interval in SCIPY:
        one, other = (proportion(count, n, interval=interval) for count in (successes, n - successes))
        assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)
        assert 0 <= one.low <= one.value <= one.high <= 1


def test_none_of_254():
    bound = zero_event_bound(254, denominator="TRM failures")
    assert f"{100 * bound.high:.3f}" == "1.172"
    assert bound.high == pytest.approx(beta.ppf(0.95, 1, 254), rel=1e-12)
    assert (1 - bound.high) ** 254 == pytest.approx(0.05)
    assert proportion(0, 254).extra["one_sided_high"] == pytest.approx(bound.high)
    assert proportion(254, 254).extra["one_sided_low"] == pytest.approx(1 - bound.high)
    assert proportion(0, 254).high > bound.high  # two-sided
    assert f"{1 - zero_event_power(254, 0.0055):.3f}" == "0.246"


@pytest.mark.parametrize("bound", [0.5, 0.05, 0.0055, 1e-4])
def test_n_for_a_bound_is_the_smallest(bound):
    n = n_for_zero_event_bound(bound)
    assert zero_event_bound(n).high <= bound
    assert n == 1 or zero_event_bound(n - 1).high > bound


def test_difference_of_proportions_against_newcombes_published_example():
    """Newcombe (1998), Statistics in Medicine 17:873, table II: 56/70 − 48/80, method 10: .0524 to .3339."""
    measured = proportion_difference(56, 70, 48, 80)
    assert (round(measured.low, 4), round(measured.high, 4)) == (0.0524, 0.3339)
    mirrored = proportion_difference(48, 80, 56, 70)
    assert (mirrored.value, mirrored.low) == pytest.approx((-measured.value, -measured.high))


def test_fisher_says_that_none_of_254_is_no_contradiction_of_the_other_model():
    measured = proportion_difference(0, 254, 21, 3894)
    assert measured.low < 0 < measured.high and measured.extra["p_value"] > 0.2


@pytest.mark.parametrize("n", [1, 7, 40, 254])
@pytest.mark.parametrize("stated", [0.0, 0.0055, 0.3, 0.5, 0.96, 1.0])
def test_acceptance_counts_by_enumeration(stated, n):
    lowest, highest = acceptance_counts(stated, n)
    covering = [k for k in range(n + 1) if proportion(k, n).low - 1e-12 <= stated <= proportion(k, n).high + 1e-12]
    assert covering == list(range(lowest, highest + 1))


def test_power_by_enumeration_and_at_the_stated_value():
    stated, truth, n = 0.0055, 0.012, 900
    refuting = [k for k in range(n + 1) if not proportion(k, n).low <= stated <= proportion(k, n).high]
    assert binomial_power(stated, truth, n) == pytest.approx(binom.pmf(refuting, n, truth).sum(), rel=1e-9)
    assert binomial_power(stated, stated, n) <= 0.05


@pytest.mark.parametrize("side", ["above", "below"])
def test_detectable_difference_has_the_power_it_promises(side):
    difference = proportion_minimum_detectable_difference(0.526, 2048, side=side)
    truth = 0.526 + difference * (1 if side == "above" else -1)
    assert binomial_power(0.526, truth, 2048) == pytest.approx(0.8, abs=1e-6)
    both = proportion_minimum_detectable_difference(0.526, 2048, side="either")
    assert both >= difference
    normal = 2.8016 * math.sqrt(0.526 * 0.474 / 2048)
    assert difference == pytest.approx(normal, rel=0.03)


def test_no_detectable_difference_where_there_is_no_room():
    assert math.isnan(proportion_minimum_detectable_difference(0.0055, 254, side="below"))
    assert math.isnan(proportion_minimum_detectable_difference(1.0, 50, side="above"))
    assert proportion_minimum_detectable_difference(0.0, 254) == pytest.approx(1 - 0.2 ** (1 / 254), rel=1e-4)


def test_empty_sample_has_no_value():
    for one in (proportion(0, 0), zero_event_bound(0), proportion_difference(0, 0, 1, 2)):
        assert not one.defined and one.undefined_reason


@pytest.mark.parametrize("successes, n", [(3, 2), (-1, 4), (1.5, 4)])
def test_impossible_counts_are_named(successes, n):
    with pytest.raises(UserError, match="count"):
        proportion(successes, n)


def test_counts_from_numpy_are_counts():
    assert proportion(np.int64(3), np.int32(4)).value == 0.75
