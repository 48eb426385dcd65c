"""Statistics of other papers' accounts against counts by hand, and when they say nothing."""

import numpy as np
import pytest

from unsettled.claims.catalogue.registered import lookup
from unsettled.fixtures.synthetic.draws import synthetic_draws
from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.records import TRM_FACTS, synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.side import SideProvenance, SideRecord

RECORD = synthetic_record(300, accuracy=0.5, k=1, seed=4)
LONG = long_record(300, never=0.25, seed=2)


def compute(name, *more, record=RECORD, **parameters):
    found = lookup(name)
    return found.function(record, found.parameters.model_validate(parameters), *more)


def side(kind, settings, **columns):
    about = SideProvenance(
        kind=kind,
        model=TRM_FACTS,
        checkpoint_bytes="0" * 64,
        checkpoint_tensors="0" * 64,
        puzzles_digest="0" * 64,
        puzzles=4,
        settings=settings,
        versions={},
    )
    return SideRecord({"example_id": np.arange(4), **columns}, about)


def moving(n=60, segments=8):
    """States in the plane that turn by 0.1 rad a segment where solved and by 0.5 where not, with norms that grow from 1."""
    solved = np.arange(n) % 2 == 0
    angle = np.where(solved, 0.1, 0.5)[:, None] * np.arange(1, segments + 1)
    norm = 1 + 0.1 * np.arange(1, segments + 1) * solved[:, None]
    z = norm * np.exp(1j * angle)
    step = np.abs(np.diff(z, axis=1, prepend=1.0))
    base = synthetic_record(n, segments=segments, k=1, seed=1)
    at = np.repeat(solved[:, None], segments, axis=1)
    return base.replace(solved=solved, solved_at=at, displacement_H=step, norm_H=np.abs(z)), z


def test_cosines_of_states_come_from_displacement_and_norm_alone():
    record, z = moving()
    true = np.cos(np.angle(z[:, 1:] / z[:, :-1]))[:, -2:].mean(axis=1)
    found = compute("moved_median", record=record, quantity="cosine", of="failures")
    assert found.value == pytest.approx(np.median(true[~record.solved]), abs=1e-12) and found.extra["the others"] == pytest.approx(
        np.cos(0.1)
    )
    assert compute("moved_auc", record=record, quantity="cosine").value == 0  # failures have the smaller cosine, all of them
    rise = compute("moved_median", record=record, quantity="rise", first=1, last=8, of="successes")
    assert rise.value == pytest.approx(1.8 / 1.1)
    with pytest.raises(UserError, match="cosines begin with the second"):
        compute("moved_median", record=record, quantity="cosine", first=1)
    with pytest.raises(UserError, match="do not fit"):
        compute("moved_median", record=record, last=9)
    first = compute("moved_median", record=record, last=1, of="failures").value  # the window begins with the first segment at the earliest
    assert first == pytest.approx(np.median(np.asarray(record.displacement_H)[~record.solved, 0]))


def test_a_norm_that_the_network_fixes_says_nothing():
    record, _ = moving()
    fixed = record.replace(norm_H=np.full(record.norm_H.shape, 22.6))
    found = compute("moved_median", record=fixed, quantity="rise", first=1, last=8)
    assert not found.defined and "normalises" in found.undefined_reason


def test_cosines_of_updates_need_their_column():
    with pytest.raises(UserError, match="update_cosine_H"):
        compute("moved_median", record=moving()[0], quantity="update_cosine")


def test_draws_disagree_where_two_of_them_end_on_different_boards():
    draws = synthetic_draws(120, record=RECORD, chance=0.4, seed=3)
    boards, solved = draws["symmetry_board"][:, :, -1], draws["symmetry_solved"][:, :, -1].astype(bool)
    who = ~solved.all(axis=1)
    several = [len(set(row[~right]) | ({-1} if right.any() else set())) > 1 for row, right in zip(boards, solved, strict=True)]
    found = compute("several_answers_share", draws)
    assert (found.counts["successes"], found.n) == ((np.array(several) & who).sum(), who.sum())
    earlier = draws["symmetry_board"].copy()
    earlier[:, :, :-1] = np.random.default_rng(0).integers(0, 99, earlier[:, :, :-1].shape)  # what a draw passes through is no answer
    assert compute("several_answers_share", SideRecord({**draws.columns, "symmetry_board": earlier}, draws.provenance)).value == found.value


