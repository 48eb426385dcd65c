"""The difference of two areas with outcomes of their own: DeLong's where these are one, its coverage, and groups that widen it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import norm, t

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc, auc_difference
from unsettled.measure.statistics.auc_change import Classed, auc_change


def test_with_one_set_of_outcomes_it_is_delongs():
    rng = np.random.default_rng(0)
    positives = rng.random(90) < 0.3
    one, other = rng.standard_normal(90) + positives, np.round(rng.standard_normal(90) + 2 * positives, 1)
    found, wanted = auc_change(Classed(one, positives), Classed(other, positives)), auc_difference(one, other, positives)
    assert (found.value, found.low, found.high, found.error) == pytest.approx((wanted.value, wanted.low, wanted.high, wanted.error))
    assert found.extra["p_value"] == pytest.approx(wanted.extra["p_value"])


def test_independent_outcomes_add_their_variances():
    rng = np.random.default_rng(1)
    n = 4000
    parts = [(rng.standard_normal(n) + y, y) for y in (rng.random(n) < 0.4, rng.random(n) < 0.2)]
    found = auc_change(Classed(*parts[0]), Classed(*parts[1]))
    assert found.error == pytest.approx(math.hypot(*(auc(*part).error or 0.0 for part in parts)), rel=0.05)


def test_it_covers_where_outcomes_differ_and_hang_together():
    rng, missed = np.random.default_rng(2), 0
    for _ in range(200):
        hard = rng.standard_normal(150)
        pair = [hard + rng.standard_normal(150) > 0.3 for _ in range(2)]
        scores = [rng.standard_normal(150) + shift * y for shift, y in zip((1.0, 1.5), pair, strict=True)]
        found = auc_change(*(Classed(s, y) for s, y in zip(scores, pair, strict=True)))
        missed += not found.low <= norm.cdf(1 / 2**0.5) - norm.cdf(1.5 / 2**0.5) <= found.high
    assert missed <= 18


def test_groups_widen_and_complete_separation_has_no_interval():
    rng = np.random.default_rng(3)
    positives = rng.random(60) < 0.5
    one, other = rng.standard_normal(60) + positives, rng.standard_normal(60)
    alone = auc_change(Classed(one, positives), Classed(other, positives))
    tiled = [Classed(np.tile(values, 5), np.tile(positives, 5)) for values in (one, other)]
    grouped, counted = auc_change(*tiled, groups=np.tile(np.arange(60), 5)), auc_change(*tiled)
    assert grouped.error == pytest.approx(alone.error, rel=0.03) and counted.error < grouped.error / 2
    split = Classed(positives.astype(float), positives)
    assert math.isnan(auc_change(split, split).low) and "separation" in auc_change(split, split).extra["note"]
    assert not auc_change(split, Classed(one, np.ones(60, bool))).defined
    with pytest.raises(UserError, match="no pairs"):
        auc_change(split, Classed(one[:50], positives[:50]))


@pytest.mark.parametrize("groups", [None, 12, 1])
def test_the_interval_is_that_of_what_each_example_or_group_contributes(groups):
    rng = np.random.default_rng(4)
    n, level = 60, 0.9
    classes = [rng.random(n) < share for share in (0.4, 0.6)]
    scores = [rng.standard_normal(n) + y for y in classes]
    labels = None if groups is None else np.arange(n) % groups
    found = auc_change(*(Classed(s, y) for s, y in zip(scores, classes, strict=True)), groups=labels, level=level)
    moved = np.zeros(n)
    for sign, s, y in zip((1, -1), scores, classes, strict=True):
        area = auc(s, y).value
        above = (np.sign(s[:, None] - s[None, :]) + 1) / 2
        for i in range(n):
            placed = above[i][~y].mean() if y[i] else (1 - above[i])[y].mean()
            m = y.sum() if y[i] else (~y).sum()
            moved[i] += sign * (placed - area) / math.sqrt(m * (m - 1))
    variances, at = [], np.arange(n) if labels is None else labels
    for one, other in itertools.product((False, True), repeat=2):
        cell = (classes[0] == one) & (classes[1] == other)
        sums = [moved[cell & (at == place)].sum() for place in np.unique(at[cell])]
        variances.append((np.square(sums).sum(), max(len(sums) - 1, 1), len(sums)))
    degrees = sum(v for v, _, _ in variances) ** 2 / sum(v**2 / d for v, d, _ in variances)
    error, counts = math.sqrt((moved**2).sum()), {"n": n}
    if groups is not None:
        sums = np.array([moved[labels == g].sum() for g in range(groups)])
        factor = groups / (groups - 1) if groups > 1 else 1
        by_class = math.sqrt(sum(v * k / d for v, d, k in variances))
        error, counts = max(error, math.sqrt(factor * (sums**2).sum()), by_class), counts | {"groups": groups}
        degrees = min(degrees, groups - 1)
    quantile = t.isf(0.05, degrees) if degrees else math.inf
    assert (found.error, found.n, found.counts, found.level) == (pytest.approx(error), n, counts, level)
    assert (found.low, found.high) == pytest.approx((found.value - quantile * error, found.value + quantile * error))
    assert found.extra["p_value"] == pytest.approx(2 * t.sf(abs(found.value) / error, degrees) if degrees else 1.0)
    assert ("clustered" in found.method) == (groups is not None)


@pytest.mark.parametrize("lone", [True, False])
def test_a_class_of_one_leaves_no_variance_and_groups_of_one_change_nothing(lone):
    scores = np.array([2.0, 1.0, 3.0, 4.0])
    first = Classed(scores, np.array([lone, not lone, not lone, not lone]))
    second = Classed(scores, np.array([True, True, False, False]))
    found = auc_change(first, second)
    assert found.error is None and math.isnan(found.low) and "p_value" not in found.extra
    plain = auc_change(second, Classed(-(scores**2) % 5, second.positives))
    assert auc_change(second, Classed(-(scores**2) % 5, second.positives), groups=[4, 3, 2, 1]) == plain


def test_few_positives_and_few_groups_leave_the_test_its_level():
    """With the normal law 12 % of these would be rejected, and 18 % by groups that are of one class each."""
    rng, rejected = np.random.default_rng(5), [0, 0]
    for _ in range(150):
        positives, at = np.arange(12) < 2, np.repeat(np.arange(8), 4)
        shared = rng.normal(size=12)
        pair = [Classed(shared + rng.normal(size=12), positives) for _ in range(2)]
        rejected[0] += auc_change(*pair).extra.get("p_value", 1.0) <= 0.05
        pair = [Classed(rng.normal(size=8)[at] + rng.normal(size=32), at < 4) for _ in range(2)]
        found = auc_change(*pair, groups=at)
        rejected[1] += found.extra["p_value"] <= 0.05
        assert (found.extra["p_value"] <= 0.05) == (found.low > 0 or found.high < 0)
    assert max(rejected) <= 13


def test_the_same_scores_differ_by_nothing():
    positives = np.arange(9) % 2 > 0
    found = auc_change(Classed(np.arange(9.0), positives), Classed(np.arange(9.0), positives))
    assert (found.value, found.extra["p_value"]) == (0, 1) and "alike" in found.extra["note"]
