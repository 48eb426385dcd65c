"""Proportions against scipy, closed forms and enumeration; zero counts; power."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.proportion import acceptance_counts, binomial_power, proportion, zero_event_bound, zero_event_power

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


def test_empty_sample_has_no_value():
    for one in (proportion(0, 0), zero_event_bound(0)):
        assert not one.defined and one.undefined_reason


@pytest.mark.parametrize("successes, n", [(3, 2), (-1, 4), (1.5, 4)])
def test_impossible_counts_are_named(successes, n):
    with pytest.raises(UserError, match="count"):
        proportion(successes, n)


def test_counts_from_numpy_are_counts():
    assert proportion(np.int64(3), np.int32(4)).value == 0.75


@pytest.mark.parametrize("widen", [1.0, 1.6])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize("stated", [0.0, (0.25, 0.35), (0.0, 0.01), (0.99, 1.0), 1.0])
def test_what_meets_a_widened_range_by_enumeration(stated, alpha, widen):
    n = 30
    low, high = stated if isinstance(stated, tuple) else (stated, stated)
    each = [proportion(k, n, level=1 - alpha) for k in range(n + 1)]
    meets = [
        k
        for k, one in enumerate(each)
        if one.value + (one.high - one.value) * widen >= low - 1e-12 and one.value - (one.value - one.low) * widen <= high + 1e-12
    ]
    found = acceptance_counts(stated, n, alpha=alpha, widen=widen)
    assert found == (meets[0], meets[-1])
    power = sum(binom.pmf(k, n, 0.6) for k in range(n + 1) if not meets[0] <= k <= meets[-1])
    assert binomial_power(stated, 0.6, n, alpha=alpha, widen=widen) == pytest.approx(power)


@pytest.mark.parametrize("stated, truth", [(1.01, 0.5), (-0.01, 0.5), ((-0.2, -0.1), 0.5), (0.5, 1.01), (0.5, -0.01)])
def test_shares_beyond_the_unit_interval_do_not_exist(stated, truth):
    assert binomial_power(0.0, 1.0, 5) == binomial_power(1.0, 0.0, 5) == 1.0
    with pytest.raises(UserError, match="does not exist"):
        binomial_power(stated, truth, 5)


@pytest.mark.parametrize("successes, n, error", [(0, 5, None), (5, 5, None), (1, 5, 0.032**0.5), (4, 5, 0.032**0.5)])
def test_its_standard_error_and_one_sided_limits_stand_where_they_mean_something(successes, n, error):
    found = proportion(successes, n, level=0.8)
    assert found.error == (None if error is None else pytest.approx(error)) and found.counts == {"successes": successes, "n": n}
    assert ("one_sided_high" in found.extra, "one_sided_low" in found.extra) == (successes == 0, successes == n)
    assert zero_event_bound(n, level=0.8).high == pytest.approx(1 - 0.2 ** (1 / n)) and zero_event_bound(n).counts == {
        "successes": 0,
        "n": n,
    }
    if successes == n:
        assert found.extra["one_sided_low"] == pytest.approx(0.2 ** (1 / n))
