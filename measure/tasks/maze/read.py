"""Mazes from CSV or Parquet: ``source,question,answer,rating``, as many characters as a square has cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.maze.grid import CHARACTERS, GOAL, START
from unsettled.measure.tasks.maze.task import Maze
from unsettled.measure.tasks.opened import DAMAGED, open_text

TOKEN = {character: token for token, character in enumerate(CHARACTERS, start=1)}
ENDS = frozenset("SG")


def is_maze_table(path: Path) -> bool:
    """Whether the first question of a CSV is a maze: it has both ends."""
    if not path.is_file():
        return False
    try:
        _, row = next(_rows(path))
    except (StopIteration, UserError, csv.Error, *DAMAGED):
        return False
    question = row.get("question")
    return isinstance(question, str) and set(question) >= ENDS


def read_maze_csv(path: Path) -> Examples:
    """Mazes with their labels and ratings.

    Raises:
        UserError: an unknown character, mazes of several sizes, not one S and one G, or an answer to another maze, with its line.
    """
    inputs, labels, ratings = [], [], []
    known: dict[str, list[int]] = {"example_id": [], "group": []}
    cells = 0
    for place, row in _rows(path):
        where = f"{path}{place}"
        question, answer = (_tokens(row.get(name) or "", name, where) for name in ("question", "answer"))
        cells = cells or len(question)
        if isqrt(cells) ** 2 != cells:
            raise UserError(f"a maze of {cells} characters is not square", where=where)
        if len(question) != cells or len(answer) != cells:
            raise UserError(f"question and answer have {len(question)} and {len(answer)} cells, expected {cells}", where=where)
        if (question == START).sum() != 1 or (question == GOAL).sum() != 1:
            raise UserError("a maze has one S and one G", where=where)
        if (answer[question != 2] != question[question != 2]).any():
            raise UserError("the answer changes a wall or an end of its question", where=where)
        inputs.append(question)
        labels.append(answer)
        try:
            ratings.append(float(row.get("rating") or "nan"))
        except ValueError:
            raise UserError(f"rating {row['rating']!r} is not a number", where=where) from None
        for name, numbers in known.items():
            if isinstance(number := row.get(name), int):
                numbers.append(number)
    if not inputs:
        raise UserError("holds no mazes", where=path)
    side = isqrt(cells)
    ids, groups = (np.array(numbers, np.int64) if len(numbers) == len(inputs) else None for numbers in known.values())
    return Examples.of(Maze((side, side)), np.stack(inputs), np.stack(labels), ids, rating=np.array(ratings), groups=groups)


def _tokens(text: str, name: str, where: str) -> np.ndarray:
    unknown = set(text) - set(CHARACTERS)
    if unknown or not text:
        told = f"holds {min(unknown)!r}" if unknown else "is empty"
        raise UserError(f"{name} {told}", where=where, hint=f"a maze is made of {CHARACTERS!r}")
    return np.array([TOKEN[character] for character in text], np.uint8)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a CSV, plain or compressed, with their lines, or of a Parquet file with their numbers."""
    with path.open("rb") as start:
        parquet = start.read(4) == b"PAR1"
    if parquet:
        with pq.ParquetFile(path) as table:
            if not {"question", "answer"} <= set(table.schema_arrow.names):
                return
            for number, row in enumerate(row for batch in table.iter_batches() for row in batch.to_pylist()):
                yield f"[{number}]", row
        return
    with open_text(path) as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield f":{reader.line_num}", row
