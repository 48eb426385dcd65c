"""A claim of a paper as a typed table: what is printed, what measures it, and what must hold elsewhere."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.catalogue.registry import Parameters
from unsettled.claims.ledger.checks import Entry, Words
from unsettled.claims.ledger.forms import AnyForm, NotApplicable
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import Stated


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
        sample: how many examples were measured for the figure, of which the denominator may be a part; it gives the
            printed figure its sampling error. Where that is not told, the smallest size that is declared.
        smallest_contradiction: the smallest effect of interest (SESOI), a difference from the claim in the claim's unit.
        tolerance: by how much a hedge ("~", "about") widens the digits beyond their rounding, in the claim's unit.
        spread: what "±" or a bracket after the last digit is: the standard deviation over networks ("sd"), the standard
            error ("se") or the half-width of a 95 % interval ("interval").
        networks: over how many networks (seeds) a figure with spread "sd" is the mean; where that is not told, its error is the
            whole standard deviation.
        family: with which other figures it is tested: what the paper is about, a control, or secondary.
        assumed: what was taken for granted where the paper's own definition could not be read.
        form: what must hold on another checkpoint for the claim to transfer.
        draft: the entry was made by `unsettled init` and nobody has confirmed it: it is not judged.
    """

    stated: Annotated[str, Field(min_length=1, max_length=80)]
    denominator: Words
    statistic: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    mode: Literal["recompute", "replicate"] = "recompute"
    of: Annotated[int, Field(ge=1, le=10**9)] | None = None
    sample: Annotated[int, Field(ge=1, le=10**9)] | None = None
    smallest_contradiction: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    spread: Literal["sd", "se", "interval"] | None = None
    networks: Annotated[int, Field(ge=2, le=10**6)] | None = None
    family: Literal["headline", "control", "secondary"] = "headline"
    assumed: Words | None = None
    form: AnyForm
    draft: bool = False

    @property
    def printed(self) -> Stated | None:
        """The stated digits as exact decimals; None for a qualitative claim."""
        return parse_stated(self.stated)

    @property
    def summarised(self) -> list[Stated]:
        """The figures that a range summarises, where the source lists them."""
        return []

    @property
    def own_form(self) -> AnyForm | None:
        """The form that a qualitative claim must meet on its own population; None for a printed figure."""
        return None

    def settings(self, *, elsewhere: bool = False) -> Parameters:
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
            raise ValueError(f"stated {self.stated!r} is a {stated.shape}, which its kind does not take")
        if (stated.spread is None) != (self.spread is None):
            wanted = "say what its ± is: spread = 'sd', 'se' or 'interval'" if self.spread is None else "it has no ± for `spread`"
            raise ValueError(f"stated {self.stated!r}: {wanted}")
        if self.networks is not None and self.spread != "sd":
            raise ValueError("`networks` is of a mean over networks: spread = 'sd'")
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
        if self.printed is None or self.printed.numerator != 0:
            raise ValueError(f"a zero count states 0 of n, not {self.stated!r}")
        return self


class Range(Numeric):
    """A range, with the members that it summarises where the source lists them."""

    kind: Literal["range"]
    members: list[str] = Field(default_factory=list)

    @property
    def summarised(self) -> list[Stated]:
        return [parse_stated(text) for text in self.members]

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
    def printed(self) -> None:
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


AnyClaim = Annotated[Point | Share | Bound | ZeroCount | Range | Direction | Existence, Field(discriminator="kind")]
