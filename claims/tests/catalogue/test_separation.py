"""Areas of exponents and what stands beside them: by pairs, by folds, over lines and windows."""

from __future__ import annotations

import math
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest

from unsettled.claims.catalogue import separation
from unsettled.claims.catalogue.registered import lookup
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import Band
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc, auc_difference, auc_interval
from unsettled.measure.statistics.increment import incremental_auc
from unsettled.measure.statistics.matching import matched_auc
from unsettled.measure.statistics.strata import stratified_auc

RECORD = synthetic_record(300, accuracy=0.6, seed=11)
WRONG = ~RECORD.solved


def compute(name, record=RECORD, **parameters):
    found = lookup(name)
    return found.function(record, found.parameters.model_validate(parameters))


def test_delongs_limits_stand_beside_those_that_decide():
    found, plain = compute("auc"), auc(RECORD.exponents()[:, 0], WRONG)
    low, high, _ = auc_interval(plain.value, plain.error, int(WRONG.sum()), int((~WRONG).sum()))
    assert (found.value, found.low, found.high, found.error) == (plain.value, plain.low, plain.high, None)
    assert (found.extra["DeLong logit low"], found.extra["DeLong logit high"], found.extra["DeLong error"]) == pytest.approx(
        (low, high, plain.error)
    )
    apart = RECORD.replace(growth=np.where(WRONG, 1.0, -1.0)[:, None, None] * np.ones_like(RECORD.growth))
    assert "DeLong error" not in compute("auc", apart, baselines=False).extra


@pytest.mark.parametrize("positives", ["failures", "successes"])
@pytest.mark.parametrize("folds", [3, 5])
def test_what_lambda1_adds_is_fitted_beside_displacement_and_halting(positives, folds):
    mask = WRONG if positives == "failures" else ~WRONG
    found = compute("auc", positives=positives, folds=folds).extra
    beside = np.column_stack((np.log10(RECORD.late_displacement()), RECORD.halting_logit[:, -1]))
    gain = incremental_auc(beside, RECORD.exponents()[:, 0], mask, folds=folds)
    assert (found["increment"], found["increment_low"], found["increment_high"]) == pytest.approx(
        (gain.value, gain.low, gain.high), nan_ok=True
    )
    side = 1 if positives == "failures" else -1
    for name, scores in (
        ("displacement", RECORD.late_displacement()),
        ("halting", -RECORD.halting_logit[:, -1]),
        ("spectrum_mean", RECORD.exponents().mean(axis=1)),
    ):
        assert found[f"auc_{name}"] == pytest.approx(auc(side * scores, mask).value)
    assert "increment" not in compute("auc", score="displacement").extra


@pytest.mark.parametrize("by", ["displacement", "givens"])
@pytest.mark.parametrize("weighting", ["pairs", "positives", "macro"])
def test_matched_areas_and_the_other_weightings(by, weighting):
    scores, late = RECORD.exponents()[:, 0], RECORD.late_displacement()
    found = compute("matched_auc", by=by, weighting=weighting, baselines=False, bins=4, minimum=2)

    def wanted(weights):
        if by == "givens":
            return stratified_auc(scores, WRONG, RECORD.givens.astype(int), weights=weights, minimum=2)
        return matched_auc(scores, WRONG, late, weights=weights, bins=4, minimum=2)

    assert (found.value, found.low, found.high) == pytest.approx([getattr(wanted(weighting), name) for name in ("value", "low", "high")])
    others = {name: value for name, value in found.extra.items() if "weights" in name}
    assert others == ({f"auc with {w} weights": wanted(w).value for w in ("positives", "macro")} if weighting == "pairs" else {})


def test_among_the_unsettled_of_one_hump_the_interval_reaches_over_every_line():
    late = RECORD.late_displacement()
    low, edge, high = np.quantile(late, [0.2, 0.4, 0.6])
    band = Band(kind="line", log10_threshold=math.log10(edge), separation=0.5, lines=(math.log10(low), math.log10(high)))
    asked = {"by": "givens", "among": "unsettled", "baselines": False, "weighting": "macro"}
    with patch.object(separation, "band_of", lambda *_: band):
        found = compute("matched_auc", **asked)
    each = []
    for line in (edge, low, high):
        rows = late > line
        each.append(stratified_auc(RECORD.exponents()[rows, 0], WRONG[rows], RECORD.givens[rows].astype(int), weights="macro"))
    assert found.value == pytest.approx(each[0].value) and found.error is None and found.extra["separation"] == 0.5
    assert (found.low, found.high) == pytest.approx((min(one.low for one in each), max(one.high for one in each)))
    with patch.object(separation, "band_of", lambda *_: replace(band, lines=(math.log10(low), 9.0))):  # beyond it nobody moves
        lost = compute("matched_auc", **asked)
    assert math.isnan(lost.low) and math.isnan(lost.high) and lost.defined


