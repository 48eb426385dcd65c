"""Noise pushed through a record: which rows move, by how much, whose fate changes, and how often."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta

from unsettled.claims.judgement import noise_band
from unsettled.claims.judgement.noise_band import disturb, donors, flip_rate, largest_change, redecided, success_likeness, under_noise
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.provenance import NoiseFloor, TangentStarts
from unsettled.measure.statistics.estimate import Estimate

RECORD = synthetic_record(300, accuracy=0.6, seed=4)
SIZES = {"median": 1e-3, "q90": 4e-3, "q99": 8e-3, "largest": 1e-2}


def floor(*, flips=0, rows=500, starts=None, **quantiles):
    return NoiseFloor(rows=rows, alternates=["a", "b"], quantiles=quantiles, label_flips=flips, tangent_starts=starts)


def late(record):
    """Displacement over the norm in the last four segments."""
    return (record.displacement_H / record.norm("H"))[:, -4:].mean(axis=1)


@pytest.mark.parametrize(("rows", "flips"), [(20, 0), (20, 7), (20, 39), (20, 40), (20, 50), (1, 2)])
def test_the_rate_of_changed_outcomes_and_its_upper_limit(rows, flips):
    told, m = floor(rows=rows, flips=flips), 2 * rows
    assert flip_rate(told, possible=False) == min(flips, m) / m
    assert flip_rate(told) == flip_rate(told, possible=True) == pytest.approx(1.0 if flips >= m else beta(flips + 1, m - flips).ppf(0.95))
    assert flip_rate(told.model_copy(update={"alternates": []})) == flip_rate(told.model_copy(update={"rows": 0})) == 0.0


def test_draws_follow_the_recorded_quantiles_on_either_side_and_the_restless_rows_get_the_largest():
    rng = np.random.default_rng(3)
    drawn = noise_band._draw(SIZES, 40_000, rng)()
    assert np.quantile(np.abs(drawn), [0.25, 0.5, 0.9, 0.99, 1.0]) == pytest.approx([5e-4, 1e-3, 4e-3, 8e-3, 1e-2], rel=0.05)
    assert abs((drawn > 0).mean() - 0.5) < 0.01 and np.abs(drawn).max() <= 1e-2
    assert not noise_band._draw({}, 5, rng)().any() and (np.abs(noise_band._draw({"largest": 2.0}, 5, rng)()) <= 2).all()
    dealt = noise_band._dealt(np.array([0.3, -0.1, 0.2]), np.array([1, 2, 0]))
    assert dealt.tolist() == [0.3, -0.1, 0.2] and noise_band._dealt(np.array([0.3, -0.1, 0.2]), np.array([0, 2, 1])).tolist() == [
        -0.1,
        0.3,
        0.2,
    ]


def test_every_series_moves_by_its_own_quantiles_and_a_row_by_one_draw():
    told = floor(exponents=SIZES, displacement=SIZES, halting={name: 100 * x for name, x in SIZES.items()})
    moved = disturb(RECORD, told, np.random.default_rng(0), possible=False)
    growth = (moved.growth - RECORD.growth) / RECORD.provenance.model.updates_per_segment
    exponents, halting = growth[:, :1, :1], moved.halting_logit - RECORD.halting_logit
    assert growth == pytest.approx(np.broadcast_to(exponents, growth.shape), abs=1e-12)
    assert halting == pytest.approx(np.broadcast_to(halting[:, :1], halting.shape), abs=1e-9)
    restless = np.argsort(np.argsort(late(RECORD), kind="stable"))
    for gap, scale in ((exponents[:, 0, 0], 1), (halting[:, 0], 100)):
        assert np.argsort(np.argsort(np.abs(gap), kind="stable"), kind="stable").tolist() == restless.tolist()
        assert 0 < np.abs(gap).max() <= 1e-2 * scale + 1e-9 and {-1.0, 1.0} == set(np.sign(gap))
    for part in "HL":  # a share of the norm: added where lengths grow, the same factor where they shrink
        before, after, norm = (np.asarray(found) for found in (RECORD.displacement(part), moved.displacement(part), RECORD.norm(part)))
        share = np.where(after > before, after - before, before * (before / after - 1)) / norm
        assert share == pytest.approx(np.broadcast_to(share[:, :1], share.shape), rel=1e-6) and 0 < share.min() < share.max() <= 1e-2
        assert np.argsort(np.argsort(share[:, 0], kind="stable"), kind="stable").tolist() == restless.tolist()
    assert moved.solved.tolist() == RECORD.solved.tolist()


def test_lengths_grow_by_a_difference_or_shrink_by_the_same_factor_and_what_stands_still_does():
    lengths = np.array([2.0, 2.0, 0.0, 1.0])
    assert noise_band._scaled(lengths, np.array([1.0, -1.0, 0.5, 0.0])).tolist() == pytest.approx([3.0, 2 / 1.5, 0.0, 1.0])


def test_another_start_moves_all_rows_by_a_shared_draw_and_each_by_its_own():
    k = RECORD.k
    shared = TangentStarts(seeds=3, shared=[0.01 * (i + 1) for i in range(k)], own=[{"median": 0.0, "largest": 0.0}] * k)
    moved = disturb(RECORD, floor(starts=shared), np.random.default_rng(5), starts=True, possible=False)
    gap = moved.exponents() - RECORD.exponents()
    assert np.ptp(gap, axis=0) == pytest.approx(np.zeros(k), abs=1e-12) and (np.abs(gap[0]) > 0).all()
    assert np.abs(gap[0] / [0.01 * (i + 1) for i in range(k)]).max() < 5
    assert not (disturb(RECORD, floor(starts=shared), np.random.default_rng(5), possible=False).growth - RECORD.growth).any()
    assert not (disturb(RECORD, floor(), np.random.default_rng(5), starts=True, possible=False).growth - RECORD.growth).any()


def test_those_that_are_close_to_call_change_their_fate_half_of_the_time():
    rng = np.random.default_rng(1)
    likeness, n = success_likeness(RECORD), len(RECORD)
    changed = np.zeros(n)
    for _ in range(200):
        taken = donors(RECORD, 0.04, rng)
        other = taken != np.arange(n)
        changed += other
        assert (RECORD.solved[taken[other]] != RECORD.solved[other]).all()
    for outcome, sign in ((True, 1), (False, -1)):
        rows = np.flatnonzero(RECORD.solved == outcome)
        closest = rows[np.argsort(sign * likeness[rows], kind="stable")[: math.ceil(0.04 * n)]]
        assert set(np.flatnonzero(changed)) & set(rows) == set(closest)
        assert changed[closest] / 200 == pytest.approx(np.full(len(closest), 0.5), abs=0.13)
    assert (donors(RECORD, 0.0, rng) == np.arange(n)).all()


def test_a_state_at_rest_keeps_its_fate_and_a_class_that_is_empty_gives_none():
    still = RECORD.replace(displacement_H=0 * RECORD.displacement_H, displacement_L=0 * RECORD.displacement_L)
    assert (donors(still, 1.0, np.random.default_rng(0)) == np.arange(len(RECORD))).all()
    solved = np.ones(len(RECORD), bool)
    assert (donors(RECORD.replace(solved=solved), 1.0, np.random.default_rng(0)) == np.arange(len(RECORD))).all()


def test_a_success_is_told_by_its_halting_logit_and_by_how_little_it_moves():
    def ranks(values):
        return np.argsort(np.argsort(values, kind="stable"), kind="stable")

    displacement = RECORD.displacement_H[:, -4:].mean(axis=1)
    assert success_likeness(RECORD).tolist() == (ranks(RECORD.halting_logit[:, -1]) - ranks(displacement)).tolist()


def test_another_outcome_brings_the_later_half_of_its_row():
    taken = np.arange(len(RECORD))
    taken[3] = 7
    half, found = RECORD.segments // 2, redecided(RECORD, taken)
    for name in ("growth", "halting_logit", "solved_at", "displacement_H", "displacement_L"):
        before, after = getattr(RECORD, name), getattr(found, name)
        assert (after[3, :half] == before[3, :half]).all() and (after[3, half:] == before[7, half:]).all()
        assert (np.delete(after, 3, axis=0) == np.delete(before, 3, axis=0)).all()
    assert found.solved[3] == RECORD.solved[7] and redecided(RECORD, np.arange(len(RECORD))) is RECORD


def test_what_is_computed_later_is_the_same_in_any_order_and_forgets_what_is_known_of_the_record():
    told = floor(flips=40, rows=60, exponents=SIZES, displacement=SIZES, halting=SIZES)
    names = ("growth", "displacement_H", "displacement_L", "halting_logit", "solved_at", "solved")
    RECORD.once("how far", lambda: "as recorded")
    first, other = (disturb(RECORD, told, np.random.default_rng(2)) for _ in range(2))
    forwards = {name: np.array(getattr(first, name)) for name in names}
    backwards = {name: np.array(getattr(other, name)) for name in reversed(names)}
    assert all((forwards[name] == backwards[name]).all() for name in names)
    assert all((forwards[name] != getattr(RECORD, name)).any() for name in names)
    assert (first.late_displacement() == forwards["displacement_H"][:, -4:].mean(axis=1)).all()
    assert first.once("how far", lambda: "as disturbed") == "as disturbed" and RECORD.once("how far", lambda: "") == "as recorded"
    assert (first.replace(token_accuracy=RECORD.token_accuracy).growth == forwards["growth"]).all()


def test_eight_versions_are_judged_kept_or_made_one_by_one(monkeypatch):
    noisy = RECORD.replace(provenance=RECORD.provenance.model_copy(update={"noise": floor(exponents=SIZES)}))

    def first(record):
        return Estimate(value=float(record.growth[0, 0, 0]))

    kept = under_noise(first, noisy)
    assert len(kept) == 8 == len({each.value for each in kept}) and under_noise(first, noisy) == kept
    monkeypatch.setattr(noise_band, "KEPT", 8 * RECORD.growth.size)
    noise_band._kept_versions.cache_clear()
    assert under_noise(first, noisy) == kept and noise_band._kept_versions.cache_info().currsize == 1
    monkeypatch.setattr(noise_band, "KEPT", 8 * RECORD.growth.size - 1)
    noise_band._kept_versions.cache_clear()
    assert under_noise(first, noisy) == kept and noise_band._kept_versions.cache_info().currsize == 0
    assert under_noise(first, RECORD) == [] == under_noise(first, noisy.take(np.arange(0)))


def test_the_largest_change_is_that_of_the_finite_ones_on_either_side():
    values = [Estimate(value=x) for x in (0.4, 0.9, math.inf, math.nan)]
    assert (
        largest_change(values, 0.6) == pytest.approx(0.3)
        and largest_change(values, 0.8) == pytest.approx(0.4)
        and largest_change([], 0.6) == 0.0
    )


def test_columns_that_no_figure_asks_for_are_not_computed_and_those_it_asks_for_once(monkeypatch):
    asked = []
    monkeypatch.setattr(noise_band, "_scaled", lambda lengths, differences: asked.append(1) or lengths + differences)
    moved = disturb(RECORD, floor(displacement=SIZES, exponents=SIZES), np.random.default_rng(0)).without_scaleless()
    assert moved.growth.shape == RECORD.growth.shape and moved.solved.any() and not asked
    first, other = moved.provenance.model.latents[0], moved.replace()
    assert moved.displacement_H is moved.displacement(first) is other.displacement(first) and len(asked) == len(
        moved.provenance.model.latents
    )
