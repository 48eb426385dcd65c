"""The table of draws as policies see it: signals that need no label, kept apart from the outcomes that score them. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.policies.plan import KIND, LONG, Plan
from unsettled.measure.record.side import SideRecord
from unsettled.measure.support.files import validated

LATE = 4
UNTOLD = {"exponent": "λ₁ was not measured along these draws", "halting": "the network of these draws tells no confidence"}


@dataclass(frozen=True, kw_only=True)
class Signals:
    """What N puzzles show in K draws after each of S segments, every array (N, K, S); nothing here depends on a label.

    Attributes:
        halting: logit, NaN where the network tells none; displacement: ‖Δz‖₂ of the first latent over the segment; growth: λ₁ in nats
            per segment, NaN where not measured.
        conflicts, broken: rows, columns and boxes that the board violates, and clues that it does not hold.
        board: a number for the decoded board, equal within a puzzle exactly for equal boards.
    """

    halting: np.ndarray
    displacement: np.ndarray
    growth: np.ndarray
    conflicts: np.ndarray
    broken: np.ndarray
    board: np.ndarray

    def __post_init__(self) -> None:
        shapes = {array.shape for array in vars(self).values()}
        if len(shapes) != 1 or self.halting.ndim != 3:
            raise UserError(f"signals have shapes {sorted(shapes)}, expected puzzles, draws and segments")

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.halting.shape

    def tells(self, name: str) -> bool:
        """Whether a score or a rule of that name can be told: λ₁ may not have been measured, a network may tell no confidence."""
        if name == "exponent":
            return not bool(np.isnan(self.growth).any())
        return name != "halting" or not bool(np.isnan(self.halting).all())  # of a draw that diverged it is NaN as well

    def known(self, names: Iterable[str]) -> list[str]:
        """Those of the names that `tells` holds of."""
        return [name for name in names if self.tells(name)]

    @property
    def consistent(self) -> np.ndarray:
        """(N, K, S) whether the board holds every clue and violates nothing: checked without the solution."""
        found: np.ndarray = (self.conflicts == 0) & (self.broken == 0)
        return found

    def take(self, rows: np.ndarray) -> Signals:
        """The puzzles at ``rows`` (positions or a boolean mask)."""
        return Signals(**{name: array[rows] for name, array in vars(self).items()})

    def score(self, name: str, stop: np.ndarray) -> np.ndarray:
        """(N, K) how promising each draw looks after ``stop`` (N, K) segments, higher is better; −inf for draws not run.

        ``halting``: the logit after the last of them. ``displacement``: minus its mean over the last four of them.
        ``exponent``: minus λ₁ over all of them. ``conflicts``: minus the violated units of the board after the last.
        """
        last = np.maximum(stop, 1)[..., None] - 1
        if not self.tells(name):
            raise UserError(UNTOLD[name])
        if name == "halting":
            values = np.take_along_axis(self.halting, last, axis=2)[..., 0].astype(np.float64)
        elif name == "conflicts":
            values = -np.take_along_axis(self.conflicts, last, axis=2)[..., 0].astype(np.float64)
        elif name == "displacement":
            values = -_mean_up_to(self.displacement, stop, LATE)
        elif name == "exponent":
            values = -_mean_up_to(self.growth, stop, self.shape[2])
        else:
            raise UserError(f"no score is called {name!r}", hint="halting, displacement, exponent or conflicts")
        return np.where(stop > 0, values, -np.inf)


def _mean_up_to(values: np.ndarray, stop: np.ndarray, window: int) -> np.ndarray:
    """(N, K) mean of (N, K, S) values over the last ``window`` segments before ``stop`` (fewer where there are fewer)."""
    sums = np.concatenate([np.zeros((*values.shape[:2], 1)), np.cumsum(values, axis=2, dtype=np.float64)], axis=2)
    stop = np.maximum(stop, 1)
    first = np.maximum(stop - window, 0)
    ends = (np.take_along_axis(sums, at[..., None], axis=2)[..., 0] for at in (stop, first))
    found: np.ndarray = (next(ends) - next(ends)) / (stop - first)
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """One kind of draws: what they show, and whether each board (N, K, S) is right."""

    kind: str
    signals: Signals
    solved: np.ndarray

    def __len__(self) -> int:
        return len(self.solved)

    def take(self, rows: np.ndarray) -> Draws:
        return replace(self, signals=self.signals.take(rows), solved=self.solved[rows])


@dataclass(frozen=True)
class Table:
    """All draws of one checkpoint on one puzzle set.

    ``restarts`` maps a kind to its draws; ``long`` is the one long rollout (K = 1); ``updates`` are state updates per segment.
    """

    restarts: Mapping[str, Draws]
    long: Draws
    plan: Plan
    updates: int
    example_id: np.ndarray

    def __len__(self) -> int:
        return len(self.example_id)

    def take(self, rows: np.ndarray) -> Table:
        """The puzzles at ``rows``."""
        restarts = {kind: draws.take(rows) for kind, draws in self.restarts.items()}
        return replace(self, restarts=restarts, long=self.long.take(rows), example_id=self.example_id[rows])


def table_of(side: SideRecord) -> Table:
    """The table in a side record. Raises UserError when the record is of another kind or lacks columns."""
    if side.provenance.kind != KIND:
        raise UserError(f"a side record of {side.provenance.kind!r} holds no draws")
    plan = validated(Plan, side.provenance.settings, None, what="settings of the draws are malformed")
    names = tuple(Signals.__dataclass_fields__)
    families = {
        kind: Draws(
            kind=kind, signals=Signals(**{name: side[f"{kind}_{name}"] for name in names}), solved=side[f"{kind}_solved"].astype(bool)
        )
        for kind in plan.families()
    }
    long = families.pop(LONG)
    return Table(families, long, plan, side.provenance.model.updates_per_segment, side["example_id"])
