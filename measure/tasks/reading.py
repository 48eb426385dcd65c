"""Examples of any task from files; says which task it took, and why.

What a file is, is asked of its content: a maze has one start and one goal in every example, the solutions of a Sudoku are legal boards; the
length of a sequence tells nothing by itself. Sudoku keeps the checks of `unsettled.measure.tasks.read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.tasks.arc.read import read_arc
from unsettled.measure.tasks.arc.task import VOCABULARY as ARC_TOKENS
from unsettled.measure.tasks.arc.task import Arc
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.maze.grid import GOAL, START
from unsettled.measure.tasks.maze.grid import VOCABULARY as MAZE_TOKENS
from unsettled.measure.tasks.maze.read import is_maze_table, read_maze_csv
from unsettled.measure.tasks.maze.task import Maze
from unsettled.measure.tasks.published import Split, split_at
from unsettled.measure.tasks.read import read_puzzles
from unsettled.measure.tasks.sources import check_draw
from unsettled.measure.tasks.sudoku.boards import BLANK, Box, PuzzleSet, conflicts
from unsettled.measure.tasks.task import Task, Tokens
from unsettled.measure.tasks.token_table import has_tokens, read_token_table
from unsettled.measure.tasks.tokens import TokenTask

if TYPE_CHECKING:
    from unsettled.measure.tasks.sudoku.vetted import Several

Name = Literal["sudoku", "maze", "arc", "tokens"]
NAMES: tuple[Name, ...] = ("sudoku", "maze", "arc", "tokens")
# examples of a set that are looked at to tell its task
LOOKED_AT = 64


@dataclass(frozen=True)
class Reading:
    """Examples, and why they were taken for their task."""

    examples: Examples
    why: str
    notes: tuple[str, ...] = ()


@bounded("table")
def read_examples(
    path: str | Path,
    *,
    split: str = "test",
    limit: int | None = None,
    seed: int | None = None,
    task: str | None = None,
    columns: Mapping[str, str] | None = None,
    several: Several | None = None,
) -> Reading:
    """Read examples from whatever ``path`` is.

    Args:
        path: a folder in the published layout, ARC's JSON, a CSV ``source,question,answer,rating``, Parquet of puzzles, or Parquet with the
            list columns ``inputs`` and ``labels``.
        split: which split of a folder; of ARC's JSON, "train" takes the demonstrations and any other the tests.
        limit, seed: at most so many examples, the first ones, or drawn with a seed.
        columns: names of the columns ``question``, ``answer``, ``rating`` and ``example_id``, where they are not the usual ones.
        several: look whether each Sudoku has one solution and which are equivalent, and ``"refuse"`` those with several solutions or
            count their answers by the rule, ``"valid"`` (see `unsettled.measure.tasks.sudoku.vetted.vetted`); None does not look.
        task: "sudoku", "maze", "arc" or "tokens" overrules what the content says.

    Raises:
        UserError: a missing or malformed source, an unknown task, or content that is not of the task asked for.
    """
    path = Path(path)
    if task is not None and task not in NAMES:
        raise UserError(f"no task is called {task!r}", hint="one of " + ", ".join(NAMES))
    check_draw(limit, seed)
    found = split_at(path, split)
    if found is not None:
        name, why = _recognised(*(part[:LOOKED_AT] for part in found.arrays[0]), vocabulary=found.vocabulary)
        name, why = (task, f"--task {task}") if task else (name, why)
        if name == "sudoku":
            return _looked_at(_with_groups(read_puzzles(path, split=split, limit=limit, seed=seed), found), why, several)
        return _limited(_of_split(found, name), why, limit, seed)
    if task == "arc" or (task is None and (path.suffix == ".json" or (path.is_dir() and any(path.glob("*challenges*.json"))))):
        return _limited(read_arc(path, split=split), "grids of colours in ARC's JSON", limit, seed)
    if task in (None, "tokens") and path.is_file() and has_tokens(path):
        return _limited(read_token_table(path), "list columns inputs and labels", limit, seed)
    if task == "maze" or (task is None and is_maze_table(path)):
        return _limited(read_maze_csv(path), "characters '# SGo' in its questions", limit, seed)
    if task in ("arc", "tokens"):
        raise UserError(f"holds nothing that could be read as {task}", where=path)
    puzzles = read_puzzles(path, split=split, limit=limit, seed=seed, columns=columns, several=several)
    return _looked_at(puzzles, "questions of digits and blanks", several)


def task_at(path: Path, split: str) -> Name:
    """Which task a path holds, as far as its first examples tell; Sudoku where nothing else is told."""
    if (found := split_at(path, split)) is not None:
        return _recognised(*(part[:LOOKED_AT] for part in found.arrays[0]), vocabulary=found.vocabulary)[0]
    return "maze" if is_maze_table(path) else "sudoku"


def _looked_at(puzzles: PuzzleSet, why: str, several: Several | None) -> Reading:
    """A reading of Sudoku, with what there is to say of its puzzles."""
    if several is None or not len(puzzles):
        return Reading(puzzles, why)
    from unsettled.measure.tasks.sudoku.vetted import vetted  # noqa: PLC0415  loads numba, which reading alone does without

    looked_at, notes = vetted(puzzles, several)
    return Reading(looked_at, why, notes)


def task_of(name: str, vocabulary: int, cells: int, *, ignore: int | None = None, where: object = None) -> Task:
    """The task of that name for sequences of that length. Raises UserError where it needs another vocabulary or a square."""
    if name == "tokens":
        return TokenTask(vocabulary, (cells,), ignore)
    side, needed = isqrt(cells), {"maze": MAZE_TOKENS, "arc": ARC_TOKENS}[name]
    if vocabulary != needed or side * side != cells:
        raise UserError(f"{vocabulary} tokens on {cells} cells are not {name}, which has {needed} on a square", where=where)
    return Maze((side, side)) if name == "maze" else Arc((side, side))


def _of_split(split: Split, name: str) -> Examples:
    inputs, labels = split.tokens()
    task = task_of(name, split.vocabulary, inputs.shape[1], ignore=split.ignore, where=split.folder)
    identifiers, groups = split.dependence()
    return Examples.of(task, inputs, labels, identifiers=identifiers, groups=groups)


def _with_groups(puzzles: PuzzleSet, split: Split) -> PuzzleSet:
    """Sudoku puzzles with the groups of their split: augmentations of one puzzle are not independent."""
    groups = split.dependence()[1][puzzles.ids]
    return PuzzleSet(puzzles.box, puzzles.inputs, puzzles.labels, puzzles.ids, puzzles.rating, groups=groups)


def _recognised(inputs: Tokens, labels: Tokens, *, vocabulary: int) -> tuple[Name, str]:
    """Which task some examples are of, and why."""
    cells, side = inputs.shape[1], isqrt(inputs.shape[1])
    board = side * side == cells and side >= 4 and vocabulary == side + 2
    if board and len(inputs) and labels.min() > BLANK and labels.max() <= side + 1 and not conflicts(labels, Box.from_size(side)).any():
        return "sudoku", "legal boards in the published layout"
    ends = ((inputs == START).sum(axis=1) == 1) & ((inputs == GOAL).sum(axis=1) == 1)
    if vocabulary == MAZE_TOKENS and len(inputs) and ends.all():
        return "maze", "6 tokens, with one start and one goal in every example"
    if vocabulary == ARC_TOKENS and side * side == cells:
        return "arc", "12 tokens on a square canvas"
    if board:
        return "sudoku", f"{vocabulary} tokens on {side}×{side} cells"
    return "tokens", f"{vocabulary} tokens on {cells} cells, which are of no known task"


def _limited(examples: Examples, why: str, limit: int | None, seed: int | None) -> Reading:
    return Reading(examples.take(_chosen(len(examples), limit, seed)), why)


def _chosen(count: int, limit: int | None, seed: int | None) -> NDArray[np.int64]:
    """Positions of the first ``limit`` rows, or of so many drawn with a seed, in their order."""
    rows = np.arange(count)
    if limit is None or limit >= count:
        return rows
    return rows[:limit] if seed is None else np.sort(np.random.default_rng(seed).choice(count, limit, replace=False, shuffle=False))
