"""Where a draw starts, and what disturbs it: symmetries of the puzzle, random initial states, a carry with noise.

Every random number hangs on the seed, the kind, the draw and the puzzle's id alone, never on the batch it is drawn in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.networks.protocol import State
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.symmetries import Symmetries, identities
from unsettled.measure.tasks.task import Task, cells_of, described

# What a draw may be, and the stream of random numbers that each takes.
KINDS: dict[str, str] = {
    "trained": "the trained start, alone: its draws are all the same",
    "symmetry": "the trained start on a random image of the puzzle under a symmetry, answers mapped back; draw 0 is the puzzle itself",
    "random": "all latents drawn from a normal distribution, entry by entry",
    "perturbed": "the trained start, with normal noise on the carry before every segment",
    "digits": "the trained start on the puzzle with its tokens relabelled, answers mapped back; draw 0 is the puzzle itself",
}


def check_symmetry(task: Task, kind: str = "symmetry") -> None:
    """Raises UserError where a task has no symmetries to restart from, or, for the kind ``digits``, none that rename tokens."""
    found = task.symmetries(8, np.random.default_rng(0))
    if found is None:
        raise UserError(f"{described(task)} have no symmetries", hint="restart from --starts random,perturbed")
    if kind == "digits" and (found.tokens == np.arange(task.vocabulary)).all():
        raise UserError(f"{described(task)} have no tokens to relabel", hint="restart from --starts symmetry")


@dataclass(frozen=True, kw_only=True)
class Starts:
    """Draws of one kind.

    Attributes:
        kind: one of `KINDS`.
        seed: of every random number.
        scale: standard deviation of a random initial state; after an update a state of an HRM or a TRM has root mean square 1.
        sigma: standard deviation of the noise on a perturbed carry, per segment.

    Raises:
        UserError: an unknown kind, or a scale that is not positive.
    """

    kind: str
    seed: int = 0
    scale: float = 1.0
    sigma: float = 0.3

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"no starts are called {self.kind!r}", hint="one of " + ", ".join(KINDS))
        at_least(0, self.seed, "seed")
        for name in ("scale", "sigma"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UserError(f"{name} is {getattr(self, name)}, it must be a positive number")

    def symmetries(self, ids: np.ndarray, draws: np.ndarray, task: Task) -> Symmetries:
        """One symmetry for each row, (R,) ids and draws; the identity but for draws 1, 2, … of the kinds ``symmetry`` and ``digits``.

        The latter leaves every cell where it is.

        Raises:
            UserError: draws by symmetry of a task that has none.
        """
        found = identities(len(ids), cells_of(task), task.vocabulary)
        if self.kind in ("symmetry", "digits"):
            check_symmetry(task, self.kind)
            for row in np.flatnonzero(draws):
                drawn = task.symmetries(1, self._generator(ids[row], draws[row]))
                assert drawn is not None
                found.tokens[row] = drawn.tokens[0]
                if self.kind == "symmetry":
                    found.source[row] = drawn.source[0]
        return found

    def initial(self, trained: State, ids: np.ndarray, draws: np.ndarray) -> State:
        """The initial state of each row, where the network itself starts from ``trained``."""
        if self.kind != "random":
            return trained
        return _noise([self._generator(*row) for row in zip(ids, draws, strict=True)], trained, self.scale)

    def disturbance(self, ids: np.ndarray, draws: np.ndarray) -> Callable[[State], State] | None:
        """What is done to the carry before every segment; None where nothing is."""
        if self.kind != "perturbed":
            return None
        generators = [self._generator(*row) for row in zip(ids, draws, strict=True)]

        def disturb(state: State) -> State:
            return tuple(part + noise for part, noise in zip(state, _noise(generators, state, self.sigma), strict=True))

        return disturb

    def _generator(self, identity: int, draw: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, list(KINDS).index(self.kind), int(draw), int(identity) & (2**63 - 1)])


def _noise(generators: list[np.random.Generator], like: State, scale: float) -> State:
    """Normal noise of the shape of a state, one generator for each row."""
    drawn = []
    for part in like:
        rows = [generator.standard_normal(part.shape[1:], np.float32) for generator in generators]
        drawn.append(scale * torch.from_numpy(np.stack(rows)).to(part))
    return tuple(drawn)


def last_bit_start(seed: int) -> Callable[[State], State]:
    """A start that differs from the trained one by ±1 unit of the last place, per element: that of float32, or of a coarser type."""

    def perturb(state: State) -> State:
        generator = torch.Generator().manual_seed(seed)

        def moved(part: Tensor) -> Tensor:
            sign = torch.randint(0, 2, part.shape, generator=generator).to(part) * 2 - 1
            return part * (1 + sign * max(torch.finfo(torch.float32).eps, torch.finfo(part.dtype).eps))

        return tuple(map(moved, state))

    return perturb


def noisy_start(seed: int, scale: float) -> Callable[[State], State]:
    """The trained start plus Gaussian noise of ``scale`` times its root mean square, the same draw for every puzzle."""

    def start(state: State) -> State:
        generator = torch.Generator().manual_seed(seed)

        def moved(part: Tensor) -> Tensor:
            noise = torch.randn(part.shape[1:], generator=generator).to(part)
            # example by example, since a network's start may hang on the question
            size = torch.stack([row.square().mean().sqrt() for row in part]).reshape(-1, *[1] * (part.ndim - 1))
            return part + scale * size * noise

        return tuple(map(moved, state))

    return start
