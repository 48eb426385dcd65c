"""Bands, cells and who stays: against brute force, a histogram Otsu, two means, and records made by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.cluster import KMeans

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import Band, otsu_band, percentile_band
from unsettled.measure.analysis.settling import (
    Cells,
    cells,
    count_cells,
    enter_and_stay,
    entry,
    percentile_sweep,
    settled_failures,
    without_threshold,
)
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.otsu import otsu_threshold


def record_of(displacement, solved):
    """A record with displacement (N, S) of z_H and outcomes (N,) as given."""
    displacement, solved = np.asarray(displacement, float), np.asarray(solved, bool)
    base = synthetic_record(len(solved), segments=displacement.shape[1])
    return base.replace(displacement_H=displacement, displacement_L=2 * displacement, solved=solved)


def brute_otsu(values):
    best, cut = -1.0, math.nan
    for low, high in zip(np.unique(values)[:-1], np.unique(values)[1:], strict=True):
        below, above = values[values <= low], values[values >= high]
        score = len(below) * len(above) * (below.mean() - above.mean()) ** 2
        if score > best * (1 + 1e-12):
            best, cut = score, (low + high) / 2
    return cut


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=40).filter(lambda values: len(set(values)) > 1))
@settings(max_examples=80, deadline=None)
def test_otsu_maximises_the_variance_between_classes(values):
    values = np.array(values, float)
    threshold, separation = otsu_threshold(values)

    def between(cut):
        below, above = values[values <= cut], values[values > cut]
        return len(below) * len(above) * (below.mean() - above.mean()) ** 2

    best = between(brute_otsu(values))
    assert between(threshold) == pytest.approx(best)
    assert separation == pytest.approx(best / len(values) ** 2 / values.var()) and 0 < separation <= 1 + 1e-12


def test_otsu_is_two_means_and_follows_affine_maps():
    rng = np.random.default_rng(0)
    values = np.concatenate((rng.normal(-0.02, 0.1, 900), rng.normal(1.27, 0.2, 600)))
    threshold, separation = otsu_threshold(values)
    clusters = KMeans(2, n_init=3, random_state=0).fit_predict(values[:, None])
    assert len(np.unique(clusters[values <= threshold])) == 1 and len(np.unique(clusters[values > threshold])) == 1
    assert otsu_threshold(3 * values + 7) == pytest.approx((3 * threshold + 7, separation))
    assert separation > 0.9


def test_otsu_agrees_with_the_histogram_form_to_a_bin():
    rng = np.random.default_rng(1)
    values = np.concatenate((rng.normal(0, 0.2, 500), rng.normal(1.5, 0.3, 300)))
    counts, edges = np.histogram(values, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    below, mass = np.cumsum(counts)[:-1], np.cumsum(counts * centres)[:-1]
    total, all_mass = counts.sum(), (counts * centres).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        score = below * (total - below) * (mass / below - (all_mass - mass) / (total - below)) ** 2
    histogram = centres[np.nanargmax(score)]
    exact, _ = otsu_threshold(values)
    # an empty stretch between the modes gives equal scores: they agree on which examples lie below
    assert abs((values <= exact).sum() - (values <= histogram).sum()) <= 3


def test_separation_of_reference_shapes():
    assert otsu_threshold(np.array([0.0, 0.0, 1.0, 1.0]))[1] == pytest.approx(1.0)
    assert otsu_threshold(np.linspace(0, 1, 2001))[1] == pytest.approx(0.75, abs=1e-3)
    assert otsu_threshold(norm.ppf((np.arange(4000) + 0.5) / 4000))[1] == pytest.approx(2 / math.pi, abs=2e-3)


def test_no_two_modes_no_threshold():
    for values in ([], [1.0], [2.0, 2.0, 2.0], [-np.inf, -np.inf, 3.0]):
        assert all(map(math.isnan, otsu_threshold(np.array(values))))
    flat = record_of(np.ones((6, 8)), [True] * 3 + [False] * 3)
    band = otsu_band(flat)
    assert math.isnan(band.log10_threshold) and not band.settled(flat).any()
    assert "two modes" in settled_failures(flat, band).undefined_reason
    assert "two modes" in enter_and_stay(flat, band, among="successes").undefined_reason


def test_a_displacement_of_zero_settles_under_any_threshold():
    displacement = np.ones((4, 6))
    displacement[0] = 0.0
    displacement[3] = 100.0
    record = record_of(displacement, [True, True, False, False])
    band = otsu_band(record)
    assert band.settled(record).tolist() == [True, True, True, False] and band.threshold == pytest.approx(10.0)


@pytest.mark.parametrize("part, factor", [("H", 1.0), ("L", 2.0), ("joint", math.sqrt(5))])
def test_parts_are_their_own_displacement(part, factor):
    record = record_of(10.0 ** np.repeat([[0.0], [0.2], [1.8], [2.0]], 6, axis=1), [True, False, True, False])
    band = otsu_band(record, part=part)
    assert band.threshold == pytest.approx(10 * factor) and band.part == part
    assert cells(record, band) == Cells(A=1, B=1, C=1, D=1)


def test_late_window_is_the_mean_of_the_last_segments():
    displacement = np.array([[9.0, 9.0, 1.0, 3.0], [1.0, 1.0, 9.0, 9.0]])
    record = record_of(displacement, [True, False])
    band = Band(kind="given", log10_threshold=math.log10(2.0), window=2)
    assert band.settled(record).tolist() == [True, False]
    assert Band(kind="given", log10_threshold=math.log10(2.0), window=1).settled(record).tolist() == [False, False]


def test_percentile_bands_hold_that_share_and_sweeps_grow():
    record = synthetic_record(2000)
    for percentile in (0.0, 45.0, 60.0, 100.0):
        held = percentile_band(record, percentile).settled(record).mean()
        assert held == pytest.approx(percentile / 100, abs=1 / 2000 + 1e-9)
    sweep = percentile_sweep(record)
    settled = [counts.A + counts.B for _, counts in sweep]
    assert len(sweep) == 19 and settled == sorted(settled)
    assert all(counts.failures == (~record.solved).sum() for _, counts in sweep)
    with pytest.raises(UserError):
        percentile_band(record, 101)


def test_percentile_among_zeros_takes_an_observed_value():
    record = record_of(np.repeat([[0.0], [0.0], [1.0], [10.0]], 5, axis=1), [True] * 4)
    assert percentile_band(record, 25).log10_threshold == -math.inf
    assert percentile_band(record, 25).settled(record).sum() == 2


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_cells_partition(pairs):
    solved, settled = np.array(pairs).T
    counted = count_cells(solved, settled)
    assert sum(vars(counted).values()) == len(pairs)
    assert counted.successes == solved.sum() and settled.sum() == counted.A + counted.B
    assert sum(not a and b for a, b in pairs) == counted.B


def test_settled_failures_counts_bounds_and_recovers_the_planted_share():
    rng = np.random.default_rng(3)
    solved = rng.random(8000) < 0.6
    settles = solved | (rng.random(8000) < 0.2)
    record = record_of(10.0 ** (rng.normal(0, 0.1, (8000, 6)) + 1.2 * ~settles[:, None]), solved)
    measured = settled_failures(record, otsu_band(record))
    assert measured.low < 0.2 < measured.high and measured.n == (~solved).sum()
    assert measured.counts["B"] == measured.counts["successes"] and measured.extra["separation"] > 0.75
    none = record_of(np.repeat([[1.0]] * 5 + [[50.0]] * 254, 6, axis=1), [True] * 5 + [False] * 254)
    bound = settled_failures(none, otsu_band(none))
    assert (bound.value, bound.counts["B"]) == (0.0, 0) and f"{bound.high:.5f}" == "0.01172"
    solved = record_of(np.arange(12.0).reshape(3, 4) + 1, [True] * 3)
    assert not settled_failures(solved, otsu_band(solved)).defined


def test_without_threshold_is_the_auc_and_the_extreme():
    record = record_of(np.repeat([[1.0], [2.0], [3.0], [9.0], [4.0], [10.0]], 5, axis=1), [True] * 4 + [False] * 2)
    measured = without_threshold(record)
    assert measured.value == 7 / 8 and measured.extra["outmoved_share"] == 0.75
    assert not without_threshold(record_of(np.ones((3, 4)), [True] * 3)).defined


def test_entry_by_hand():
    inside = np.array([[0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
    record = record_of(np.where(inside, 0.5, 5.0), [True, True, False, False, True])
    band = Band(kind="given", log10_threshold=0.0)
    times = entry(record, band)
    assert times.first.tolist() == [2, 0, 1, 5, 0]
    assert times.since.tolist() == [2, 4, 5, 5, 0]
    assert times.left.tolist() == [0, 2, 1, 0, 0]
    assert times.entered.tolist() == [True, True, True, False, True]
    assert times.stays.tolist() == [True, True, False, False, True]
    three = enter_and_stay(record, band, among="successes", stay=3)
    assert (three.value, three.counts["stayed"], three.counts["entered"]) == (2 / 3, 2, 3)
    assert three.extra["median_since"] == 2.0
    failures = enter_and_stay(record, band, among="failures", stay=1)
    assert (failures.value, failures.counts["entered"], failures.counts["left"]) == (0.0, 1, 1)
    assert "one_sided_high" in failures.extra


def test_entry_follows_the_part_of_its_band():
    record = record_of(np.where([[1, 1, 1, 1], [0, 0, 1, 1]], 0.6, 5.0), [True, True])
    for part, since in (("H", [0, 2]), ("L", [4, 4]), ("joint", [4, 4])):  # twice and √5 times the displacement
        assert entry(record, Band(kind="given", log10_threshold=0.0, part=part)).since.tolist() == since


def test_entry_agrees_with_a_loop():
    rng = np.random.default_rng(2)
    record = record_of(10.0 ** rng.normal(size=(200, 9)), rng.random(200) < 0.5)
    times = entry(record, Band(kind="given", log10_threshold=0.2))
    for row, displacement in enumerate(record.displacement_H):
        inside = [np.log10(value) <= 0.2 for value in displacement]
        since = next(start for start in range(10) if all(inside[start:]))
        assert times.since[row] == since
        assert times.first[row] == (inside.index(True) if any(inside) else 9)


def test_nobody_to_ask():
    record = record_of(np.arange(12.0).reshape(3, 4) + 1, [True] * 3)
    assert not enter_and_stay(record, otsu_band(record), among="failures").defined


def test_nan_never_settles():
    displacement = np.ones((3, 4))
    displacement[2] = 50.0
    displacement[0, -1] = np.nan
    record = record_of(displacement, [True, True, False])
    assert otsu_band(record).settled(record).tolist() == [False, True, False]


def test_mistakes_are_named():
    record = synthetic_record(20)
    band = otsu_band(record)
    for call in (
        lambda: enter_and_stay(record, band, among="everyone"),
        lambda: enter_and_stay(record, band, among="successes", stay=17),
        lambda: otsu_band(record, window=17),
        lambda: count_cells(np.ones(2, bool), np.ones(3, bool)),
    ):
        with pytest.raises(UserError):
            call()
