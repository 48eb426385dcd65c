"""Diagnosis and portrait of records that lack columns, and of states without a scale of rest: what is there is shown, the rest says why."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.measure import synthetic_record
from unsettled.measure.analysis.diagnosis import record_tables
from unsettled.measure.analysis.portrait import portrait_of
from unsettled.measure.record.record import Record, held

PLAIN = synthetic_record(60, segments=8, k=1, seed=2)
LACKING = Record(
    **{name: getattr(PLAIN, name) for name in held(PLAIN) if name not in ("halting_logit", "conflicts")}, provenance=PLAIN.provenance
)
RISING = 1.0 + np.arange(PLAIN.segments)
GROWING = PLAIN.replace(**{f"{name}_{x}": getattr(PLAIN, f"{name}_{x}") * RISING for name in ("displacement", "norm") for x in "HL"})


def test_diagnosis_without_a_confidence_leaves_its_tables_out_and_says_why():
    tables = {table.key: table for table in record_tables(LACKING)}
    assert "confident" not in tables and {"early.levels", "units", "thresholds"} <= tables.keys()
    assert ["calibration", "the record holds no halting_logit: the network tells no confidence"] in tables["lacking"].rows
    assert "halting logit" not in tables["early.levels"].columns and "λ₁" in tables["early.levels"].columns
    assert "lacking" not in {table.key for table in record_tables(PLAIN)}


def test_portrait_without_a_confidence_has_all_other_panels():
    portrait = portrait_of("my", LACKING)
    assert portrait.confidence is None and "no halting_logit" in portrait.missing["confidence"]
    assert {s.score for s in portrait.separations} == {"displacement", "exponent"}
    assert portrait.horizons and set(portrait.horizons[0].areas) == {"displacement", "exponent"} and portrait.cloud is not None


def test_displacement_is_shown_over_the_norm_where_that_grows():
    plain, growing = portrait_of("my", PLAIN), portrait_of("my", GROWING)
    assert (plain.band.scale, growing.band.scale) == ("raw", "relative") and growing.cells == plain.cells
    assert growing.displacement["failure"].quantiles * 220 == pytest.approx(plain.displacement["failure"].quantiles)
    tables = {table.key: table for table in record_tables(GROWING)}
    assert "which grows" in tables["thresholds"].notes[0] and tables["units"].rows[-1][1] is None
