"""Bootstrap, incremental value and correlation: against scipy, theory, planted signals, and degenerate samples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from unsettled.measure.errors import UserError
from unsettled.measure.statistics import increment
from unsettled.measure.statistics.auc import auc, auc_difference
from unsettled.measure.statistics.bootstrap import bootstrap_examples
from unsettled.measure.statistics.correlation import correlation
from unsettled.measure.statistics.increment import incremental_auc


def auc_of(positives, scores):
    return auc(scores, positives).value


@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_bootstrap_of_a_mean_has_the_error_of_a_mean_and_scipys_limits(kind):
    values = np.random.default_rng(0).exponential(size=120)
    measured = bootstrap_examples(np.mean, values, kind=kind, seed=5, resamples=1500)
    assert measured.error == pytest.approx(values.std() / math.sqrt(120), rel=0.08)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=1500, method=kind if kind == "percentile" else "BCa", rng=np.random.default_rng(5)
    ).confidence_interval
    assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high), abs=2e-3)


def test_seed_decides():
    values = np.random.default_rng(1).normal(size=50)

    def run(seed):
        return bootstrap_examples(np.mean, values, seed=seed, resamples=200).low

    assert run(3) == run(3) != run(4)


def test_rows_stay_together():
    rng = np.random.default_rng(2)
    mask = rng.random(60) < 0.3
    seen = []

    def statistic(positives, values, doubled):
        assert (doubled == 2 * values).all() and (values[positives] > 0).all() and (values[~positives] < 0).all()
        seen.append(int(positives.sum()))
        return values.mean()

    values = np.where(mask, 1.0, -1.0) * rng.random(60)
    bootstrap_examples(statistic, mask, values, 2 * values, resamples=150)
    assert len(set(seen)) > 3


def test_bootstrap_of_an_auc_agrees_with_delong():
    rng = np.random.default_rng(3)
    mask = np.arange(200) < 80
    scores = rng.normal(mask, 1.0)
    delong, resampled = auc(scores, mask), bootstrap_examples(auc_of, mask, scores, resamples=600)
    assert resampled.value == delong.value and resampled.error == pytest.approx(delong.error, rel=0.12)
    assert (resampled.low, resampled.high) == pytest.approx((delong.low, delong.high), abs=0.012)


def test_resamples_without_a_value_are_counted_and_bca_refuses_them():
    mask = np.array([True] + [False] * 9)
    scores = np.arange(10.0)
    percentile = bootstrap_examples(auc_of, mask, scores, resamples=300)
    assert 60 < percentile.counts["unusable"] < 160  # (9/10)^10 = .35 of 300 is 105
    bca = bootstrap_examples(auc_of, mask, scores, resamples=300, kind="bca")
    assert math.isnan(bca.low) and "BCa" in bca.extra["note"]


def test_degenerate_bootstraps():
    assert not bootstrap_examples(np.mean, []).defined
    assert not bootstrap_examples(np.mean, [math.nan, 1.0]).defined
    lone = bootstrap_examples(np.mean, [0.5])
    assert lone.value == 0.5 and math.isnan(lone.low) and "a single example" in lone.extra["note"]
    sunk = bootstrap_examples(np.median, np.array([-np.inf] * 8 + [1.0] * 9), resamples=400)
    assert (sunk.low, sunk.high, sunk.error) == (-math.inf, 1.0, None)


def test_noise_adds_nothing_and_a_signal_does():
    rng = np.random.default_rng(4)
    mask = rng.random(900) < 0.4
    baseline = np.column_stack((mask + rng.normal(size=900), rng.normal(size=900)))
    noise = incremental_auc(baseline, rng.normal(size=900), mask)
    exponent = mask + rng.normal(size=900)
    signal = incremental_auc(baseline, exponent, mask)
    copy = incremental_auc(baseline, baseline[:, 0], mask)
    assert noise.low < 0.005 and abs(noise.value) < 0.01 and noise.extra["p_value"] > 0.01
    assert signal.low > 0.03 and signal.extra["p_value"] < 1e-6
    assert abs(copy.value) < 0.005 and copy.extra["auc_added"] == pytest.approx(auc(baseline[:, 0], mask).value, abs=0.01)
    assert signal.value == pytest.approx(signal.extra["auc_full"] - signal.extra["auc_baseline"])
    assert signal == incremental_auc(baseline, exponent, mask)  # folds are seeded
    with np.errstate(all="ignore"):
        lost = incremental_auc(1e308 * np.sign(baseline), exponent, mask)  # models of such numbers score nothing
    assert lost.defined or lost.undefined_reason


def test_nothing_is_fitted_on_the_example_it_scores():
    """With a feature that names each example, a score fitted on it would be perfect; out of fold it is worthless."""
    rng = np.random.default_rng(5)
    mask = rng.random(60) < 0.5
    assert incremental_auc(rng.normal(size=60), np.eye(60), mask).extra["auc_added"] < 0.7


def test_optimal_combination_of_two_normal_scores():
    """Two independent scores, each d apart, combine to d√2: AUC from Φ(d/√2) to Φ(d)."""
    rng = np.random.default_rng(6)
    mask = np.arange(6000) < 3000
    first, second = rng.normal(mask, 1.0), rng.normal(mask, 1.0)
    measured = incremental_auc(first, second, mask)
    assert measured.value == pytest.approx(stats.norm.cdf(1) - stats.norm.cdf(1 / math.sqrt(2)), abs=0.015)


def test_a_part_of_many_examples_fits_as_well_and_a_rare_class_is_kept(monkeypatch):
    rng = np.random.default_rng(8)
    mask = rng.random(40_000) < 0.01
    first, second = rng.normal(2.0 * mask, 1.0), rng.normal(mask, 1.0)
    whole = incremental_auc(first, second, mask)
    monkeypatch.setattr(increment, "MOST_FITTED", 600)
    part = incremental_auc(first, second, mask)
    assert part != whole and part.value == pytest.approx(whole.value, abs=0.3 * whole.error)
    assert part.error == pytest.approx(whole.error, rel=0.1) and part.n == 40_000


def test_scale_and_infinities_of_a_feature():
    rng = np.random.default_rng(7)
    mask = np.arange(150) < 60
    baseline, added = rng.normal(mask, 1.0), rng.normal(mask, 1.0)
    plain = incremental_auc(baseline, added, mask)
    assert incremental_auc(1e6 * baseline + 3, added / 1e4, mask).value == pytest.approx(plain.value, abs=1e-4)
    sunk = np.where(np.arange(150) % 50 == 0, -np.inf, added)
    assert incremental_auc(baseline, sunk, mask).defined
    assert incremental_auc(np.full(150, -np.inf), added, mask).extra["auc_baseline"] == pytest.approx(0.5, abs=0.2)


def test_increment_on_degenerate_samples():
    mask = np.arange(20) < 3
    assert "fewer than 5 folds" in incremental_auc(np.zeros(20), np.arange(20.0), mask).undefined_reason
    assert "fewer than" in incremental_auc(np.zeros(20), np.arange(20.0), np.zeros(20, bool)).undefined_reason
    assert "NaN" in incremental_auc(np.full(20, np.nan), np.arange(20.0), mask).undefined_reason
    assert incremental_auc(np.zeros(20), np.arange(20.0), mask, folds=3).defined
    constant = incremental_auc(np.zeros((40, 2)), np.zeros(40), np.arange(40) % 2 == 0)
    assert constant.value == pytest.approx(0.0, abs=0.6) and constant.defined


@pytest.mark.parametrize("kind, scipy", [("pearson", stats.pearsonr), ("spearman", stats.spearmanr)])
def test_correlation_agrees_with_scipy(kind, scipy):
    rng = np.random.default_rng(8)
    x = rng.normal(size=80)
    y = np.round(x + rng.normal(size=80), 1)
    measured = correlation(x, y, kind=kind)
    assert (measured.value, measured.extra["p_value"]) == pytest.approx(tuple(scipy(x, y)))
    if kind == "pearson":
        expected = stats.pearsonr(x, y).confidence_interval()
        assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_correlation_interval_covers(kind):
    rng = np.random.default_rng(9)
    truth = 0.8 if kind == "pearson" else 6 / math.pi * math.asin(0.4)  # Spearman of a normal pair with ρ = .8
    covered = 0
    for _ in range(400):
        x = rng.normal(size=60)
        measured = correlation(x, 0.8 * x + 0.6 * rng.normal(size=60), kind=kind)
        covered += measured.low <= truth <= measured.high
    assert 0.91 < covered / 400 < 0.985


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=4, max_size=20))
@settings(max_examples=40, deadline=None)
def test_correlation_is_symmetric_and_spearman_follows_increasing_maps(pairs):
    x, y = np.array(pairs, float).T
    one, other, mapped = correlation(x, y), correlation(y, x), correlation(np.exp(x), y**3)
    if not one.defined:
        assert (x == x[0]).all() or (y == y[0]).all()
        return
    assert one.value == pytest.approx(other.value) == pytest.approx(mapped.value)
    assert -1 <= one.value <= 1 and (math.isnan(one.low) or one.low <= one.value <= one.high)


def test_correlation_on_degenerate_samples():
    assert not correlation([1.0], [2.0]).defined and not correlation([], []).defined
    assert "constant" in correlation([1.0, 1.0], [1.0, 2.0]).undefined_reason
    assert "NaN" in correlation([1.0, math.nan], [1.0, 2.0]).undefined_reason
    assert "infinite" in correlation([-np.inf, 1.0, 2.0], [1.0, 2.0, 3.0], kind="pearson").undefined_reason
    ranked = correlation([-np.inf, 1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0, 4.0])
    assert ranked.value == pytest.approx(0.9) and ranked.low < 0.9 < ranked.high
    perfect = correlation([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert perfect.value == pytest.approx(1.0) and math.isnan(perfect.low)


@pytest.mark.parametrize(
    "call",
    [
        lambda: bootstrap_examples(np.mean),
        lambda: bootstrap_examples(np.mean, [1.0, 2.0], resamples=10),
        lambda: bootstrap_examples(np.mean, [1.0, 2.0], kind="basic"),
        lambda: bootstrap_examples(np.mean, [1.0], [1.0, 2.0]),
        lambda: incremental_auc(np.zeros(4), np.zeros(5), [True, False, True, False]),
        lambda: incremental_auc(np.zeros(4), np.zeros(4), [True, False, True, False], folds=1),
        lambda: correlation([1.0], [1.0, 2.0]),
        lambda: correlation([1.0, 2.0], [1.0, 2.0], kind="kendall"),
    ],
)
def test_mistakes_are_named(call):
    with pytest.raises(UserError):
        call()


def test_a_hundred_resamples_are_enough_and_the_error_is_their_standard_deviation():
    values, seen = np.arange(12.0), []
    found = bootstrap_examples(lambda x: seen.append(float(x.mean())) or seen[-1], values, resamples=100, level=0.8, unit="u")
    assert found.counts == {"resamples": 100, "unusable": 0} and len(seen) == 101 and seen[0] == found.value == 5.5
    draws = np.sort(seen[1:])
    assert found.error == pytest.approx(np.std(draws, ddof=1)) and (found.low, found.high) == (draws[9], draws[89])
    assert (found.n, found.level, found.unit) == (12, 0.8, "u")
    with pytest.raises(UserError, match="resamples is 99"):
        bootstrap_examples(np.mean, values, resamples=99)


def test_of_resamples_without_value_only_the_others_count():
    first = []

    def once(x):
        first.append(1)
        return 1.0 if len(first) == 1 else math.nan

    lost = bootstrap_examples(once, [1.0, 2.0], resamples=100)
    assert lost.value == 1.0 and lost.counts["unusable"] == 100 and lost.error is None
    assert lost.extra["note"] == "the statistic has no value on any resample, no interval"
    constant = bootstrap_examples(np.mean, [3.0, 3.0], resamples=100, kind="bca")
    assert math.isnan(constant.low) and "varying values" in constant.extra["note"] and constant.error == 0


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_fishers_interval_by_its_formula_from_four_examples_on(level):
    x, y = [1.0, 2.0, 3.0, 4.0, 6.0], [2.0, 1.0, 5.0, 3.0, 4.0]
    for kind in ("pearson", "spearman"):
        for n in (4, 5):
            found = correlation(x[:n], y[:n], kind=kind, level=level)
            spread = math.sqrt((1 + found.value**2 / 2 if kind == "spearman" else 1) / (n - 3))
            half = stats.norm.isf((1 - level) / 2) * spread
            assert (found.low, found.high) == pytest.approx([math.tanh(math.atanh(found.value) + sign * half) for sign in (-1, 1)])
            assert found.error == pytest.approx(spread * (1 - found.value**2)) and (found.n, found.level) == (n, level)
        assert math.isnan(correlation(x[:3], y[:3], kind=kind).low)
    assert correlation([1.0, 2.0], [3.0, 5.0]).value == pytest.approx(1.0)


def test_the_increment_is_that_of_scikit_learns_models_out_of_fold():
    level = 0.9
    rng = np.random.default_rng(10)
    mask = rng.random(90) < 0.4
    old, new = mask[:, None] + rng.normal(size=(90, 2)), rng.normal(size=90)
    found = incremental_auc(old, new, mask, folds=3, seed=7, level=level)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, tol=1e-8))
    split = StratifiedKFold(3, shuffle=True, random_state=7)
    full, base, alone = (
        cross_val_predict(model, part, mask, cv=split, method="decision_function")
        for part in (np.column_stack((old, new)), old, new[:, None])
    )
    gain = auc_difference(full, base, mask, level=level)
    assert (found.value, found.low, found.high, found.error) == pytest.approx((gain.value, gain.low, gain.high, gain.error), abs=1e-3)
    wanted = {"auc_full": auc(full, mask).value, "auc_baseline": auc(base, mask).value, "auc_added": auc(alone, mask).value}
    assert {name: found.extra[name] for name in wanted} == pytest.approx(wanted, abs=2e-3)
    assert found.counts == {"positives": mask.sum(), "negatives": (~mask).sum(), "folds": 3, "baseline": 2, "added": 1}
    assert (found.n, found.level) == (90, level)
    assert incremental_auc(old, new, mask) == incremental_auc(old, new, mask, folds=5, seed=0)


def test_as_many_folds_as_the_smaller_class_has_examples_and_at_least_two():
    mask, scores = np.arange(20) < 3, np.arange(20.0) % 7
    assert incremental_auc(scores, scores, mask, folds=3).defined and not incremental_auc(scores, scores, mask, folds=4).defined
    assert incremental_auc(scores, scores, ~mask, folds=2).defined
    for bad in ({"baseline": np.zeros((20, 2, 2))}, {"added": np.float64(1.0)}):
        with pytest.raises(UserError, match="expected examples and features"):
            incremental_auc(**({"baseline": scores, "added": scores, "positives": mask} | bad))


def test_infinities_become_the_extremes_of_the_part_that_is_fitted():
    fitted, fresh = increment._finite(
        np.array([[1.0, np.inf], [-np.inf, np.inf], [5.0, -np.inf]]), np.array([[np.inf, 9.0], [-np.inf, -np.inf]])
    )
    assert fitted.tolist() == [[1, 0], [1, 0], [5, 0]] and fresh.tolist() == [[5, 9], [1, 0]]


@pytest.mark.parametrize(
    ("second", "p_value"), [([1, 2, 3], 1 / 3), ([1, 2], 1.0), ([4, 3, 2, 1], 1 / 12), ([1, 2, 3, 4, 5, 7, 6], 14 / 5040)]
)
def test_few_examples_cannot_be_surely_correlated(second, p_value):
    assert correlation(range(len(second)), second).extra["p_value"] == pytest.approx(p_value)
