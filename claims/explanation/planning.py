"""How many examples each claim needs before it can be decided at its smallest effect of interest: a plan, made from a pilot record."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from unsettled.claims.catalogue.registered import MissingInput, lookup
from unsettled.claims.explanation.resizing import LARGEST_COUNT
from unsettled.claims.judgement.case import PopulationLike, estimate, notation_of
from unsettled.claims.judgement.evidence import plain_share
from unsettled.claims.judgement.power import chance_of_refuting, standard_error
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.ledger import Ledger
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import norm
from unsettled.measure.statistics.proportion import proportion

# The level of a test and the power that a plan asks for.
ALPHA, POWER = 0.05, 0.8
# By how much the exact size of a share may exceed the normal law's: where no direction is possible, none is large enough.
GROWN = 10
# More examples than this are not planned.
MOST = 10**12


@dataclass(frozen=True)
class Planned:
    """A claim's need: the ``examples`` by its ``pilots``; none where there is a ``reason``.

    The pilot is the record of the claim's own population; where it tells no size, the most and the least favourable of the others.
    """

    claim: str
    smallest: str
    examples: tuple[int, ...] = ()
    pilots: tuple[str, ...] = ()
    reason: str = ""


def plan(ledger: Ledger, pilots: Iterable[PopulationLike]) -> list[Planned]:
    """The need of every claim.

    A two-sided test of level α with power 1 − β sees a difference δ from n examples where δ = (z_{1−α/2} + z_{1−β})·σ/√n. σ is
    that of a pilot: its standard error times the root of its examples, a class that is rare there (failures, say) being as rare
    in the plan. Shares have their exact power (`needed`). Source: Julious (2004), Statistics in Medicine 23:1921. It is the need of one
    test, at level α whatever its family.
    """
    populations = [population for population in pilots if population.record is not None]
    return [_of(claim, [p for p in populations if _alike(claim, p, ledger)], ledger.own(claim)) for claim in ledger.claims]


def _alike(claim: AnyClaim, pilot: PopulationLike, ledger: Ledger) -> bool:
    """Whether a pilot can stand for the claim's own population: it is of that architecture, or none is declared."""
    declared = {ledger_population.architecture for name in ledger.own(claim) if (ledger_population := ledger.population(name))} - {None}
    return not declared or pilot.architecture in declared


def _of(claim: AnyClaim, pilots: list[PopulationLike], own: frozenset[str]) -> Planned:
    smallest = notation_of(claim, "recompute").difference(claim.smallest_contradiction)
    if exact := lookup(claim.statistic).exact:
        what = "any one measurement tells it: a fact of the checkpoint" if exact == "checkpoint" else "none: a choice of the authors"
        return Planned(claim.id, smallest, reason=what)
    if claim.draft:
        return Planned(claim.id, smallest, reason="a draft: confirm it first")
    found = [_by(claim, pilot) for pilot in pilots]
    sized = sorted((size, pilot.name) for (size, _), pilot in zip(found, pilots, strict=True) if size is not None)
    sized = [pair for pair in sized if pair[1] in own] or sized
    if not sized:
        return Planned(claim.id, smallest, reason=found[0][1] if found else "no record to plan from: --record NAME=PATH")
    ends = (sized[0], sized[-1]) if sized[0][0] != sized[-1][0] else (sized[0],)
    return Planned(claim.id, smallest, tuple(size for size, _ in ends), tuple(name for _, name in ends))


def _by(claim: AnyClaim, pilot: PopulationLike) -> tuple[int | None, str]:
    """The size by one pilot, or None and why there is none."""
    record = pilot.record
    assert record is not None
    try:
        measured = estimate(claim, record, elsewhere=not isinstance(claim.form, NotApplicable), side=pilot.side)
    except MissingInput as missing:
        return None, f"needs {missing.needs}" + (f"; get it with `{missing.command}`" if missing.command else "")
    except UserError as error:
        return None, str(error)
    size = needed(measured, claim.smallest_contradiction, len(record))
    if size and size > MOST:
        return None, f"more than {MOST:,} examples: the smallest effect is too small to be seen"
    return size, "" if size else measured.undefined_reason or "the method gives no standard error on so few cases"


def needed(measured: Estimate, difference: float, rows: int, *, alpha: float = ALPHA, power: float = POWER) -> int | None:
    """Examples that show ``difference``, where ``rows`` examples gave ``measured``; None where it has no standard error.

    A share is planned by its exact law, in the less favourable of the directions that are possible: away from 0 or 1 it scatters more
    than the pilot, so that the normal law names 32 examples for 5 percentage points off 99 %, which these show in 3 of 10 cases.

    >>> needed(Estimate(value=0.5, error=0.05), 0.1, 100)
    197
    """
    error = standard_error(measured) if measured.defined else math.inf
    if not (0 < error < math.inf):
        return None
    both = float(norm.isf(alpha / 2) + norm.isf(1 - power))
    root = both * error / difference
    size = math.ceil(min(rows * root * root, 2 * MOST))  # a smallest effect may be as small as floats are
    if not plain_share(measured) or size > LARGEST_COUNT:
        return size
    each, value = rows / measured.n, measured.value
    cases = most = math.ceil(size / each)
    while cases < GROWN * most and _power(value, difference, cases, alpha) < power:
        cases = math.ceil(cases * 1.01)
    return math.ceil(cases * each)


def _power(share: float, difference: float, cases: int, alpha: float) -> float:
    """The chance that so many ``cases`` refute a printed ``share`` which is off by the ``difference``."""
    of_size = proportion(round(share * cases), cases)
    return chance_of_refuting((share, share), (share, share), of_size, smallest=difference, ratio=0.0, alpha=alpha)
