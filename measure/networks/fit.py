"""Whether examples fit a network: as many tokens and cells as it reads, and an embedding for every puzzle identifier."""

from __future__ import annotations

from math import isqrt

from unsettled.measure.errors import UserError
from unsettled.measure.networks.recursive import RecursiveModel
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.task import cells_of


def fit(model: RecursiveModel, examples: Examples, *, trained_on: str | None = None, where: object = None) -> None:
    """Give a network of any length that of the examples, and refuse what it cannot read.

    Args:
        model: its length is changed in place where no tensor depends on it (`ModelConfig.any_length`).
        trained_on: name of the task of which its training data are, if a configuration tells: a maze network of any length could
            read 4×4 Sudoku, which has as many tokens, and its answers would mean nothing.
        where: the checkpoint, for the message.

    Raises:
        UserError: no examples, another shape or vocabulary (with both), another task, or an identifier without an embedding.
    """
    if not len(examples):
        raise UserError("the puzzle set is empty")
    config, task = model.config, examples.task
    cells = cells_of(task)
    # plain tokens may leave some of a vocabulary unused, and tell only those that occur
    readable = task.vocabulary <= config.vocabulary if task.name == "tokens" else task.vocabulary == config.vocabulary
    if not readable or not (config.any_length or cells == config.cells):
        reads = "any number of cells" if config.any_length else _shaped(config.cells)
        given = "×".join(map(str, task.shape)) if len(task.shape) > 1 else _shaped(cells)
        tokens = f"{task.vocabulary} tokens against {config.vocabulary}"
        raise UserError(f"the {_noun(task.name)} are {given}, the checkpoint reads {reads} ({tokens})", where=where)
    if trained_on is not None and task.name not in (trained_on, "tokens"):
        raise UserError(f"the examples are {task.name}, but its configuration names {trained_on} as what it was trained on", where=where)
    known = max(config.puzzle_identifiers, 1)
    if not 0 <= int(examples.identifiers.min()) <= int(examples.identifiers.max()) < known:
        largest = int(examples.identifiers.max())
        raise UserError(
            f"a puzzle has identifier {largest}, the checkpoint has embeddings for 0 to {known - 1}",
            where=where,
            hint="give the data set that it was trained with",
        )
    if config.any_length and cells != config.cells:
        model.set_cells(cells)


def _shaped(cells: int) -> str:
    """Cells as a square where they may be one."""
    side = isqrt(cells)
    return f"{side}×{side}" if side * side == cells else f"{cells} cells"


def _noun(task: str) -> str:
    return {"sudoku": "puzzles", "maze": "mazes", "arc": "grids"}.get(task, "examples")
