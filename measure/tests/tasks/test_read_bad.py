"""Bad puzzle files: each kind once, with the exact line that the user reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.read import Box, iterate_puzzles, read_puzzles, write_parquet
from unsettled.measure.tasks.sudoku.solving import generate

HEADER = "source,question,answer,rating\n"
QUESTION, ANSWER = "....4.3......2.1", "2314413214233241"
GOOD = f"made,{QUESTION},{ANSWER},0\n"


def write_split(folder: Path, inputs, labels, **metadata) -> Path:
    folder.mkdir(parents=True)
    np.save(folder / "all__inputs.npy", inputs)
    np.save(folder / "all__labels.npy", labels)
    if metadata:
        (folder / "dataset.json").write_text(json.dumps(metadata))
    return folder


def tokens(symbols: str) -> np.ndarray:
    return np.array([[1 if symbol == "." else int(symbol) + 1 for symbol in symbols]], np.uint8)


OTHER_ANSWER = "32" + ANSWER[2:]  # two blank cells of one row exchanged: two columns repeat a digit

BAD_TEXT = {
    "short question": (HEADER + GOOD + f"made,{QUESTION[:-1]},{ANSWER},0\n", ":3: question has 15 cells, expected 16"),
    "short answer": (HEADER + f"made,{QUESTION},{ANSWER[1:]},0\n", ":2: answer has 15 cells, expected 16"),
    "first not square": (
        HEADER + f"made,{QUESTION[1:]},{ANSWER},0\n",
        ":2: a board of 15 cells is not square (4×4 has 16, 6×6 has 36, 9×9 has 81)",
    ),
    "letter": (
        HEADER + GOOD * 2 + f"made,!{QUESTION[1:]},{ANSWER},0\n",
        ":4: question holds '!' at cell 1 (write digits, and '.' or 0 for a blank)",
    ),
    "digit too large": (HEADER + f"made,7{QUESTION[1:]},{ANSWER},0\n", ":2: puzzle holds token 8 at row 1, column 1 (allowed are 1 to 5)"),
    "unsolved": (
        HEADER + GOOD + f"made,{QUESTION},{ANSWER[:15]}.,0\n",
        ":3: solution holds token 1 at row 4, column 4 (allowed are 2 to 5)",
    ),
    "given changed": (
        HEADER + GOOD + "\n" + f"made,3{QUESTION[1:]},{ANSWER},0\n",
        ":4: the puzzle gives 3 at row 1, column 1, but its solution holds 2",
    ),
    "illegal solution": (
        HEADER + GOOD * 3 + f"made,{QUESTION},{OTHER_ANSWER},0\n",
        ":5: the solution is illegal: 2 of 12 rows, columns and boxes repeat a digit",
    ),
    "rating": (HEADER + GOOD + GOOD.replace(",0", ",hard"), ":3: rating 'hard' is not a number"),
    "columns": (HEADER + GOOD + "made,1,2\n", ":3: has 3 columns, expected 4"),
    "header": ("source,puzzle,answer,rating\n" + GOOD, ":1: column question is missing (header: source,question,answer,rating)"),
    "no rows": (HEADER, ": holds no puzzles"),
    "empty": ("", ": is empty"),
}


@pytest.mark.parametrize("name", BAD_TEXT)
def test_bad_csv(name, tmp_path):
    content, message = BAD_TEXT[name]
    path = tmp_path / "test.csv"
    path.write_text(content)
    for read in (read_puzzles, lambda path: list(iterate_puzzles(path))):
        with pytest.raises(UserError) as caught:
            read(path)
        assert str(caught.value) == f"{path}{message}"


def missing_labels(folder: Path) -> Path:
    (write_split(folder / "test", tokens(QUESTION), tokens(ANSWER)) / "all__labels.npy").unlink()
    return folder


def truncated(folder: Path) -> Path:
    path = write_split(folder / "test", tokens(QUESTION), tokens(ANSWER)) / "all__inputs.npy"
    path.write_bytes(path.read_bytes()[:-3])
    return folder


def broken_metadata(folder: Path) -> Path:
    (write_split(folder / "test", tokens(QUESTION), tokens(ANSWER)) / "dataset.json").write_text('{"seq_len":\n 16\n "x": 1}')
    return folder


def split_of(inputs, labels, **metadata):
    return lambda folder: write_split(folder / "test", inputs, labels, **metadata) and folder


Q2, A2 = (np.repeat(tokens(symbols), 2, axis=0) for symbols in (QUESTION, ANSWER))
BAD_FOLDERS = {
    "no split": (
        lambda folder: folder.mkdir() or folder,
        ": no split 'test' in this folder (expected test/all__inputs.npy and test/all__labels.npy, or test.csv)",
    ),
    "missing labels": (missing_labels, "/test/all__labels.npy: file is missing (a split holds all__inputs.npy and all__labels.npy)"),
    "truncated": (truncated, "/test/all__inputs.npy: is truncated, or not a NumPy file"),
    "objects": (split_of(np.array([["a"]], object), A2), "/test/all__inputs.npy: holds Python objects, not numbers (save it as uint8)"),
    "floats": (split_of(Q2.astype(float), A2), "/test/all__inputs.npy: is not a table of integers, one row per puzzle"),
    "lengths": (split_of(Q2, A2[:1]), "/test/all__labels.npy: inputs (2, 16) and labels (1, 16) do not belong together"),
    "cells": (
        split_of(Q2[:, :15], A2[:, :15]),
        "/test/all__inputs.npy: a board of 15 cells is not square (4×4 has 16, 6×6 has 36, 9×9 has 81)",
    ),
    "seq_len": (split_of(Q2, A2, seq_len=81), "/test/dataset.json: seq_len is 81, but the arrays hold 4×4 boards, which need 16"),
    "vocabulary": (split_of(Q2, A2, vocab_size=11), "/test/dataset.json: vocab_size is 11, but the arrays hold 4×4 boards, which need 6"),
    "metadata": (broken_metadata, "/test/dataset.json:3: is not JSON: Expecting ',' delimiter: line 3 column 2 (char 17)"),
    "range": (
        split_of(np.vstack([Q2.astype(int), Q2 * np.int64(300)]), np.vstack([A2, A2])),
        "/test/all__inputs.npy[2]: puzzle holds token 255 at row 1, column 1 (allowed are 1 to 5)",
    ),
    "pads": (
        split_of(np.vstack([Q2[:1], Q2[:1] * 0]), A2),
        "/test/all__inputs.npy[1]: puzzle holds token 0 at row 1, column 1 (allowed are 1 to 5)",
    ),
    "illegal": (
        split_of(Q2, np.vstack([A2[:1], tokens(OTHER_ANSWER)])),
        "/test/all__inputs.npy[1]: the solution is illegal: 2 of 12 rows, columns and boxes repeat a digit",
    ),
    "none": (split_of(Q2[:0], A2[:0]), ": holds no puzzles"),
}


@pytest.mark.parametrize("name", BAD_FOLDERS)
def test_bad_folder(name, tmp_path):
    make, message = BAD_FOLDERS[name]
    folder = make(tmp_path / "data")
    with pytest.raises(UserError) as caught:
        read_puzzles(folder)
    assert str(caught.value) == f"{folder}{message}"


def test_bad_parquet_and_paths(tmp_path):
    whole = tmp_path / "set.parquet"
    write_parquet(generate(Box(2, 2), 60, seed=21), whole)
    (tmp_path / "cut.parquet").write_bytes(whole.read_bytes()[:-40])
    (tmp_path / "text.parquet").write_text("question,answer")
    pq.write_table(pa.table({"question": [QUESTION]}), tmp_path / "half.parquet")
    pq.write_table(pa.table({"question": [QUESTION, None], "answer": [ANSWER, ANSWER]}), tmp_path / "null.parquet")
    np.save(tmp_path / "all.npy", Q2)
    for name, message in {
        "cut.parquet": "is truncated, or not a Parquet file",
        "text.parquet": "is truncated, or not a Parquet file",
        "half.parquet": "column answer is missing (it needs question and answer)",
        "nowhere": "no such puzzles (a folder in the published layout, a CSV or a Parquet file)",
        "all.npy": f"one array is no puzzle set (give its folder, {tmp_path})",
    }.items():
        with pytest.raises(UserError) as caught:
            read_puzzles(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {message}"
    with pytest.raises(UserError) as caught:
        read_puzzles(tmp_path / "null.parquet")
    assert str(caught.value) == f"{tmp_path / 'null.parquet'}[1]: question has 0 cells, expected 16"
    with pytest.raises(UserError) as caught:
        read_puzzles(whole, limit=0)
    assert str(caught.value) == "limit is 0 (it must be a whole number of at least 1)"
