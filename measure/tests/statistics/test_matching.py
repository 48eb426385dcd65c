"""AUC within strata: against brute force over comparable pairs, known weights, named drops, and its errors."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.auc_limits import hanley_mcneil_error, shrunk_interval
from unsettled.measure.statistics.matching import matched_auc, quantile_edges
from unsettled.measure.statistics.strata import WEIGHTS, areas_within, grouped, stratified_auc, weighted


def strata_of(scores, mask, strata, *, weights, minimum=1):
    return weighted(areas_within(scores, mask, grouped(scores, strata), minimum=minimum), weights)


def sample(n=600, *, seed=0, levels=None):
    """Scores that help within strata, with a share of positives that grows with what is matched on."""
    rng = np.random.default_rng(seed)
    by = rng.random(n)
    mask = rng.random(n) < 0.2 + 0.6 * by
    scores = mask + 2 * by + rng.normal(size=n)
    return (np.round(scores * levels) if levels else scores), mask, by


@pytest.mark.parametrize("levels", [None, 2], ids=["continuous", "ties"])
def test_pair_weights_are_the_share_of_comparable_pairs_in_order(levels):
    scores, mask, by = sample(levels=levels)
    strata = (by * 7).astype(int)
    won = pairs = 0.0
    for i in np.flatnonzero(mask):
        same = ~mask & (strata == strata[i])
        won += (scores[i] > scores[same]).sum() + 0.5 * (scores[i] == scores[same]).sum()
        pairs += same.sum()
    assert stratified_auc(scores, mask, strata, weights="pairs").value == pytest.approx(won / pairs, abs=1e-12)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_weights_and_error_by_hand(weights):
    scores, mask, by = sample()
    strata = np.minimum((by * 5).astype(int), 3)
    inside = [auc(scores[strata == s], mask[strata == s]) for s in range(4)]
    raw = np.array([{"pairs": one.counts["pairs"], "positives": one.counts["positives"], "macro": 1}[weights] for one in inside])
    share = raw / raw.sum()
    measured = stratified_auc(scores, mask, strata, weights=weights)
    assert measured.value == pytest.approx(share @ [one.value for one in inside], abs=1e-12)
    assert measured.error**2 == pytest.approx(share**2 @ np.array([one.error for one in inside]) ** 2)
    assert [measured.extra[f"auc in {s}"] for s in range(4)] == [one.value for one in inside]


def test_weights_disagree_where_strata_differ():
    values = {weights: stratified_auc(*sample()[:2], (sample()[2] * 5).astype(int), weights=weights).value for weights in WEIGHTS}
    assert len({round(value, 6) for value in values.values()}) == 3


@given(st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_one_stratum_is_the_plain_auc(seed):
    scores, mask, by = sample(40, seed=seed, levels=1)
    if not 0 < mask.sum() < 40:
        return
    plain = auc(scores, mask)
    for weights in WEIGHTS:
        one = stratified_auc(scores, mask, np.zeros(40, int), weights=weights)
        assert one.value == pytest.approx(plain.value, abs=1e-12) and one.error == pytest.approx(plain.error)
        assert (one.low, one.high) == pytest.approx((plain.low, plain.high))
        matched = matched_auc(scores, mask, by, weights=weights, bins=1, minimum=1)
        assert matched.value == pytest.approx(plain.value, abs=1e-12)


def test_swapping_the_classes_mirrors_and_maps_within_strata_change_nothing():
    scores, mask, by = sample()
    strata = (by * 6).astype(int)
    plain = stratified_auc(scores, mask, strata, weights="pairs")
    swapped = stratified_auc(scores, ~mask, strata, weights="pairs")
    assert swapped.value == pytest.approx(1 - plain.value)
    moved = stratified_auc(np.exp(scores) + 100.0 * strata, mask, strata, weights="pairs")
    assert moved.value == pytest.approx(plain.value, abs=1e-12) and moved.error == pytest.approx(plain.error)


def test_matching_removes_what_is_only_displacement():
    rng = np.random.default_rng(5)
    by = rng.normal(size=20_000)
    mask = rng.random(20_000) < norm.cdf(by)
    scores = by + 0.05 * rng.normal(size=20_000)
    assert auc(scores, mask).value > 0.75
    coarse, fine = (matched_auc(scores, mask, by, weights="pairs", bins=bins) for bins in (5, 100))
    assert 0.55 < coarse.value < 0.65 and abs(fine.value - 0.5) < 0.02
    # what is left is the spread of displacement within a bin, and the residual says so
    assert coarse.extra["residual"] == pytest.approx(coarse.value, abs=0.01)
    assert abs(fine.extra["residual"] - 0.5) < 0.03


def test_edges_pooled_or_within_and_dropped_bins_are_named():
    scores, mask, by = sample(2000)
    unsettled = by > 0.35
    within = matched_auc(scores, mask, by, weights="macro", within=unsettled)
    pooled = matched_auc(scores, mask, by, weights="macro", within=unsettled, edges="pooled")
    assert within.counts["dropped"] == 0 and within.n == unsettled.sum()
    assert pooled.counts["dropped"] == 3 and pooled.counts["strata"] == 10
    for bin_ in (1, 2, 3):
        assert f"bin {bin_} of 10: 0 positives, 0 negatives" in pooled.extra["dropped"]
    edges = [float(edge) for edge in within.extra["edges"].split()]
    assert len(edges) == 9 and edges == sorted(edges) and edges[0] > 0.35
    counts = np.bincount(np.searchsorted(quantile_edges(by[unsettled], 10), by[unsettled]))
    assert counts.max() - counts.min() <= 1


def test_minimum_per_class_drops_and_what_is_used_is_counted():
    scores = np.arange(12.0)
    mask = np.array([1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1], bool)
    strata = np.array([0] * 8 + [4] * 4)
    loose = stratified_auc(scores, mask, strata, weights="macro", names={4: "deep"})
    strict = stratified_auc(scores, mask, strata, weights="macro", minimum=2, names={4: "deep", 7: "deeper"})
    assert loose.value == pytest.approx((6 / 16 + 1) / 2)
    assert strict.value == pytest.approx(6 / 16) and (strict.counts["positives"], strict.counts["negatives"]) == (4, 4)
    assert strict.extra["dropped"] == "deep: 1 positives, 3 negatives; deeper: 0 positives, 0 negatives"
    few_negatives = stratified_auc(scores, ~mask, strata, weights="macro", minimum=2)
    assert few_negatives.extra["dropped"] == "4: 3 positives, 1 negatives"
    none = stratified_auc(scores, mask, strata, weights="macro", minimum=9)
    assert not none.defined and "4: 1 positives" in none.undefined_reason


def test_small_or_separated_strata_widen_the_interval():
    scores, mask, by = sample(400)
    strata = (by * 3).astype(int)
    lone = np.append(strata, [9, 9, 9])
    with_lone = stratified_auc(np.append(scores, [5.0, 1.0, 2.0]), np.append(mask, [True, False, False]), lone, weights="macro")
    row = strata_of(np.append(scores, [5.0, 1.0, 2.0]), np.append(mask, [True, False, False]), lone, weights="macro")[-1]
    assert row.bounded and row.auc == 1.0 and row.error == pytest.approx(math.sqrt(2 / 3 * 1 / 3))
    assert with_lone.counts["bounded_errors"] == 1
    assert with_lone.error > stratified_auc(scores, mask, strata, weights="macro").error


def test_separation_in_every_stratum_counts_pairs_within_strata_only():
    mask = np.tile([True, False], 10)
    strata = np.repeat([0, 1], 10)
    measured = stratified_auc(mask + 0.0, mask, strata, weights="pairs")
    assert measured.value == 1.0 and measured.high == 1.0 and measured.low == pytest.approx(0.025 ** (1 / 10))


def test_ties_never_straddle_an_edge():
    values = np.repeat([0.0, 1.0, 2.0], [80, 15, 5])
    edges = quantile_edges(values, 10)
    assert edges.tolist() == [0.0, 1.0]
    assert quantile_edges(np.full(9, 3.0), 10).tolist() == []
    assert quantile_edges(np.array([-np.inf] * 5 + [1.0] * 5), 2).tolist() == [-np.inf]


def test_a_nan_outside_the_compared_examples_is_harmless_and_one_inside_is_not():
    scores, mask, by = sample(200)
    within = np.arange(200) > 0
    scores[0] = np.nan
    assert matched_auc(scores, mask, by, weights="pairs", within=within, bins=2).defined
    by[5] = np.nan
    assert "NaN" in matched_auc(scores, mask, by, weights="pairs", within=within).undefined_reason


@pytest.mark.parametrize("change", [{"weights": "equal"}, {"edges": "mine"}, {"bins": 0}, {"minimum": 0}, {"by": [1.0]}])
def test_mistakes_are_named(change):
    scores, mask, by = sample(50)
    with pytest.raises(UserError):
        matched_auc(**({"scores": scores, "positives": mask, "by": by, "weights": "pairs"} | change))


def test_strata_must_be_whole_numbers():
    scores, mask, by = sample(50)
    with pytest.raises(UserError, match="whole"):
        stratified_auc(scores, mask, by, weights="pairs")


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_interval_shrinks_to_what_is_planned_of_the_strata(weights, level):
    scores, mask, by = sample(300)
    strata = np.minimum((by * 5).astype(int), 2)
    rows = strata_of(scores, mask, strata, weights=weights)

    def planned(theta):
        return math.sqrt(sum(row.weight**2 * hanley_mcneil_error(theta, row.positives, row.negatives) ** 2 for row in rows))

    found = stratified_auc(scores, mask, strata, weights=weights, level=level)
    wanted = shrunk_interval(found.value, found.error, mask.sum(), (~mask).sum(), level=level, planned=planned)
    assert (found.low, found.high) == pytest.approx(wanted) and (found.n, found.level) == (300, level)
    assert sum(row.weight for row in rows) == pytest.approx(1)


def test_matching_is_the_stratified_area_of_its_bins_of_which_five_of_a_class_are_needed():
    scores, mask, by = sample(150)
    inner = np.unique(np.quantile(by, np.arange(1, 10) / 10, method="inverted_cdf"))
    strata = (by[:, None] > inner).sum(axis=1)
    found = matched_auc(scores, mask, by, weights="positives", level=0.8)
    wanted = stratified_auc(
        scores, mask, strata, weights="positives", minimum=5, level=0.8, names=dict(enumerate(f"bin {b} of 10" for b in range(1, 11)))
    )
    assert (found.value, found.low, found.high, found.counts) == (wanted.value, wanted.low, wanted.high, wanted.counts)
    assert found.counts["dropped"] > 0 and found.extra["edges"] == " ".join(f"{edge:.6g}" for edge in inner) and found.level == 0.8
    assert found.extra["residual"] == pytest.approx(stratified_auc(by, mask, strata, weights="positives", minimum=5).value)
    assert found == matched_auc(scores, mask, by, weights="positives", bins=10, edges="within", minimum=5, level=0.8)
    assert stratified_auc(scores, mask, strata, weights="pairs") == stratified_auc(
        scores, mask, strata, weights="pairs", minimum=1, level=0.95
    )


def test_a_stratum_of_exactly_the_minimum_is_compared_and_one_of_a_class_bounded():
    mask = np.array([True, True, False, False, True, False, False])
    strata, scores = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([3.0, 1, 2, 0, 1, 2, 0])
    both, one = (strata_of(scores, mask, strata, weights="pairs", minimum=m) for m in (1, 2))
    assert [(row.weight, row.auc, row.bounded) for row in both] == [(pytest.approx(4 / 6), 0.75, False), (pytest.approx(2 / 6), 0.5, True)]
    assert [bool(row.dropped) for row in one] == [False, True] and (one[0].weight, one[1].weight) == (1, 0)
    assert both[1].error == pytest.approx(math.sqrt(0.5 * 0.5)) and math.isnan(one[1].error)
    tied = strata_of(np.zeros(8), np.arange(8) < 3, np.zeros(8, int), weights="macro")[0]
    assert tied.bounded and tied.error == pytest.approx(math.sqrt(0.5 * 0.5 / 3))
    for bad in (strata[:6], strata.astype(float)):
        with pytest.raises(UserError, match="strata must be 7 whole numbers"):
            strata_of(scores, mask, bad, weights="pairs")


def test_bins_are_whole_and_at_least_one():
    values = np.arange(8.0)
    assert (
        quantile_edges(values, 1).tolist() == []
        and quantile_edges(values, 2).tolist() == [3]
        and quantile_edges(values, 4).tolist() == [1, 3, 5]
    )
    assert quantile_edges(np.empty(0), 1).tolist() == []
    for bins in (0, 1.5):
        with pytest.raises(UserError, match="of at least 1"):
            quantile_edges(values, bins)


def test_strata_that_all_separate_completely_separate_completely():
    """Ten weights of a tenth sum to .9999999999999999."""
    scores, positives, strata = np.tile([0.0, 1.0], 10), np.tile([False, True], 10), np.repeat(np.arange(10), 2)
    found = stratified_auc(scores, positives, strata, weights="macro")
    assert (found.value, found.low, found.high) == pytest.approx((1, 0.025**0.1, 1)) and found.value == 1.0
