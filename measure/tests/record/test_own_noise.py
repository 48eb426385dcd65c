"""The statistics of the row check, on numbers: ranges, outcomes, common shifts, and the sequence of re-measurements."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.measure.record.own_noise import Profile, beyond_rounding, common_shifts, noise_of, outside, unexplained
from unsettled.measure.record.row_check import STAGES, Again, check_rows, most_closer

NAMES = ("exponents", "exponents", "halting")
ROUNDING = np.array([1e-5, 1e-5, 1e-4])


def drawn(rng, *shape):
    """Re-measurements of rows whose noise grows over three segments, and differs from row to row."""
    scale = 10.0 ** rng.uniform(-4, -1, size=shape[-3])
    return rng.standard_normal(shape) * scale[:, None, None] * np.array([0.1, 0.5, 1.0])[:, None]


def world(seed, rows=12):
    """Recorded rows, a first re-measurement, and what gives more; all exchangeable."""
    versions = 1 + 1 + sum(STAGES)
    values = drawn(np.random.default_rng(seed), versions, rows, 3, 3)
    outcomes = np.zeros((versions, rows, 4), bool)

    def more(at, numbers, exponents):
        chosen = slice(2 + numbers.start, 2 + numbers.stop)
        kept = slice(None) if exponents is None else recorded.columns(exponents)
        return Again(values[chosen][:, at][..., kept], outcomes[chosen][:, at])

    recorded, again = (Profile(values[i], outcomes[i], NAMES, ROUNDING) for i in (0, 1))
    return recorded, again, more, values


def test_a_row_within_rounding_stands_without_more():
    recorded = Profile(np.zeros((2, 3, 3)), np.zeros((2, 4), bool), NAMES, ROUNDING)
    again = Profile(np.array([np.zeros((3, 3)), np.full((3, 3), 2e-5)]), np.zeros((2, 4), bool), NAMES, ROUNDING)
    assert beyond_rounding(recorded, again).tolist() == [False, True]
    close = Profile(again.values[:1], again.outcomes[:1], NAMES, ROUNDING)
    checked = check_rows(recorded.take(np.array([0])), close, lambda *asked: pytest.fail("nothing more is to be measured"))
    assert (checked.rows, checked.noisy, checked.differing, checked.shifted) == (1, (), {}, {})


def test_noise_is_the_width_so_far_and_of_the_segment_after():
    again = np.zeros((2, 1, 4, 1))
    again[1, 0, :, 0] = [1, 5, 2, 3]
    assert noise_of(again)[0, :, 0].tolist() == [5, 5, 5, 5]
    again[1, 0, :, 0] = [0, 0, 2, 1]
    assert noise_of(again)[0, :, 0].tolist() == [0, 2, 2, 2]
    assert outside(np.array([[[0.0], [1.01], [0.0], [0.0]]]), again, np.zeros(1))[0, 0]
    assert not outside(np.array([[[0.0], [0.99], [0.0], [0.0]]]), again, np.zeros(1))[0, 0]


def test_an_outcome_that_never_occurs_is_unexplained():
    never = np.zeros((5, 1, 4), bool)
    assert unexplained(np.array([[False, False, True, True]]), never)[0]
    late = never.copy()
    late[0, 0, 2:] = True  # right after the third segment and at the end, in one of five
    assert not unexplained(np.array([[False, True, True, True]]), late)[0], "one segment sooner, where one segment is in doubt"
    assert unexplained(np.array([[True, True, True, True]]), late)[0]
    assert unexplained(np.array([[False, False, False, True]]), never)[0], "the outcome at the end must occur at the end"


def test_rows_shifted_together_are_found_and_exchangeable_ones_are_not():
    recorded, _, _, values = world(1)
    assert common_shifts(recorded.values, values[1:10], ROUNDING) == []
    shifted = recorded.values + (values[1:10].max(axis=0) - values[1:10].min(axis=0))
    found = common_shifts(shifted, values[1:10], ROUNDING)
    assert {column for column, _ in found} == {0, 1, 2} and all(p < 1e-6 for _, p in found)
    assert common_shifts(shifted[:4], values[1:10, :4], ROUNDING) == [], "four rows cannot show it"


def test_the_distribution_of_ranks_is_exact():
    """Ten positions each: that two rows both come last has the chance 1/100, on either side 2/100."""
    again = np.arange(9.0).reshape(9, 1, 1, 1).repeat(2, axis=1)
    ((_, p),) = common_shifts(np.full((2, 1, 1), 100.0), again, np.zeros(1), alpha=0.05)
    assert p == pytest.approx(0.02)


def test_a_row_that_fails_is_looked_at_more_closely_and_many_are_not():
    recorded, again, more, values = world(2, rows=80)
    asked = []

    def counted(rows, numbers, exponents):
        asked.append((len(rows), len(numbers)))
        return more(rows, numbers, exponents)

    wide = values[1 : 2 + STAGES[0]].max(axis=0) - values[1 : 2 + STAGES[0]].min(axis=0)
    forged = recorded.values.copy()
    forged[:2] += 10 * wide[:2].max() + 1
    checked = check_rows(Profile(forged, recorded.outcomes, NAMES, ROUNDING), again, counted)
    assert set(checked.differing) == {0, 1} and [versions for _, versions in asked] == list(STAGES)
    assert "exponents by" in checked.differing[0] and "its own noise" in checked.differing[0]
    asked.clear()
    checked = check_rows(Profile(recorded.values + 10, recorded.outcomes, NAMES, ROUNDING), again, counted)
    assert len(checked.differing) == 80 > most_closer(80, 8) and len(asked) == 2 and set(checked.shifted) == set(NAMES)
