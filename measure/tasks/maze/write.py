"""Mazes written as the published CSV, ``source,question,answer,rating``, or as Parquet with their ids and groups besides."""

from __future__ import annotations

import csv
import io
from math import isnan
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.support.files import whole_file
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.maze.grid import CHARACTERS


def write_maze_csv(mazes: Examples, path: Path, *, source: str) -> None:
    """One row a maze; read it back with `unsettled.measure.tasks.maze.read.read_maze_csv`."""
    symbols = "?" + CHARACTERS
    with whole_file(path, what="mazes", make_folder=True) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("source", "question", "answer", "rating"))
        for question, answer, rating in zip(mazes.inputs.tolist(), mazes.labels.tolist(), mazes.rating.tolist(), strict=True):
            boards = ("".join(symbols[token] for token in tokens) for tokens in (question, answer))
            writer.writerow((source, *boards, "" if isnan(rating) else f"{rating:g}"))
        text.detach()


def write_maze_parquet(mazes: Examples, path: Path) -> None:
    """``example_id``, ``group``, ``question``, ``answer``, ``rating``; read it back as the CSV."""
    symbols = "?" + CHARACTERS
    question, answer = (["".join(symbols[token] for token in row) for row in tokens.tolist()] for tokens in (mazes.inputs, mazes.labels))
    columns = {"example_id": mazes.ids, "group": mazes.groups, "question": question, "answer": answer, "rating": mazes.rating}
    with whole_file(path, what="mazes", make_folder=True) as file:
        pq.write_table(pa.table(columns), file, compression="zstd", version="2.6")
