"""The models of what can be checked on printed digits alone: linked counts, sums, products, ratios, zero counts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.json_schema import SkipJsonSchema

from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import Stated

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
Words = Annotated[str, Field(min_length=3, max_length=400)]
Locator = Annotated[str, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=1, le=10**9)]
# A claim id, a figure id (`notes.cells.B`), or a whole number written out.
Reference = Annotated[str | int, Field()]


class Entry(BaseModel):
    """Common to every table of the ledger; ``line`` is where it starts in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Identifier
    words: Words
    locator: Locator
    population: Identifier
    line: SkipJsonSchema[int] = Field(default=0, exclude=True)


class SourcedFigure(Entry):
    """Secondary figures with a source of their own: nothing is measured, arithmetic may refer to them.

    ``values`` maps a name to the printed string; ``id.name`` refers to one of them.
    """

    values: dict[str, str] = Field(min_length=1)

    @field_validator("values")
    @classmethod
    def _parse(cls, values: dict[str, str]) -> dict[str, str]:
        for text in values.values():
            parse_stated(text)
        return values

    def parsed(self) -> dict[str, Stated]:
        return {f"{self.id}.{name}": parse_stated(text) for name, text in self.values.items()}


class Sizes(BaseModel):
    """The sample sizes that are declared possible: a claim that prints a range, or the sizes themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    claim: Identifier | None = None
    only: list[Count] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Sizes:
        if (self.claim is None) == (self.only is None):
            raise ValueError("sizes name either a claim or the sizes themselves in `only`")
        return self


class Linked(Entry):
    """Figures that share one sample, solved together for each size n.

    n splits into right and wrong; ``right`` is the claim on right/n, ``wrong_count`` the claim that counts the
    wrong, ``of_right`` and ``of_wrong`` claims on shares of either part. ``complements`` are pairs of claims of the
    same part whose numerators add up to the whole part. ``also`` lists sizes to solve beside the declared ones.
    """

    check: Literal["linked"]
    sizes: Sizes
    right: Identifier
    wrong_count: Identifier | None = None
    of_right: list[Identifier] = []
    of_wrong: list[Identifier] = []
    complements: list[tuple[Identifier, Identifier]] = []
    also: list[Count] = []


class Ratio(Entry):
    """numerator / denominator (each a sum of references) must print as ``claim``, a claim or printed digits."""

    check: Literal["ratio"]
    numerator: list[Reference] = Field(min_length=1)
    denominator: list[Reference] = Field(min_length=1)
    claim: Reference


class Sum(Entry):
    """The parts must be able to add up to the whole, given how each is rounded."""

    check: Literal["sum"]
    parts: list[Reference] = Field(min_length=1)
    whole: Reference


class Product(Entry):
    """A product of whole numbers must print as ``equals``; ``instead`` names other products, each with its reading."""

    check: Literal["product"]
    factors: list[Count] = Field(min_length=1)
    equals: Reference
    instead: dict[str, list[Count]] = {}


class ZeroBound(Entry):
    """What a zero count excludes: its exact one-sided upper limit, beside the printed one and another rate."""

    check: Literal["zero_bound"]
    claim: Identifier
    level: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.95
    printed: Reference | None = None
    rate: Identifier | None = None


AnyCheck = Annotated[Linked | Ratio | Sum | Product | ZeroBound, Field(discriminator="check")]
