"""Puzzle files: round trips through every format, each kind of bad input with its message, and reading piece by piece."""

from __future__ import annotations

import gc
import gzip
import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.measure.tasks.csv_table import CsvTable
from unsettled.measure.tasks.read import Box, PuzzleSet, count_puzzles, iterate_puzzles, join, read_puzzles, write_parquet, write_published
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.sudoku.symmetry import canonical_hash

BOXES = [Box(2, 2), Box(2, 3), Box(3, 2), Box(3, 3), Box(2, 4)]
HEADER = "source,question,answer,rating\n"
QUESTION, ANSWER = "....4.3......2.1", "2314413214233241"


def text(row: np.ndarray) -> str:
    return "".join(".123456789"[token - 1] for token in row)


def csv_of(puzzles: PuzzleSet) -> str:
    rows = zip(puzzles.inputs, puzzles.labels, puzzles.rating, strict=True)
    return HEADER + "".join(f"made,{text(question)},{text(answer)},{rating:g}\n" for question, answer, rating in rows)


@pytest.fixture(scope="module")
def sets() -> dict[Box, PuzzleSet]:
    return {box: generate(box, 60, seed=21, extra_clues=(0, 5)) for box in BOXES}


def assert_same(read: PuzzleSet, written: PuzzleSet, *, rated: bool = True) -> None:
    assert read.box == written.box and read.digest == written.digest
    np.testing.assert_array_equal(read.rating, written.rating if rated else np.full(len(written), np.nan))


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_parquet_round_trip(box, sets, tmp_path):
    puzzles = sets[box].take(np.arange(59, 9, -1))
    write_parquet(puzzles, tmp_path / "new" / "set.parquet")
    assert_same(read_puzzles(tmp_path / "new" / "set.parquet"), puzzles)
    table = pq.read_table(tmp_path / "new" / "set.parquet")
    assert table.schema.names == ["example_id", "question", "answer", "rating", "givens", "canonical"]
    assert table["question"][0].as_py() == text(puzzles.inputs[0])
    assert table["givens"].to_pylist() == puzzles.givens.tolist()
    assert table["canonical"].to_pylist() == canonical_hash(puzzles.inputs, box).tolist()


