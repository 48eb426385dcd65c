"""Two records of the same examples, compared example by example: outcomes, areas, exponents, displacement, confidence.

Each figure is a difference, first less second, with an interval, a p-value, and the smallest difference that as many examples would
show in four cases of five. Examples of one group count as one. Records whose protocols differ are refused, or compared as asked and said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from unsettled.measure.analysis.diagnosis_table import Cell, DiagnosisTable
from unsettled.measure.errors import UserError
from unsettled.measure.record.protocol import Unlike, alike, unrecorded
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc_change import Classed, auc_change
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import student
from unsettled.measure.statistics.multiplicity import holm
from unsettled.measure.statistics.paired import detectable_change, paired_difference
from unsettled.measure.statistics.power import minimum_detectable_difference
from unsettled.measure.statistics.signed_rank import paired_shift
from unsettled.measure.support.figures import listing, plural

POWER, ALPHA = 0.8, 0.05
#: Of fewer groups even signs that are all alike are no rarer than one in twenty.
FEWEST = 6
WINDOW = 4


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One figure of two records.

    Attributes:
        name, among: what is compared, and among which examples.
        first, second: the figure of each record (a share, an area, a median).
        difference: first less second, with its interval.
        p_value, p_adjusted: of no difference; by Holm over the comparison. NaN where there is none.
        detectable: the smallest difference that is found with a chance of 80 % at 5 %; None where no error is known.
    """

    name: str
    among: str
    first: float
    second: float
    difference: Estimate
    p_value: float
    p_adjusted: float = math.nan
    detectable: float | None = None


@dataclass(frozen=True, kw_only=True)
class PairedComparison:
    """What two records say of the same examples.

    Attributes:
        shared, only_first, only_second: examples of both, and of one record alone.
        clusters: groups among those of both.
        contrasts: the figures.
        absent: what could not be compared, and why.
        unlike: lines of the protocol in which the records differ, as was allowed; ``unrecorded`` those that one does not tell.
    """

    shared: int
    only_first: int
    only_second: int
    clusters: int
    contrasts: tuple[Contrast, ...]
    absent: tuple[str, ...] = ()
    unlike: tuple[Unlike, ...] = ()
    unrecorded: tuple[str, ...] = ()


def paired_comparison(first: Record, second: Record, *, unlike: Iterable[str] = ()) -> PairedComparison:
    """Compare two records example by example; ``unlike`` names lines of the protocol in which they may differ.

    An imported record is compared in what it holds.

    Raises:
        UserError: the protocols differ in another line, or no example is in both.

    >>> from unsettled.measure import synthetic_record
    >>> found = paired_comparison(synthetic_record(50), synthetic_record(50))
    >>> found.shared, found.contrasts[0].name, found.contrasts[0].difference.value
    (50, 'accuracy', 0.0)
    """
    differing = alike(first, second, allowed=unlike)
    shared, at_first, at_second = np.intersect1d(first.example_id, second.example_id, return_indices=True)
    if not len(shared):
        raise UserError("the records share no example, so that there are no pairs", hint="measure both on the same examples")
    one, other = first.take(at_first), second.take(at_second)
    groups = one.group if one.clusters <= other.clusters else other.group
    found, absent = [_outcomes(one, other, groups)], []
    for quantity in QUANTITIES:
        try:
            values = [quantity.of(record) for record in (one, other)]
        except UserError as lacking:  # of an imported record, or of a network without confidence
            absent.append(f"{quantity.name}: {lacking.what}")
            continue
        if np.isnan(np.concatenate(values)).any():
            absent.append(f"{quantity.name}: some values are NaN")
            continue
        found += _contrasts(quantity, (one, other), values, groups)
    adjusted = holm({str(number): contrast.p_value for number, contrast in enumerate(found)})
    return PairedComparison(
        shared=len(shared),
        only_first=len(first) - len(shared),
        only_second=len(second) - len(shared),
        clusters=len(np.unique(groups)),
        contrasts=tuple(replace(contrast, p_adjusted=adjusted[str(number)].adjusted) for number, contrast in enumerate(found)),
        absent=tuple(absent),
        unlike=tuple(differing),
        unrecorded=tuple(unrecorded(first, second)),
    )


@dataclass(frozen=True)
class Quantity:
    """A figure of each example: ``of`` a record (N,), in ``unit``; high for failures, or for successes with ``right``."""

    name: str
    unit: str
    of: Callable[[Record], np.ndarray]
    right: bool = False


def _exponent(record: Record) -> np.ndarray:
    if not record.k:
        raise UserError("a record holds no exponents")
    return record.exponents(unit="update")[:, 0]


