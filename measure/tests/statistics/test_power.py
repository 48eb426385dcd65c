"""Power, equivalence and multiplicity against statsmodels, simulation and published arithmetic."""

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


@pytest.mark.parametrize("difference", [0.0, 0.05, 0.1])
def test_power_of_tost_by_simulation_and_its_size_at_the_margin(difference):
    error, margin = 0.04, 0.1
    values = np.random.default_rng(1).normal(difference, error, 2000)
    shown = np.mean(
        [equivalence(Estimate(value=value, error=error), target=0, margin=margin).extra["equivalent"] == "yes" for value in values]
    )
    assert equivalence_power(error, margin=margin, difference=difference) == pytest.approx(shown, abs=0.03)
    if difference == margin:
        assert shown < 0.065
    assert equivalence_power(0.1, margin=0.1) == 0.0


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
