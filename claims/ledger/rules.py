"""The rules of a ledger that no single table can check: ids, names, parameters, references."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from pydantic import ValidationError

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.ledger.checks import AnyCheck, Linked, Product, Ratio, Sum, ZeroBound
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.ledger.toml import LocatedToml
from unsettled.measure.errors import UserError


def check_ledger(toml: LocatedToml, ledger: Ledger) -> None:
    """Raise UserError (file:line) on the first rule that the ledger breaks."""
    _unique(toml, ledger)
    _populations(toml, ledger)
    for index, claim in enumerate(ledger.claims):
        _claim(toml, index, claim)
    for index, check in enumerate(ledger.checks):
        _check(toml, index, check, ledger)


def _unique(toml: LocatedToml, ledger: Ledger) -> None:
    """Ids are unique over claims, figures and checks; names over populations."""
    seen: dict[str, str] = {}
    for key, entries in (("claim", ledger.claims), ("figure", ledger.figures), ("arithmetic", ledger.checks)):
        for index, entry in enumerate(entries):
            if entry.id in seen:
                raise UserError(
                    f"id {entry.id!r} is used twice, first at {seen[entry.id]}",
                    where=toml.where(key, index, "id"),
                    hint="give each table its own id",
                )
            seen[entry.id] = toml.where(key, index, "id")
    names: set[str] = set()
    for index, population in enumerate(ledger.populations):
        if population.name in names:
            raise UserError(f"population {population.name!r} is declared twice", where=toml.where("population", index))
        names.add(population.name)


def _populations(toml: LocatedToml, ledger: Ledger) -> None:
    """Every population that is named is declared; groups consist of single populations."""
    names = [population.name for population in ledger.populations]
    singles = [population.name for population in ledger.populations if not population.members]
    hint = f"declared are {', '.join(names)}; add a [[population]] table" if names else "add a [[population]] table"
    for key, entries in (("claim", ledger.claims), ("figure", ledger.figures), ("arithmetic", ledger.checks)):
        for index, entry in enumerate(entries):
            if entry.population not in names:
                where = toml.where(key, index, "population")
                raise UserError(f"{key} {entry.id!r}: unknown population {entry.population!r}", where=where, hint=hint)
    for index, population in enumerate(ledger.populations):
        for member in population.members:
            if member not in singles:
                where = toml.where("population", index, "members")
                raise UserError(f"population {population.name!r}: unknown member {member!r}", where=where, hint=hint)


def _claim(toml: LocatedToml, index: int, claim: AnyClaim) -> None:
    """The statistic exists and takes the parameters; the digits lie where the statistic can."""
    path = ("claim", index)
    try:
        statistic = lookup(claim.statistic)
    except UserError as error:
        where = toml.where(*path, "statistic")
        raise UserError(f"claim {claim.id!r}: {error.what}", where=where, hint=error.hint) from None
    for elsewhere in (False, True):
        try:
            claim.settings(elsewhere=elsewhere)
        except ValidationError as error:
            key = ("form", "parameters") if elsewhere else ("parameters",)
            problem = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            known = ", ".join(statistic.parameters.model_fields) or "none"
            what = f"claim {claim.id!r}: parameters of {claim.statistic!r}: {name + ': ' if name else ''}{message}"
            where = toml.where(*path, *key, *problem["loc"][:1])
            raise UserError(what, where=where, hint=f"its parameters are {known}") from None
    if statistic.limits is None or claim.printed is None:
        return
    low, high = statistic.limits
    if not claim.printed.meets(low, high):
        raise UserError(
            f"claim {claim.id!r}: stated {claim.stated!r} lies outside [{low:g}, {high:g}], where {claim.statistic!r} takes its values",
            where=toml.where(*path, "stated"),
            hint="write a share in percent with its sign, such as 52.6%" if claim.kind == "share" else None,
        )
    if claim.smallest_contradiction >= high - low:
        raise UserError(
            f"claim {claim.id!r}: a smallest contradiction of {claim.smallest_contradiction:g} can never be observed",
            where=toml.where(*path, "smallest_contradiction"),
            hint=f"{claim.statistic!r} takes values in [{low:g}, {high:g}]",
        )


def _check(toml: LocatedToml, index: int, check: AnyCheck, ledger: Ledger) -> None:
    """Every reference of an arithmetic check resolves to closed digits, and to the kind that its place needs."""
    claims = {claim.id: claim for claim in ledger.claims}
    figures = {name: stated for figure in ledger.figures for name, stated in figure.parsed().items()}
    for key, reference in _references(check):
        stated = _digits(reference, claims, figures)
        problem, hint = None, None
        if stated is None:
            problem = f"{reference!r} is neither a claim with digits, nor a figure, nor printed digits"
            hint = "refer to a figure as `id.name`"
        elif stated.low is None or stated.high is None:
            problem = f"{stated.text!r} is open on one side and cannot enter arithmetic"
        elif key in _PLACES and not _PLACES[key][0](stated):
            problem = f"{stated.text!r} {_PLACES[key][1]}"
        if problem:
            where = toml.where("arithmetic", index, key)
            raise UserError(f"arithmetic {check.id!r}: {key}: {problem}", where=where, hint=hint)
    if isinstance(check, ZeroBound) and getattr(claims.get(check.claim), "kind", None) != "zero_count":
        where = toml.where("arithmetic", index, "claim")
        raise UserError(f"arithmetic {check.id!r}: claim: {check.claim!r} is not a zero count", where=where)


# Each size of a range is solved, a few microseconds apiece.
MOST_SIZES = 1_000_000

# What the digits in a place of a check must be, and what is said when they are not.
_PLACES: dict[str, tuple[Callable[[Stated], bool], str]] = {
    "sizes": (
        lambda stated: stated.shape == "range" and _low(stated) > 0 and _high(stated) - _low(stated) <= MOST_SIZES,
        f"is not a range of at most {MOST_SIZES:,} sizes",
    ),
    "wrong_count": (lambda stated: stated.whole is not None, "is not a count"),
    "right": (lambda stated: 0 <= stated.value <= 1, "is not a share"),
    "of_right": (lambda stated: 0 <= stated.value <= 1, "is not a share"),
    "of_wrong": (lambda stated: 0 <= stated.value <= 1, "is not a share"),
    "denominator": (lambda stated: _low(stated) > 0, "is not above zero"),
    "rate": (lambda stated: 0 < stated.value < 1, "is not a rate between 0 and 1"),
}


def _low(stated: Stated) -> Fraction:
    return Fraction(0) if stated.low is None else stated.low


def _high(stated: Stated) -> Fraction:
    return Fraction(MOST_SIZES) if stated.high is None else stated.high


def _digits(reference: str | int, claims: dict[str, AnyClaim], figures: dict[str, Stated]) -> Stated | None:
    if isinstance(reference, str) and reference in figures:
        return figures[reference]
    if isinstance(reference, str) and reference in claims:
        return claims[reference].printed
    try:
        return parse_stated(str(reference))
    except ValueError:
        return None


def _references(check: AnyCheck) -> Iterator[tuple[str, str | int]]:
    """Everything that a check refers to, with the key that holds it."""
    if isinstance(check, Linked):
        yield "right", check.right
        if check.sizes.claim:
            yield "sizes", check.sizes.claim
        if check.wrong_count:
            yield "wrong_count", check.wrong_count
        for key in ("of_right", "of_wrong"):
            yield from ((key, reference) for reference in getattr(check, key))
        yield from (("complements", reference) for pair in check.complements for reference in pair)
    elif isinstance(check, Ratio):
        yield from (("numerator", reference) for reference in check.numerator)
        yield from (("denominator", reference) for reference in check.denominator)
        yield "claim", check.claim
    elif isinstance(check, Sum):
        yield from (("parts", reference) for reference in check.parts)
        yield "whole", check.whole
    elif isinstance(check, Product):
        yield "equals", check.equals
    elif isinstance(check, ZeroBound):
        yield "claim", check.claim
        if check.printed is not None:
            yield "printed", check.printed
        if check.rate:
            yield "rate", check.rate
