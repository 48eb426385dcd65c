"""Puzzle files as people keep them: other columns, lists, blanks, compression, folders of the hub; several solutions; groups."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from unsettled.measure.commands import puzzles as puzzle_commands
from unsettled.measure.errors import UserError
from unsettled.measure.tasks.maze.task import Maze
from unsettled.measure.tasks.read import read_puzzles, write_parquet
from unsettled.measure.tasks.reading import read_examples
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet
from unsettled.measure.tasks.sudoku.solving import generate, solve
from unsettled.measure.tasks.sudoku.symmetry import augment
from unsettled.measure.tasks.sudoku.typed import read_boards
from unsettled.measure.tasks.sudoku.vetted import vetted
from unsettled.measure.tasks.tables import parse_columns

CASES = Path(__file__).parents[3] / "fixtures" / "cases"
QUESTION, ANSWER = "....4.3......2.1", "2314413214233241"


@pytest.fixture(scope="module")
def reference() -> PuzzleSet:
    """The boards that most cases hold."""
    return read_puzzles(CASES / "30-kaggle-quizzes.csv")


def written(reference: PuzzleSet, separator: str = ",", header: str = "question,answer\n", blank: str = ".") -> str:
    def text(row: np.ndarray) -> str:
        return "".join((blank + "123456789")[token - 1] for token in row)

    rows = zip(reference.inputs, reference.labels, strict=True)
    return header + "".join(f"{text(q)}{separator}{text(a)}\n" for q, a in rows)


def test_kaggles_layout_is_known_and_other_columns_are_named(reference, tmp_path):
    assert len(reference) and (reference.labels == solve(reference.inputs, Box(3, 3))).all()
    (tmp_path / "other.csv").write_text(written(reference, header="start,end\n"))
    named = parse_columns("question=start,answer=end")
    assert read_puzzles(tmp_path / "other.csv", columns=named).digest == reference.digest
    pq.write_table(pa.table({"start": [QUESTION], "end": [ANSWER]}), tmp_path / "other.parquet")
    assert len(read_puzzles(tmp_path / "other.parquet", columns=named)) == 1
    for columns, told in (
        ({"question": "begin", "answer": "end"}, "column begin is missing (there are start, end)"),
        ({"quiz": "start"}, "no column has the role 'quiz'"),
        ({}, "column question is missing"),
    ):
        with pytest.raises(UserError) as caught:
            read_puzzles(tmp_path / "other.csv", columns=columns)
        assert told in str(caught.value)
    with pytest.raises(UserError, match="does not name columns"):
        parse_columns("start,end")


@pytest.mark.parametrize("name", ["31-blank-star.csv", "33-gzipped-but-named.csv", "34-list-columns.parquet", "37-multiline-quoted.csv"])
def test_the_same_puzzles_however_they_are_kept(name, reference):
    read = read_puzzles(CASES / name)
    assert len(read)
    np.testing.assert_array_equal(read.inputs, reference.inputs[: len(read)])
    np.testing.assert_array_equal(read.labels, reference.labels[: len(read)])


@pytest.mark.parametrize("blank", list(".0*_-?"))
def test_blanks(blank, reference, tmp_path):
    (tmp_path / "p.csv").write_text(written(reference, blank=blank))
    assert read_puzzles(tmp_path / "p.csv").digest == reference.digest
    lines = written(reference, header="", blank=blank).splitlines()
    (tmp_path / "p.txt").write_text("\n".join(line.split(",")[0] for line in lines))
    assert read_puzzles(tmp_path / "p.txt").digest == reference.digest
    found = read_boards(lines[0].split(",")[0], Box(3, 3))
    np.testing.assert_array_equal(found, reference.inputs[:1])
    rows = "\n".join(lines[0][start : start + 9] for start in range(0, 81, 9))
    np.testing.assert_array_equal(read_boards(rows, Box(3, 3)), reference.inputs[:1])


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside.csv", data)
    return buffer.getvalue()


PACKERS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": zipped,
    "zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    "plain": lambda data: data,
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "utf16": lambda data: data.decode().encode("utf-16"),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_compression_is_told_by_the_first_bytes(packer, reference, tmp_path):
    (tmp_path / "named.csv").write_bytes(PACKERS[packer](written(reference).encode()))
    assert read_puzzles(tmp_path / "named.csv").digest == reference.digest
    listed = "\n".join(line.split(",")[0] for line in written(reference, header="").splitlines())
    (tmp_path / "list.txt").write_bytes(PACKERS[packer](listed.encode()))
    assert read_puzzles(tmp_path / "list.txt").digest == reference.digest


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zip"])
def test_a_damaged_archive_is_one_line(packer, reference, tmp_path):
    data = PACKERS[packer](written(reference).encode())
    (tmp_path / "cut.csv").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError) as caught:
        read_puzzles(tmp_path / "cut.csv")
    assert "\n" not in str(caught.value) and "cut.csv" in str(caught.value)


def test_lists_without_answers_are_solved(reference):
    read = read_puzzles(CASES / "39-list-without-answers.txt")
    np.testing.assert_array_equal(read.labels, solve(read.inputs, Box(3, 3)))
    np.testing.assert_array_equal(read.inputs, reference.inputs[: len(read)])
    line = read_puzzles(CASES / "39-tdoku-line.txt")
    np.testing.assert_array_equal(line.labels, reference.labels[:1])


def test_a_list_with_comments_several_solutions_or_none(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"# from somewhere\n\n{QUESTION}\n{'.' * 16}\n")
    with pytest.raises(UserError, match=r"list\.txt:4: the puzzle has more than one solution \(--several valid"):
        read_puzzles(path)
    several = read_examples(path, several="valid").examples
    assert several.by_rule is not None and several.by_rule.tolist() == [False, True] and several.ids.tolist() == [2, 3]
    path.write_text("11" + "." * 14)
    with pytest.raises(UserError, match=r"list\.txt:1: the puzzle has no solution"):
        read_puzzles(path)
    path.write_text(f"{QUESTION}\n{QUESTION[1:]}\n")
    with pytest.raises(UserError, match=r"list\.txt:2: the puzzle has 15 cells, expected 16"):
        read_puzzles(path)


@pytest.mark.parametrize("place", ["", "data", "test"])
def test_a_folder_of_the_hub(place, tmp_path):
    puzzles = generate(Box(2, 2), 30, seed=3)
    for number, rows in enumerate((slice(0, 20), slice(20, 30))):
        part = tmp_path / place / f"test-0000{number}-of-00002.parquet"
        write_parquet(puzzles.take(rows), part)
    read = read_puzzles(tmp_path)
    assert read.digest == puzzles.digest and read_puzzles(tmp_path, limit=25).digest == puzzles.take(slice(0, 25)).digest


@pytest.mark.parametrize("shift", [0, 1])
def test_boards_as_arrays_with_three_axes_of_tokens_or_digits(shift, tmp_path):
    puzzles = generate(Box(2, 2), 5, seed=3)
    for name in ("inputs", "labels"):
        np.save(tmp_path / f"all__{name}.npy", getattr(puzzles, name).reshape(5, 4, 4).astype(np.int64) - shift)
    for read in (read_puzzles(tmp_path), read_examples(tmp_path).examples):
        np.testing.assert_array_equal(read.inputs, puzzles.inputs)
        np.testing.assert_array_equal(read.labels, puzzles.labels)


def test_names_of_sets_stay_in_their_folder(tmp_path):
    for name in ("inputs", "labels"):
        np.save(tmp_path / f"x__{name}.npy", np.ones((1, 16), np.uint8))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "dataset.json").write_text('{"sets": ["../x"], "vocab_size": 6}')
    with pytest.raises(UserError, match=r"set '\.\./x' is not a file name"):
        read_examples(tmp_path / "in")


def test_a_pointer_of_git_lfs(tmp_path):
    shutil.copy(CASES / "11-lfs-pointer" / "step_10", tmp_path / "p.csv")
    with pytest.raises(UserError, match="is a Git LFS pointer"):
        read_puzzles(tmp_path / "p.csv")


@pytest.mark.parametrize("name", ["20-two-solutions-4x4.csv", "20-two-solutions-9x9.csv"])
def test_puzzles_with_several_solutions_are_refused_or_counted_by_the_rule(name):
    """Each question comes with both of its solutions: either is right, and the label alone cannot tell."""
    with pytest.raises(UserError, match=r"puzzles have more than one solution, first example 0 \(--several valid"):
        read_examples(CASES / name, several="refuse")
    reading = read_examples(CASES / name, several="valid")
    examples = reading.examples
    assert isinstance(examples, PuzzleSet) and "every answer that breaks no rule is right" in reading.notes[0]
    assert (examples.inputs[0] == examples.inputs[1]).all() and (examples.labels[0] != examples.labels[1]).any()
    other = examples.labels[[1, 0]][:, None]
    pair = examples.take(np.array([0, 1]))
    assert pair.solved(other).all(), "the other solution is right"
    assert not read_examples(CASES / name).examples.take(np.array([0, 1])).solved(other).any(), "by the label alone it is wrong"
    broken = other.copy()
    broken[:, 0, 0] = 2 + (broken[:, 0, 0] - 1) % examples.box.size
    assert not pair.solved(broken).any()
    assert examples.digest != read_examples(CASES / name).examples.digest
    assert examples.groups[0] == examples.groups[1] and examples.clusters < len(examples)


def test_augmentations_of_one_puzzle_are_a_group():
    folder = CASES / "21-official-augmented-train"
    reading = read_examples(folder, split="train", several="refuse")
    assert len(reading.examples) == 60 and reading.examples.clusters == 5
    without = vetted(PuzzleSet(Box(3, 3), *(getattr(reading.examples, name) for name in ("inputs", "labels", "ids", "rating"))))
    assert without[0].clusters == 5 and "60 puzzles are 5 up to symmetry and repetition" in without[1][0]


def test_repeated_and_equivalent_puzzles_are_groups_beside_those_of_the_source():
    puzzles = generate(Box(2, 2), 3, seed=4)
    moved = augment(puzzles.inputs[:1], puzzles.labels[:1], Box(2, 2), np.random.default_rng(0))
    inputs = np.concatenate([puzzles.inputs, puzzles.inputs[1:2], moved[0]])
    labels = np.concatenate([puzzles.labels, puzzles.labels[1:2], moved[1]])
    groups = np.array([10, 11, 12, 12, 14])  # the fourth, a repetition of the second, is in the group of the third
    found, notes = vetted(PuzzleSet(Box(2, 2), inputs, labels, np.arange(5), np.full(5, np.nan), groups=groups))
    assert found.groups.tolist() == [10, 11, 11, 11, 10]
    assert notes == ("4 puzzles are 2 up to symmetry and repetition: those of one kind are a group",)
    assert vetted(puzzles)[1] == () and (vetted(puzzles)[0].groups == puzzles.ids).all()


def run(*arguments: object) -> str:
    result = CliRunner().invoke(puzzle_commands.app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_mazes_are_generated_and_converted(tmp_path):
    assert "12 mazes" in run("generate", "--maze", 7, "--count", 12, "--steps", "6:20", "--out", tmp_path / "m.csv", "--seed", 3)
    made = read_examples(tmp_path / "m.csv").examples
    assert made.task == Maze((7, 7)) and made.rating.min() >= 6 and made.rating.max() <= 20
    assert made.solved(made.labels[:, None]).all() and made.task.valid(made.inputs, made.labels[:, None]).all()
    run("convert", tmp_path / "m.csv", tmp_path / "folder")
    run("convert", tmp_path / "folder", tmp_path / "again.csv")
    for path in (tmp_path / "folder", tmp_path / "again.csv"):
        assert read_examples(path).examples.digest == made.digest
    run("generate", "--maze", 7, "--count", 12, "--steps", "6:20", "--out", tmp_path / "same.csv", "--seed", 3)
    assert (tmp_path / "same.csv").read_bytes() == (tmp_path / "m.csv").read_bytes()
    result = CliRunner().invoke(puzzle_commands.app, ["generate", "--count", "1", "--out", str(tmp_path / "x")])
    assert isinstance(result.exception, UserError) and "--maze 9" in str(result.exception)


def test_other_columns_are_converted(tmp_path, reference):
    (tmp_path / "other.csv").write_text(written(reference, header="start,end\n"))
    run("convert", tmp_path / "other.csv", tmp_path / "p.parquet", "--columns", "question=start,answer=end")
    assert read_puzzles(tmp_path / "p.parquet").digest == reference.digest
