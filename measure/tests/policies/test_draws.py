"""Draws: mapped back exactly, counted exactly, the same whatever the batch, and resumed without a trace."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.fixtures.synthetic.draws import synthetic_draws
from unsettled.fixtures.synthetic.interrupted import Interrupted, stopping_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint, tiny_model
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.policies.draws import judge_boards, number_boards, run_draws, run_rows
from unsettled.measure.policies.gather import draw_chunk, gather, ready_for
from unsettled.measure.policies.plan import Plan
from unsettled.measure.policies.policies import TANGENT, Halving, Restarts
from unsettled.measure.policies.table import table_of
from unsettled.measure.rollout.fitting import Placed
from unsettled.measure.rollout.rollout import rollout
from unsettled.measure.rollout.starts import KINDS, Starts
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet, conflicts
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.symmetries import of_boxes
from unsettled.measure.tests.rollout.test_trajectory import Clock, Wordy

REFERENCE = Path(__file__).parents[3] / "fixtures" / "reference"
PUZZLES = generate(Box(2, 2), 6, seed=3)
PLAN = Plan(draws=3, segments=2, depth=3, chunk=2, batch=4)


@settings(max_examples=30, deadline=None)
@given(box=st.sampled_from([Box(2, 2), Box(2, 3), Box(3, 3)]), seed=st.integers(0, 2**32))
def test_a_symmetry_maps_legal_boards_to_legal_ones_and_back_exactly(box, seed):
    rng = np.random.default_rng(seed)
    boards = generate(box, 3, seed=seed % 97)
    drawn = of_boxes(3, box.rows, box.cols, rng)
    image = drawn.apply(boards.labels)
    assert not conflicts(image, box).any()
    np.testing.assert_array_equal(drawn.undo(image), boards.labels)
    anything = rng.integers(0, box.vocabulary, (3, 5, box.cells)).astype(np.uint8)
    np.testing.assert_array_equal(drawn.undo(drawn.apply(anything)), anything)
    np.testing.assert_array_equal(drawn.apply(drawn.undo(anything)), anything)
    given_cells = drawn.apply(boards.inputs)
    np.testing.assert_array_equal((given_cells > 1).sum(axis=1), boards.givens)


def test_a_symmetric_draw_is_the_networks_own_answer_to_the_image_mapped_back():
    model, starts = tiny_model("trm_mlp"), Starts(kind="symmetry", seed=5)
    found = run_draws(model, PUZZLES, starts, draws=3, segments=2)
    for draw in range(3):
        symmetries = starts.symmetries(PUZZLES.ids, np.full(6, draw), PUZZLES.task)
        image = PuzzleSet(PUZZLES.box, symmetries.apply(PUZZLES.inputs), symmetries.apply(PUZZLES.labels), PUZZLES.ids, PUZZLES.rating)
        direct = rollout(model, image, k=0, segments=2, seed=0)
        np.testing.assert_allclose(found["halting"][:, draw], direct["halting_logit"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found["displacement"][:, draw], direct["displacement_H"], rtol=1e-4)
        judged = judge_boards(found["boards"], PUZZLES)
        np.testing.assert_array_equal(judged["conflicts"][:, draw], direct["conflicts"])  # no symmetry changes their number
        np.testing.assert_array_equal(judged["solved"][:, draw], direct["solved_at"])
        if draw:
            assert (image.inputs != PUZZLES.inputs).any()
        else:
            np.testing.assert_array_equal(image.inputs, PUZZLES.inputs)


def test_a_network_that_depends_on_time_is_at_its_time_in_every_segment():
    found = run_draws(Clock(), PUZZLES, Starts(kind="trained"), draws=1, segments=3, exponent=True)
    direct = rollout(Clock(), PUZZLES, k=1, segments=3, seed=0)
    np.testing.assert_array_equal(found["displacement"][:, 0], direct["displacement_a"])
    assert (direct["displacement_a"][:, 2] > direct["displacement_a"][:, 1]).all() and np.isnan(found["halting"]).all()


def test_exponents_are_those_of_a_record():
    model = tiny_model("hrm")
    found = run_draws(model, PUZZLES, Starts(kind="trained"), draws=1, segments=3, exponent=True)
    growth = rollout(model, PUZZLES, k=1, segments=3, seed=0)["growth"]
    np.testing.assert_allclose(found["growth"][:, 0], growth[:, :, 0], rtol=1e-3, atol=1e-4)
    assert np.isnan(run_draws(model, PUZZLES, Starts(kind="trained"), draws=1, segments=1)["growth"]).all()


def counted(model):
    """A list that collects how many states and tangents go through the nets of a model, call by call."""
    passed = []
    for level in {model.L_level, model.high}:
        level.register_forward_pre_hook(lambda module, inputs: passed.append(inputs[0].shape[0] * inputs[0].shape[1]))
    return passed


@pytest.mark.parametrize("structure", ["hrm", "trm_mlp"])
@pytest.mark.parametrize("exponent", [False, True])
def test_compute_is_what_goes_through_the_network(structure, exponent):
    model = tiny_model(structure)
    passed = counted(model)
    run_draws(model, PUZZLES, Starts(kind="symmetry"), draws=3, segments=2, exponent=exponent, batch=5)
    spent = Restarts(3, 2).spend(table_of_tiny().restarts["symmetry"].signals).selected_by("exponent" if exponent else "halting")
    assert sum(passed) == spent.evaluations(model.config.updates_per_segment).sum() == 6 * 6 * 6 * (1 + TANGENT * exponent)


def test_draws_at_rest_are_left_alone_and_show_what_they_would_have_shown():
    model = load_checkpoint(REFERENCE / "trm-4x4").model
    puzzles = generate(Box(2, 2), 12, seed=9)

    def drawn(kind, passed, **options):
        found = run_draws(model, puzzles, Starts(kind=kind), draws=2, segments=40, batch=24, **options)
        rows, passed[:] = sum(passed), []
        return found, rows

    passed = counted(model)
    for kind in ("symmetry", "trained"):
        whole, all_rows = drawn(kind, passed)
        short, rows = drawn(kind, passed, stop_at_rest=1e-5)
        assert rows < 0.7 * all_rows and all_rows == 24 * 40 * model.config.updates_per_segment
        np.testing.assert_array_equal(short["boards"], whole["boards"])
        np.testing.assert_allclose(short["halting"], whole["halting"], rtol=1e-3, atol=1e-3)
    _, rows = drawn("perturbed", passed, stop_at_rest=0.9)  # noise on the carry never lets it rest
    assert rows == all_rows
    assert np.isfinite(drawn("symmetry", passed, stop_at_rest=0.9, exponent=True)[0]["growth"]).all()


def test_a_policys_bill_is_what_its_segments_cost_when_they_are_run():
    """Each row is run again for just the segments that successive halving gave it."""

    model, table = tiny_model("trm_mlp"), table_of_tiny(draws=4, segments=4)
    spent = Halving(signal="halting", draws=4, rungs=(1, 2), depth=4).spend(table.restarts["symmetry"].signals)
    passed = counted(model)
    for row, stops in enumerate(spent.stop):
        for draw, stop in enumerate(stops):
            if stop:
                list(run_rows(model, PUZZLES.take([row]), np.array([draw]), Starts(kind="symmetry"), segments=int(stop)))
    assert sum(passed) == spent.evaluations(model.config.updates_per_segment).sum()


def table_of_tiny(**changes):
    plan = PLAN.model_copy(update=changes)
    columns = draw_chunk(Placed(tiny_model("trm_mlp"), "float32", "cpu"), PUZZLES, plan)
    side = synthetic_draws(6)
    provenance = side.provenance.model_copy(update={"settings": plan.model_dump(mode="json")})
    return table_of(type(side)(columns, provenance))


@pytest.mark.parametrize("kind", KINDS)
def test_draws_hang_on_seed_and_puzzle_not_on_the_batch(kind):
    model = tiny_model("trm_attention")

    def halting(puzzles=PUZZLES, batch=4, seed=1):
        return run_draws(model, puzzles, Starts(kind=kind, seed=seed), draws=3, segments=2, batch=batch)["halting"]

    np.testing.assert_array_equal(halting(), halting())
    np.testing.assert_allclose(halting(), halting(batch=7), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(halting()[[4, 1]], halting(PUZZLES.take([4, 1])), rtol=1e-4, atol=1e-5)
    assert np.allclose(halting(), halting(seed=2), atol=1e-5) == (kind == "trained")
    spread = np.ptp(halting(), axis=1).max()
    assert (spread < 1e-5) == (kind == "trained")


def test_random_states_and_noise_have_the_stated_scale():
    model = tiny_model("trm_mlp", hidden=32)
    ids, draws = np.arange(8), np.zeros(8, int)
    high, low = Starts(kind="random", scale=0.5).initial(model.initial_state(len(ids)), ids, draws)
    assert float(high.std()) == pytest.approx(0.5, rel=0.03) and float(low.std()) == pytest.approx(0.5, rel=0.03)
    assert not bool((high == low).all())
    state = model.initial_state(8)
    disturb = Starts(kind="perturbed", sigma=0.2).disturbance(ids, draws)
    first, second = disturb(state)[0] - state[0], disturb(state)[0] - state[0]
    assert float(first.std()) == pytest.approx(0.2, rel=0.03) and not bool((first == second).all())  # anew in every segment
    for bad in ({"kind": "lucky"}, {"kind": "random", "scale": 0.0}, {"kind": "perturbed", "sigma": float("nan")}):
        with pytest.raises(UserError):
            Starts(**bad)


def test_a_board_is_an_answer_exactly_when_it_breaks_nothing():
    boards = np.stack(
        [
            PUZZLES.labels,
            np.roll(PUZZLES.labels, 1, axis=1),
            of_boxes(6, PUZZLES.box.rows, PUZZLES.box.cols, np.random.default_rng(1)).apply(PUZZLES.labels),
        ],
        axis=1,
    )[:, :, None]
    judged = judge_boards(boards, PUZZLES)
    np.testing.assert_array_equal((judged["conflicts"] == 0) & (judged["broken"] == 0), judged["solved"] == 1)
    assert judged["solved"][:, 0].all() and (judged["conflicts"][:, 2] == 0).all() and (judged["broken"][:, 2] > 0).any()


def test_words_that_the_task_has_not_answer_no_puzzle():
    found = run_draws(Wordy(), PUZZLES, Starts(kind="random", seed=5), draws=1, segments=2, batch=6)
    assert not judge_boards(found["boards"], PUZZLES)["solved"].any() and (found["boards"] > 256).all()


def test_of_256_broken_cells_a_byte_does_not_tell_none():
    box = Box(4, 4)
    row = np.arange(16)
    full = np.array([(4 * (r % 4) + r // 4 + row) % 16 + 2 for r in range(16)], np.uint8).reshape(1, -1)
    other = (full - 1) % 16 + 2  # every digit is the next one: legal, and nowhere what was given
    judged = judge_boards(other[:, None, None], PuzzleSet(box, full, full, np.arange(1), np.zeros(1)))
    assert judged["conflicts"].item() == 0 and judged["broken"].item() == 255 and judged["solved"].item() == 0


def test_numbers_of_boards_are_equal_exactly_for_equal_boards_of_a_puzzle():
    rng = np.random.default_rng(0)
    boards = {name: rng.integers(2, 4, (3, 2, 5, 3)).astype(np.uint8) for name in ("a", "b")}
    numbers = number_boards(boards)
    for row in range(3):
        flat = np.concatenate([boards[name][row].reshape(-1, 3) for name in boards])
        found = np.concatenate([numbers[name][row].ravel() for name in boards])
        np.testing.assert_array_equal((flat[:, None] == flat[None]).all(axis=-1), found[:, None] == found[None])
        assert found[0] == 0 and found.max() == len(np.unique(flat, axis=0)) - 1
    wider = number_boards({"a": boards["a"], "b": boards["b"].astype(np.int16)})
    assert all((wider[name] == numbers[name]).all() for name in boards), "whatever type they have"


@pytest.fixture
def checkpoint(tmp_path):
    return tiny_checkpoint(tmp_path / "net", "trm_mlp")


def test_what_was_interrupted_goes_on_and_ends_in_the_same_bytes(checkpoint, tmp_path):
    whole, parts = tmp_path / "whole.parquet", tmp_path / "parts.parquet"
    told = []
    side = gather(checkpoint, PUZZLES, whole, PLAN, advance=told.append)
    assert sum(told) == len(PUZZLES) * PLAN.rows == 6 * 10
    for _ in range(2):
        with pytest.raises(Interrupted):
            gather(checkpoint, PUZZLES, parts, PLAN, advance=stopping_after(35))
    assert len(list((tmp_path / "parts.parquet.parts").iterdir())) == 1 and not parts.exists()
    again = gather(checkpoint, PUZZLES, parts, PLAN)
    assert whole.read_bytes() == parts.read_bytes() and again.digest() == side.digest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net", "parts.parquet", "whole.parquet"]  # nothing is left behind
    assert len(table_of(again)) == 6 and again.provenance.puzzles_digest == PUZZLES.digest
    assert gather(checkpoint, PUZZLES, whole, PLAN, advance=stopping_after(61)).digest() == side.digest()  # nothing to draw


def test_a_spent_budget_leaves_the_first_puzzles_and_the_same_call_goes_on(checkpoint, tmp_path):
    out = tmp_path / "out.parquet"
    first = gather(checkpoint, PUZZLES, out, PLAN, seconds=0.0)
    assert len(first) == first.provenance.puzzles == 2
    assert first.provenance.puzzles_digest == PUZZLES.take(slice(0, 2)).digest
    while len(side := gather(checkpoint, PUZZLES, out, PLAN, seconds=0.0)) < 6:
        pass
    assert side.digest() == gather(checkpoint, PUZZLES, tmp_path / "whole.parquet", PLAN).digest()


def test_parts_of_other_draws_and_foreign_puzzles_are_refused(checkpoint, tmp_path):
    out = tmp_path / "out.parquet"
    gather(checkpoint, PUZZLES, out, PLAN, seconds=0.0)
    with pytest.raises(UserError, match="unfinished parts are of another measurement: their seed differs"):
        gather(checkpoint, PUZZLES, out, PLAN.model_copy(update={"seed": 1}), seconds=0.0)
    with pytest.raises(UserError, match="the puzzles are 6×6, the checkpoint reads 4×4"):
        ready_for(checkpoint, generate(Box(2, 3), 2, seed=0), PLAN)
    with pytest.raises(UserError, match="empty"):
        ready_for(checkpoint, PUZZLES.take([]), PLAN)


@pytest.mark.parametrize("wrong", [{"starts": ("luck",)}, {"starts": ()}, {"starts": ("random", "random")}, {"draws": 1}, {"sigma": 0}])
def test_a_plan_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError):
        Plan(**wrong)
