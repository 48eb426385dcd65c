"""Trajectories equal the record of the same rollout, and what they add is what it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.networks import STRUCTURES, tiny_checkpoint, tiny_model
from unsettled.measure.campaign.long import board_identity
from unsettled.measure.campaign.long_stages import merged
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.errors import UserError
from unsettled.measure.record.precision import as_precise_as
from unsettled.measure.rollout.trajectory import PERIODS, follow, join
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.tokens import TokenTask

PUZZLES = generate(Box(2, 2), 7, seed=3)
SHARED = ("solved_at", "halting_logit", "conflicts", "growth")


@pytest.mark.parametrize("structure", STRUCTURES)
def test_what_a_record_also_holds_is_the_same(structure, tmp_path):
    checkpoint = tiny_checkpoint(tmp_path, structure)
    record = measure_rows(checkpoint, PUZZLES, k=2, segments=5, batch=3)
    runs = follow(checkpoint, PUZZLES, segments=5, k=2, batch=3)
    for name, values in as_precise_as("float32", {name: getattr(runs, name) for name in SHARED}).items():
        np.testing.assert_array_equal(values, getattr(record, name), err_msg=name)
    np.testing.assert_allclose(runs.displacement, np.hypot(record.displacement_H, record.displacement_L), rtol=2.0**-23)
    np.testing.assert_allclose(runs.norm, np.hypot(record.norm_H, record.norm_L), rtol=2.0**-23)
    np.testing.assert_array_equal(runs.solved, record.solved)
    np.testing.assert_array_equal(runs.token_right[:, -1] / 16, record.token_accuracy)
    assert replace(runs, solved_at=np.tile(np.arange(5) == 4, (7, 1))).solved.all()  # the last segment counts
    assert runs.updates_per_segment == record.provenance.model.updates_per_segment


def states_by_hand(model, segments):
    """States 0 … S of all puzzles as one flat float64 vector each, (S + 1, N, d), and the readouts."""
    embedded = model.embed(torch.from_numpy(PUZZLES.inputs))
    state = model.initial_state(len(PUZZLES))
    states = [state]
    with torch.no_grad():
        for _ in range(segments):
            states.append(model.segment(states[-1], embedded))
    return states


def test_recurrence_loss_and_pooled_state_by_hand():
    model, segments = tiny_model("trm_mlp"), 10
    runs = follow(model, PUZZLES, segments=segments, batch=4)
    states = states_by_hand(model, segments)
    flat = [torch.cat([part.flatten(1) for part in state], dim=1).double().numpy() for state in states]
    for t in range(1, segments + 1):
        for p in range(1, PERIODS + 1):
            seen = runs.recurrence[:, t - 1, p - 1]
            if p > t:
                assert np.isnan(seen).all()
            else:
                np.testing.assert_allclose(seen, np.linalg.norm(flat[t] - flat[t - p], axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(runs.recurrence[:, :, 0], runs.displacement, rtol=1e-12)
    for t, state in enumerate(states):
        np.testing.assert_allclose(runs.pooled[:, t], state[0].mean(dim=1).numpy(), atol=1e-5)
        if t:
            logits = model.read_out(state)[0].detach().double().numpy()
            logits -= logits.max(axis=-1, keepdims=True)
            right = np.take_along_axis(logits, PUZZLES.labels[..., None].astype(int), axis=-1)[..., 0]
            expected = (np.log(np.exp(logits).sum(axis=-1)) - right).mean(axis=-1)
            np.testing.assert_allclose(runs.loss[:, t - 1], expected, atol=1e-4)
            np.testing.assert_array_equal(runs.boards[:, t - 1], logits.argmax(axis=-1))


def test_a_start_is_altered_batch_by_batch_and_rows_do_not_mix():
    model = tiny_model("hrm")
    plain, other = follow(model, PUZZLES, segments=3), follow(model, PUZZLES, segments=3, start=lambda s: (s[0] + 1, s[1]))
    assert (plain.displacement[:, 0] != other.displacement[:, 0]).all()
    np.testing.assert_array_equal(follow(model, PUZZLES, segments=3, batch=1).boards, plain.boards)
    half = plain.take(np.arange(7) % 2 == 0)
    np.testing.assert_array_equal(half.loss, plain.loss[::2])
    whole = join([plain.take(np.arange(3)), plain.take(np.arange(3, 7))])
    np.testing.assert_array_equal(whole.pooled, plain.pooled)


def test_a_run_goes_on_from_where_it_was_left():
    model, ended = tiny_model("trm_mlp"), []
    whole = follow(model, PUZZLES, segments=6, batch=4)
    follow(model, PUZZLES, segments=2, batch=4, finish=ended.append)
    states = tuple(torch.cat(parts) for parts in zip(*ended, strict=True))
    rest = follow(model, PUZZLES, segments=4, batch=4, start=states)
    for name in ("boards", "displacement", "loss", "halting_logit"):
        np.testing.assert_array_equal(getattr(rest, name), getattr(whole, name)[:, 2:])


class Clock:
    """A network of three latents that depends on time and on noise, and answers in tokens."""

    latents, confidence, time_dependent = ("a", "b", "c"), None, True

    def start(self, batch):
        return tuple(batch.tokens[..., None].float() + part for part in range(3))

    def updates(self, batch):
        return [lambda state, number: tuple(part + number + batch.normal(number, *part.shape[1:]) for part in state)] * 2

    def answer(self, state):
        return state[0][..., 0].long().clamp(0, 5)


def test_any_network_goes_on_from_where_it_was_left_at_its_time_and_with_its_noise():
    ended = []
    whole = follow(Clock(), PUZZLES, segments=5, k=1, batch=4, noise_seed=7)
    follow(Clock(), PUZZLES, segments=2, batch=3, noise_seed=7, finish=ended.append)
    rest = follow(Clock(), PUZZLES, segments=3, start=tuple(map(torch.cat, zip(*ended, strict=True))), passed=2, noise_seed=7)
    np.testing.assert_array_equal(rest.displacement, whole.displacement[:, 2:])
    assert (follow(Clock(), PUZZLES, segments=5, noise_seed=8).displacement != whole.displacement).all()
    assert np.isnan(whole.loss).all() and np.isnan(whole.halting_logit).all() and whole.updates_per_segment == 2
    np.testing.assert_allclose(whole.displacement, whole.recurrence[..., 0], rtol=1e-12)  # of all three latents


class Flat(Clock):
    """The same with a state of numbers, without tokens."""

    def start(self, batch):
        return tuple(part[..., 0] for part in super().start(batch))

    def answer(self, state):
        return state[0].long().clamp(0, 5)


class Wordy(Clock):
    """One that knows more words than the task: in 8 bits each of its answers is the right one."""

    def answer(self, state):
        return torch.from_numpy(PUZZLES.labels[: len(state[0])].astype(np.int64)) + 256


def test_words_that_the_task_has_not_are_kept_and_never_right():
    runs = follow(Wordy(), PUZZLES, segments=2, batch=7)
    assert (runs.boards == PUZZLES.labels[:, None].astype(int) + 256).all() and not runs.solved_at.any() and not runs.token_right.any()
    base, rows = follow(Clock(), PUZZLES, segments=2), np.arange(7) > 3
    both = merged(base, runs.take(rows), rows).boards
    assert (both[rows] == runs.boards[rows]).all() and (both[~rows] == base.boards[~rows]).all()
    assert (board_identity(both[:, -1])[~rows] == board_identity(base.boards[~rows, -1])).all()


def test_what_pictures_are_drawn_from_is_the_first_latent_its_tokens_averaged():
    flat, tokens = (follow(network, PUZZLES, segments=2, noise_seed=7).pooled for network in (Flat(), Clock()))
    assert flat.shape == (7, 3, 16) and tokens.shape == (7, 3, 1)
    np.testing.assert_allclose(flat.mean(axis=2), tokens[..., 0], rtol=1e-5)


def test_mistakes_are_named():
    model = tiny_model("trm_mlp")
    with pytest.raises(UserError, match="empty"):
        follow(model, PUZZLES.take(np.arange(0)), segments=2)
    with pytest.raises(UserError, match="are 6×6"):
        follow(model, generate(Box(2, 3), 2, seed=0), segments=2)
    for options in ({"segments": 0}, {"segments": 2, "batch": 0}, {"segments": 2, "k": -1}):
        with pytest.raises(UserError):
            follow(model, PUZZLES, **options)
    with pytest.raises(UserError, match="lengths"):
        join([follow(model, PUZZLES, segments=2), follow(model, PUZZLES, segments=3)])
    with pytest.raises(UserError, match="no trajectories"):
        join([])


def test_of_a_task_without_rules_no_conflict_is_counted_and_of_cells_without_a_label_none():
    model, labels = tiny_model("trm_mlp"), PUZZLES.labels
    runs = follow(model, Examples.of(TokenTask(6, (16,)), PUZZLES.inputs, labels), segments=2)
    assert (runs.conflicts == -1).all() and not runs.counts_conflicts
    plain = follow(model, PUZZLES, segments=2)
    assert plain.counts_conflicts and (plain.boards == runs.boards).all() and plain.conflicts.dtype == plain.token_right.dtype == np.int16
    assert (plain.token_right == (plain.boards == labels[:, None]).sum(axis=-1)).all()
    assert not replace(plain, conflicts=np.where(np.arange(2) == 1, -1, plain.conflicts)).counts_conflicts
    assert replace(plain, conflicts=np.zeros_like(plain.conflicts)).counts_conflicts  # none violated is a count too


def test_arrays_that_do_not_fit_are_named():
    runs = follow(tiny_model("hrm"), PUZZLES, segments=3, k=1)
    assert (len(runs), runs.segments) == (7, 3)
    for name in ("loss", "pooled", "growth"):
        array = getattr(runs, name)
        with pytest.raises(UserError, match=f"{name} has shape .* expected"):
            replace(runs, **{name: array[1:]})
        if array.ndim > 1:
            with pytest.raises(UserError, match=f"{name} has shape"):
                replace(runs, **{name: array[:, 1:]})
    for other in ({"k": 0}, {"segments": 2}):
        with pytest.raises(UserError, match="cannot be joined"):
            join([runs, follow(tiny_model("hrm"), PUZZLES, **({"segments": 3, "k": 1} | other))])
    with pytest.raises(UserError, match="cannot be joined"):
        join([runs, replace(runs, updates_per_segment=runs.updates_per_segment + 1)])