def test_an_improvement_no_better_than_even_is_no_collapse():
    assert "vacuous" not in compute("critical_segment", LONG).extra  # synthetic boards jump
    slow = long_record(300, never=0.25, seed=2)
    when = slow["first_solved"]
    rising = np.minimum(81, 81 - (when[:, None] - np.arange(1, 65)))
    slow.columns["token_right"] = np.where(when[:, None] > 0, rising, 60).astype(np.int16)
    assert "vacuous" in compute("critical_segment", slow).extra


def test_probes_are_counted_by_hand():
    few = side("few_unknown", {"unknown": 1}, unknown=np.ones(4, np.int16), solved_at=np.array([[0, 1], [0, 0], [1, 0], [1, 1]], np.uint8))
    found = compute("few_unknown_failures", few)
    assert (found.counts["successes"], found.n, found.extra["never right at any segment"]) == (2, 4, 0.25)
    assert compute("few_unknown_failures", few, segments=1).counts["successes"] == 2
    with pytest.raises(UserError, match="run for 2"):
        compute("few_unknown_failures", few, segments=3)
    table = {
        "put_in": np.array([1, 1, 1, 0], np.uint8),
        "start_solved": np.array([[1, 1], [1, 0], [1, 0], [0, 1]], np.uint8),
        "held": np.array([[1, 0], [1, 1], [0, 0], [0, 0]], np.uint8),
        "held_at_end": np.array([[1, 1], [1, 1], [0, 0], [0, 0]], np.uint8),
    }
    disturbed = side("disturbed", {"radii": [0.0, 1.0]}, **table)
    held = compute("retention_share", disturbed, radius=1.0)
    assert (held.counts["successes"], held.n, held.counts["right_at_end"]) == (1, 3, 2)
    assert compute("basin_share", disturbed, radius=1.0).value == pytest.approx(1 / 3)
    with pytest.raises(UserError, match="measured are 0, 1"):
        compute("basin_share", disturbed, radius=0.5)


def test_basins_at_every_radius_and_boards_of_several_unknown_cells():
    table = {
        "put_in": np.ones(4, np.uint8),
        "start_solved": np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]], np.uint8),
        "held": np.array([[1, 0, 1], [1, 1, 1], [0, 0, 1], [0, 0, 1]], np.uint8),
        "held_at_end": np.ones((4, 3), np.uint8),
    }
    disturbed = side("disturbed", {"radii": [0.0, 0.5, 2.0]}, **table)
    found = compute("basin_share", disturbed, radius=2.0)
    assert (found.counts["successes"], found.n) == (1, 3)
    assert {name: found.extra[name] for name in ("at 0", "at 0.5", "at 2")} == pytest.approx({"at 0": 1, "at 0.5": 2 / 3, "at 2": 1 / 3})
    assert [compute("retention_share", disturbed, radius=radius).counts["successes"] for radius in (0.0, 0.5, 2.0)] == [2, 1, 4]
    lone = side("disturbed", {"radii": 0.0}, **{name: column[:, :1] if column.ndim > 1 else column for name, column in table.items()})
    assert compute("basin_share", lone, radius=0.0).value == 1.0
    never = side("disturbed", {"radii": [0.0]}, **table | {"start_solved": np.zeros((4, 1), np.uint8)})
    assert not compute("basin_share", never, radius=0.0).defined
    for unknown, words in ((0, "0 unknown cell"), (1, "1 unknown cell"), (2, "2 unknown cells")):
        few = side("few_unknown", {}, unknown=np.full(4, unknown, np.int16), solved_at=np.ones((4, 2), np.uint8))
        assert compute("few_unknown_failures", few).denominator == f"boards with {words}"
