"""The Hodges–Lehmann shift: against all pairwise means, its coverage, what depends counts once, and what has no value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

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
