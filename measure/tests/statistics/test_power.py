"""Power, equivalence and multiplicity against statsmodels, simulation and published arithmetic."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.stats.power import normal_power
from statsmodels.stats.weightstats import ztost

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc_equivalence, hanley_mcneil_error
from unsettled.measure.statistics.equivalence import equivalence, equivalence_power
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.multiplicity import holm
from unsettled.measure.statistics.power import minimum_detectable_difference, z_power


@pytest.mark.parametrize("difference, alpha", [(0.0, 0.05), (0.3, 0.05), (-0.3, 0.01), (1.0, 0.1)])
@pytest.mark.parametrize("sided, alternative", [(1, "larger"), (2, "two-sided")])
def test_z_power_is_that_of_statsmodels(difference, alpha, sided, alternative):
    expected = normal_power(difference, 50, alpha, alternative=alternative)
    assert z_power(difference, 1 / math.sqrt(50), alpha=alpha, sided=sided) == pytest.approx(expected, abs=1e-12)


@given(st.floats(1e-4, 10), st.floats(0.5, 0.99), st.sampled_from([0.001, 0.05, 0.1]), st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_detectable_difference_and_power_invert_each_other(error, power, alpha, sided):
    difference = minimum_detectable_difference(error, power=power, alpha=alpha, sided=sided)
    assert z_power(difference, error, alpha=alpha, sided=sided) == pytest.approx(power, abs=1e-3)


def test_the_claims_own_figures():
    """AUC .993 with 254 and 1,794: error .0037, detectable .0104."""
    error = hanley_mcneil_error(0.993, 254, 1794)
    assert f"{error:.4f}" == "0.0037"
    assert f"{minimum_detectable_difference(error):.4f}" == "0.0104"
    assert z_power(0.010358, error) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize("shift", [0.0, 0.04, 0.2])
def test_tost_is_that_of_statsmodels(shift):
    values = np.random.default_rng(0).normal(0.5 + shift, 1.0, 900)
    error = values.std(ddof=1) / 30
    ours = equivalence(Estimate(value=values.mean(), error=error), target=0.5, margin=0.1)
    expected = ztost(values, 0.4, 0.6)[0]
    assert ours.extra["p_value"] == pytest.approx(expected, abs=1e-9)
    assert ours.extra["equivalent"] == ("yes" if expected <= 0.05 else "no")
    assert (ours.extra["equivalent"] == "yes") == (ours.low > 0.4 and ours.high < 0.6)


def test_at_the_margin_tost_is_wrong_no_more_often_than_declared():
    values = np.random.default_rng(1).normal(0.1, 0.04, 1500)
    found = [equivalence(Estimate(value=value, error=0.04), target=0, margin=0.1).extra["equivalent"] == "yes" for value in values]
    assert np.mean(found) < 0.065


def test_equivalence_without_an_error_does_not_decide_by_itself():
    assert equivalence(Estimate(value=0.5), target=0.5, margin=0.1).extra["equivalent"] == "undecided"
    assert not equivalence(undefined("empty"), target=0.5, margin=0.1).defined
    assert auc_equivalence([0.0, 1.0], [True, True]).undefined_reason == "no negative examples"


def test_holm_by_hand_and_what_was_not_tested_does_not_count():
    family = {"a": 0.01, "b": 0.04, "untested": math.nan, "c": 0.03}
    result = holm(family)
    assert {name: one.adjusted for name, one in result.items() if name != "untested"} == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert [name for name, one in result.items() if one.rejected] == ["a"]
    assert list(result) == list(family) and math.isnan(result["untested"].adjusted)
    assert holm({}) == {}


# statsmodels collects garbage at every call, which costs a thousand times the arithmetic
without_collecting = mock.patch("gc.collect")


@without_collecting
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
@settings(max_examples=50, deadline=None)
def test_holm_does_not_depend_on_order_and_never_lowers(_, values, random):
    names = [f"claim {index}" for index in range(len(values))]
    plain = holm(dict(zip(names, values, strict=True)))
    shuffled = list(zip(names, values, strict=True))
    random.shuffle(shuffled)
    assert holm(dict(shuffled)) == plain
    for one in plain.values():
        assert one.raw <= one.adjusted <= min(1.0, len(values) * one.raw + 1e-12) or one.adjusted == pytest.approx(
            max(other.adjusted for other in plain.values() if other.raw <= one.raw)
        )


@without_collecting
def test_holm_keeps_the_family_wise_rate(_):
    draws = np.random.default_rng(2).random((1000, 8))
    wrong = np.mean([any(one.rejected for one in holm({str(i): p for i, p in enumerate(row)}).values()) for row in draws])
    assert wrong < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize(
    "call",
    [
        lambda: z_power(1, 0.0),
        lambda: z_power(1, 1, sided=3),
        lambda: minimum_detectable_difference(math.nan),
        lambda: equivalence_power(0.1, margin=0.0),
        lambda: equivalence_power(0.0, margin=0.1),
        lambda: holm({"a": 1.2}),
        lambda: hanley_mcneil_error(0.9, 0, 4),
    ],
)
def test_mistakes_are_named(call):
    with pytest.raises(UserError):
        call()


@pytest.mark.parametrize("alpha", [0.05, 0.01])
@pytest.mark.parametrize("difference", [-0.06, 0.0, 0.06, 0.11])
def test_every_figure_of_an_equivalence_by_its_formula(difference, alpha):
    error, margin = 0.03, 0.1
    found = equivalence(Estimate(value=2 + difference, error=error, extra={"kept": 1.0}), target=2, margin=margin, alpha=alpha)
    z, half = norm.isf(alpha / 2), norm.isf(alpha) * error
    p_value = max(norm.sf((difference + margin) / error), norm.cdf((difference - margin) / error))
    assert (found.low, found.high, found.level) == pytest.approx((2 + difference - half, 2 + difference + half, 1 - 2 * alpha))
    assert found.extra["p_value"] == pytest.approx(p_value) and found.extra["equivalent"] == ("yes" if p_value <= alpha else "no")
    assert found.extra["different"] == ("yes" if abs(difference) > z * error else "no") and found.extra["kept"] == 1.0
    assert found.extra["power"] == equivalence_power(error, margin=margin, alpha=alpha)
    planned = equivalence(Estimate(value=2 + difference, error=error), target=2, margin=margin, alpha=alpha, planned_error=0.05)
    assert planned.extra["power"] == equivalence_power(0.05, margin=margin, alpha=alpha) and planned.low == found.low
    room = margin - norm.isf(alpha) * error
    chance = norm.cdf((room - difference) / error) - norm.cdf((-room - difference) / error)
    assert equivalence_power(error, margin=margin, difference=difference, alpha=alpha) == pytest.approx(chance)


@pytest.mark.parametrize("low, high, answer", [(0.61, 0.9, "no"), (0.1, 0.39, "no"), (0.6, 0.9, "undecided"), (0.1, 0.4, "undecided")])
def test_without_an_error_only_an_interval_beyond_the_margin_decides(low, high, answer):
    found = equivalence(Estimate(value=(low + high) / 2, low=low, high=high), target=0.5, margin=0.1)
    assert found.extra["equivalent"] == answer and (found.extra.get("different") == "yes") == (answer == "no")
    assert (found.low, found.high) == (low, high)


def test_no_room_is_no_power_and_a_margin_is_a_positive_length():
    edge = 0.1 / norm.isf(0.05)
    assert equivalence_power(edge * 1.0001, margin=0.1) == 0.0 < equivalence_power(edge * 0.99, margin=0.1)
    assert equivalence_power(0.001, margin=0.004) == pytest.approx(2 * norm.cdf(4 - norm.isf(0.05)) - 1)
    for margin in (-1.0, 0.0, math.inf, math.nan):
        with pytest.raises(UserError, match="positive and finite"):
            equivalence_power(0.1, margin=margin)
    for error in (0.0, -1.0, math.inf):
        with pytest.raises(UserError, match="positive and finite"):
            z_power(1.0, error)


@pytest.mark.parametrize("sided", [1, 2])
def test_the_detectable_difference_is_the_sum_of_two_quantiles(sided):
    wanted = (norm.isf(0.05 / sided) + norm.ppf(0.8)) * 0.7
    assert minimum_detectable_difference(0.7, sided=sided) == pytest.approx(wanted)
    assert z_power(-wanted, 0.7, sided=sided) == pytest.approx(0.8 if sided == 2 else 0.0, abs=1e-4)


def test_a_p_value_at_the_level_is_rejected_and_one_at_an_end_is_one():
    found = holm({"a": 0.025, "b": 0.05, "c": 0.0, "d": 1.0}, alpha=0.1)
    assert {name: (one.adjusted, one.rejected) for name, one in found.items()} == {
        "a": (pytest.approx(0.075), True),
        "b": (pytest.approx(0.1), True),
        "c": (0.0, True),
        "d": (1.0, False),
    }
    for wrong in (-0.01, 1.01):
        with pytest.raises(UserError, match="p-value of x"):
            holm({"x": wrong})
