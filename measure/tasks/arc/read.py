"""ARC puzzles from JSON: one file of tasks, or challenges with a file of solutions beside them, as Kaggle has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.arc.task import Arc, canvas
from unsettled.measure.tasks.examples import Examples

Pair = tuple[Any, Any]


def read_arc(path: Path, *, split: str = "test", shape: tuple[int, int] = (30, 30)) -> Examples:
    """The tests of every puzzle, or with ``split="train"`` its demonstrations, each on a canvas; the examples of a puzzle are a group.

    ``identifiers.json`` beside the file (a list of names) gives each puzzle the identifier that a network was trained with; without one,
    or for a puzzle that it does not name, it is 0, the blank one.

    Raises:
        UserError: no such file, JSON of another shape, a colour outside 0–9, a grid that does not fit, or no example with an answer.
    """
    path = _file_of(path, split)
    puzzles = _puzzles_in(path)
    if "train" in puzzles and "test" in puzzles:  # one puzzle alone, as the original repository keeps them
        puzzles = {path.stem: puzzles}
    answers = _solutions_beside(path)
    names = _identifiers_beside(path)
    inputs, labels, identifiers, groups = [], [], [], []
    for number, (name, puzzle) in enumerate(puzzles.items()):
        for question, answer in _pairs(name, puzzle, answers, split, path):
            inputs.append(_painted(question, shape, f"{path}: {name}"))
            labels.append(_painted(answer, shape, f"{path}: {name}"))
            identifiers.append(names.get(name, 0))
            groups.append(number)
    if not inputs:
        raise UserError("no example has an answer", where=path, hint="put the file of solutions beside the challenges")
    return Examples.of(Arc(shape), np.stack(inputs), np.stack(labels), identifiers=np.array(identifiers), groups=np.array(groups))


def _file_of(path: Path, split: str) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob(f"*{split}*challenges*.json")) or sorted(path.glob("*challenges*.json"))
    if not found:
        raise UserError("no such file", where=path, hint="name ARC's JSON")
    return found[0]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"is not JSON: {error}", where=f"{path}:{getattr(error, 'lineno', 1)}") from error


def _puzzles_in(path: Path) -> dict[str, Any]:
    found = _json(path)
    if not isinstance(found, dict):
        raise UserError("holds no puzzles by name", where=path)
    return found


def _solutions_beside(path: Path) -> dict[str, Any]:
    beside = path.with_name(path.name.replace("challenges", "solutions"))
    return _puzzles_in(beside) if beside != path and beside.exists() else {}


def _identifiers_beside(path: Path) -> dict[str, int]:
    for place in (path.parent / "identifiers.json", path.parent.parent / "identifiers.json"):
        if place.exists():
            names = _json(place)
            return {str(name): number for number, name in enumerate(names)} if isinstance(names, list) else {}
    return {}


def _pairs(name: str, puzzle: Any, answers: dict[str, Any], split: str, path: Path) -> Iterator[Pair]:
    """The examples of one puzzle that have an answer."""
    pairs = puzzle.get("train" if split == "train" else "test") if isinstance(puzzle, dict) else None
    if not isinstance(pairs, list) or not all(isinstance(pair, dict) and "input" in pair for pair in pairs):
        raise UserError(f"puzzle {name!r} has no list of examples", where=path)
    for number, pair in enumerate(pairs):
        known = answers.get(name, [])
        answer = pair.get("output", known[number] if split != "train" and number < len(known) else None)
        if answer is not None:
            yield pair["input"], answer


def _painted(grid: Any, shape: tuple[int, int], where: str) -> np.ndarray:
    try:
        return canvas(np.array(grid, dtype=np.int64), shape).ravel()
    except (ValueError, TypeError, OverflowError):
        raise UserError("a grid is not a rectangle of colours", where=where) from None
    except UserError as error:
        raise UserError(error.what, where=where, hint=error.hint) from None
