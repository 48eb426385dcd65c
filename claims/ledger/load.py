"""Reading a ledger from TOML: every table validated, every problem told with its line; and its JSON Schema."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from unsettled.claims.catalogue.registered import STATISTICS
from unsettled.claims.ledger.checks import AnyCheck, SourcedFigure
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import DeclaredPopulation, Ledger, Paper
from unsettled.claims.ledger.rules import check_ledger
from unsettled.claims.ledger.toml import LocatedToml
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded

# The ledger that ships with the program.
PAPER = Path(__file__).parents[1] / "paper.toml"


@bounded("text")
def load_ledger(path: Path | str = PAPER) -> Ledger:
    """Read and validate a ledger, by default the one that ships with the program.

    Raises:
        UserError: one line with ``file:line``, the first problem, and a hint.

    >>> claim = load_ledger()["trm.lambda1.auc"]
    >>> claim.stated, claim.statistic, claim.population
    ('0.993', 'auc', 'paper.trm')
    """
    toml = LocatedToml(path)
    unknown = [key for key in toml.data if key not in _MODELS]
    if unknown:
        raise UserError(f"unknown table {unknown[0]!r}", where=toml.where(unknown[0]), hint=_TABLES)
    if not toml.data.get("claim"):
        raise UserError("the ledger holds no claim", where=toml.where(), hint="add a [[claim]] table")
    if "paper" not in toml.data:
        raise UserError("the table [paper] is missing", where=toml.where(), hint="add title and source")
    ledger = Ledger(
        paper=_validate(toml, "paper"),
        populations=tuple(_tables(toml, "population")),
        claims=tuple(_tables(toml, "claim")),
        figures=tuple(_tables(toml, "figure")),
        checks=tuple(_tables(toml, "arithmetic")),
        path=Path(path),
    )
    check_ledger(toml, ledger)
    return ledger


_MODELS: dict[str, Any] = {
    "paper": Paper,
    "population": DeclaredPopulation,
    "claim": AnyClaim,
    "figure": SourcedFigure,
    "arithmetic": AnyCheck,
}
_TABLES = "the tables of a ledger are [paper], [[population]], [[claim]], [[figure]] and [[arithmetic]]"


@cache
def _adapter(key: str) -> TypeAdapter[Any]:
    """What validates one table: made once for all of an array, and for all ledgers of a run."""
    return TypeAdapter(_MODELS[key])


def _validate(toml: LocatedToml, key: str, *path: str | int) -> Any:
    """One table as its model."""
    table: Any = toml.data
    for part in (key, *path):
        table = table[part]
    if isinstance(table, dict) and "line" in table:
        raise UserError("unknown key 'line'", where=toml.where(key, *path, "line"), hint="remove it")
    located = isinstance(table, dict) and key in ("claim", "figure", "arithmetic")
    try:
        return _adapter(key).validate_python(table | {"line": toml.line(key, *path)} if located else table)
    except ValidationError as error:
        raise toml.refuse(error, key, *path) from None


def _tables(toml: LocatedToml, key: str) -> list[Any]:
    """All tables of an array, e.g. ``[[claim]]``."""
    tables = toml.data.get(key, [])
    if not isinstance(tables, list):
        raise UserError(f"[{key}] must be an array of tables", where=toml.where(key), hint=f"write [[{key}]]")
    return [_validate(toml, key, index) for index in range(len(tables))]


def _with_parameters(claim: dict[str, Any]) -> None:
    """Let the schema of a claim name the statistics of the catalogue, and ask for the parameters of the one that is named."""
    claim["properties"]["statistic"] |= {"enum": sorted(STATISTICS)}
    claim["allOf"] = [
        {
            "if": {"properties": {"statistic": {"const": name}}, "required": ["statistic"]},
            "then": {"properties": {"parameters": statistic.parameters.model_json_schema()}},
        }
        for name, statistic in sorted(STATISTICS.items())
    ]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a ledger file, for editors."""
    array: Any = list
    tables = {key: TypeAdapter(model if key == "paper" else array[model]) for key, model in _MODELS.items()}
    parts, shared = TypeAdapter.json_schemas([(key, "validation", adapter) for key, adapter in tables.items()])
    for definition in shared["$defs"].values():
        if {"statistic", "parameters"} <= definition.get("properties", {}).keys():
            _with_parameters(definition)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ledger of a paper's claims",
        "type": "object",
        "additionalProperties": False,
        "required": ["paper", "population", "claim"],
        "properties": {key: parts[key, "validation"] for key in tables},
        **shared,
    }
