"""The paired difference of shares: by hand, against statsmodels, its coverage, and samples in which no pair differs."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, norm, t
from statsmodels.stats.contingency_tables import mcnemar

from unsettled.measure.errors import UserError
from unsettled.measure.statistics import paired
from unsettled.measure.statistics.paired import detectable_change, group_error, paired_difference
from unsettled.measure.statistics.proportion import proportion


def test_by_hand_and_against_statsmodels():
    first = np.repeat([True, True, False, False], [50, 20, 7, 23])
    second = np.repeat([True, False, True, False], [50, 20, 7, 23])
    found = paired_difference(first, second)
    assert found.value == pytest.approx(0.13) and found.counts == {"first_only": 20, "second_only": 7, "n": 100}
    centre, error = 13 / 102, np.sqrt(28 - 13**2 / 102) / 102
    exact = proportion(20, 27)
    low, high = (
        min(centre - 1.959964 * error, 27 * (2 * exact.low - 1) / 100),
        max(centre + 1.959964 * error, 27 * (2 * exact.high - 1) / 100),
    )
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)
    assert found.extra["p_value"] == pytest.approx(mcnemar([[50, 20], [7, 23]], exact=True).pvalue)
    assert found.extra["share_first"] == 0.7 and found.extra["share_second"] == pytest.approx(0.57)
    turned = paired_difference(second, first)
    assert (turned.value, turned.low, turned.high) == pytest.approx((-found.value, -found.high, -found.low))


@pytest.mark.parametrize("n", [1, 10, 1000])
@pytest.mark.parametrize("both", [True, False])
def test_where_no_pair_differs_the_interval_has_a_width(n, both):
    found = paired_difference(np.full(n, both), np.full(n, both))
    assert found.value == 0 and found.low < 0 < found.high and found.extra["p_value"] == 1.0


def test_complete_difference_stays_within_its_limits_and_nothing_is_undefined():
    found = paired_difference(np.ones(12, bool), np.zeros(12, bool))
    assert found.low < found.value == found.high == 1.0
    assert not paired_difference([], []).defined
    with pytest.raises(UserError):
        paired_difference([True, False], [True])


@pytest.mark.parametrize("differ", range(1, 12))
def test_it_leaves_zero_out_only_where_the_exact_test_does(differ):
    for only in range(differ + 1):
        first = np.arange(24) < only
        found = paired_difference(first, (np.arange(24) >= only) & (np.arange(24) < differ))
        assert found.low <= found.value <= found.high
        if found.low > 0 or found.high < 0:
            assert found.extra["p_value"] <= 0.05


@pytest.mark.parametrize(("gain", "loss"), [(0.02, 0.02), (0.1, 0.02), (0.3, 0.1)])
def test_it_covers(gain, loss):
    rng = np.random.default_rng(1)
    kinds = rng.choice(3, size=(500, 128), p=[gain, loss, 1 - gain - loss])
    found = [paired_difference(row == 0, row == 1) for row in kinds]
    assert np.mean([f.low <= gain - loss <= f.high for f in found]) >= 0.925


def test_the_mid_p_is_by_hand():
    """Fagerland, Lydersen & Laake's example: 1 and 7 of 21 pairs differ, exact p .070, mid-p .039."""
    first, second = np.arange(21) < 1, (np.arange(21) >= 1) & (np.arange(21) < 8)
    found = paired_difference(first, second)
    assert (found.extra["p_value"], found.extra["mid_p_value"]) == (pytest.approx(0.0703125), pytest.approx(0.0390625))
    assert paired_difference([True, False], [False, True]).extra["mid_p_value"] == pytest.approx(0.75)


def test_groups_widen_it_to_what_the_groups_know():
    rng = np.random.default_rng(4)
    first, second = rng.random(80) < 0.6, rng.random(80) < 0.4
    alone = paired_difference(first, second)
    tiled, groups = (np.tile(first, 8), np.tile(second, 8)), np.tile(np.arange(80), 8)
    counted, grouped = paired_difference(*tiled), paired_difference(*tiled, groups=groups)
    assert counted.high - counted.low < (alone.high - alone.low) / 2
    assert grouped.high - grouped.low == pytest.approx(alone.high - alone.low, rel=0.06)
    assert grouped.extra["p_value"] > counted.extra["p_value"] and grouped.counts["groups"] == 80
    assert "mid_p_value" not in grouped.extra and paired_difference(first, second, groups=np.arange(80)) == alone


def test_it_covers_by_groups():
    rng, missed = np.random.default_rng(5), 0
    for _ in range(300):
        base = np.repeat(rng.random((40, 1)), 6, axis=1).ravel()
        first, second = base + 0.2 * rng.random(240) < 0.6, base + 0.2 * rng.random(240) < 0.5
        found = paired_difference(first, second, groups=np.repeat(np.arange(40), 6))
        missed += not found.low <= 0.1 <= found.high
    assert missed <= 27


