"""Bands, the contrast without which a share says nothing, and shares over every line: by hand and by Fisher's exact test."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from unsettled.claims.catalogue.bands import (
    area_over_lines,
    band_figures,
    band_of,
    banded,
    contrasted,
    has_lengths,
    lacking,
    members,
    no_band,
    over_lines,
    same_in_both,
    told_apart,
    unusable,
    vacuous,
)
from unsettled.claims.catalogue.parameters import Settling
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import Band, otsu_band, settled_percentile
from unsettled.measure.record.record import lacking_column
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.modality import modality
from unsettled.measure.statistics.proportion import proportion

RECORD = synthetic_record(200, accuracy=0.6, seed=3)


def classes(*counts):
    """chosen and solved with these counts of (chosen, solved), (chosen, not), (not chosen, solved), (neither)."""
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


@pytest.mark.parametrize("counts", [(10, 2, 5, 20), (3, 3, 3, 3), (2, 9, 8, 1), (6, 1, 4, 5), (5, 0, 20, 15)])
def test_outcomes_are_told_apart_by_fishers_one_sided_test(counts):
    p_value = fisher_exact([[counts[0], counts[2]], [counts[1], counts[3]]], alternative="greater").pvalue
    wanted = "" if p_value <= 0.05 else f"alike (p = {p_value:.2g})"
    assert told_apart(*classes(*counts), "alike") == wanted
    assert told_apart(np.ones(3, bool), np.ones(3, bool), "alike") == "no failure to compare with"
    assert told_apart(np.ones(3, bool), np.zeros(3, bool), "alike") == "no success to compare with"


@pytest.mark.parametrize(("solved", "told"), [([], "failure"), ([True], "failure"), ([False, False], "success"), ([True, False], None)])
def test_an_outcome_that_nobody_has_is_named(solved, told):
    assert lacking(np.array(solved, bool), "of them") == ("" if told is None else f"none of them is a {told}")


def test_scores_that_do_not_tell_the_outcome_say_nothing():
    solved = np.arange(40) % 2 == 0
    apart = np.where(solved, 0.0, 1.0) + np.linspace(0, 1.5, 40)
    assert same_in_both(apart, solved, "they") == "" == same_in_both(-apart, solved, "they")
    for scores in (np.linspace(0, 1, 40), np.zeros(40), np.full(40, np.nan)):
        assert same_in_both(scores, solved, "they") == "they do not tell failures from successes"
    assert same_in_both(apart, np.ones(40, bool), "they") == "none of the puzzles is a failure"


def test_a_share_over_lines_reaches_over_all_of_them_where_they_differ():
    share, others = replace(proportion(5, 20), extra={"kept": 1.0}), [proportion(8, 20), proportion(3, 20)]
    found = over_lines(share, others)
    assert (found.value, found.low, found.high) == (0.25, others[1].low, others[0].high)
    assert found.counts == {"successes": 5, "n": 20, "least": 3, "most": 8} and found.error is None and found.extra == {"kept": 1.0}
    for same in ([], [proportion(5, 20)]):
        assert over_lines(share, same) is share
    nothing = undefined("none")
    assert over_lines(nothing, others) is nothing


def test_an_area_over_lines_has_no_interval_where_a_line_leaves_no_pairs():
    area, others = Estimate(value=0.7, low=0.6, high=0.8, error=0.05, n=40), [Estimate(value=0.65, low=0.5, high=0.78, n=60)]
    found = area_over_lines(area, others)
    assert (found.value, found.low, found.high, found.error) == (0.7, 0.5, 0.8, None)
    assert found.extra == {"least over the lines": 0.65, "most over the lines": 0.7}
    lost = area_over_lines(area, [*others, undefined("no failures")])
    assert math.isnan(lost.low) and math.isnan(lost.high) and lost.value == 0.7
    assert lost.extra["lines without pairs"] == 1 and lost.extra["lines"] == 3


def test_agreement_is_marked_where_it_says_nothing_and_a_missing_value_never():
    share = proportion(5, 20)
    assert vacuous(share, "") is share and vacuous(share, "because").extra["vacuous"] == "because"
    assert vacuous(undefined("none"), "because").extra == {"undefined": "none"}
    inside, solved = classes(60, 5, 5, 60)
    band = Band(kind="k", log10_threshold=0.0, part="H", window=4, scale="raw")
    assert contrasted(share, band, inside, solved) is share
    assert "settle no less often" in contrasted(share, band, ~inside, solved).extra["vacuous"]
    for steps, words in (([1e-7] * 50, "all at rest"), ([0.5] * 50, "none at rest"), ([1e-7] * 30 + [0.3] * 20, None)):
        shown = contrasted(share, replace(band, shown=modality(steps)), inside, solved)
        assert shown.extra.get("vacuous", "").startswith(words or "") and bool(shown.extra.get("vacuous")) == bool(words)
    assert contrasted(undefined("none"), band, ~inside, solved).extra == {"undefined": "none"}


def test_the_parameters_draw_the_band_that_they_name():
    fixed = band_of(RECORD, Settling(rule="fixed", edge=0.5, window=2, part="L"))
    assert (fixed.kind, fixed.log10_threshold, fixed.window, fixed.part) == ("fixed 0.5", math.log10(0.5), 2, "L")
    shared = {"part": "H", "window": 3, "scale": "raw"}
    lines = {"floor": 1e-5, "rest": 0.2}
    for found, wanted in (
        (
            band_of(RECORD, Settling(rule="percentile", percentile=30.0, **shared, **lines)),
            settled_percentile(RECORD, 30.0, **shared, **lines),
        ),
        (band_of(RECORD, Settling(**shared, **lines)), otsu_band(RECORD, **shared, **lines)),
    ):
        assert (found.kind, found.log10_threshold, found.separation) == pytest.approx(
            (wanted.kind, wanted.log10_threshold, wanted.separation), nan_ok=True
        )
    for name, rule, wrong in (
        ("edge", "fixed", {"rule": "fixed"}),
        ("percentile", "percentile", {"rule": "percentile"}),
        ("edge", "fixed", {"edge": 1.0}),
        ("percentile", "percentile", {"percentile": 5.0}),
        ("percentile", "percentile", {"rule": "fixed", "edge": 1.0, "percentile": 5.0}),
    ):
        with pytest.raises(ValueError, match=f"{name} is given if and only if rule is '{rule}'"):
            Settling(**wrong)


def test_figures_of_a_band_leave_out_what_it_has_not():
    band = Band(kind="k", log10_threshold=0.5, part="H", window=4, scale="raw", separation=math.nan)
    assert band_figures(band) == {"log10_threshold": 0.5}
    shown = replace(band, separation=0.9, shown=modality([1e-7] * 9))
    assert band_figures(shown) == {"log10_threshold": 0.5, "separation": 0.9, "modes": shown.shown.words}


def test_who_is_counted_and_what_cannot_be():
    assert (
        members(RECORD, "all").all(),
        (members(RECORD, "successes") == RECORD.solved).all(),
        (members(RECORD, "failures") != RECORD.solved).all(),
    ) == (True,) * 3
    assert unusable(np.array([1.0, np.nan, np.nan]), "steps") == "2 of 3 steps are NaN" and unusable(np.ones(2), "steps") == ""
    band = band_of(RECORD, Settling(rule="fixed", edge=1.0))
    assert no_band(RECORD, band) == "" and "a single value" in no_band(RECORD, replace(band, log10_threshold=math.nan))
    found = banded(RECORD, band, lambda line: line.settled(RECORD), RECORD.solved, "successes")
    assert found.counts["successes"] == (band.settled(RECORD) & RECORD.solved).sum() and found.n == RECORD.solved.sum()
    moved = RECORD.displacement_H.copy()
    moved[3] = np.nan
    lost = banded(RECORD.replace(displacement_H=moved), band, lambda line: line.settled(RECORD), RECORD.solved, "successes")
    assert lost.undefined_reason == "1 of 200 late displacements are NaN" and lost.n == RECORD.solved.sum()
    without = RECORD.replace(displacement_H=lacking_column("displacement_H", 200, RECORD.provenance))
    assert has_lengths(RECORD) and has_lengths(RECORD, "joint") and not has_lengths(without) and not has_lengths(without, "joint")
    assert isinstance(found, Estimate)
