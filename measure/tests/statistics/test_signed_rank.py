"""The Hodges–Lehmann shift: against all pairwise means, its coverage, what depends counts once, and what has no value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, norm, wilcoxon

from unsettled.measure.statistics.signed_rank import paired_shift


def naive(apart: np.ndarray, critical: int) -> tuple[float, float, float]:
    means = np.sort([(apart[i] + apart[j]) / 2 for i in range(len(apart)) for j in range(i, len(apart))])
    return float(np.median(means)), float(means[critical]), float(means[-1 - critical])


def test_it_is_the_median_of_the_pairwise_means_with_the_limits_of_the_table():
    """Hollander & Wolfe's depression scores: with nine pairs 5 is the largest sum with a chance of at most .025."""
    first = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    second = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    found = paired_shift(first, second)
    assert (found.value, found.low, found.high) == pytest.approx(naive(first - second, 5), abs=1e-9)
    assert found.value == pytest.approx(0.46) and found.extra["p_value"] == pytest.approx(wilcoxon(first, second).pvalue)


def test_it_covers_and_beats_no_wild_example():
    rng, missed = np.random.default_rng(0), 0
    for _ in range(60):
        found = paired_shift(rng.standard_t(2, 60) + 0.3, np.zeros(60))
        missed += not found.low <= 0.3 <= found.high
    assert missed <= 8
    values = np.append(np.linspace(-1, 1, 60), 1e12)
    assert abs(paired_shift(values, np.zeros(61)).value) < 0.05


def test_examples_of_a_group_count_once():
    rng = np.random.default_rng(1)
    apart = rng.standard_normal(40)
    alone, repeated = paired_shift(apart, np.zeros(40)), paired_shift(np.tile(apart, 5), np.zeros(200), groups=np.tile(np.arange(40), 5))
    assert (repeated.value, repeated.low, repeated.high) == pytest.approx((alone.value, alone.low, alone.high))
    assert paired_shift(np.tile(apart, 5), np.zeros(200)).high < alone.high


def test_infinities_that_are_equal_differ_by_nothing_and_too_few_have_no_interval():
    found = paired_shift([-math.inf, 1, 2, 3, 4, 5, 6, 7], [-math.inf, 0, 1, 2, 3, 4, 5, 6])
    assert found.value == 1.0 and found.low <= 1.0 <= found.high
    assert math.isnan(paired_shift([1.0, 2.0], [0.0, 0.0]).low) and not paired_shift([], []).defined
    assert paired_shift([math.nan], [1.0]).undefined_reason == "1 of 1 differences are NaN"
    assert paired_shift([1.0] * 9, [1.0] * 9).extra["p_value"] == 1.0


@pytest.mark.parametrize("level", [0.95, 0.8])
@pytest.mark.parametrize("n", [8, 50, 51, 80])
def test_it_is_a_pairwise_mean_whose_rank_the_exact_or_the_normal_law_gives(n, level):
    apart = np.random.default_rng(n).standard_normal(n) + 0.2
    found, tail = paired_shift(apart, np.zeros(n), level=level, unit="u"), (1 - level) / 2
    means = np.sort([(apart[i] + apart[j]) / 2 for i in range(n) for j in range(i, n)])
    # the test just rejects beyond its limits: as many pairwise means lie outside as its critical sum counts
    chances = np.ones(1)
    for rank in range(1, n + 1):
        chances = np.convolve(chances, np.eye(rank + 1)[0] / 2 + np.eye(rank + 1)[-1] / 2)
    exact = int(np.searchsorted(np.cumsum(chances), tail, side="right")) - 1
    places = [int(np.argmin(np.abs(means - end))) for end in (found.low, found.high)]
    assert (found.value, found.low, found.high) == pytest.approx((np.median(means), means[places[0]], means[places[1]]), abs=1e-9)
    assert abs(places[0] - exact) <= (n > 50) and abs(len(means) - 1 - places[1] - exact) <= (n > 50)
    assert found.error == pytest.approx((found.high - found.low) / (2 * norm.isf(tail))) and found.unit == "u"
    assert found.extra["median_first"] == np.median(apart) and found.extra["median_second"] == 0 and found.counts == {"n": n}


def test_differences_of_nothing_are_ranked_and_a_group_counts_its_mean():
    first, second = np.array([0.0, 0, 2, -1, 3, -5, 4, 6]), np.zeros(8)
    assert paired_shift(first, second).extra["p_value"] == wilcoxon(first, zero_method="pratt").pvalue != wilcoxon(first).pvalue
    grouped = paired_shift([1.0, 3.0, 5.0], second[:3], groups=["a", "a", "b"])
    assert grouped.value == pytest.approx(3.5) and grouped.counts == {"n": 3, "groups": 2} and (grouped.n, grouped.error) == (3, None)
    assert paired_shift(first, second, groups=range(8)).counts == {"n": 8}
    assert math.isinf(paired_shift([math.inf] * 3, second[:3]).value) and paired_shift([0.0] * 8, second).error is None


@pytest.mark.parametrize(("alike", "zeros"), [(6, 0), (5, 2)])
def test_ties_and_zeros_leave_the_test_its_level_and_the_interval_leaves_out_only_what_it_rejects(alike, zeros):
    """Differences of one size, each as often up as down: 5 of 5 alike beside two zeros are 1 in 16, and not the .025 of a normal law."""
    signs = [np.array([1] * up + [-1] * (alike - up) + [0] * zeros) for up in range(alike + 1)]
    found = [paired_shift(each, np.zeros(alike + zeros), level=0.8) for each in signs]
    chances, p_values = binom.pmf(np.arange(alike + 1), alike, 0.5), np.array([one.extra["p_value"] for one in found])
    assert all(chances[p_values <= value].sum() <= value + 1e-12 for value in p_values)
    assert not any((one.low > 0 or one.high < 0) and p > 0.2 for one, p in zip(found, p_values, strict=True))


def test_a_limit_that_hangs_on_an_infinite_difference_is_infinite():
    found = paired_shift([1, 2, 3, 4, 5, math.inf], np.zeros(6))
    assert (found.low, found.high, found.error) == (pytest.approx(1), math.inf, None)
    mirrored = paired_shift(np.zeros(6), [1, 2, 3, 4, 5, math.inf])
    assert (mirrored.low, mirrored.high) == (-math.inf, pytest.approx(-1))


def test_the_exact_p_value_is_scipys_and_scale_changes_nothing():
    rng = np.random.default_rng(3)
    for n in (5, 20, 50):
        apart = rng.normal(0.3, 1, n)
        p_value = paired_shift(apart, np.zeros(n)).extra["p_value"]
        assert p_value == pytest.approx(wilcoxon(apart, method="exact").pvalue)
        assert paired_shift(1e-3 * apart, np.zeros(n)).extra["p_value"] == p_value
