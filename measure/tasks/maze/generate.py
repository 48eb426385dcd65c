"""Random mazes with a unique shortest path: a tree of corridors on a lattice, some walls opened, two ends.

Cells of the lattice lie at even rows and columns of a grid of odd side, walls between them. The tree grows cell by
cell, mostly from where it grew last: the stronger that preference, the longer the corridors (it is depth-first search
in the one limit, Prim's method with random weights in the other). Opened walls make loops. A maze is kept where its
shortest path is the only one and long enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.errors import UserError
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.maze.grid import GOAL, OPEN, START, WALL, Grids, Mask, answers, canonical, solve
from unsettled.measure.tasks.maze.task import Maze

#: A source of which less than one in so many candidates can be kept is refused.
MOST_TRIES = 100_000


@dataclass(frozen=True)
class Source:
    """What mazes are drawn."""

    side: int = 9
    openings: tuple[int, int] = (0, 6)  # least and most number of walls that are opened once the tree stands
    shortest: int = 0  # least and most steps of a path; no most if None
    longest: int | None = None

    def __post_init__(self) -> None:
        if self.side < 3 or self.side % 2 == 0:
            raise UserError(f"a lattice needs an odd side of at least 3, not {self.side}")
        if not 0 <= self.openings[0] <= self.openings[1]:
            raise UserError(f"openings must be 0 ≤ least ≤ most, not {self.openings}")

    def admits(self, length: NDArray[np.int64]) -> Mask:
        """Which paths of so many steps are long and short enough."""
        return (length >= self.shortest) & (self.longest is None or length <= self.longest)


@dataclass(frozen=True)
class Mazes:
    """N mazes with their labels, and the steps of their shortest path as rating."""

    questions: Grids
    labels: Grids
    rating: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.questions)

    def take(self, rows: NDArray[np.intp] | slice) -> Mazes:
        """Some of them, in the given order."""
        return Mazes(self.questions[rows], self.labels[rows], self.rating[rows])


def draw(source: Source, count: int, rng: np.random.Generator) -> Mazes:
    """``count`` mazes; what is drawn depends on the state of ``rng`` alone.

    Raises:
        UserError: the limits of the source leave next to nothing.
    """
    if not count:
        none = np.zeros((0, source.side, source.side), np.uint8)
        return Mazes(none, none, np.zeros(0, np.int64))
    kept: list[Grids] = []
    found = tried = 0
    while found < count:
        if tried >= MOST_TRIES and found < tried / MOST_TRIES:
            raise UserError(f"of {tried:,} mazes {found} had a unique shortest path of {source.shortest} to {source.longest} steps")
        wanted = max(16, 2 * (count - found))
        questions = _candidates(source, wanted, rng)
        solved = solve(questions)
        questions = questions[solved.unique & source.admits(solved.length)]
        kept.append(questions)
        found, tried = found + len(questions), tried + wanted
    questions = np.concatenate(kept)[:count]
    return Mazes(questions, answers(questions), solve(questions).length)


def draw_unlike(source: Source, count: int, rng: np.random.Generator, taken: set[bytes], *, add: bool = False) -> Mazes:
    """``count`` mazes of which none is equivalent to one in ``taken`` (see `grid.canonical`).

    Args:
        taken: canonical forms to stay away from.
        add: also put what is drawn into ``taken``, so that no two of them are equivalent.
    """
    parts: list[Mazes] = []
    missing, tried = count, 0
    while missing:
        drawn = draw(source, missing, rng)
        rows = []
        for row, question in enumerate(drawn.questions):
            form = canonical(question)
            if form in taken:
                continue
            if add:
                taken.add(form)
            rows.append(row)
        parts.append(drawn.take(np.array(rows, np.intp)))
        missing, tried = missing - len(rows), tried + len(drawn)
        if tried > MOST_TRIES + 2 * count and missing:
            raise UserError(f"of {tried:,} mazes all but {count - missing} were equivalent to those already taken")
    if not parts:
        return draw(source, 0, rng)
    fields = ((part.questions, part.labels, part.rating) for part in parts)
    questions, labels, rating = (np.concatenate(column) for column in zip(*fields, strict=True))
    return Mazes(questions, labels, rating)


def generate(source: Source, count: int, *, seed: int) -> Examples:
    """``count`` mazes as examples, no two of them equivalent; the rating is the number of steps of the shortest path."""
    at_least(1, count, "count"), at_least(0, seed, "seed")
    mazes = draw_unlike(source, count, np.random.default_rng(seed), set(), add=True)
    shape = (source.side, source.side)
    return Examples.of(Maze(shape), mazes.questions.reshape(count, -1), mazes.labels.reshape(count, -1), rating=mazes.rating)


def hardest(mazes: Mazes, keep: int) -> Mazes:
    """The ``keep`` of the highest rating; of equals the first."""
    return mazes.take(np.argsort(-mazes.rating, kind="stable")[: at_least(0, keep, "keep")])


def _candidates(source: Source, count: int, rng: np.random.Generator) -> Grids:
    """``count`` mazes with two ends, whatever their paths."""
    size = source.side // 2 + 1
    here, there = _edges(size)
    walls = _walls(here, there, size, source.side)
    grids = np.full((count, source.side, source.side), WALL, np.uint8)
    grids[:, ::2, ::2] = OPEN
    flat = grids.reshape(count, -1)
    _grow(flat, here, there, walls, size * size, rng)
    _open_more(flat, np.unique(walls), source.openings, rng)
    cells = 2 * (np.arange(size * size) // size) * source.side + 2 * (np.arange(size * size) % size)
    ends = cells[rng.random((count, size * size)).argsort(axis=1)[:, :2]]
    rows = np.arange(count)
    flat[rows, ends[:, 0]] = START
    flat[rows, ends[:, 1]] = GOAL
    return grids


def _edges(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Both ends of every directed edge of a square lattice, its cells counted row by row."""
    cell = np.arange(size * size).reshape(size, size)
    pairs = [(cell[:, :-1], cell[:, 1:]), (cell[:-1], cell[1:])]
    one = np.concatenate([first.ravel() for first, _ in pairs])
    other = np.concatenate([second.ravel() for _, second in pairs])
    return np.concatenate((one, other)), np.concatenate((other, one))


