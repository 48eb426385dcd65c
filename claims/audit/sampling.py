"""Which rows of a record are measured again, what that costs, and what it gave."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from unsettled.claims.populations.populations import Population
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.support.facts import ModelFacts

# What one population may take, three seconds or so of one core, in units of `cost_of_row`; and the bounds of what that is spent on.
AFFORDABLE, FEWEST, MOST = 60_000_000_000, 3, 32
# What all populations of a run take together; and in how many of them rows are made up at most, which takes as long.
TOGETHER, MADE_UP_IN = 90_000_000_000, 3
DEAR = "a row takes minutes: ask for some with --remeasure-rows N"
NOT_ITS_TURN = "this run's seconds went to other records, the next runs draw others; --remeasure-rows N measures N rows of each"


class Remeasured(BaseModel):
    """What measuring rows of a record again gave.

    ``differing`` rows and ``shifted`` quantities are empty when the record stands. ``examples`` is empty where no row was measured
    again, and ``reason`` says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    population: str
    seed: int
    of: int
    examples: list[int]
    sensitive: list[str]
    differing: list[str]
    largest: dict[str, float]
    shifted: list[str] = Field(default_factory=list)
    reason: str | None = None

    @classmethod
    def none(cls, population: str, *, of: int, seed: int, reason: str) -> Remeasured:
        """No row of a record was measured again, and why."""
        return cls(population=population, seed=seed, of=of, examples=[], sensitive=[], differing=[], largest={}, reason=reason)

    @classmethod
    def refused(cls, population: str, *, of: int, seed: int, problem: str) -> Remeasured:
        """A record that cannot be measured again: it does not fit the network or the examples that it names. It does not stand."""
        return cls.none(population, of=of, seed=seed, reason=problem).model_copy(update={"differing": [problem]})

    @property
    def stands(self) -> bool:
        """Whether no row is otherwise than recorded, each row's own noise granted; no row may have been measured."""
        return not self.differing and not self.shifted


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


def cost_of_row(network: ModelFacts, record: Record) -> int:
    """Multiplications that one row takes, up to a common factor.

    The network's share is read from its checkpoint, the rollout's from the record's columns: never from what a record says of itself.
    """
    parameters = network.parameters // (2 if network.architecture == "hrm" else 1)
    return max(1, parameters * network.tokens * network.updates_per_segment * record.segments * (1 + record.k))


def affordable_rows(cost: int, *, among: int = 1) -> int:
    """How many rows of that cost are measured again when nobody says: a few seconds' worth, within `FEWEST` and `MOST`.

    Shared ``among`` so many populations: a run draws fewer rows of each, at least one, and the next runs draw others.
    0 where a single row costs more: of a network of the published size it takes a minute, and minutes more where
    last bits decide it, so that its numerical noise must be measured too.
    """
    share = min(AFFORDABLE, TOGETHER // among)
    return int(np.clip(share // cost, max(1, FEWEST // among), MOST)) if cost <= AFFORDABLE else 0


def rows_of_run(costs: Mapping[str, int], *, seed: int) -> dict[str, int]:
    """How many rows of each record a run measures again when nobody says, by the cost of a row of each: together for `TOGETHER`.

    The seed decides whose turn it is first; what is left then may be too little for a record whose rows are dear: 0, and other
    seeds reach it. Always the same for one seed, whatever was measured before.

    >>> rows_of_run({"a": 1_000_000_000, "b": 50_000_000_000, "c": 55_000_000_000}, seed=1)
    {'a': 30, 'c': 1, 'b': 0}
    """
    left, found = TOGETHER, {}
    for name in _in_turn(costs, seed=seed):
        found[name] = min(affordable_rows(costs[name], among=len(costs)), left // costs[name])
        left -= found[name] * costs[name]
    return found


def drawn_populations(names: Iterable[str], *, seed: int, costs: Mapping[str, int] | None = None) -> set[str]:
    """The populations in whose records a run plants made-up rows, by its seed: all where they are few.

    With the ``costs`` of a row of each, as many of them as are planted in for `AFFORDABLE`, the first in any case.
    """
    drawn = _in_turn(names, seed=seed)[:MADE_UP_IN]
    spent = np.cumsum([(costs or {}).get(name, 0) for name in drawn])
    return {name for place, name in enumerate(drawn) if not place or spent[place] <= AFFORDABLE}


def _in_turn(names: Iterable[str], *, seed: int) -> list[str]:
    """Names in the order that a seed gives, whatever order they come in."""
    ordered = sorted(names)
    return [ordered[place] for place in np.random.default_rng([seed, len(ordered)]).permutation(len(ordered))]
