"""Long rollouts, test-time policies, noise and diagnosis on mazes, on plain tokens, and on Sudoku with several solutions."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure import read_examples, read_record
from unsettled.measure.policies.draws import checked, judge_boards
from unsettled.measure.record.side import read_side
from unsettled.measure.tasks.maze.task import Maze
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.tokens import TokenTask
from unsettled.measure.tasks.write import write_parquet

# 4×4 mazes have 6 tokens on 16 cells, as 4×4 Sudoku has
MAZES = """source,question,answer,rating
me,S  G############,SooG############,3
me,S### ##### #  G#,S### ##### #  G#,9
"""
LONG = ("--segments", 32, "--deep", 0, "--starts", 1, "--k", 0)
FEW = ("--draws", 2, "--segments", 2, "--depth", 2, "--exponents", "")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A tiny network, and examples of three tasks that it can read."""
    monkeypatch.chdir(tmp_path)
    tiny_checkpoint(tmp_path / "net", "trm_attention")
    (tmp_path / "maze.csv").write_text(MAZES)
    inputs = np.random.default_rng(0).integers(0, 5, (3, 16))
    facts = {"unsettled.vocabulary": "6", "unsettled.ignore_label_id": "0"}
    table = pa.table({"inputs": inputs.tolist(), "labels": np.roll(inputs, 1, axis=1).tolist()}).replace_schema_metadata(facts)
    pq.write_table(table, tmp_path / "tokens.parquet")
    puzzles = generate(Box(2, 2), 3, seed=1)
    bare = puzzles.changed(inputs=np.where(np.arange(16) < 4, puzzles.labels, 1).astype(np.uint8))
    write_parquet(bare, tmp_path / "several.parquet")
    return tmp_path


@pytest.mark.parametrize(
    ("examples", "options", "columns"),
    [
        ("maze.csv", (), {"givens": False, "conflicts": False}),
        ("tokens.parquet", (), {"givens": False, "conflicts": False}),
        ("several.parquet", ("--several", "valid"), {"givens": True, "conflicts": True}),
    ],
)
def test_any_task_is_followed_and_restarted(place, unsettled, examples, options, columns):
    code, _, err = unsettled("follow", "net", examples, "--out", "long.parquet", *LONG, *options)
    assert code == 0, err
    side = read_side("long.parquet", kind="long")
    assert {name: name in side.columns for name in columns} == columns and np.isfinite(side["late_loss_mean"]).all()
    code, _, err = unsettled("policies", "net", examples, "--out", "restarts.parquet", *FEW, "--starts", "random", *options)
    assert code == 0 and read_side("restarts.parquet")["random_solved"].shape[1:] == (2, 2), err


def test_noise_and_diagnosis_read_what_the_record_was_measured_on(place, unsettled):
    measured = ("net", "several.parquet", "--out", "record.parquet", "--k", 0, "--segments", 4)
    assert unsettled("measure", *measured)[0] == 2
    assert unsettled("measure", *measured, "--several", "valid")[0] == 0
    code, _, err = unsettled("noise", "record.parquet", "net", "several.parquet", "--rows", 2)
    assert code == 0 and read_record("record.parquet").provenance.noise.rows == 2, err
    code, out, err = unsettled("diagnose", "record.parquet")
    assert code == 0 and "Early windows" in out, err


def test_a_maze_is_restarted_by_its_symmetries_and_tokens_have_none(place, unsettled):
    code, _, err = unsettled("policies", "net", "maze.csv", "--out", "m.parquet", *FEW, "--starts", "symmetry")
    assert code == 0, err
    code, _, err = unsettled("policies", "net", "tokens.parquet", "--out", "t.parquet", *FEW)
    assert code == 2 and "16 tokens, 6 tokens have no symmetries (restart from --starts random,perturbed)" in err
    code, _, err = unsettled("solve", "S  G############", "--checkpoint", "net")
    assert code == 2 and err.count("\n") == 1


@pytest.mark.parametrize("shape", [(3, 3), (4, 4)])
def test_symmetries_of_a_maze_keep_its_rule(shape):
    task, rng = Maze(shape), np.random.default_rng(0)
    question = np.full(shape, 2)
    question[0] = [3, *[2] * (shape[1] - 2), 4]
    answer = np.where((question == 2) & (np.arange(shape[0])[:, None] == 0), 5, question).reshape(1, 1, -1)
    drawn = task.symmetries(40, rng)
    images = drawn.apply(np.repeat(question.reshape(1, -1), 40, axis=0)), drawn.apply(np.repeat(answer[0], 40, axis=0))
    assert len(np.unique(images[0], axis=0)) == 8 and task.valid(images[0], images[1][:, None]).all()
    assert Maze((3, 5)).symmetries(1, rng) is None


def test_an_answer_is_checked_by_the_rule_of_its_task_and_judged_as_the_examples_say(place):
    maze = read_examples("maze.csv").examples.take(slice(0, 1))
    boards = np.stack([maze.labels[0], maze.inputs[0]])[None]
    assert [found.tolist() for found in checked(maze.task, maze.inputs, boards)] == [[[0, 1]], [[0, 0]]]
    assert judge_boards(boards[:, None], maze)["solved"].tolist() == [[[1, 0]]]
    assert checked(TokenTask(6, (16,)), maze.inputs, boards)[0].tolist() == [[1, 1]]
    several = read_examples("several.parquet", several="valid").examples
    other = several.labels.copy()
    other[:, 8:] = np.roll(other[:, 8:], 4, axis=1)  # the two lower rows exchanged: another solution of what the first row gives
    assert (other != several.labels).any(axis=1).all() and judge_boards(other[:, None, None], several)["solved"].all()