LATER = {
    "exponent": lambda r, h: r.growth[:, h:, 0].mean(axis=1),
    "spectrum_mean": lambda r, h: r.growth[:, h:].mean(axis=(1, 2)),
    "displacement": lambda r, h: r.displacement_H[:, h:].mean(axis=1),
    "last_displacement": lambda r, h: r.displacement_H[:, -1],
    "halting": lambda r, h: r.halting_logit[:, -1],
}


@pytest.mark.parametrize("score", LATER)
@pytest.mark.parametrize("horizon", [2, 4])
def test_hindsight_is_late_less_early_each_turned_to_its_side_of_one_half(score, horizon):
    unsolved = ~RECORD.solved_at[:, horizon - 1]
    solved = RECORD.solved[unsolved]
    early = {
        "exponent": RECORD.growth[:, :horizon, 0].mean(axis=1),
        "spectrum_mean": RECORD.growth[:, :horizon].mean(axis=(1, 2)),
        "displacement": RECORD.displacement_H[:, :horizon].mean(axis=1),
        "last_displacement": RECORD.displacement_H[:, horizon - 1],
        "halting": RECORD.halting_logit[:, horizon - 1],
    }[score][unsolved]
    late = LATER[score](RECORD, horizon)[unsolved]
    first, second = auc(late, solved).value, auc(early, solved).value
    turned = [values if area >= 0.5 else -values for values, area in ((late, first), (early, second))]
    wanted = auc_difference(*turned, solved)
    found = compute("retrospective_gain", score=score, horizon=horizon)
    assert (found.value, found.low, found.high) == pytest.approx((wanted.value, wanted.low, wanted.high), nan_ok=True)
    assert (found.extra["auc_late"], found.extra["auc_early"]) == pytest.approx((first, second))
    assert found.denominator == f"puzzles unsolved after {horizon} segments" and found.extra.get("p_value") == wanted.extra.get("p_value")


def test_medians_and_shares_of_an_exponent_and_those_that_are_not_held():
    exponents = RECORD.exponents(unit="segment")
    for index in (1, 3):
        found = compute("median_exponent", of="all", index=index, unit="segment")
        assert found.value == pytest.approx(np.median(exponents[:, index - 1])) and "vacuous" not in found.extra
        share = compute("expansive_share", of="all", index=index)
        assert (share.counts["successes"], share.n) == ((exponents[:, index - 1] > 0).sum(), 300)
    still = RECORD.replace(growth=np.zeros_like(RECORD.growth))
    assert compute("expansive_share", still, of="all").counts["successes"] == 0  # at zero nothing expands
    for of in ("failures", "successes"):
        assert "vacuous" in compute("median_exponent", still, of=of).extra and "vacuous" in compute("expansive_share", still, of=of).extra
    with pytest.raises(UserError, match=r"holds 8 exponents, exponent 9 is needed.*--k 9"):
        compute("median_exponent", index=9)
    with pytest.raises(UserError, match=r"holds 0 exponents, exponent 1 is needed.*--k 8"):
        compute("auc", RECORD.replace(growth=RECORD.growth[:, :, :0]))


def test_an_early_area_of_one_half_says_something_only_where_the_later_one_does_not():
    rng = np.random.default_rng(0)
    noise = RECORD.replace(growth=rng.standard_normal(RECORD.growth.shape))
    assert "of the later segments" in compute("early_auc", noise).extra["vacuous"]
    growth = rng.standard_normal(RECORD.growth.shape)
    growth[:, 4:, 0] += np.where(RECORD.solved, -1.0, 1.0)[:, None]
    assert "vacuous" not in compute("early_auc", RECORD.replace(growth=growth)).extra
    growth = rng.standard_normal(RECORD.growth.shape)
    growth[:, :4, 0] += np.where(RECORD.solved, -1.0, 1.0)[:, None]
    for told in (growth, -growth):
        found = compute("early_auc", RECORD.replace(growth=told))
        assert "vacuous" not in found.extra and (found.low > 0.5 or found.high < 0.5)
