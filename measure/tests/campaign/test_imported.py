"""What HRM's evaluate wrote becomes a partial record: outcomes are judged, and what is not in it is never a number."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.analysis.summary import summarise
from unsettled.measure.campaign.imported import IGNORED, checkpoint_beside, import_predictions
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet
from unsettled.measure.tasks.sudoku.solving import generate


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("net"), "hrm")


@pytest.fixture(scope="module")
def puzzles():
    made = generate(Box(2, 2), 10, seed=4)
    return PuzzleSet(made.box, made.inputs, made.labels, made.ids + 500, np.arange(10.0))


def evaluate(model, puzzles, folder: Path, *, ranks=2, batch=3, segments=4, name="step_7", dtype=torch.float32):
    """What the official evaluation writes: every rank its part of each padded global batch, every puzzle to the last segment."""
    rows = [[] for _ in range(ranks)]
    for start in range(0, len(puzzles), ranks * batch):
        for rank in range(ranks):
            first = start + rank * batch
            rows[rank] += [i if i < len(puzzles) else None for i in range(first, first + batch)]
    for rank, mine in enumerate(rows):
        inputs = torch.tensor(np.stack([puzzles.inputs[i] if i is not None else np.zeros(16) for i in mine]).astype(np.int32))
        labels = np.stack([puzzles.labels[i] if i is not None else np.full(16, IGNORED) for i in mine]).astype(np.int32)
        embedded, state = model.embed(inputs), model.initial_state(len(mine))
        with torch.no_grad():
            for _ in range(segments):
                state = model.segment(state, embedded)
            logits, q_halt, q_continue = model.read_out(state)
        torch.save(
            {
                "inputs": inputs,
                "labels": torch.tensor(labels),
                "puzzle_identifiers": torch.zeros(len(mine), dtype=torch.int32),
                "logits": logits.to(dtype),
                "q_halt_logits": q_halt,
                "q_continue_logits": q_continue,
            },
            folder / f"{name}_all_preds.{rank}",
        )
    return [folder / f"{name}_all_preds.{rank}" for rank in range(ranks)]


def test_it_says_what_measuring_says(checkpoint, puzzles, tmp_path):
    paths = evaluate(checkpoint.model, puzzles, tmp_path)
    imported = import_predictions(paths[::-1], checkpoint, puzzles=puzzles, segments=4)
    write_record(imported, tmp_path / "r.parquet")
    record, measured = read_record(tmp_path / "r.parquet"), measure_rows(checkpoint, puzzles, k=1, segments=4)
    assert record.digest() == imported.digest() and record.provenance.imported.absent[-1] == "growth"
    at = np.argsort(record.example_id)
    assert (record.example_id[at] == measured.example_id).all() and not (at == np.arange(10)).all()
    for name in ("solved", "token_accuracy", "givens", "rating"):
        assert (getattr(record, name)[at] == getattr(measured, name)).all(), name
    np.testing.assert_allclose(record.halting_logit[:, -1][at], measured.halting_logit[:, -1], atol=1e-5)
    assert (record.conflicts[:, -1][at] == measured.conflicts[:, -1]).all()
    assert (record.solved_at[:, -1] == record.solved).all() and record.segments == 4 and record.k == 0
    told = dict(summarise(record))
    assert "growth" in told["not in it"] and "late displacement of z_H" not in " ".join(told)


USES = {
    "λ₁": lambda r: r.exponents(),
    "displacement": lambda r: r.displacement("joint"),
    "late": lambda r: r.late_displacement(),
    "norm": lambda r: r.norm_H[:, -1] * 2,
    "early halting": lambda r: r.halting_logit[:, 0],
    "all halting": lambda r: np.asarray(r.halting_logit),
    "solved after four": lambda r: ~r.solved_at[:, :4],
    "any": lambda r: r.solved_at.any(axis=1),
    "a ufunc": lambda r: np.log10(r.displacement_H),
    "a reduction": lambda r: np.mean(r.displacement_L),
    "its rows": lambda r: r.take(np.arange(3)).displacement_H.mean(axis=1),
}


@pytest.mark.parametrize("use", USES)
def test_what_is_not_in_it_is_never_a_number(checkpoint, puzzles, tmp_path, use):
    record = import_predictions(evaluate(checkpoint.model, puzzles, tmp_path, ranks=1), checkpoint)
    with pytest.raises(UserError, match=r"the record holds no .*imported from.*step_7_all_preds\.0"):
        USES[use](record)


def test_rows_can_be_taken(checkpoint, puzzles, tmp_path):
    record = import_predictions(evaluate(checkpoint.model, puzzles, tmp_path), checkpoint)
    part = record.take(record.givens > np.median(record.givens))
    assert 0 < len(part) < 10 and (part.halting_logit[:, -1] == record.halting_logit[:, -1][record.givens > np.median(record.givens)]).all()
    assert (record.example_id == np.arange(10)).all(), "without a puzzle set, ids count the rows without padding"


def test_reduced_precision_is_named(checkpoint, puzzles, tmp_path):
    paths = evaluate(checkpoint.model, puzzles, tmp_path, dtype=torch.bfloat16)
    assert import_predictions(paths, checkpoint).provenance.dtype == "bfloat16"


def test_the_checkpoint_beside_the_files(tmp_path):
    (tmp_path / "step_7").touch()
    assert checkpoint_beside(tmp_path / "step_7_all_preds.0") == tmp_path / "step_7"
    with pytest.raises(UserError, match="does not lie beside it"):
        checkpoint_beside(tmp_path / "step_8_all_preds.0")


class Evil:
    def __reduce__(self):

        return os.system, ("touch owned",)


def without(name):
    return lambda loaded: {key: value for key, value in loaded.items() if key != name}


def replaced(name, change):
    return lambda loaded: {**loaded, name: change(loaded[name])}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without("labels"), "holds no labels"),
        (without("logits"), "neither preds nor logits"),
        (without("q_halt_logits"), "holds no q_halt_logits"),
        (replaced("logits", lambda a: a[:, :3]), "neither preds nor logits"),
        (replaced("inputs", lambda a: a[:, :3]), r"inputs has shape \(6, 3\), expected \(n, 16\)"),
        (replaced("inputs", lambda a: a.float()), "inputs has type torch.float32"),
        (replaced("labels", lambda a: a[:4]), "differ in length"),
        (replaced("labels", lambda a: a.flip(0)), "are not solutions of the inputs"),
        (replaced("labels", lambda a: torch.full_like(a, IGNORED)), "no puzzles"),
        (lambda loaded: [1], "no tensors by name"),
        (lambda loaded: {"inputs": "text"}, "no tensors by name"),
    ],
)
def test_files_that_hold_other_things(checkpoint, puzzles, tmp_path, change, told):
    paths = evaluate(checkpoint.model, puzzles.take(np.arange(6)), tmp_path, ranks=1, batch=6)
    torch.save(change(torch.load(paths[0], weights_only=True)), paths[0])
    with pytest.raises(UserError, match=told):
        import_predictions(paths, checkpoint)


def test_tensors_saved_with_their_gradients_are_read_all_the_same(checkpoint, puzzles, tmp_path):
    paths = evaluate(checkpoint.model, puzzles.take(np.arange(6)), tmp_path, ranks=1, batch=6)
    plain = import_predictions(paths, checkpoint)
    kept = torch.load(paths[0], weights_only=True)
    torch.save({name: value.requires_grad_() if value.is_floating_point() else value for name, value in kept.items()}, paths[0])
    again = import_predictions(paths, checkpoint)
    assert np.array_equal(again.solved, plain.solved) and np.array_equal(again.halting_logit[:, -1], plain.halting_logit[:, -1])


def test_code_in_a_file_is_not_run(checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "step_7_all_preds.0"
    for write in (lambda: torch.save({"inputs": Evil()}, path), lambda: path.write_bytes(pickle.dumps(Evil(), protocol=2))):
        write()
        with pytest.raises(UserError, match="it is not loaded"):
            import_predictions([path], checkpoint)
    assert not (tmp_path / "owned").exists()


def test_files_that_do_not_belong_together(checkpoint, puzzles, tmp_path):
    zero, one = evaluate(checkpoint.model, puzzles, tmp_path)
    other = evaluate(checkpoint.model, puzzles, tmp_path, name="step_8")[1]
    for paths, told in (
        ([one], "the file of rank 0 is missing"),
        ([zero, zero], "rank 0 is given twice"),
        ([zero, other], "another evaluation"),
        ([tmp_path / "preds"], "is not called step_N_all_preds.RANK"),
        ([tmp_path / "step_9_all_preds.0"], "no such file"),
    ):
        with pytest.raises(UserError, match=told):
            import_predictions(paths, checkpoint)
    with pytest.raises(UserError, match="not in the puzzle set"):
        import_predictions([zero, one], checkpoint, puzzles=puzzles.take(np.arange(9)))
    zero.write_bytes(zero.read_bytes()[:100])
    with pytest.raises(UserError, match=r"truncated, or its format is not supported|damaged"):
        import_predictions([zero, one], checkpoint)