def test_parquet_of_boards_beyond_the_canonical_form(tmp_path):
    """16×16 has letters for digits, and no canonical hash."""
    solution = np.array([[(4 * (row % 4) + row // 4 + column) % 16 + 2 for column in range(16)] for row in range(16)])
    tokens = solution.reshape(1, 256)
    puzzles = PuzzleSet(Box(4, 4), tokens, tokens, [7], [np.nan])
    write_parquet(puzzles, tmp_path / "large.parquet")
    assert_same(read_puzzles(tmp_path / "large.parquet"), puzzles)
    assert pq.read_table(tmp_path / "large.parquet")["canonical"].null_count == 1
    assert pq.read_table(tmp_path / "large.parquet")["question"][0].as_py().startswith("123456789ABCDEFG")


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_published_round_trip(box, sets, tmp_path):
    write_published(sets[box], tmp_path / "data", "test")
    for folder in (tmp_path / "data", tmp_path / "data" / "test"):
        assert_same(read_puzzles(folder), sets[box], rated=False)


def test_published_layout_is_exact(sets, tmp_path):
    puzzles = sets[Box(3, 3)]
    write_published(puzzles, tmp_path, "train")
    expected = {
        "all__inputs.npy": puzzles.inputs,
        "all__labels.npy": puzzles.labels,
        "all__group_indices.npy": np.arange(61, dtype=np.int32),
        "all__puzzle_indices.npy": np.arange(61, dtype=np.int32),
        "all__puzzle_identifiers.npy": np.zeros(60, np.int32),
    }
    assert {path.name for path in (tmp_path / "train").iterdir()} == {*expected, "dataset.json"}
    for name, array in expected.items():
        np.save(tmp_path / "numpy.npy", array)
        assert (tmp_path / "train" / name).read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    metadata = json.loads((tmp_path / "train" / "dataset.json").read_text())
    assert (metadata["seq_len"], metadata["vocab_size"], metadata["sets"]) == (81, 11, ["all"])
    assert metadata["total_groups"] == metadata["total_puzzles"] == 60
    assert json.loads((tmp_path / "identifiers.json").read_text()) == ["<blank>"]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("box", BOXES, ids=str)
def test_csv_round_trip(box, compressed, sets, tmp_path):
    content = csv_of(sets[box]).encode()
    path = tmp_path / ("test.csv.gz" if compressed else "test.csv")
    path.write_bytes(gzip.compress(content) if compressed else content)
    assert_same(read_puzzles(path), sets[box])
    assert_same(read_puzzles(tmp_path), sets[box])


def test_csv_may_lack_source_and_rating_and_hold_blank_lines_and_zeros(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text(f"question,answer\n\n{QUESTION.replace('.', '0')},{ANSWER}\n\n")
    puzzles = read_puzzles(path)
    assert len(puzzles) == count_puzzles(path) == 1 and puzzles.ids.tolist() == [1] and np.isnan(puzzles.rating).all()
    assert text(puzzles.inputs[0]) == QUESTION


def test_same_puzzles_give_the_same_bytes_however_they_arrive(sets, tmp_path, monkeypatch):
    monkeypatch.setattr("unsettled.measure.tasks.write.CHUNK_ROWS", 16)
    puzzles = sets[Box(2, 3)]
    pieces = [puzzles.take(slice(*ends)) for ends in ((0, 1), (1, 40), (40, 40), (40, 60))]
    for name, given in (("one", puzzles), ("many", iter(pieces))):
        write_parquet(given, tmp_path / f"{name}.parquet")
    write_published(puzzles, tmp_path / "one", "test")
    write_published(iter(pieces), tmp_path / "many", "test")
    files = {name: sorted((tmp_path / name).rglob("*.*")) for name in ("one", "many")}
    assert len(files["one"]) == 7
    for one, many in zip(files["one"] + [tmp_path / "one.parquet"], files["many"] + [tmp_path / "many.parquet"], strict=True):
        assert one.name == many.name.replace("many", "one") and one.read_bytes() == many.read_bytes()


def test_an_interrupted_write_leaves_nothing_and_keeps_what_was_there(sets, tmp_path):
    puzzles = sets[Box(2, 2)]

    def breaking():
        yield puzzles
        raise KeyboardInterrupt

    write_parquet(puzzles, tmp_path / "set.parquet")
    write_published(puzzles, tmp_path / "data", "test")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for write in (
        lambda: write_parquet(breaking(), tmp_path / "set.parquet"),
        lambda: write_published(breaking(), tmp_path / "data", "test"),
    ):
        with pytest.raises(KeyboardInterrupt):
            write()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("form", ["csv", "parquet", "folder"])
def test_limit_takes_the_first_and_a_seed_draws(form, sets, tmp_path, monkeypatch):
    monkeypatch.setattr("unsettled.measure.tasks.sources.CHUNK_ROWS", 16)
    monkeypatch.setattr("unsettled.measure.tasks.parquet_table.CHUNK_ROWS", 16)
    puzzles = sets[Box(2, 2)]
    path = tmp_path / f"set.{form}"
    if form == "csv":
        path.write_text(csv_of(puzzles))
    elif form == "parquet":
        write_parquet(puzzles, path)
    else:
        write_published(puzzles, path, "test")
    assert read_puzzles(path, limit=20).digest == puzzles.take(slice(0, 20)).digest
    assert len(read_puzzles(path, limit=1000)) == len(read_puzzles(path, limit=1000, seed=1)) == count_puzzles(path) == 60
    drawn = [read_puzzles(path, limit=20, seed=seed) for seed in range(40)]
    assert drawn[0].digest == read_puzzles(path, limit=20, seed=0).digest == puzzles.take(drawn[0].ids).digest
    times = np.bincount(np.concatenate([sample.ids for sample in drawn]), minlength=60)
    assert all((np.diff(sample.ids) > 0).all() for sample in drawn)
    assert times.min() > 2 and times.max() < 26  # 40 · 20/60 = 13.3 times each, standard deviation 3
    assert join(list(iterate_puzzles(path))).digest == puzzles.digest


def test_a_long_csv_is_never_held_whole(sets, tmp_path, monkeypatch):
    """200,000 rows, 35 MB: the first rows are read without the rest; a draw and a passage hold one piece at a time."""
    path = tmp_path / "test.csv"
    rows = csv_of(sets[Box(3, 3)]).removeprefix(HEADER)
    path.write_text(HEADER + rows * (200_000 // 60) + rows[: 20 * (len(rows) // 60)])
    decoded = []
    chunk = CsvTable._chunk

    def counting(self, batch, *rest):
        decoded.append(batch.num_rows)
        return chunk(self, batch, *rest)

    monkeypatch.setattr(CsvTable, "_chunk", counting)
    start = read_puzzles(path, limit=100)
    assert sum(decoded) < 2_000  # one block of 256 KiB
    assert read_puzzles(path).take(slice(0, 100)).digest == start.digest

    arrow = []
    gc.collect()
    before = pa.total_allocated_bytes()  # what other tests have left
    tracemalloc.start()
    for _piece in iterate_puzzles(path):
        arrow.append(pa.total_allocated_bytes() - before)
    assert len(read_puzzles(path, limit=50, seed=0)) == 50
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(arrow) > 20 and max(arrow) < path.stat().st_size / 3
    assert peak < path.stat().st_size / 3


def test_reading_needs_neither_numba_nor_torch(tmp_path, sets):
    write_parquet(sets[Box(2, 2)], tmp_path / "set.parquet")
    code = (
        "import sys; from unsettled.measure.tasks.reading import read_examples;"
        "from unsettled.measure.tasks.sudoku.boards import conflicts;"
        "import unsettled.measure.commands.puzzles; from unsettled.measure.tasks.read import read_puzzles;"
        "assert read_examples(sys.argv[1]).why;"
        "p = read_puzzles(sys.argv[1]); assert not conflicts(p.labels, p.box).any();"
        "print(sorted({'numba', 'torch'} & set(sys.modules)))"
    )
    run = fresh(code, tmp_path / "set.parquet")
    assert run.stdout == "[]\n", run.stderr
