"""A portrait says what the claims say: same areas, same cells, same medians; and it bears empty and degenerate records."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.claims.catalogue.parameters import Baselined, Matched
from unsettled.claims.catalogue.separation import matched as claimed_matching
from unsettled.claims.catalogue.separation import separation as claimed_separation
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.portrait import portrait_of
from unsettled.measure.analysis.portrait_states import TICKS
from unsettled.measure.analysis.settling import settled_failures
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.early import early_auc
from unsettled.measure.statistics.median import median
from unsettled.reports.panels import panels


@pytest.fixture(scope="module")
def record():
    return synthetic_record(900, separation=1.5, settled_failures=0.2, seed=3)


@pytest.fixture(scope="module")
def portrait(record):
    return portrait_of("made.up", record, title="made up")


def test_areas_are_those_of_the_claims(record, portrait):
    by_score = {s.score: s for s in portrait.separations}
    claimed = claimed_separation(record, Baselined(score="exponent", baselines=False))
    assert [getattr(by_score["exponent"].area, name) for name in ("value", "low", "high")] == [claimed.value, claimed.low, claimed.high]
    assert by_score["halting"].area.value == pytest.approx(auc(record.halting_logit[:, -1], record.solved).value)
    for separation in portrait.separations:
        area = np.trapezoid(separation.curve.true_rate, separation.curve.false_rate)
        assert area == pytest.approx(separation.area.value, abs=0.01)


@pytest.mark.parametrize("among", ["unsettled", "all"])
def test_matching_is_that_of_the_claim_and_its_bins_add_up_to_it(record, among):
    record = record.replace(solved=np.random.default_rng(0).random(len(record)) < 0.5)
    found = next(m for m in portrait_of("x", record).matchings if m.among == among)
    claimed = claimed_matching(record, Matched(by="displacement", among=among, rule="otsu", baselines=False))
    assert found.matched.value == claimed.value and found.residual == claimed.extra["residual"]
    weights = np.array([bin.failures * bin.successes for bin in found.bins], dtype=float)
    for areas, whole in (
        ([b.area.value for b in found.bins], found.matched.value),
        ([b.residual.value for b in found.bins], found.residual),
    ):
        assert np.average(np.nan_to_num(areas), weights=weights) == pytest.approx(whole)
    assert sum(bin.failures + bin.successes for bin in found.bins) == found.n


def test_cells_and_cloud_agree(record, portrait):
    share = settled_failures(record, portrait.band)
    assert (share.counts["B"], share.counts["D"]) == (portrait.cells.B, portrait.cells.D)
    assert portrait.cloud.of == vars(portrait.cells) and portrait.cloud.complete
    assert (portrait.band.contains(portrait.cloud.displacement) & ~portrait.cloud.solved).sum() == portrait.cells.B


def test_the_cloud_of_a_large_record_is_a_stated_draw_that_keeps_rare_cells_and_comes_again(record):
    large = synthetic_record(8192, settled_failures=0.01, accuracy=0.9)
    first, second = (portrait_of("x", large).cloud for _ in range(2))
    assert not first.complete and sum(first.drawn.values()) <= 2_000
    assert first.drawn["B"] == first.of["B"] > 0
    np.testing.assert_array_equal(first.exponent, second.exponent)
    rows = np.searchsorted(np.sort(large.exponents()[:, 0]), first.exponent)
    np.testing.assert_array_equal(np.sort(large.exponents()[:, 0])[rows], first.exponent)


def test_ribbons_and_spectrum_are_medians_of_the_record(record, portrait):
    for outcome, mask in (("success", record.solved), ("failure", ~record.solved)):
        ribbon = portrait.displacement[outcome]
        np.testing.assert_allclose(ribbon.quantiles[2], np.median(record.displacement_H[mask], axis=0))
        assert (np.diff(ribbon.quantiles, axis=0) >= 0).all() and ribbon.n == mask.sum()
        assert len(ribbon.samples) == 6
        assert all((record.displacement_H[mask] == sample).all(axis=1).any() for sample in ribbon.samples)
        spectrum = portrait.spectrum[outcome]
        assert spectrum.medians[1].value == median(record.exponents()[mask, 1]).value == pytest.approx(spectrum.quantiles[2, 1])


def test_the_early_warning_curve_is_early_auc_at_every_window(record, portrait):
    assert [h.segments for h in portrait.horizons] == list(range(1, 16))
    arrays = {
        "growth": record.growth,
        "displacement": record.displacement_H,
        "halting_logit": record.halting_logit,
        "solved_at": record.solved_at,
    }
    fourth = portrait.horizons[3]
    assert fourth.areas["displacement"].value == early_auc(**arrays, score="displacement", horizon=4).value
    assert fourth.unsolved == (~record.solved_at[:, 3]).sum()


def test_confidence_counts_everybody_once(record, portrait):
    found = portrait.confidence
    assert found.success.sum() == record.solved.sum() and found.failure.sum() == (~record.solved).sum()
    assert sum(found.counts.values()) == len(record)
    assert found.counts["right_and_confident"] == (record.solved & (record.halting_logit[:, -1] > 0)).sum()
    assert len(found.settled_failures) == portrait.cells.B


def one_class(record):
    return record.take(record.solved)


def without_exponents(record):
    return record.replace(growth=np.empty((len(record), record.segments, 0)))


def with_nan(record):
    displacement = record.displacement_H.copy()
    displacement[3, -1] = np.nan
    return record.replace(displacement_H=displacement)


def with_minus_infinity(record):
    growth = record.growth.copy()
    growth[:200, 2:] = -np.inf
    return record.replace(growth=growth)


def still(record):
    return record.replace(displacement_H=np.zeros_like(record.displacement_H))


def one_row(record):
    return record.take(np.array([0]))


def without_logits(record):
    return record.replace(halting_logit=np.full_like(record.halting_logit, np.nan))


@pytest.mark.parametrize(
    ("spoil", "missing"),
    [
        (one_class, {"separations"}),
        (without_exponents, {"cloud", "spectrum", "matchings"}),
        (with_nan, {"matchings"}),
        (with_minus_infinity, set()),
        (still, set()),
        (one_row, {"separations"}),
        (without_logits, {"confidence"}),
    ],
)
def test_degenerate_records_have_a_portrait_that_says_what_is_missing(record, spoil, missing):
    assert portrait_of("x", spoil(record)).missing.keys() == missing


def test_a_record_that_is_read_column_by_column_has_the_same_portrait(record, tmp_path):
    write_record(record, tmp_path / "record.parquet")
    streamed = portrait_of("x", read_record(tmp_path / "record.parquet", in_memory=0))
    whole = portrait_of("x", record)
    for name in ("cells", "horizons", "matchings"):  # as text, where an undefined figure is like itself
        assert repr(getattr(streamed, name)) == repr(getattr(whole, name))
    np.testing.assert_array_equal(streamed.cloud.exponent, whole.cloud.exponent)
    np.testing.assert_array_equal(streamed.displacement["failure"].quantiles, whole.displacement["failure"].quantiles)


def test_a_record_without_rows_has_none(record):
    with pytest.raises(UserError, match="without rows"):
        portrait_of("x", record.take(np.array([], dtype=int)))


def test_of_many_puzzles_pictures_take_a_sample_and_counts_take_all(record, portrait):
    few = portrait_of("made.up", record, title="made up", most=300)
    assert portrait.sampled is None and few.sampled == 300
    assert (few.cells, few.accuracy, few.band, few.confidence.counts) == (
        portrait.cells,
        portrait.accuracy,
        portrait.band,
        portrait.confidence.counts,
    )
    assert sum(found.n for found in few.spectrum.values()) == sum(found.n for found in few.displacement.values()) == 300
    assert few.separations[0].area.counts["positives"] + few.separations[0].area.counts["negatives"] == 300
    whole, part = (p.separations[0].area.value for p in (portrait, few))
    assert part == pytest.approx(whole, abs=0.05)
    told = {key: panel.caption for key, panel in panels(few).items()}
    assert {key for key, text in told.items() if "Computed from 300 of the 900 puzzles" in text} == {
        "displacement",
        "roc",
        "spectrum",
        "deciles",
        "early",
    }


def test_an_axis_holds_a_few_hundred_ticks_and_says_of_how_many():
    found = portrait_of("x", synthetic_record(1000, settled_failures=0.9, accuracy=0.3, seed=3))
    assert len(found.confidence.settled_failures) == TICKS < found.cells.B
    assert f"Ticks: 400 of {found.cells.B} failures that converged." in panels(found)["confidence"].caption
