"""Every method that a statistic names has its reference, and every reference is that of a method."""

from __future__ import annotations

import numpy as np

from unsettled.measure import synthetic_record
from unsettled.measure.analysis.band import otsu_band
from unsettled.measure.analysis.settling import settled_failures
from unsettled.measure.statistics.auc import INTERVALS, auc, auc_difference, auc_equivalence
from unsettled.measure.statistics.auc_change import Classed, auc_change
from unsettled.measure.statistics.bootstrap import bootstrap_examples
from unsettled.measure.statistics.calibration import brier, calibration_error
from unsettled.measure.statistics.correlation import correlation
from unsettled.measure.statistics.increment import incremental_auc
from unsettled.measure.statistics.matching import matched_auc
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.order import failures_below_successes, outmoved_share, typical_extreme
from unsettled.measure.statistics.paired import paired_difference
from unsettled.measure.statistics.proportion import proportion, zero_event_bound
from unsettled.measure.statistics.ratio import risk_ratio
from unsettled.measure.statistics.references import REFERENCES, references_of
from unsettled.measure.statistics.signed_rank import paired_shift
from unsettled.measure.statistics.survival import landmark_auc, occurred_by, rate
from unsettled.measure.statistics.windows import combined

# What no `Estimate` names: units of exponents, and what is done to the p-values of many claims.
OF_REPORTS = {"QR exponent", "finite-time exponent", "Kaplan–Yorke", "Holm", "false discovery rate"}


def methods() -> list[str]:
    record = synthetic_record(120, seed=3)
    lambda1, failed = record.exponents()[:, 0], ~record.solved
    event = np.where(record.solved, 3, 0)
    arrays = {"growth": record.growth, "displacement": record.displacement_H, "halting_logit": record.halting_logit}
    arrays["solved_at"] = record.solved_at
    estimates = [
        *(auc(lambda1, failed, interval=interval) for interval in INTERVALS),
        auc_difference(lambda1, record.halting_logit[:, -1], failed),
        auc_equivalence(lambda1, failed),
        *(bootstrap_examples(np.mean, lambda1, resamples=100, kind=kind) for kind in ("percentile", "bca")),
        brier(record.halting_logit[:, -1], record.solved, resamples=100),
        calibration_error(record.halting_logit[:, -1], record.solved, resamples=100),
        *(correlation(lambda1, record.rating, kind=kind) for kind in ("spearman", "pearson")),
        incremental_auc(record.rating, lambda1, failed),
        matched_auc(lambda1, failed, record.rating, weights="pairs", bins=2),
        median(lambda1),
        outmoved_share(record.late_displacement(), failed),
        typical_extreme(record.late_displacement(), failed, of=20),
        failures_below_successes(record.late_displacement(), failed, share=0.9),
        paired_difference(record.solved, record.solved_at[:, 3]),
        paired_difference(record.solved, record.solved_at[:, 3], groups=record.example_id // 2),
        paired_shift(lambda1, record.rating),
        auc_change(Classed(lambda1, failed), Classed(record.rating, failed), groups=record.example_id // 2),
        combined(arrays, 4).area,
        *(proportion(3, 20, interval=interval) for interval in ("clopper-pearson", "wilson")),
        zero_event_bound(254),
        risk_ratio(3, 20, 60, 180),
        landmark_auc(record.growth[:, :, 0], event, np.full(len(record), 16)),
        occurred_by(event + 1.0, record.solved, [2.0])[0],
        rate(3, 100.0, unit="per segment"),
        settled_failures(record, otsu_band(record)),
    ]
    return [estimate.method for estimate in estimates]


def test_each_method_has_a_reference_and_each_reference_a_method():
    named = methods()
    assert [method for method in named if not references_of([method])] == []
    found = set(references_of(named))
    assert {words[0] for words, reference in REFERENCES.items() if reference not in found} == OF_REPORTS


def test_references_come_once_in_the_order_of_the_table():
    assert references_of([]) == [] and references_of(["rows of the record"]) == []
    both = references_of(["percentile bootstrap over examples", "Mann–Whitney AUC, score interval", "Mann–Whitney AUC, score interval"])
    assert [line.split(" ")[0] for line in both] == ["Mann", "Newcombe", "Efron"]
