"""AUC against scikit-learn, scipy, brute force and theory; its invariances; its boundary."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm, rankdata, t
from sklearn.metrics import roc_auc_score

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import (
    INTERVALS,
    auc,
    auc_difference,
    auc_equivalence,
    auc_interval,
    hanley_mcneil_error,
    midranks,
    placements,
    score_interval,
)
from unsettled.measure.statistics.auc_limits import shrunk_interval
from unsettled.measure.statistics.equivalence import equivalence, equivalence_power


def sample(m, n, *, shift=1.0, levels=None, seed=0):
    rng = np.random.default_rng(seed)
    mask = np.arange(m + n) < m
    scores = rng.normal(shift * mask, 1.0)
    return (np.round(scores * levels) if levels else scores), mask


def brute(scores, mask):
    wins = np.sign(scores[mask][:, None] - scores[~mask][None, :]) / 2 + 0.5
    return wins.mean(), wins.mean(axis=1), wins.mean(axis=0)


@pytest.mark.parametrize("levels", [None, 2, 1], ids=["continuous", "some ties", "many ties"])
@pytest.mark.parametrize("m, n", [(2, 3), (30, 70), (254, 1794)])
def test_agrees_with_sklearn_scipy_and_brute_force(m, n, levels):
    scores, mask = sample(m, n, levels=levels)
    measured = auc(scores, mask)
    value, of_positives, of_negatives = brute(scores, mask)
    assert measured.value == pytest.approx(roc_auc_score(mask, scores), abs=1e-12)
    assert measured.value == pytest.approx(mannwhitneyu(scores[mask], scores[~mask]).statistic / (m * n), abs=1e-12)
    assert measured.value == pytest.approx(value, abs=1e-12)
    ours = placements(scores, mask)
    np.testing.assert_allclose(ours[0], of_positives, atol=1e-12)
    np.testing.assert_allclose(ours[1], of_negatives, atol=1e-12)
    if measured.error is not None:
        variance = np.var(of_positives, ddof=1) / m + np.var(of_negatives, ddof=1) / n
        assert measured.error == pytest.approx(math.sqrt(variance), rel=1e-10)
    assert measured.counts == {"positives": m, "negatives": n, "pairs": m * n}


@pytest.mark.parametrize("levels", [None, 2, 1], ids=["continuous", "some ties", "many ties"])
@pytest.mark.parametrize("m, n", [(1, 3), (30, 1), (254, 1794)])
def test_many_scores_say_what_few_do(m, n, levels, monkeypatch):
    scores, mask = sample(m, n, levels=levels)
    scores[-1], scores[0] = -np.inf, -0.0
    few, placed = auc(scores, mask), placements(scores, mask)
    monkeypatch.setattr("unsettled.measure.statistics.auc.LARGE", 0)
    many = auc(scores, mask)
    assert many.value == pytest.approx(few.value, rel=4e-16) and many.counts == few.counts
    assert many.error == (few.error and pytest.approx(few.error, rel=1e-14))
    for one, other in zip(placed, placements(scores, mask), strict=True):
        np.testing.assert_array_equal(one, other)  # to the last digit: differences of them are taken


def test_midranks_are_scipys_average_ranks():
    values = np.array([3.0, -np.inf, 1.0, 3.0, -np.inf, np.inf, 1.0, 1.0])
    np.testing.assert_array_equal(midranks(values), rankdata(values))


def test_delong_error_is_the_spread_of_the_auc_over_samples():
    drawn = [auc(*sample(60, 90, seed=seed)) for seed in range(600)]
    values = np.array([one.value for one in drawn])
    assert values.mean() == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=4 * values.std() / math.sqrt(600))
    assert np.mean([one.error for one in drawn]) == pytest.approx(values.std(), rel=0.12)  # sd of sd: 2.9 %


def test_error_under_no_association_is_that_of_mann_whitney():
    m, n = 40, 60
    assert hanley_mcneil_error(0.5, m, n) == pytest.approx(math.sqrt((m + n + 1) / (12 * m * n)), rel=1e-12)


def test_hanley_mcneil_is_exact_for_exponential_scores():
    rng = np.random.default_rng(1)
    value, m, n = 0.9, 12, 15
    mask = np.arange(m + n) < m
    draws = [auc(np.where(mask, 9.0, 1.0) * rng.exponential(size=m + n), mask).value for _ in range(3000)]
    assert np.std(draws) == pytest.approx(hanley_mcneil_error(value, m, n), rel=0.06)


def test_planning_error_at_the_claims_size():
    assert hanley_mcneil_error(0.993, 254, 1794) == pytest.approx(0.0037, abs=5e-5)


@given(scores=st.lists(st.integers(-8, 8), min_size=4, max_size=30), cut=st.integers(1, 3), power=st.sampled_from([1, 3, 5]))
@settings(max_examples=60, deadline=None)
def test_increasing_maps_change_nothing_and_swapping_classes_mirrors(scores, cut, power):
    values = np.array(scores, float)
    mask = np.arange(len(values)) < cut
    plain = auc(values, mask)
    mapped = auc(np.exp(values / 4) + values**power, mask)
    swapped, negated = auc(values, ~mask), auc(-values, mask)
    assert mapped.value == plain.value and mapped.error == plain.error
    for mirror in (swapped, negated):
        assert mirror.value == pytest.approx(1 - plain.value, abs=1e-12)
        np.testing.assert_allclose([mirror.low, mirror.high], [1 - plain.high, 1 - plain.low], atol=1e-9)


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_enclose_the_value_and_tighten_with_n_and_with_a_lower_level(interval):
    small, large = auc(*sample(30, 50), interval=interval), auc(*sample(300, 500), interval=interval)
    narrow = auc(*sample(30, 50), interval=interval, level=0.8)
    for one in (small, large, narrow):
        assert one.low < one.value < one.high
    assert large.high - large.low < small.high - small.low
    assert small.low < narrow.low and narrow.high < small.high


def test_logit_interval_by_hand():
    low, high, _ = auc_interval(0.9, 0.03, 50, 50)
    centre, half = math.log(9), 1.959964 * 0.03 / 0.09
    assert (low, high) == pytest.approx([1 / (1 + math.exp(-(centre + sign * half))) for sign in (-1, 1)], rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e-6, 0.02, 0.5, 0.97, 0.993, 1.0])
def test_score_interval_solves_its_equation_and_is_symmetric(value):
    low, high = score_interval(value, 40, 70)
    for end in (low, high):
        if 0 < end < 1:
            assert abs(value - end) == pytest.approx(1.959964 * hanley_mcneil_error(end, 40, 70), rel=1e-4)
    assert 0 <= low <= value <= high <= 1 and low < high
    assert score_interval(1 - value, 70, 40) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("m, n", [(1, 1), (5, 9), (254, 1794)])
def test_complete_separation_has_the_limit_of_its_disjoint_pairs(m, n):
    mask = np.arange(m + n) < m
    measured = auc(mask.astype(float), mask)
    assert (measured.value, measured.high) == (1.0, 1.0)
    assert measured.low == pytest.approx(0.025 ** (1 / min(m, n)))
    assert measured.error is None and "separation" in measured.extra["note"]
    mirrored = auc(-mask.astype(float), mask)
    assert (mirrored.value, mirrored.low, mirrored.high) == pytest.approx((0.0, 0.0, 1 - measured.low))


def test_limit_at_separation_is_conservative():
    """At an AUC equal to the limit, complete separation happens no more often than the tail it was made for."""
    rng = np.random.default_rng(2)
    m, n = 4, 6
    limit = 0.025 ** (1 / 4)
    shift = math.sqrt(2) * norm.ppf(limit)
    positives = rng.normal(shift, 1, (40_000, m)).min(axis=1)
    assert (positives > rng.normal(0, 1, (40_000, n)).max(axis=1)).mean() < 0.025


def test_all_ties_and_lone_examples_have_a_value_but_no_interval():
    tied = auc(np.zeros(10), np.arange(10) < 4)
    lone = auc([1.0, 0.0, 2.0], [True, False, False])
    for one in (tied, lone):
        assert one.value == 0.5 and math.isnan(one.low) and math.isnan(one.high)
        assert one.error is None and "no interval" in one.extra["note"]


def test_infinite_scores_rank_and_tie():
    scores, mask = np.array([-np.inf, -np.inf, 0.0, 1.0, np.inf]), np.array([True, False, False, True, True])
    assert auc(scores, mask).value == pytest.approx(brute(np.clip(scores, -9, 9), mask)[0])


def test_paired_difference_against_the_covariance_form_and_the_jackknife():
    rng = np.random.default_rng(3)
    mask = rng.random(160) < 0.4
    common = rng.normal(size=160)
    first, second = 1.2 * mask + common + rng.normal(size=160), 0.6 * mask + common + rng.normal(size=160)
    measured = auc_difference(first, second, mask)
    sides = [brute(scores, mask) for scores in (first, second)]
    m, n = mask.sum(), (~mask).sum()
    covariance = np.cov(sides[0][1], sides[1][1]) / m + np.cov(sides[0][2], sides[1][2]) / n
    assert measured.value == pytest.approx(sides[0][0] - sides[1][0], abs=1e-12)
    assert measured.error**2 == pytest.approx(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], rel=1e-9)
    left_out = [auc_difference(np.delete(first, i), np.delete(second, i), np.delete(mask, i)).value for i in range(160)]
    jackknife = math.sqrt(
        sum(
            (np.array(left_out)[group] ** 2).sum() * (size - 1) / size - (np.array(left_out)[group].sum() ** 2) * (size - 1) / size**2
            for group, size in ((mask, m), (~mask, n))
        )
    )
    assert measured.error == pytest.approx(jackknife, rel=0.02)
    swapped = auc_difference(second, first, mask)
    assert swapped.value == -measured.value and swapped.extra["p_value"] == measured.extra["p_value"]


def test_paired_test_holds_its_level_when_two_scores_are_equally_good():
    rng = np.random.default_rng(4)
    mask = np.arange(100) < 40
    p_values = []
    for _ in range(500):
        common = mask + rng.normal(size=100)
        p_values.append(auc_difference(common + rng.normal(size=100), common + rng.normal(size=100), mask).extra["p_value"])
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09


def test_difference_without_variance_is_not_certainty():
    scores, mask = sample(20, 30)
    alike = auc_difference(scores, np.exp(scores), mask)
    assert (alike.value, alike.extra["p_value"]) == (0.0, 1.0) and math.isnan(alike.low)
    opposed = auc_difference(mask.astype(float), -mask.astype(float), mask)
    assert opposed.value == 1.0 and math.isnan(opposed.low) and "p_value" not in opposed.extra


def test_equivalence_needs_data_and_not_merely_overlap():
    few, many, off = sample(10, 12, shift=0), sample(2000, 2000, shift=0), sample(2000, 2000, shift=1)
    assert auc_equivalence(*few).extra["equivalent"] == "no" and auc_equivalence(*few).extra["different"] == "no"
    assert auc_equivalence(*few).extra["power"] < 0.1
    shown = auc_equivalence(*many, margin=0.05)
    assert shown.extra["equivalent"] == "yes" and shown.extra["power"] > 0.99 and shown.level == 0.9
    assert 0.45 < shown.low < shown.high < 0.55
    assert auc_equivalence(*off).extra["different"] == "yes"
    separated = auc_equivalence([0.0] * 9 + [1.0] * 9, [False] * 9 + [True] * 9)
    assert (separated.extra["equivalent"], separated.extra["different"]) == ("no", "yes")


@pytest.mark.parametrize(
    "arguments",
    [
        {"scores": [1.0, 2.0], "positives": [True]},
        {"scores": [[1.0], [2.0]], "positives": [True, False]},
        {"scores": [1.0, 2.0], "positives": [3, 0]},
        {"scores": [1.0, 2.0], "positives": [1, 0], "level": 1.0},
        {"scores": [1.0, 2.0], "positives": [1, 0], "interval": "delong"},
    ],
)
def test_mistakes_are_named(arguments):
    with pytest.raises(UserError):
        auc(**arguments)


@pytest.mark.parametrize("level", [0.95, 0.8])
@pytest.mark.parametrize("m, n", [(3, 2), (2, 3), (40, 60)])
def test_every_interval_by_its_formula(m, n, level):
    mask = np.arange(m + n) < m
    scores = np.linspace(0, 1, m + n)[np.random.default_rng(m).permutation(m + n)]
    error, value = auc(scores, mask).error, auc(scores, mask).value
    z, centre = norm.isf((1 - level) / 2), math.log(value / (1 - value))
    half = z * error / (value * (1 - value))
    wanted = {
        "wald": (value - z * error, value + z * error),
        "logit": (1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))),
        "score": score_interval(value, m, n, level=level),
        "shrunk": shrunk_interval(value, error, m, n, level=level),
    }
    for interval in INTERVALS:
        found = auc(scores, mask, interval=interval, level=level)
        assert (found.low, found.high) == pytest.approx(wanted[interval]) and (found.level, found.n) == (level, m + n)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_difference_has_the_interval_and_p_value_of_students_t_with_satterthwaites_degrees(level):
    rng = np.random.default_rng(11)
    mask = np.arange(50) < 20
    one, other = mask + rng.normal(size=50), rng.normal(size=50)
    found = auc_difference(one, other, mask, level=level)
    apart = [a - b for a, b in zip(placements(one, mask), placements(other, mask), strict=True)]
    variances = [part.var(ddof=1) / len(part) for part in apart]
    degrees = sum(variances) ** 2 / sum(v**2 / (len(part) - 1) for v, part in zip(variances, apart, strict=True))
    half = t.isf((1 - level) / 2, degrees) * found.error
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))
    assert found.extra["z"] == pytest.approx(found.value / found.error)
    assert found.extra["p_value"] == pytest.approx(2 * t.sf(abs(found.extra["z"]), degrees))
    assert (found.n, found.level, found.counts) == (50, level, {"positives": 20, "negatives": 30})


@pytest.mark.parametrize("mask", [[True, False, False, False], [False, True, True, True]])
def test_a_class_of_one_has_no_variance_and_equal_orders_of_it_no_p_value(mask):
    scores = [2.0, 1.0, 3.0, 4.0]
    one, alike = auc(scores, mask), auc_difference(scores, scores, mask)
    assert one.error is None and one.extra["note"] == "a class has one example: no DeLong variance, no interval"
    assert alike.value == 0 and alike.extra["note"] == "no DeLong variance of the difference" and "p_value" not in alike.extra
    assert auc([1.0] * 4, [True, True, False, False]).extra["note"] == "all scores tie: no DeLong variance, no interval"


def test_equivalence_is_planned_at_the_target_with_hanley_and_mcneils_error():
    scores, mask = sample(40, 60, shift=0)
    found = auc_equivalence(scores, mask, target=0.6, margin=0.2, alpha=0.1)
    wanted = equivalence(auc(scores, mask, interval="wald"), target=0.6, margin=0.2, alpha=0.1)
    assert (found.low, found.high, found.level) == pytest.approx((wanted.low, wanted.high, 0.8))
    assert found.extra["p_value"] == pytest.approx(wanted.extra["p_value"])
    assert found.extra["power"] == pytest.approx(equivalence_power(hanley_mcneil_error(0.6, 40, 60), margin=0.2, alpha=0.1))
    assert auc_equivalence(scores, mask) == auc_equivalence(scores, mask, target=0.5, margin=0.1, alpha=0.05)
