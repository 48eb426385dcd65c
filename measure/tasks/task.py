"""What a set of examples is about: its tokens and cells, when an answer is right, what can be counted, and how an example is drawn.

A task knows its rule. Sudoku counts violated units; a maze can be solved by another path than the label's; ARC and plain tokens know no
rule but equality with the label. What a task does not have is None, and then absent from its records.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.tasks.symmetries import Symmetries

Tokens = NDArray[np.integer]
Mask = NDArray[np.bool_]


class Task(Protocol):
    """One kind of examples.

    Attributes:
        name: "sudoku", "maze", "arc" or "tokens".
        vocabulary: number of tokens, padding included.
        shape: of the cells of one example; their number is the length of a sequence.
        ignore: the label of cells that are not counted; None where all are.
    """

    @property
    def name(self) -> str: ...
    @property
    def vocabulary(self) -> int: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def ignore(self) -> int | None: ...

    def valid(self, inputs: Tokens, answers: Tokens) -> Mask | None:
        """Which answers (N, S, cells) keep the rule for their inputs (N, cells), whatever the label says; None without a rule."""
        ...

    def conflicts(self, answers: Tokens) -> NDArray[np.int16] | None:
        """(N, S) how many constraints answers (N, S, cells) violate; None where a task counts none."""
        ...

    def givens(self, inputs: Tokens) -> NDArray[np.int16] | None:
        """(N,) how many cells the inputs (N, cells) give away; None where a task has none."""
        ...

    def symmetries(self, count: int, rng: np.random.Generator) -> Symmetries | None:
        """``count`` random symmetries, under which an example's answer moves with it; None where a task has none."""
        ...

    def draw(self, tokens: Tokens) -> str:
        """One example (cells,) as text, a line for each row."""
        ...


def cells_of(task: Task) -> int:
    """Number of cells of one example."""
    return int(np.prod(task.shape))


def described(task: Task) -> str:
    """A task in one phrase: "9×9 sudoku, 11 tokens"."""
    return f"{'×'.join(map(str, task.shape))} {task.name}, {task.vocabulary} tokens"
