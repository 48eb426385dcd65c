"""Where papers about the same runs contradict each other: what each predicts, and what every population shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from unsettled.claims.judgement.families import adjust
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.checks import Identifier, Words
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.shipped import CONTRADICTIONS, ledger_named
from unsettled.claims.ledger.toml import LocatedToml
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.files import validated


class Prediction(BaseModel):
    """One paper's side: a claim of a shipped ledger, and what it predicts in a few words."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ledger: Identifier
    claim: Identifier
    predicts: Words


class Contradiction(BaseModel):
    """A question that papers answer differently; ``note`` says what is missing of another side."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Identifier
    question: Words
    sides: list[Prediction] = Field(min_length=1)
    note: str = ""


class Contradictions(BaseModel):
    """The table of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    contradiction: list[Contradiction] = Field(min_length=1)


@dataclass(frozen=True)
class Answer:
    """What one population shows of one side. ``spoken_of``: the paper speaks of that architecture."""

    contradiction: Contradiction
    side: Prediction
    locator: str
    verdict: Verdict
    spoken_of: bool


def read_contradictions(path: Path = CONTRADICTIONS) -> tuple[list[Contradiction], dict[str, Ledger]]:
    """The table and the ledgers that it names.

    Raises:
        UserError: the file is malformed, or a side names a ledger or a claim that is not there, with the line.
    """
    toml = LocatedToml(path)
    found = validated(Contradictions, toml.data, path).contradiction
    ledgers: dict[str, Ledger] = {}
    for index, each in enumerate(found):
        for side in each.sides:
            try:
                ledgers.setdefault(side.ledger, load_ledger(ledger_named(side.ledger)))[side.claim]
            except UserError as error:
                raise UserError(error.what, where=toml.where("contradiction", index), hint=error.hint) from None
    return found, ledgers


def answers(populations: Iterable[Population], path: Path = CONTRADICTIONS) -> list[Answer]:
    """Every side judged on every population that has a record: row by row, population by population.

    Verdicts on one network are held to the false discovery rate over all sides together (`unsettled.claims.judgement.families.adjust`).
    A form is judged on the other architecture too, which the paper does not speak of: that is told, not hidden.
    """
    table, ledgers = read_contradictions(path)
    found: list[Answer] = []
    for population in populations:
        if population.record is None:
            continue
        sides = [(each, side, ledgers[side.ledger]) for each in table for side in each.sides]
        # claims of two ledgers may share an id; each verdict is held under its own name
        named = [
            judge(ledger[side.claim], population, ledger=ledger).model_copy(update={"claim": f"{side.ledger}:{side.claim}"})
            for _, side, ledger in sides
        ]
        for (each, side, ledger), verdict in zip(sides, adjust(named), strict=True):
            claim = ledger[side.claim]
            spoken_of = ledger.concerns(claim, population.name, population.architecture)
            found.append(Answer(each, side, claim.locator, verdict, spoken_of))
    return found
