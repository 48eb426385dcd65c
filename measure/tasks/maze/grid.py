"""Mazes on a grid of five characters: reading them, shortest paths, what an answer is worth, and their symmetries.

A maze has one start ``S`` and one goal ``G``, walls ``#`` and open cells of a blank; beyond the edge all is wall. Its
answer is the same grid with ``o`` on the open cells of the shortest path. Where that path is unique, equality with the
label is the right rule; `solve` says where it is, and `judge` tells the other answers apart. What takes ``questions``
takes many mazes of one size at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.errors import UserError

Grids = NDArray[np.uint8]  # (N, height, width) of the tokens below
Mask = NDArray[np.bool_]

#: Tokens of the published layout; 0 is padding.
CHARACTERS = "# SGo"
WALL, OPEN, START, GOAL, PATH = range(1, 6)
VOCABULARY = 6


class Outcome(IntEnum):
    """What an answer is worth, the best first; every answer has exactly one."""

    LABEL = 0  # the label, cell for cell
    SHORTEST = 1  # another path of the same length
    LONGER = 2  # a path from S to G that takes a longer way
    STRAYS = 3  # S and G are joined, and cells are marked that do not belong to the way
    BROKEN = 4  # the marked cells do not join S and G
    ALTERED = 5  # a wall, an end or a token that no answer holds has changed: no answer to this maze


@dataclass(frozen=True)
class Solutions:
    """The shortest paths of N mazes."""

    length: NDArray[np.int64]  # steps from S to G, −1 where no path is
    unique: Mask  # whether there is exactly one of that length
    on_path: Mask  # (N, height, width), with both ends; the union of all shortest paths


def parse(text: str) -> Grids:
    """A maze (height, width) from its rows; a text without line breaks is a square, row by row.

    Raises:
        UserError: an unknown character, rows of different lengths, a text that is no square, or not one S and one G.
    """
    rows = [row for row in text.split("\n") if row] if "\n" in text else _square(text)
    if len({len(row) for row in rows}) != 1:
        raise UserError("a maze is a rectangle: all its rows are of one length")
    unknown = set("".join(rows)) - set(CHARACTERS)
    if unknown:
        raise UserError(f"unknown character {min(unknown)!r}: a maze is made of {CHARACTERS!r}")
    grid = np.array([[CHARACTERS.index(character) + 1 for character in row] for row in rows], np.uint8)
    for token, name in ((START, "S"), (GOAL, "G")):
        if (count := int((grid == token).sum())) != 1:
            raise UserError(f"a maze has one {name}, this one has {count}")
    return grid


def _square(text: str) -> list[str]:
    side = round(len(text) ** 0.5)
    if not side or side * side != len(text):
        raise UserError(f"{len(text)} characters without line breaks are no square")
    return [text[first : first + side] for first in range(0, len(text), side)]


def render(grid: Grids, *, lines: bool = True) -> str:
    """The characters of one maze, in rows or, without ``lines``, in one piece."""
    rows = ["".join(CHARACTERS[token - 1] for token in row) for row in grid.tolist()]
    return ("\n" if lines else "").join(rows)


def flood(passable: Mask, source: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Breadth-first search in all mazes at once.

    Args:
        passable: (N, height, width), where one may walk.
        source: (N, height, width), where the search begins.

    Returns:
        steps from the source (−1 out of reach) and the number of shortest ways, where 2 stands for any larger number.
    """
    steps = np.where(source & passable, 0, -1)
    ways = np.where(source & passable, 1, 0)
    front = ways.copy()
    for step in range(1, passable[0].size):
        front = np.where(passable & (steps < 0), np.minimum(_beside(front), 2), 0)
        reached = front > 0
        if not reached.any():
            break
        steps[reached] = step
        ways += front
    return steps, ways


def _beside(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum over the four neighbours of every cell."""
    total = np.zeros_like(x)
    total[:, 1:] += x[:, :-1]
    total[:, :-1] += x[:, 1:]
    total[:, :, 1:] += x[:, :, :-1]
    total[:, :, :-1] += x[:, :, 1:]
    return total


def solve(questions: Grids) -> Solutions:
    """Shortest paths of N mazes; marked cells of an answer count as open."""
    passable = questions != WALL
    start, goal = questions == START, questions == GOAL
    from_start, ways = flood(passable, start)
    from_goal, _ = flood(passable, goal)
    length = from_start[goal]
    joined = (from_start >= 0) & (from_goal >= 0)
    on_path = joined & (from_start + from_goal == length[:, None, None])
    return Solutions(length, ways[goal] == 1, on_path)


def answers(questions: Grids) -> Grids:
    """The labels of N mazes: ``o`` on the open cells of their shortest paths.

    Raises:
        UserError: a maze has no path, or several shortest ones.
    """
    solved = solve(questions)
    if not solved.unique.all():
        row = int(np.flatnonzero(~solved.unique)[0])
        said = "no path" if solved.length[row] < 0 else "several shortest paths"
        raise UserError(f"maze {row} has {said} from S to G")
    return np.where(solved.on_path & (questions == OPEN), np.uint8(PATH), questions)


def judge(questions: Grids, labels: Grids, given: Grids) -> NDArray[np.int64]:
    """The `Outcome` of N answers, as integers."""
    marked = given == PATH
    cleared = np.where(marked, np.uint8(OPEN), given)
    altered = (cleared != questions).any(axis=(1, 2))
    walkable = marked | (questions == START) | (questions == GOAL)
    goal = questions == GOAL
    within = flood(walkable, questions == START)[0][goal]  # steps from S to G over marked cells only
    count = marked.sum(axis=(1, 2))
    outcome = np.select(
        [altered, (given == labels).all(axis=(1, 2)), within < 0, within != count + 1, within == solve(questions).length],
        [Outcome.ALTERED, Outcome.LABEL, Outcome.BROKEN, Outcome.STRAYS, Outcome.SHORTEST],
        default=Outcome.LONGER,
    )
    return outcome.astype(np.int64)


def images(grid: Grids) -> list[Grids]:
    """The eight images of one maze (height, width) under the symmetries of the square."""
    turned = [np.rot90(grid, turns) for turns in range(4)]
    return [*turned, *(image.T for image in turned)]


def canonical(grid: Grids) -> bytes:
    """Equal for two mazes if and only if one is an image of the other, perhaps walked from G to S."""
    reversed_ends = np.array([0, WALL, OPEN, GOAL, START, PATH], np.uint8)[grid]
    both = images(grid) + images(reversed_ends)
    return min(bytes(image.shape) + image.tobytes() for image in both)