def _walls(here: NDArray[np.int64], there: NDArray[np.int64], size: int, side: int) -> NDArray[np.int64]:
    """The cell of the grid between the ends of every edge."""
    row = here // size + there // size
    column = here % size + there % size
    return row * side + column


def _grow(
    flat: Grids, here: NDArray[np.int64], there: NDArray[np.int64], walls: NDArray[np.int64], cells: int, rng: np.random.Generator
) -> None:
    """Open a spanning tree in every maze: of the edges that leave it, the one with the highest of age and chance."""
    count = len(flat)
    rows = np.arange(count)
    preference = rng.choice(np.array([0.0, 0.1, 0.3, 1.0]), (count, 1))  # 1 is depth-first, 0 Prim with random weights
    age = np.full((count, cells), -1)
    age[rows, rng.integers(0, cells, count)] = 0
    for step in range(1, cells):
        leaves = (age[:, here] >= 0) & (age[:, there] < 0)
        score = np.where(leaves, preference * age[:, here] + rng.random((count, len(here))), -1.0)
        best = score.argmax(axis=1)
        age[rows, there[best]] = step
        flat[rows, walls[best]] = OPEN


def _open_more(flat: Grids, walls: NDArray[np.int64], openings: tuple[int, int], rng: np.random.Generator) -> None:
    """Open a uniform number of the walls that are left in every maze."""
    closed = flat[:, walls] == WALL
    order = np.where(closed, rng.random(closed.shape), 2.0).argsort(axis=1).argsort(axis=1)
    wanted = rng.integers(openings[0], openings[1] + 1, (len(flat), 1))
    rows, columns = np.nonzero(closed & (order < wanted))
    flat[rows, walls[columns]] = OPEN
