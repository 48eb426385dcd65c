"""Mazes written as the published CSV: ``source,question,answer,rating``."""

from __future__ import annotations

import csv
import io
from math import isnan
from pathlib import Path

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
