"""Plain tokens: any inputs and labels; an answer is right where it equals the label, and there is no other rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.tasks.symmetries import Symmetries
from unsettled.measure.tasks.task import Mask, Tokens


@dataclass(frozen=True)
class TokenTask:
    """Sequences of tokens. ``ignore`` is the label of cells that are not counted, None where all are.

    Example:
        >>> TokenTask(vocabulary=4, shape=(5,)).draw(np.array([1, 2, 3, 0, 0]))
        '1 2 3 0 0'
    """

    vocabulary: int
    shape: tuple[int, ...]
    ignore: int | None = None
    name: str = "tokens"

    def valid(self, inputs: Tokens, answers: Tokens) -> Mask | None:
        """Tokens have no rule."""
        return None

    def conflicts(self, answers: Tokens) -> NDArray[np.int16] | None:
        """Tokens have no constraints."""
        return None

    def givens(self, inputs: Tokens) -> NDArray[np.int16] | None:
        """Tokens give nothing away."""
        return None

    def symmetries(self, count: int, rng: np.random.Generator) -> Symmetries | None:
        """Tokens have no symmetries."""
        return None

    def draw(self, tokens: Tokens) -> str:
        """The numbers of one example, a line for each row of its shape."""
        rows = np.asarray(tokens).reshape(-1, self.shape[-1])
        return "\n".join(" ".join(map(str, row)) for row in rows.tolist())
