"""Bands: what a line means where there are two modes, and that one hump, all rest and no rest are never cut into halves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import Band, otsu_band, settled_percentile
from unsettled.measure.analysis.diagnosis import units_table
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.modality import FLOOR, REST, Modes

NORM = 220.0  # of the state in a synthetic record


def moving_by(steps: np.ndarray, solved: np.ndarray | None = None) -> Record:
    """A record whose runs move by these fractions of the norm in every segment."""
    record = synthetic_record(len(steps))
    moved = np.repeat(steps[:, None], record.segments, axis=1) * NORM
    outcomes = {} if solved is None else {"solved": solved}
    return record.replace(displacement_H=moved, displacement_L=moved, **outcomes)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_one_hump_keeps_every_line_that_could_be_drawn(rng: np.random.Generator) -> None:
    record = moving_by(10 ** rng.uniform(-6, -0.5, 600))
    band = otsu_band(record)
    assert band.shown is not None and band.shown.modes is Modes.ONE
    lowest, highest = band.others
    assert lowest.threshold == pytest.approx(FLOOR * NORM) and highest.threshold == pytest.approx(REST * NORM)
    assert lowest.settled(record).sum() < band.settled(record).sum() < highest.settled(record).sum()


def test_runs_in_the_valley_between_two_modes_are_on_either_side_of_the_line(rng: np.random.Generator) -> None:
    record = moving_by(np.concatenate((np.full(500, 1e-6), 10 ** rng.normal(-1, 0.2, 300), np.full(5, 5e-4), np.full(5, 5e-3))))
    lowest, highest = otsu_band(record).others
    assert lowest.settled(record).sum() == 500 and highest.settled(record).sum() == 510


def test_two_modes_have_one_line_between_them_whatever_the_arithmetic(rng: np.random.Generator) -> None:
    moving = rng.random(600) < 0.3
    single = moving_by(np.where(moving, 10 ** rng.normal(-1, 0.2, 600), 2e-7))
    double = moving_by(np.where(moving, np.asarray(single.displacement_H[:, -1]) / NORM, 1e-15))
    bands = [otsu_band(single), otsu_band(double)]
    for band in bands:
        assert band.shown is not None and band.shown.modes is Modes.TWO
        assert all(np.array_equal(line.settled(single), ~moving) for line in (band, *band.others))
    assert bands[0].threshold == pytest.approx(bands[1].threshold)


def test_slow_convergence_settles_alike_in_single_and_double_precision(rng: np.random.Generator) -> None:
    exact = 10 ** rng.uniform(-14, -0.5, 600)
    single, double = moving_by(np.maximum(exact, 2e-7)), moving_by(exact)
    for line in range(2):
        assert np.array_equal(otsu_band(single).others[line].settled(single), otsu_band(double).others[line].settled(double))


def test_where_all_or_none_are_at_rest_the_line_is_absolute(rng: np.random.Generator) -> None:
    rounding, moving = moving_by(10 ** rng.normal(-6.5, 0.2, 300)), moving_by(rng.uniform(57, 62, 300) / 48.7)
    assert otsu_band(rounding).settled(rounding).all() and not otsu_band(rounding).others
    assert not otsu_band(moving).settled(moving).any() and not otsu_band(moving).others


def test_a_percentile_goes_no_higher_than_the_line_between_two_modes(rng: np.random.Generator) -> None:
    """45 % of the runs lie within a 45th percentile, whether so many settle or not: here 30 % do, and no failure."""
    settles = rng.random(600) < 0.3
    record = moving_by(np.where(settles, 1e-6, 10 ** rng.normal(-1, 0.2, 600)), solved=settles)
    band = settled_percentile(record, 45.0)
    assert np.array_equal(band.settled(record), settles)
    assert np.log10(np.percentile(record.late_displacement(), 45.0)) > band.log10_threshold


def test_a_percentile_of_one_hump_is_in_doubt_like_every_line(rng: np.random.Generator) -> None:
    record = moving_by(10 ** rng.uniform(-6, -0.5, 600))
    band = settled_percentile(record, 45.0)
    assert [other.log10_threshold for other in band.others] == [other.log10_threshold for other in otsu_band(record).others]
    assert band.settled(record).mean() == pytest.approx(0.45, abs=0.01)


def test_without_a_norm_there_is_a_line_and_nothing_is_shown() -> None:
    record = synthetic_record(50)
    band = otsu_band(record.replace(norm_H=np.zeros_like(record.norm_H)))
    assert band.shown is None and not math.isnan(band.threshold) and not band.others


def test_what_lies_in_a_band_is_what_its_logarithm_says(rng: np.random.Generator) -> None:
    """Numbers far from the line are told without a logarithm: none may fall on the other side."""
    for line in (-400.0, -300.0, -7.25, 0.0, 0.3, 250.0, math.nan, math.inf, -math.inf):
        edge = 10.0**line if -300 <= line <= 300 else 1.0
        values = [edge * 10 ** rng.normal(0, scale, 50) for scale in (1e-16, 1e-12, 1e-9, 1.0)]
        values = np.concatenate((*values, [np.nextafter(edge, 0), edge, np.nextafter(edge, 2 * edge), 0.0, -1.0, math.inf, math.nan]))
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(Band(kind="a line", log10_threshold=line).contains(values), np.log10(values) <= line)


@pytest.mark.parametrize("size", [0.0, 5e-324, 1e-310])
def test_states_of_next_to_no_length_have_a_table_of_units_or_none(size):
    """Both once ended `unsettled diagnose`: a division by zero, and a logarithm of it."""
    record = synthetic_record(40)
    tiny = np.full_like(record.norm_H, size)
    still = record.replace(displacement_H=np.minimum(tiny, 5e-324), displacement_L=tiny, norm_H=tiny, norm_L=tiny)
    otsu_band(still)
    rows = {row[0]: row for row in units_table(still).rows}
    assert len(rows["edge of Otsu's band"]) == 3
