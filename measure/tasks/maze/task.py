"""Mazes as a task: exact is the label's path, valid is any path of the same length, and a grid is drawn as it is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.tasks.maze.grid import CHARACTERS, VOCABULARY, Outcome, judge
from unsettled.measure.tasks.symmetries import Symmetries, of_square
from unsettled.measure.tasks.task import Mask, Tokens


@dataclass(frozen=True)
class Maze:
    """Mazes of one height and width, in the published tokens: 0 pads, then ``# SGo``."""

    shape: tuple[int, int]
    name: str = "maze"
    vocabulary: int = VOCABULARY
    ignore: int | None = 0

    def valid(self, inputs: Tokens, answers: Tokens) -> Mask:
        """Which answers mark a path from S to G of the shortest length, be it the label's or another."""
        count, segments = answers.shape[:2]
        questions = np.repeat(inputs, segments, axis=0).astype(np.uint8).reshape(-1, *self.shape)
        given = np.asarray(answers, np.uint8).reshape(-1, *self.shape)
        found = judge(questions, np.zeros_like(questions), given)  # no label: an answer is then SHORTEST at best
        return np.asarray(found == Outcome.SHORTEST).reshape(count, segments)

    def conflicts(self, answers: Tokens) -> NDArray[np.int16] | None:
        """A maze counts no constraints."""
        return None

    def givens(self, inputs: Tokens) -> NDArray[np.int16] | None:
        """A maze gives no cells of its answer away."""
        return None

    def symmetries(self, count: int, rng: np.random.Generator) -> Symmetries | None:
        """Those of the square, eight of them; of another rectangle none."""
        return of_square(count, self.shape[0], self.vocabulary, rng) if self.shape[0] == self.shape[1] else None

    def draw(self, tokens: Tokens) -> str:
        """One maze, a line for each row.

        Example:
            >>> print(Maze((2, 3)).draw(np.array([3, 5, 4, 1, 1, 1])))
            SoG
            ###
        """
        symbols = "." + CHARACTERS
        return "\n".join("".join(symbols[token] for token in row) for row in np.asarray(tokens).reshape(self.shape).tolist())