def _moves(record: Record) -> np.ndarray:
    late = record.late_displacement(window=min(WINDOW, record.segments))
    with np.errstate(divide="ignore", invalid="ignore"):
        moves: np.ndarray = np.log10(late / np.asarray(record.norm()[:, -1]))
    return moves


QUANTITIES = (
    Quantity("λ₁", "nats per update", _exponent),
    Quantity("late displacement", "log₁₀ of its share of the norm", _moves),
    Quantity("confidence", "last logit", lambda record: np.asarray(record.halting_logit[:, -1], np.float64), right=True),
)


def _outcomes(one: Record, other: Record, groups: np.ndarray) -> Contrast:
    found = paired_difference(one.solved, other.solved, groups=groups)
    turned = found.counts["first_only"] + found.counts["second_only"]
    least = detectable_change(turned, found.n, power=POWER, alpha=ALPHA)
    if least is not None and "groups" in found.counts:
        # dependent examples tell less, by as much as their error is larger; and no signs of fewer than six groups reject anything
        least *= max(1.0, (found.error or 0.0) * (found.n + 2) / math.sqrt(turned + 1))
        least = least if found.counts["groups"] >= FEWEST and least <= 1 else None
    return replace(_contrast("accuracy", "all", found, ("share_first", "share_second")), detectable=least)


def _contrasts(quantity: Quantity, pair: tuple[Record, Record], values: list[np.ndarray], groups: np.ndarray) -> list[Contrast]:
    """The area of a quantity for the outcome, and its shift among all examples, those that both fail, and those that both solve."""
    solved = [np.asarray(record.solved) for record in pair]
    classes = [Classed(scores, right if quantity.right else ~right) for scores, right in zip(values, solved, strict=True)]
    area = auc_change(*classes, groups=groups)
    positive = "solved" if quantity.right else "failed"
    found = [_contrast(f"AUC of {quantity.name}", f"{positive}, by each", area, ("auc_first", "auc_second"))]
    whole = np.ones(len(groups), bool)
    for among, rows in (("all", whole), ("failed by both", ~solved[0] & ~solved[1]), ("solved by both", solved[0] & solved[1])):
        if rows.any():
            shift = paired_shift(values[0][rows], values[1][rows], groups=groups[rows], unit=quantity.unit, denominator=among)
            found.append(_contrast(quantity.name, among, shift, ("median_first", "median_second")))
    return found


def _contrast(name: str, among: str, found: Estimate, keys: tuple[str, str]) -> Contrast:
    first, second, p_value = (float(found.extra.get(key, math.nan)) for key in (*keys, "p_value"))
    least = minimum_detectable_difference(found.error, power=POWER, alpha=ALPHA) if found.error else None
    if found.error and "groups" in found.counts:  # by Student's t, as they are tested
        degrees = found.counts["groups"] - 1
        least = float(student.isf(ALPHA / 2, degrees) + student.isf(1 - POWER, degrees)) * found.error if degrees else None
    return Contrast(name=name, among=among, first=first, second=second, difference=found, p_value=p_value, detectable=least)


def as_table(found: PairedComparison) -> DiagnosisTable:
    """The comparison as a table for the terminal, with what it rests on below it."""
    notes = [
        f"{plural(found.shared, 'example')} of both, {found.only_first:,} of the first alone, {found.only_second:,} of the second alone"
    ]
    if found.clusters < found.shared:
        notes.append(f"{found.clusters:,} independent groups: examples of one group count as one")
    outcome = found.contrasts[0].difference
    mid = f", mid-p {outcome.extra['mid_p_value']:.3g}" if "mid_p_value" in outcome.extra else ""
    test = "McNemar exact" if mid else "McNemar by groups"
    notes += [
        f"solved by the first alone {outcome.counts['first_only']:,}, by the second alone {outcome.counts['second_only']:,}: "
        f"{test} p {outcome.extra['p_value']:.3g}{mid}",
        f"p: Holm over the {len(found.contrasts)} rows; detectable: found with a chance of {POWER:.0%} at {ALPHA:.0%}, alone",
        *(f"UNLIKE, compared as asked: {one}" for one in found.unlike),
        *([f"not recorded in one of the two: {listing(list(found.unrecorded))}"] if found.unrecorded else []),
        *(f"not compared: {one}" for one in found.absent),
    ]
    rows: list[list[Cell]] = [
        [c.name, c.among, c.first, c.second, c.difference, f"{c.p_adjusted:.2g}" if c.p_adjusted == c.p_adjusted else "–", c.detectable]
        for c in found.contrasts
    ]
    columns = ("figure", "among", "first", "second", "difference", "p", "detectable")
    return DiagnosisTable(key="paired", title="First less second, by example", columns=columns, rows=rows, notes=notes)