@pytest.mark.parametrize("groups", [9, 7, 1])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_by_groups_it_holds_what_each_way_to_count_groups_leaves_and_is_tested_by_their_signs(groups, level):
    rng = np.random.default_rng(6)
    at = np.arange(60) % groups
    first, second = rng.random(60) < 0.2 + 0.6 * (at % 2), rng.random(60) < 0.4
    plain, found = paired_difference(first, second, level=level), paired_difference(first, second, groups=at, level=level)
    sums, sizes = np.bincount(at, weights=first.astype(float) - second), np.bincount(at)
    apart, z = sums - found.value * sizes, norm.isf((1 - level) / 2)
    error = math.sqrt(groups / (groups - 1) * (apart @ apart)) / 60 if groups > 1 else 0.0
    reach = t.isf((1 - level) / 2, groups - 1) * error if groups > 1 else 1.0
    each = sums / sizes.mean()
    half = z * math.sqrt(each @ each + 1 - each.sum() ** 2 / (groups + 2)) / (groups + 2)
    places = np.linspace(-1, 1, 4001)
    left = places[[(sums.sum() - 60 * d) ** 2 <= z**2 * ((sums - d * sizes) ** 2).sum() for d in places]]
    centre = each.sum() / (groups + 2)
    assert found.low == pytest.approx(max(-1, min(plain.low, found.value - reach, centre - half, left[0])), abs=1e-3)
    assert found.high == pytest.approx(min(1, max(plain.high, found.value + reach, centre + half, left[-1])), abs=1e-3)
    assert found.error == pytest.approx(max(plain.error, error))
    flipped = np.array(list(itertools.product((1, -1), repeat=groups))) @ sums
    assert found.extra["p_value"] == pytest.approx(max(plain.extra["p_value"], (abs(flipped) >= abs(sums.sum())).mean()))
    assert found.counts["groups"] == groups and found.level == level


@pytest.mark.parametrize(("groups", "p_value"), [(2, 0.5), (4, 0.125), (6, 0.03125)])
def test_few_groups_that_are_alike_leave_zero_out_only_where_their_signs_do(groups, p_value):
    found = paired_difference(np.ones(10 * groups, bool), np.zeros(10 * groups, bool), groups=np.repeat(np.arange(groups), 10))
    assert found.extra["p_value"] == pytest.approx(p_value) and (found.low > 0) == (p_value <= 0.05) and found.low < 0.5


def test_one_group_that_outweighs_the_others_leaves_all_open():
    found = paired_difference(np.arange(109) < 102, np.arange(109) >= 102, groups=np.maximum(np.arange(109) - 99, 0))
    assert (found.low, found.high) == (-1, 1) and found.extra["p_value"] > 0.3


def test_many_groups_have_the_normal_law_of_their_signs(monkeypatch):
    rng = np.random.default_rng(7)
    at, first, second = np.arange(400) // 4, rng.random(400) < 0.6, rng.random(400) < 0.52
    exact = paired_difference(first, second, groups=at).extra["p_value"]
    monkeypatch.setattr(paired, "FEW_SUMS", 0)
    assert paired_difference(first, second, groups=at).extra["p_value"] == pytest.approx(exact, rel=0.2)


def test_where_pairs_differ_in_one_way_it_covers_as_it_says_by_enumeration():
    """Agresti and Min's interval alone covers .832 at a share of .2 that differs, always the same way."""
    n = 8
    found = [paired_difference(np.arange(n) < only, np.zeros(n, bool)) for only in range(n + 1)]
    for truth in np.linspace(0, 1, 41):
        covers = np.array([one.low <= truth <= one.high for one in found])
        assert binom.pmf(np.arange(n + 1), n, truth)[covers].sum() >= 0.95


def test_groups_whose_differences_cancel_reject_nothing():
    found = paired_difference([True, False, True, False], [False, True, False, True], groups=[0, 0, 1, 1])
    assert (found.value, found.extra["p_value"]) == (0, 1.0) and (found.low, found.high) == pytest.approx((-found.high, -found.low))


def test_the_error_of_a_sum_by_groups():
    parts, groups = [1.0, 2.0, -4.0, 1.0], ["a", "b", "b", "c"]
    assert group_error(parts, groups) == pytest.approx(math.sqrt(3 / 2 * (1 + 4 + 1)))
    assert group_error(parts, [0] * 4) == 0


@pytest.mark.parametrize(("n", "turned"), [(30, 6), (100, 0), (200, 20)])
def test_the_detectable_change_is_found_in_four_cases_of_five_by_enumeration(n, turned):
    """(z + z)·√(turned + 1)/(n + 2) is found in .39, .06 and .54 of the cases."""
    least, loss, found = detectable_change(turned, n), (turned + 1) / 2 / (n + 2), 0.0
    for differ in range(n + 1):
        only = np.arange(differ + 1)
        p_values = np.minimum(1, 2 * binom.cdf(np.minimum(only, differ - only), differ, 0.5))
        rejects = binom.pmf(only, differ, (loss + least) / (2 * loss + least))[p_values <= 0.05].sum()
        found += binom.pmf(differ, n, 2 * loss + least) * rejects
    assert found == pytest.approx(0.8, abs=1e-3)
    assert detectable_change(0, 5) is None and detectable_change(5, 5) is None
