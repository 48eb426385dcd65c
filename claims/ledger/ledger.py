"""The ledger of a paper: one typed claim per printed number, read from TOML and validated."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from unsettled.claims.ledger.checks import AnyCheck, Identifier, SourcedFigure, Words
from unsettled.claims.ledger.claim import AnyClaim, Claim
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.rules import check_ledger
from unsettled.claims.ledger.toml import LocatedToml
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded

__all__ = ["PAPER", "AnyClaim", "Claim", "DeclaredPopulation", "Ledger", "Paper", "json_schema", "load_ledger"]

PAPER = Path(__file__).parents[1] / "paper.toml"


class DeclaredPopulation(BaseModel):
    """A population that claims may name. With ``members`` it stands for each of them in turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Identifier
    words: Words
    architecture: Literal["hrm", "trm"] | None = None
    members: list[Identifier] = []


class Paper(BaseModel):
    """Which text the ledger is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: Words
    source: Words


class Ledger(BaseModel):
    """All claims of one paper, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    paper: Paper
    populations: tuple[DeclaredPopulation, ...]
    claims: tuple[AnyClaim, ...]
    figures: tuple[SourcedFigure, ...] = ()
    checks: tuple[AnyCheck, ...] = ()
    path: Path

    def __getitem__(self, identifier: str) -> AnyClaim:
        """The claim of that id. Raises UserError when there is none."""
        for claim in self.claims:
            if claim.id == identifier:
                return claim
        raise UserError(f"no claim {identifier!r} in the ledger", where=self.path)

    def population(self, name: str) -> DeclaredPopulation | None:
        return next((p for p in self.populations if p.name == name), None)

    def own(self, claim: AnyClaim) -> frozenset[str]:
        """The names of the populations whose figure the claim is: its population, or the members of a group."""
        declared = self.population(claim.population)
        return frozenset(declared.members if declared and declared.members else [claim.population])

    def concerns(self, claim: AnyClaim, name: str, architecture: str | None) -> bool:
        """Whether a claim has anything to say on a population.

        Its own populations always; another one when the architecture agrees with one of its own (or none is
        declared) and the claim's form applies to other checkpoints at all.
        """
        own = self.own(claim)
        if name in own:
            return True
        if isinstance(claim.form, NotApplicable):
            return False
        declared = {p.architecture for p in self.populations if p.name in own and p.architecture}
        return not declared or architecture is None or architecture in declared


@bounded("text")
def load_ledger(path: Path | str = PAPER) -> Ledger:
    """Read and validate a ledger.

    Raises:
        UserError: one line with ``file:line``, the first problem, and how to mend it.
    """
    toml = LocatedToml(path)
    unknown = [key for key in toml.data if key not in ("paper", "population", "claim", "figure", "arithmetic")]
    if unknown:
        raise UserError(f"unknown table {unknown[0]!r}", where=toml.where(unknown[0]), hint=_TABLES)
    if not toml.data.get("claim"):
        raise UserError("the ledger holds no claim", where=toml.where(), hint="add a [[claim]] table")
    if "paper" not in toml.data:
        raise UserError("the table [paper] is missing", where=toml.where(), hint="add title and source")
    ledger = Ledger(
        paper=_validate(toml, Paper, "paper"),
        populations=tuple(_tables(toml, DeclaredPopulation, "population")),
        claims=tuple(_tables(toml, AnyClaim, "claim")),
        figures=tuple(_tables(toml, SourcedFigure, "figure")),
        checks=tuple(_tables(toml, AnyCheck, "arithmetic")),
        path=Path(path),
    )
    check_ledger(toml, ledger)
    return ledger


_TABLES = "the tables of a ledger are [paper], [[population]], [[claim]], [[figure]] and [[arithmetic]]"


def _validate(toml: LocatedToml, model: Any, *path: str | int) -> Any:
    """One table as its model."""
    table: Any = toml.data
    for part in path:
        table = table[part]
    if isinstance(table, dict) and "line" in table:
        raise UserError("unknown key 'line'", where=toml.where(*path, "line"), hint="remove it")
    located = isinstance(table, dict) and path[0] in ("claim", "figure", "arithmetic")
    try:
        return TypeAdapter(model).validate_python(table | {"line": toml.line(*path)} if located else table)
    except ValidationError as error:
        raise toml.refuse(error, *path) from None


def _tables(toml: LocatedToml, model: Any, key: str) -> list[Any]:
    """All tables of an array, e.g. ``[[claim]]``."""
    tables = toml.data.get(key, [])
    if not isinstance(tables, list):
        raise UserError(f"[{key}] must be an array of tables", where=toml.where(key), hint=f"write [[{key}]]")
    return [_validate(toml, model, key, index) for index in range(len(tables))]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a ledger file, for editors."""
    tables = {
        "paper": TypeAdapter(Paper),
        "population": TypeAdapter(list[DeclaredPopulation]),
        "claim": TypeAdapter(list[AnyClaim]),
        "figure": TypeAdapter(list[SourcedFigure]),
        "arithmetic": TypeAdapter(list[AnyCheck]),
    }
    parts, shared = TypeAdapter.json_schemas([(key, "validation", adapter) for key, adapter in tables.items()])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ledger of a paper's claims",
        "type": "object",
        "additionalProperties": False,
        "required": ["paper", "population", "claim"],
        "properties": {key: parts[key, "validation"] for key in tables},
        **shared,
    }
