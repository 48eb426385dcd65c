"""Which rows of a record are measured again, what that costs, and what it gave."""

from __future__ import annotations

import hashlib

import numpy as np
from pydantic import BaseModel, ConfigDict

from unsettled.claims.populations.populations import Population
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record

# Ten seconds or so of one core, in units of `cost_of_row`; and the bounds of what that is spent on.
AFFORDABLE, FEWEST, MOST = 100_000_000_000, 4, 32


class Remeasured(BaseModel):
    """What measuring rows of a record again gave; ``differing`` is empty when the record stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    population: str
    seed: int
    of: int
    examples: list[int]
    sensitive: list[str]
    differing: list[str]
    largest: dict[str, float]

    @property
    def stands(self) -> bool:
        """Whether every row is as recorded, within its measured noise."""
        return not self.differing


def record_of(population: Population) -> Record:
    """The record of a population. Raises UserError when nothing was measured."""
    if population.record is None:
        raise UserError(population.missing or "nothing was measured", where=population.name)
    return population.record


def sample_rows(population: Population, *, rows: int, seed: int) -> np.ndarray:
    """Positions of ``rows`` random rows of a record, sorted; all of them when it has no more.

    The draw depends on the seed and the population's name alone, so that every process draws the same.
    """
    of = len(record_of(population))
    digest = hashlib.sha256(population.name.encode()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
    return np.sort(rng.choice(of, size=min(rows, of), replace=False))


def cost_of_row(population: Population) -> int:
    """Multiplications that one row of a record took, up to a common factor."""
    kept = record_of(population).provenance
    parameters = kept.model.parameters // (2 if kept.model.architecture == "hrm" else 1)
    return parameters * kept.model.tokens * kept.model.updates_per_segment * kept.segments * (1 + kept.exponents)


def affordable_rows(population: Population) -> int:
    """How many rows are measured again when nobody says: a few seconds' worth, within `FEWEST` and `MOST`.

    0 where a single row costs more: of a network of the published size it takes a minute, and minutes more where
    last bits decide it, so that its numerical noise must be measured too.
    """
    cost = cost_of_row(population)
    return int(np.clip(AFFORDABLE // cost, FEWEST, MOST)) if cost <= AFFORDABLE else 0


def calm_half(record: Record) -> Record:
    """The half of a record that moves least at the end: no last bit decides the outcome of these rows."""
    late = np.argsort(record.late_displacement(part="joint", window=1), kind="stable")
    return record.take(late[: -(-len(record) // 2)])
