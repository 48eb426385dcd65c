"""Splitting without equivalent puzzles across, and the commands `unsettled puzzles …` from end to end."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from unsettled.measure.commands.puzzles import app, parse_range
from unsettled.measure.errors import UserError
from unsettled.measure.tasks.read import Box, PuzzleSet, join, read_puzzles, write_parquet, write_published
from unsettled.measure.tasks.sudoku.partition import overlap, partition
from unsettled.measure.tasks.sudoku.solving import generate, rate
from unsettled.measure.tasks.sudoku.symmetry import augment, canonical_hash, hash_in_pieces


@pytest.fixture(scope="module")
def doubled() -> PuzzleSet:
    """60 puzzles of 6×6, then the same again under random symmetries, with ids of their own."""
    puzzles = generate(Box(2, 3), 60, seed=4, extra_clues=(0, 6))
    inputs, labels = augment(puzzles.inputs, puzzles.labels, puzzles.box, np.random.default_rng(2))
    return join([puzzles, PuzzleSet(puzzles.box, inputs, labels, puzzles.ids + 60, puzzles.rating)])


def test_no_equivalent_puzzles_across_or_within(doubled):
    hashes = hash_in_pieces(doubled)
    parts = partition(doubled, hashes, held_out=15, hard=10, seed=3)
    assert (len(parts.train), len(parts.test), len(parts.hard), parts.dropped) == (35, 15, 10, 60)
    ids = [set(part.ids.tolist()) for part in (parts.train, parts.test, parts.hard)]
    assert set.union(*ids) == set(range(60))  # the first of each class, every one of them once
    sides = [canonical_hash(part.inputs, part.box) for part in (parts.train, parts.test, parts.hard)]
    assert len(set(np.concatenate(sides))) == 60
    again, other = (partition(doubled, hashes, held_out=15, hard=10, seed=seed).test.digest for seed in (3, 4))
    assert parts.test.digest == again != other


def test_hard_means_the_highest_rating_or_the_fewest_givens(doubled):
    rating = np.random.default_rng(0).permutation(120).astype(float)
    rerated = PuzzleSet(doubled.box, doubled.inputs, doubled.labels, doubled.ids, rating)
    hashes = hash_in_pieces(doubled)
    by_rating = partition(rerated, hashes, held_out=5, hard=10).hard
    assert set(by_rating.rating) == set(np.sort(rating[:60])[-10:])
    by_givens = partition(rerated, hashes, held_out=5, hard=10, by="givens").hard
    assert sorted(by_givens.givens) == sorted(doubled.givens[:60])[:10]


def test_partition_refuses(doubled):
    hashes = hash_in_pieces(doubled)
    unrated = PuzzleSet(doubled.box, doubled.inputs, doubled.labels, doubled.ids, doubled.rating * np.nan)
    for puzzles, arguments, message in (
        (doubled, {"held_out": 1, "by": "luck"}, "cannot rank puzzles by 'luck' (one of rating, givens)"),
        (doubled, {"held_out": -1}, "held_out is -1 (it must be a whole number of at least 0)"),
        (doubled, {"held_out": 41, "hard": 20}, "41 + 20 puzzles to hold out, but only 60 are not equivalent"),
        (unrated, {"held_out": 1, "hard": 1}, "some puzzles have no rating (`unsettled puzzles rate` adds it, or rank --by givens)"),
    ):
        with pytest.raises(UserError) as caught:
            partition(puzzles, hashes, **arguments)
        assert str(caught.value) == message
    assert len(partition(unrated, hashes, held_out=1).test) == 1  # unrated is fine where nothing is ranked


def test_overlap_marks_equivalents_only(doubled):
    hashes = hash_in_pieces(doubled)
    np.testing.assert_array_equal(overlap(hashes[:10], hashes[60:]), np.arange(60) < 10)


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_generate_writes_what_the_function_returns(tmp_path):
    options = "--box", "2x3", "--count", 300, "--seed", 7, "--extra-clues", "0:8"
    assert run("generate", *options, "--out", tmp_path / "set.parquet") == f"300 puzzles → {tmp_path / 'set.parquet'}\n"
    assert run("generate", *options, "--out", tmp_path / "data", "--split", "train") == f"300 puzzles → {tmp_path / 'data' / 'train'}\n"
    expected = generate(Box(2, 3), 300, seed=7, extra_clues=(0, 8))
    for read in (read_puzzles(tmp_path / "set.parquet"), read_puzzles(tmp_path / "data", split="train")):
        assert read.digest == expected.digest
    np.testing.assert_array_equal(read_puzzles(tmp_path / "set.parquet").rating, expected.rating)


def test_convert_rate_and_sample(tmp_path):
    puzzles = generate(Box(2, 2), 50, seed=1, extra_clues=(0, 3))
    write_published(puzzles, tmp_path / "data", "test")
    run("convert", tmp_path / "data", tmp_path / "all.parquet")
    assert read_puzzles(tmp_path / "all.parquet").digest == puzzles.digest
    run("convert", tmp_path / "all.parquet", tmp_path / "back")
    for path in (tmp_path / "data").rglob("*.*"):
        assert (tmp_path / "back" / path.relative_to(tmp_path / "data")).read_bytes() == path.read_bytes()
    run("convert", tmp_path / "data", tmp_path / "few.parquet", "--limit", 9, "--sample-seed", 2, "--no-canonical")
    assert read_puzzles(tmp_path / "few.parquet").digest == read_puzzles(tmp_path / "data", limit=9, seed=2).digest
    run("rate", tmp_path / "data", tmp_path / "rated.parquet")
    np.testing.assert_array_equal(read_puzzles(tmp_path / "rated.parquet").rating, rate(puzzles.inputs, puzzles.box))


def test_split_then_overlap(doubled, tmp_path):
    write_parquet(doubled, tmp_path / "set.parquet")
    first, *rest = run("split", tmp_path / "set.parquet", tmp_path / "parts", "--held-out", 15, "--hard", 10).splitlines()
    assert first == "60 of 120 puzzles were equivalent to an earlier one and are left out"
    assert [line.split()[0] for line in rest] == ["35", "15", "10"]
    train, test, hard = (tmp_path / "parts" / f"{name}.parquet" for name in ("train", "test", "hard"))
    for held_out, count in ((test, 15), (hard, 10)):
        assert run("overlap", train, held_out).startswith(f"0 of {count} puzzles in {held_out} are equivalent to one of 35")
    assert run("overlap", tmp_path / "set.parquet", test, code=1).startswith("15 of 15 puzzles")
    run("split", tmp_path / "set.parquet", tmp_path / "folder", "--held-out", 15, "--by", "givens", "--hard", 10, "--published")
    assert len(read_puzzles(tmp_path / "folder", split="hard")) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("generate --box 3 --count 1 --out x", "'3' is not a box (write it as rows x columns of one box, e.g. 3x3 for 9×9 Sudoku)"),
        ("generate --box 2x2 --count 1 --out x --extra-clues 1-2", "'1-2' is not a range of clues (write LOW:HIGH, e.g. 0:8)"),
        ("generate --box 2x2 --count 1 --out x.csv", "x.csv: is neither a .parquet file nor a folder (those two can be written)"),
        ("convert nowhere x.parquet", "nowhere: no such puzzles (a folder in the published layout, a CSV or a Parquet file)"),
        ("rate nowhere x", "x: the published layout has no place for ratings (name a .parquet file)"),
    ],
)
def test_bad_commands_are_one_line_and_write_nothing(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments.split())
    assert isinstance(result.exception, UserError) and str(result.exception) == message
    assert not list(tmp_path.iterdir())


def test_rate_refuses_puzzles_with_two_solutions_and_writes_nothing(tmp_path):
    puzzles = generate(Box(2, 2), 5, seed=1)
    open_inputs = puzzles.inputs.copy()
    open_inputs[3] = 1
    write_parquet(PuzzleSet(puzzles.box, open_inputs, puzzles.labels, puzzles.ids, puzzles.rating), tmp_path / "open.parquet")
    result = CliRunner().invoke(app, ["rate", str(tmp_path / "open.parquet"), str(tmp_path / "rated.parquet")])
    assert str(result.exception) == "puzzle 3 (counted from 0) has more than one solution"
    assert [path.name for path in tmp_path.iterdir()] == ["open.parquet"]


def test_ranges():
    assert parse_range("0:8") == (0, 8) and parse_range("3") == (3, 3)
