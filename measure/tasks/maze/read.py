"""Mazes from CSV: ``source,question,answer,rating``, as many characters as a square has cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import isqrt
from pathlib import Path

import numpy as np

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
    return set(row.get("question") or "") >= ENDS


def read_maze_csv(path: Path) -> Examples:
    """Mazes with their labels and ratings.

    Raises:
        UserError: an unknown character, mazes of several sizes, not one S and one G, or an answer to another maze, with its line.
    """
    inputs, labels, ratings = [], [], []
    cells = 0
    for line, row in _rows(path):
        where = f"{path}:{line}"
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
    if not inputs:
        raise UserError("holds no mazes", where=path)
    side = isqrt(cells)
    return Examples.of(Maze((side, side)), np.stack(inputs), np.stack(labels), rating=np.array(ratings))


def _tokens(text: str, name: str, where: str) -> np.ndarray:
    unknown = set(text) - set(CHARACTERS)
    if unknown or not text:
        told = f"holds {min(unknown)!r}" if unknown else "is empty"
        raise UserError(f"{name} {told}", where=where, hint=f"a maze is made of {CHARACTERS!r}")
    return np.array([TOKEN[character] for character in text], np.uint8)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV, plain or compressed, with their lines."""
    with open_text(path) as file:
        reader = csv.DictReader(file)
        for row in reader:
            yield reader.line_num, row
