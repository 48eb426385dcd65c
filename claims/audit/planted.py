"""Planted falsehoods: lies about a record whose truth is known, to show in every run that the audit can fail."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from unsettled.claims.audit.sampling import record_of
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.judge import judge
from unsettled.claims.judgement.noise_band import largest_change, noisy_values
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import DeclaredPopulation, Ledger, Paper
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.record.record import Record

FOLDER = Path(__file__).parents[2] / "fixtures" / "falsehoods"
FALSEHOODS, DIGITS = FOLDER / "falsehoods.toml", FOLDER / "digits.toml"
SEED = 20_240_001
CLAIM: TypeAdapter[AnyClaim] = TypeAdapter(AnyClaim)


class Falsehood(BaseModel):
    """One lie, as `fixtures/falsehoods/falsehoods.toml` describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    what: str
    expect: Outcome
    prints: str
    claim: dict[str, Any]
    value_off: float = 0.0  # beyond the numerical noise
    count_off: int = 0
    step_off: float = 0.0
    corrupt: str | None = None
    of_rows: bool = False


class Planted(BaseModel):
    """What became of one falsehood: its verdict, and that of the truth beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    what: str
    population: str
    stated: str
    expected: str
    outcome: str
    reason: str
    truth_stated: str
    truth: str

    @property
    def caught(self) -> bool:
        """Whether the lie came out as expected."""
        return self.outcome == self.expected


def _swap_outcomes(record: Record, rng: np.random.Generator) -> Record:
    return record.replace(solved=~record.solved, solved_at=~record.solved_at)


def _shuffle_exponents(record: Record, rng: np.random.Generator) -> Record:
    return record.replace(growth=record.growth[rng.permutation(len(record))])


CORRUPTIONS: dict[str, Callable[[Record, np.random.Generator], Record]] = {
    "swap_outcomes": _swap_outcomes,
    "shuffle_exponents": _shuffle_exponents,
}


@lru_cache(maxsize=1)
def corrupted_by(name: str, record: Record) -> Record:
    """A record corrupted in one of these ways."""
    return CORRUPTIONS[name](record, np.random.default_rng(SEED))


def read_falsehoods(path: Path = FALSEHOODS) -> list[Falsehood]:
    """The falsehoods of a file."""
    return TypeAdapter(list[Falsehood]).validate_python(tomllib.loads(path.read_text(encoding="utf-8"))["falsehood"])


def plant(falsehood: Falsehood, population: Population) -> tuple[Verdict, Verdict]:
    """Verdicts on (the truth, the lie) about a population's record, as if the claim were its own.

    The truth is the figure that the catalogue computes on the record, printed as the falsehood says. A wrong value is wrong by
    more than the record's numerical noise can move it: what noise explains is not a falsehood that an audit could find.
    """
    record = record_of(population)
    statistic = lookup(falsehood.claim["statistic"])
    parameters = statistic.parameters.model_validate(falsehood.claim.get("parameters", {}))
    value = statistic.function(record, parameters).value
    rows, count = len(record), round(value * len(record))
    truth = falsehood.prints.format(value=value, count=count, rows=rows)
    moved = value + falsehood.value_off + falsehood.step_off / rows
    if falsehood.value_off:
        noise = largest_change(noisy_values(statistic, parameters, record), value)
        moved += math.copysign(noise, falsehood.value_off)
    if falsehood.count_off:
        noise = largest_change(noisy_values(statistic, parameters, record), value)
        count += falsehood.count_off + math.ceil(noise * rows)
    lie = falsehood.prints.format(value=moved, count=count, rows=rows)
    corrupted = corrupted_by(falsehood.corrupt, record) if falsehood.corrupt else record
    return _judge(falsehood, population, truth, record), _judge(falsehood, population, lie, corrupted)


def explained_by_noise(falsehood: Falsehood, population: Population) -> bool:
    """Whether a corrupted record gives a value that noise alone can give: what noise explains is no falsehood that an audit could find."""
    record = population.record
    if falsehood.corrupt is None or record is None:
        return False
    statistic = lookup(falsehood.claim["statistic"])
    parameters = statistic.parameters.model_validate(falsehood.claim.get("parameters", {}))
    both = (record, corrupted_by(falsehood.corrupt, record))
    values = [statistic.function(one, parameters).value for one in both]
    noise = [largest_change(noisy_values(statistic, parameters, one), value) for one, value in zip(both, values, strict=True)]
    return abs(values[1] - values[0]) <= max(noise)


def outcome_of(falsehood: Falsehood, population: Population) -> Planted | None:
    """Plant one falsehood and say what became of it; None of a corruption that noise explains."""
    if explained_by_noise(falsehood, population):
        return None
    truth, lie = plant(falsehood, population)
    return Planted(
        name=falsehood.name,
        what=falsehood.what,
        population=population.name,
        stated=lie.stated,
        expected=falsehood.expect,
        outcome=lie.outcome,
        reason=lie.reason,
        truth_stated=truth.stated,
        truth=truth.outcome,
    )


def planted_in(population: Population) -> dict[str, Planted | None]:
    """What became of every falsehood in one population, by name."""
    return {falsehood.name: outcome_of(falsehood, population) for falsehood in read_falsehoods()}


def _judge(falsehood: Falsehood, population: Population, stated: str, record: Record) -> Verdict:
    """The verdict on one printed figure, asked as a recomputation of the population's own claim."""
    claim: AnyClaim = CLAIM.validate_python(
        {
            "id": falsehood.name,
            "words": falsehood.what,
            "locator": "planted",
            "stated": stated,
            "population": population.name,
            "form": {"test": "not_applicable", "reason": "planted"},
            **({"of": len(record)} if falsehood.of_rows else {}),
            **falsehood.claim,
        }
    )
    ledger = Ledger(
        paper=Paper(title="Planted falsehoods", source=FALSEHOODS.name),
        populations=(DeclaredPopulation(name=population.name, words="the claim's own"),),
        claims=(claim,),
        path=FALSEHOODS,
    )
    own = replace(population, record=record, same_examples=True)
    return judge(claim, own, record, ledger=ledger).model_copy(update={"planted": True})
