"""The ledger of a paper: one typed claim per printed number, read from TOML and validated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from claims.catalogue import lookup
from claims.checks import AnyCheck, Entry, Identifier, SourcedFigure, Words
from claims.forms import AnyForm, NotApplicable
from claims.ledger_rules import check_ledger
from claims.located import LocatedToml
from claims.stated import Stated, parse_stated
from measure.errors import UserError

PAPER = Path(__file__).with_name("paper.toml")


class Claim(Entry):
    """One claim of a paper.

    Attributes:
        id, words, locator: its name, what is claimed in the ledger's own words, and where the paper says it.
        stated: the printed digits as a string; trailing zeros matter.
        population: whose figure it is; a population of the ledger.
        denominator: what one counts, in words.
        statistic, parameters: what measures it: a name of the catalogue and its typed parameters.
        mode: ``recompute`` where the same examples on the same checkpoint must print the same digits,
            ``replicate`` where only an interval can decide even there.
        of: the size of the denominator, where it is declared; the digits must then be a whole number of it.
        sample: about how many examples stand behind the figure; it gives the printed figure its sampling error.
        smallest_contradiction: the smallest difference from the claim that would matter, in the claim's unit.
        form: what must hold on another checkpoint for the claim to transfer.
    """

    stated: Annotated[str, Field(min_length=1, max_length=80)]
    denominator: Words
    statistic: str
    parameters: dict[str, Any] = {}
    mode: Literal["recompute", "replicate"] = "recompute"
    of: Annotated[int, Field(ge=1, le=10**9)] | None = None
    sample: Annotated[int, Field(ge=1, le=10**9)] | None = None
    smallest_contradiction: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    form: AnyForm

    @property
    def printed(self) -> Stated | None:
        """The stated digits as exact decimals; None for a qualitative claim."""
        return parse_stated(self.stated)

    @property
    def own_form(self) -> AnyForm | None:
        """The form that a qualitative claim must meet on its own population; None for a printed figure."""
        return None

    def settings(self, *, elsewhere: bool = False) -> Any:
        """The statistic's validated parameters; ``elsewhere`` those for another checkpoint."""
        changed = self.form.parameters if elsewhere else {}
        merged = self.parameters | changed
        if "rule" in changed:  # a new rule comes with its own settings
            merged = {k: v for k, v in merged.items() if k not in ("percentile", "edge") or k in changed}
        return lookup(self.statistic).parameters.model_validate(merged)


class Numeric(Claim):
    """A claim that prints digits: they must parse and lie where the statistic can."""

    @model_validator(mode="after")
    def _digits(self) -> Numeric:
        stated = parse_stated(self.stated)
        if stated.shape not in self._shapes():
            raise ValueError(f"stated {self.stated!r} is a {stated.shape}, which kind {self.kind!r} does not take")
        return self

    @classmethod
    def _shapes(cls) -> tuple[str, ...]:
        return ("number",)


class Point(Numeric):
    """One number."""

    kind: Literal["point"]


class Share(Numeric):
    """A share or percentage of a denominator, or k of n."""

    kind: Literal["share"]

    @classmethod
    def _shapes(cls) -> tuple[str, ...]:
        return "number", "count"


class Bound(Numeric):
    """At most, or at least, a number."""

    kind: Literal["bound"]

    @classmethod
    def _shapes(cls) -> tuple[str, ...]:
        return "most", "least"


class ZeroCount(Numeric):
    """None of a stated number of cases."""

    kind: Literal["zero_count"]

    @classmethod
    def _shapes(cls) -> tuple[str, ...]:
        return ("count",)

    @model_validator(mode="after")
    def _zero(self) -> ZeroCount:
        if parse_stated(self.stated).numerator != 0:
            raise ValueError(f"a zero count states 0 of n, not {self.stated!r}")
        return self


class Range(Numeric):
    """A range, with the members that it summarises where the source lists them."""

    kind: Literal["range"]
    members: list[str] = []

    @classmethod
    def _shapes(cls) -> tuple[str, ...]:
        return ("range",)

    @field_validator("members")
    @classmethod
    def _members(cls, members: list[str]) -> list[str]:
        for text in members:
            parse_stated(text)
        return members


class Qualitative(Claim):
    """A claim without digits, judged by a declared measurable form, never by prose.

    ``holds`` is that form on the claim's own population; where it is absent, ``form`` serves both.
    """

    holds: AnyForm | None = None

    @property
    def printed(self) -> None:  # type: ignore[override]
        return None

    @property
    def own_form(self) -> AnyForm:
        return self.holds or self.form

    @model_validator(mode="after")
    def _measurable(self) -> Qualitative:
        if isinstance(self.own_form, NotApplicable) and self.statistic != "external":
            raise ValueError("a qualitative claim needs a measurable form on its own population (`form` or `holds`)")
        return self


class Direction(Qualitative):
    """Which way something goes."""

    kind: Literal["direction"]


class Existence(Qualitative):
    """Something exists."""

    kind: Literal["existence"]


AnyClaim = Annotated[
    Union[Point, Share, Bound, ZeroCount, Range, Direction, Existence], Field(discriminator="kind")
]


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


def load_ledger(path: Path | str = PAPER) -> Ledger:
    """Read and validate a ledger.

    Raises:
        UserError: one line with ``file:line``, the first problem, and how to mend it.
    """
    toml = LocatedToml(path)
    unknown = [key for key in toml.data if key not in ("paper", "population", "claim", "figure", "arithmetic")]
    if unknown:
        raise UserError(f"unknown table {unknown[0]!r}", where=toml.where(unknown[0]), mend=_TABLES)
    if not toml.data.get("claim"):
        raise UserError("the ledger holds no claim", where=toml.where(), mend="add a [[claim]] table")
    if "paper" not in toml.data:
        raise UserError("the table [paper] is missing", where=toml.where(), mend="add title and source")
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
        raise UserError("unknown key 'line'", where=toml.where(*path, "line"), mend="remove it")
    located = isinstance(table, dict) and path[0] in ("claim", "figure", "arithmetic")
    try:
        return TypeAdapter(model).validate_python(table | {"line": toml.line(*path)} if located else table)
    except ValidationError as error:
        raise toml.refuse(error, *path) from None


def _tables(toml: LocatedToml, model: Any, key: str) -> list[Any]:
    """All tables of an array, e.g. ``[[claim]]``."""
    tables = toml.data.get(key, [])
    if not isinstance(tables, list):
        raise UserError(f"[{key}] must be an array of tables", where=toml.where(key), mend=f"write [[{key}]]")
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
