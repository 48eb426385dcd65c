"""Every estimator of two classes on every degenerate sample: no exception, no silent number; and speed."""

import math
import time

import numpy as np
import pytest

from unsettled.measure.statistics.auc import auc, auc_difference, auc_equivalence
from unsettled.measure.statistics.bootstrap import bootstrap_examples
from unsettled.measure.statistics.increment import incremental_auc
from unsettled.measure.statistics.matching import matched_auc
from unsettled.measure.statistics.order import failures_below_successes, outmoved_share
from unsettled.measure.statistics.strata import stratified_auc

ESTIMATORS = {
    "auc": auc,
    "auc wald": lambda scores, mask: auc(scores, mask, interval="wald"),
    "auc score": lambda scores, mask: auc(scores, mask, interval="score"),
    "difference": lambda scores, mask: auc_difference(scores, scores, mask),
    "equivalence": auc_equivalence,
    "stratified": lambda scores, mask: stratified_auc(scores, mask, np.zeros(len(scores), int), weights="pairs"),
    "matched": lambda scores, mask: matched_auc(scores, mask, scores, weights="macro", bins=1),
    "outmoved": outmoved_share,
    "below": lambda scores, mask: failures_below_successes(scores, mask, share=0.9),
    "increment": lambda scores, mask: incremental_auc(scores, scores, mask),
    "bootstrap": lambda scores, mask: bootstrap_examples(lambda p, s: auc(s, p).value, mask, scores, resamples=100),
}
WITHOUT_VALUE = {
    "no examples": ([], []),
    "one example": ([1.0], [True]),
    "only positives": ([1.0, 2.0, 3.0], [True] * 3),
    "only negatives": ([1.0, 2.0, 3.0], [False] * 3),
    "a NaN": ([1.0, math.nan, 3.0], [True, False, False]),
}
WITH_VALUE = {
    "all ties": ([2.0] * 12, [True] * 6 + [False] * 6),
    "all minus infinity": ([-math.inf] * 12, [True] * 6 + [False] * 6),
    "separated": (list(range(12)), [False] * 6 + [True] * 6),
    "one minus infinity": ([-math.inf, *range(11)], [True, False] * 6),
    "one plus infinity": ([math.inf, *range(11)], [True, False] * 6),
}


@pytest.mark.parametrize("sample", WITHOUT_VALUE)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_without_two_classes_there_is_a_reason_instead_of_a_value(estimator, sample):
    scores, mask = WITHOUT_VALUE[sample]
    measured = ESTIMATORS[estimator](np.array(scores, float), np.array(mask, bool))
    assert math.isnan(measured.value) and math.isnan(measured.low) and math.isnan(measured.high)
    assert len(measured.undefined_reason) > 5 and measured.n >= 0


@pytest.mark.parametrize("sample", WITH_VALUE)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_with_two_classes_value_and_interval_agree(estimator, sample):
    scores, mask = WITH_VALUE[sample]
    measured = ESTIMATORS[estimator](np.array(scores, float), np.array(mask, bool))
    assert measured.defined and -1 <= measured.value <= 1
    if not math.isnan(measured.low):
        assert measured.low <= measured.value <= measured.high
        assert measured.low < measured.high or estimator == "bootstrap"  # no interval of no width: that is certainty
    assert measured.error is None or math.isfinite(measured.error)


@pytest.mark.parametrize("estimator", [name for name in ESTIMATORS if name not in ("bootstrap", "increment")])
def test_order_of_the_examples_does_not_matter(estimator):
    rng = np.random.default_rng(0)
    scores, mask = np.round(rng.normal(size=90), 1), rng.random(90) < 0.4
    shuffle = rng.permutation(90)
    plain, shuffled = (ESTIMATORS[estimator](scores[i], mask[i]) for i in (np.arange(90), shuffle))
    assert (plain.value, plain.low, plain.high) == pytest.approx((shuffled.value, shuffled.low, shuffled.high), nan_ok=True)


@pytest.mark.benchmark
def test_speed_on_a_million_examples():
    rng = np.random.default_rng(0)
    n = 10**6
    mask = rng.random(n) < 0.4
    by = rng.random(n)
    scores = rng.normal(mask + by)
    for name, call in (
        ("AUC with interval", lambda: auc(scores, mask)),
        ("AUC of tied scores", lambda: auc(np.round(scores, 1), mask)),
        ("paired difference", lambda: auc_difference(scores, by, mask)),
        ("decile-matched AUC", lambda: matched_auc(scores, mask, by, weights="pairs")),
        ("AUC in 60 strata", lambda: stratified_auc(scores, mask, (60 * by).astype(int), weights="pairs")),
    ):
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            measured = call()
            seconds.append(time.perf_counter() - start)
        print(f"{name}, {n:,} examples: {min(seconds):.2f} s best of 3, {max(seconds):.2f} s worst ({measured.value:.4f})")
        assert measured.defined
