"""A measurement from checkpoint to record: same bytes again, resumed after a break, never two writers, never mixed."""

from __future__ import annotations

import filelock
import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.interrupted import broken_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign import run as campaign
from unsettled.measure.campaign.run import measure, measure_rows
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import digest_tensors
from unsettled.measure.record.parquet import read_record
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

SETTINGS = {"k": 2, "segments": 3, "batch": 4}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("net"), "trm_mlp")


@pytest.fixture(scope="module")
def puzzles():
    return generate(Box(2, 2), 18, seed=5)


def test_the_record_says_what_the_network_did(checkpoint, puzzles):
    record = measure_rows(checkpoint, puzzles, **SETTINGS)
    model = checkpoint.model
    embedded, state = model.embed(torch.from_numpy(puzzles.inputs)), model.initial_state(len(puzzles))
    with torch.no_grad():
        for segment in range(3):
            before, state = state, model.segment(state, embedded)
            moved = (state[0] - before[0]).flatten(1).norm(dim=1)
            np.testing.assert_allclose(record.displacement_H[:, segment], moved, rtol=1e-4)
            np.testing.assert_allclose(record.norm_L[:, segment], state[1].flatten(1).norm(dim=1), rtol=1e-5)
            logits, q_halt, _ = model.read_out(state)
            np.testing.assert_allclose(record.halting_logit[:, segment], q_halt, atol=1e-4)
            right = logits.argmax(-1).numpy() == puzzles.labels
            assert (record.solved_at[:, segment] == right.all(axis=1)).all()
    np.testing.assert_allclose(record.token_accuracy, right.mean(axis=1))
    assert (record.example_id == puzzles.ids).all() and (record.givens == puzzles.givens).all()
    assert record.growth.shape == (18, 3, 2) and np.isfinite(record.growth).all()
    assert not ((record.conflicts == 0) & ~record.solved_at & (record.token_accuracy[:, None] == 1)).any()


@pytest.mark.parametrize(("dtype", "same"), [("float32", True), ("bfloat16", True), ("float64", False)])
def test_a_record_holds_the_digits_that_the_network_has(checkpoint, puzzles, dtype, same):
    record = measure_rows(checkpoint, puzzles.take(slice(0, 4)), **SETTINGS, dtype=dtype)
    for name in ("growth", "displacement_H", "norm_L", "angle_H", "update_cosine_L"):
        values = getattr(record, name)
        assert np.array_equal(values.astype(np.float32), values, equal_nan=True) == same, name


def test_exponents_do_not_depend_on_the_batch_beyond_noise(checkpoint, puzzles):
    whole = measure_rows(checkpoint, puzzles, **{**SETTINGS, "batch": 18})
    single = measure_rows(checkpoint, puzzles, **{**SETTINGS, "batch": 1})
    np.testing.assert_allclose(whole.growth, single.growth, atol=1e-3)


def test_measuring_twice_gives_the_same_bytes(checkpoint, puzzles, tmp_path):
    for name in ("one", "two"):
        measure(checkpoint, puzzles, tmp_path / name, **SETTINGS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize("after", [0, 1, 3, 4])
def test_an_interrupted_measurement_resumes_to_the_same_bytes(checkpoint, puzzles, tmp_path, monkeypatch, after):
    measure(checkpoint, puzzles, tmp_path / "whole", **SETTINGS)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(campaign, "rollout", broken_after(after))
        measure(checkpoint, puzzles, tmp_path / "broken", **SETTINGS)
    assert not (tmp_path / "broken").exists()
    done: list[int] = []
    measure(checkpoint, puzzles, tmp_path / "broken", **SETTINGS, advance=done.append)
    assert done[0] == min(4 * after, 18) and sum(done) == 18, "finished parts were measured again"
    assert (tmp_path / "broken").read_bytes() == (tmp_path / "whole").read_bytes()


def test_parts_of_another_measurement_are_refused(checkpoint, puzzles, tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "record_writer", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        measure(checkpoint, puzzles, tmp_path / "r", **SETTINGS)
    with pytest.raises(UserError, match="another measurement: their segments differs"):
        measure(checkpoint, puzzles, tmp_path / "r", **{**SETTINGS, "segments": 4})


def test_two_writers_are_told_apart(checkpoint, puzzles, tmp_path):
    with filelock.FileLock(str(tmp_path / "r.lock")), pytest.raises(UserError, match="another measurement is writing there"):
        measure(checkpoint, puzzles, tmp_path / "r", **SETTINGS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dtype": "float8"}, "unknown dtype 'float8'"),
        ({"segments": 0}, "segments is 0"),
        ({"batch": 0}, "batch is 0"),
        ({"k": 10_000}, "the state has only 272 dimensions"),
        ({"device": "nowhere"}, "device 'nowhere' is not available"),
        ({"device": "meta"}, "device 'meta' holds no numbers"),
        ({"seed": 2**64}, "seed is 18446744073709551616 .* from -9223372036854775808"),
        ({"noise_seed": 10**30}, "noise_seed is 1000000000000000000000000000000 "),
    ],
)
def test_arguments_that_fit_nothing(checkpoint, puzzles, change, told):
    with pytest.raises(UserError, match=told):
        measure_rows(checkpoint, puzzles, **{**SETTINGS, **change})


def test_puzzles_of_another_board(checkpoint):
    with pytest.raises(UserError, match="6×6, the checkpoint reads 4×4"):
        measure_rows(checkpoint, generate(Box(2, 3), 2, seed=0), **SETTINGS)


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_other_dtypes_are_measured_and_named(checkpoint, puzzles, tmp_path, dtype):
    before = digest_tensors(checkpoint.model.state_dict())
    measure(checkpoint, puzzles, tmp_path / "r", **SETTINGS, dtype=dtype)
    record = read_record(tmp_path / "r")
    assert record.provenance.dtype == dtype and np.isfinite(record.growth).all()
    assert digest_tensors(checkpoint.model.state_dict()) == before, "the checkpoint itself was rounded"
