"""Converting: groups are kept in every form, mazes go to Parquet and back; several solutions are asked about, of large boards too."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.commands import puzzles as puzzle_commands
from unsettled.measure.errors import UserError
from unsettled.measure.tasks.maze.generate import Source
from unsettled.measure.tasks.maze.generate import generate as generate_mazes
from unsettled.measure.tasks.maze.write import write_maze_parquet
from unsettled.measure.tasks.read import read_puzzles, write_parquet
from unsettled.measure.tasks.reading import read_examples
from unsettled.measure.tasks.sudoku import vetted as vetting
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.sudoku.symmetry import augment
from unsettled.measure.tasks.sudoku.vetted import vetted
from unsettled.measure.tasks.write import write_published

BOM = b"\xef\xbb\xbf"


def run(*arguments: object):
    return CliRunner().invoke(puzzle_commands.app, [str(argument) for argument in arguments])


@pytest.fixture
def twins(tmp_path):
    """Two puzzles and an image of each, as a CSV would have them: one after the other."""
    puzzles = generate(Box(2, 2), 2, seed=4)
    images = augment(puzzles.inputs, puzzles.labels, puzzles.box, np.random.default_rng(0))
    both = [np.concatenate(pair) for pair in ((puzzles.inputs, images[0]), (puzzles.labels, images[1]))]
    write_parquet(PuzzleSet(puzzles.box, *both, np.arange(4), np.full(4, np.nan)), tmp_path / "twins.parquet")
    return tmp_path


def test_equivalent_puzzles_are_written_as_groups(twins):
    assert run("convert", twins / "twins.parquet", twins / "p.parquet", "--several", "refuse").exit_code == 0
    assert read_puzzles(twins / "p.parquet").groups.tolist() == read_examples(twins / "p.parquet").examples.groups.tolist() == [0, 1, 0, 1]
    assert run("convert", twins / "p.parquet", twins / "folder", "--several", "refuse").exit_code == 0
    folder = read_examples(twins / "folder").examples
    assert (
        folder.groups.tolist() == [0, 0, 1, 1] and folder.inputs.tolist() == read_puzzles(twins / "p.parquet").inputs[[0, 2, 1, 3]].tolist()
    )
    assert run("convert", twins / "folder", twins / "again.parquet").exit_code == 0
    assert read_puzzles(twins / "again.parquet").groups.tolist() == [0, 0, 1, 1]
    assert run("convert", twins / "twins.parquet", twins / "plain.parquet").exit_code == 0
    assert (read_puzzles(twins / "plain.parquet").groups == np.arange(4)).all()


def test_puzzles_with_several_solutions_are_refused_or_taken_when_it_is_asked(twins):
    puzzles = read_puzzles(twins / "twins.parquet")
    write_parquet(puzzles.changed(inputs=np.where(np.arange(16) < 4, puzzles.labels, 1).astype(np.uint8)), twins / "bare.parquet")
    result = run("convert", twins / "bare.parquet", twins / "b.parquet", "--several", "refuse")
    assert (
        isinstance(result.exception, UserError) and "more than one solution" in str(result.exception) and not (twins / "b.parquet").exists()
    )
    result = run("convert", twins / "bare.parquet", twins / "b.parquet", "--several", "valid")
    assert result.exit_code == 0 and "every answer that breaks no rule is right" in result.output
    assert read_examples(twins / "b.parquet", several="valid").examples.by_rule.all()


def test_mazes_keep_ids_and_groups_as_parquet_and_groups_in_a_folder(tmp_path):
    mazes = generate_mazes(Source(side=5), 4, seed=1).changed(ids=np.array([7, 8, 9, 10]), groups=np.array([1, 2, 1, 2]))
    write_maze_parquet(mazes, tmp_path / "m.parquet")
    read = read_examples(tmp_path / "m.parquet")
    assert read.examples.digest == mazes.digest and read.examples.groups.tolist() == [1, 2, 1, 2] and read.examples.task.name == "maze"
    assert run("convert", tmp_path / "m.parquet", tmp_path / "folder").exit_code == 0
    assert read_examples(tmp_path / "folder").examples.groups.tolist() == [0, 0, 1, 1]
    assert run("convert", tmp_path / "folder", tmp_path / "again.parquet").exit_code == 0
    assert read_examples(tmp_path / "again.parquet").examples.groups.tolist() == [0, 0, 1, 1]


def test_large_boards_are_checked_within_a_bound_and_say_what_was_not(monkeypatch):
    box = Box(3, 4)
    rows = np.arange(12)
    label = ((4 * (rows % 3) + rows // 3)[:, None] + rows[None, :]) % 12 + 2
    label = label.reshape(1, -1).astype(np.uint8)
    known, bare = label.copy(), np.ones_like(label)
    known[0, :3] = 1
    bare[0, :12] = label[0, :12]
    puzzles = PuzzleSet(box, np.concatenate([known, bare]), np.repeat(label, 2, axis=0), np.arange(2), np.full(2, np.nan))
    with pytest.raises(UserError, match="1 of 2 puzzles have more than one solution, first example 1"):
        vetted(puzzles)
    looked_at, notes = vetted(puzzles, "valid")
    assert looked_at.by_rule.tolist() == [False, True] and "which 12×12 puzzles are equivalent was not checked" in notes
    monkeypatch.setattr(vetting, "MOST_OF_ALL", 1)
    _, notes = vetted(puzzles)
    assert notes[1] == "whether 1 of 2 12×12 puzzles have one solution was not checked: it takes too long"


def test_a_byte_order_mark_is_no_part_of_what_is_read(twins, unsettled):
    puzzles = read_puzzles(twins / "twins.parquet")
    write_published(puzzles, twins / "folder", "test")
    for name in ("folder/test/dataset.json", "folder/identifiers.json"):
        (twins / name).write_bytes(BOM + (twins / name).read_bytes())
    assert (
        read_puzzles(twins / "folder").inputs.tolist()
        == read_examples(twins / "folder").examples.inputs.tolist()
        == puzzles.inputs.tolist()
    )
    tiny_checkpoint(twins / "net", "trm_mlp")
    (twins / "net/config.json").write_bytes(BOM + (twins / "net/config.json").read_bytes())
    line = "".join(".1234"[token - 1] for token in puzzles.inputs[0])
    for name, content in (("plain.txt", line.encode()), ("bom.txt", BOM + line.encode()), ("utf16.txt", line.encode("utf-16"))):
        (twins / name).write_bytes(content + (b"\n" if name != "utf16.txt" else b""))
        code, out, err = unsettled("solve", twins / name, "--checkpoint", twins / "net", "--restarts", 1, "--segments", 1)
        assert code in (0, 1) and "consistent with its clues" in out and not err, (name, out, err)
