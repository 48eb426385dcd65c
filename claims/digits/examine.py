"""The examiners of printed digits: one function for each kind of arithmetic check in a ledger."""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from math import prod

from pydantic import BaseModel, ConfigDict

from unsettled.claims.digits.feasible import Group, Solution, candidates, feasible, nearest, solve
from unsettled.claims.ledger.checks import AnyCheck, Linked, Product, Ratio, Sum, ZeroBound
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import Stated
from unsettled.measure.statistics.proportion import zero_event_bound, zero_event_power
from unsettled.measure.support.figures import as_percent, fraction, listing, number, span

# (subject, possible, finding, whether the verdict hangs on it)
Answer = tuple[str, bool, str, bool]


class Examined(BaseModel):
    """What one check found: the stated digits, the criterion, and rows of (subject, possible, finding, decides)."""

    model_config = ConfigDict(frozen=True)
    stated: str
    criterion: str
    rows: tuple[Answer, ...]


def _resolve(reference: str | int, ledger: Ledger) -> Stated:
    """The printed digits behind a reference: a claim, a figure, digits written out, or a whole number."""
    if isinstance(reference, int):
        return parse_stated(str(reference))
    for figure in ledger.figures:
        if reference in (parsed := figure.parsed()):
            return parsed[reference]
    for claim in ledger.claims:
        if claim.id == reference and claim.printed is not None:
            return claim.printed
    return parse_stated(reference)


def _span(stated: Stated) -> tuple[Fraction, Fraction]:
    """The values behind printed digits: a point for a whole number or a count, else the rounding interval."""
    if stated.whole is not None:
        return Fraction(stated.whole), Fraction(stated.whole)
    if stated.low is None or stated.high is None:
        raise ValueError(f"{stated.text!r} is open on one side and cannot enter arithmetic")
    return stated.low, stated.high


def _total(references: list[str | int], ledger: Ledger) -> tuple[Fraction, Fraction]:
    spans = [_span(_resolve(reference, ledger)) for reference in references]
    return sum((low for low, _ in spans), Fraction(0)), sum((high for _, high in spans), Fraction(0))


@singledispatch
def examine(check: AnyCheck, ledger: Ledger) -> Examined:
    """What a check of the ledger finds in the printed digits."""
    raise TypeError(f"no arithmetic for {type(check).__name__}")


@examine.register
def _linked(check: Linked, ledger: Ledger) -> Examined:
    printed = {name: _resolve(name, ledger) for name in (check.right, *check.of_right, *check.of_wrong)}
    count = _resolve(check.wrong_count, ledger) if check.wrong_count else None
    group = Group(
        right=printed[check.right],
        wrong_count=count.whole if count else None,
        of_right={name: printed[name] for name in check.of_right},
        of_wrong={name: printed[name] for name in check.of_wrong},
        complements=tuple(check.complements),
    )
    texts = [stated.text for stated in printed.values()]
    if count:
        texts.insert(1, count.text)
    rows = [_declared_sizes(check, group, ledger)]
    rows += [(f"n = {n:,}", *_at(group, n), False) for n in check.also]
    rows += _other_readings(group, check)
    return Examined(
        stated=", ".join(texts),
        rows=tuple(rows),
        criterion="some declared n has whole numbers of right and wrong answers that round to all of these digits",
    )


def _declared_sizes(check: Linked, group: Group, ledger: Ledger) -> Answer:
    """The row that decides: whether any declared size is consistent with the digits."""
    if check.sizes.only:
        each = {n: _at(group, n) for n in check.sizes.only}
        finding = "; ".join(f"n = {n:,}: {text}" for n, (_, text) in each.items())
        subject = f"n one of {listing([f'{n:,}' for n in each])}"
        return subject, any(possible for possible, _ in each.values()), finding, True
    low, high = (int(figure.value) for figure in _resolve(check.sizes.claim or "", ledger).figures)
    found = feasible(group, range(low, high + 1))
    finding = f"{len(found):,} of {high - low + 1:,} sizes are consistent with all of these digits"
    if found:
        finding += f", from {_solution(found[0])} to {_solution(found[-1])}"
    return f"n from {span(low, high)}", bool(found), finding, True


def _solution(solution: Solution) -> str:
    parts = [f"{solution.right:,} right", f"{solution.wrong:,} wrong"]
    parts += [f"{name} {count:,}" for name, count in solution.numerators.items()]
    return f"n = {solution.n:,} ({', '.join(parts)})"


def _at(group: Group, n: int) -> tuple[bool, str]:
    """One size: a solution, or the figure that has none and the shares that come closest to it."""
    if solution := solve(group, n):
        return True, f"possible: {_solution(solution)}"
    rights = list(candidates(group, n))
    if not rights:
        numbers = group.right.numerators(n)
        if not numbers:
            return False, f"no count of right answers rounds to {group.right.text}, {_near(group.right, [n])}"
        return False, f"{group.right.text} leaves {span(n - numbers[-1], n - numbers[0])} wrong, not {group.wrong_count:,}"
    wrongs = [n - right for right in rights]
    for part, shares, wholes in (("wrong", group.of_wrong, wrongs), ("right", group.of_right, rights)):
        for stated in shares.values():
            if not any(stated.numerators(whole) for whole in wholes):
                number_of = span(min(wholes), max(wholes))
                return False, f"no share of {number_of} {part} rounds to {stated.text}, {_near(stated, wholes)}"
    return False, "each figure alone is possible, but not all together"


def _near(stated: Stated, wholes: list[int]) -> str:
    """The closest shares that do not round to the digits."""
    return f"nearest {listing([fraction(*pair) for pair in nearest(stated, wholes)])}"


def _other_readings(group: Group, check: Linked) -> list[Answer]:
    """Where a share of failures is impossible at a size: would it be one as a share of all examples?"""
    rows: list[Answer] = []
    for n in [*(check.sizes.only or []), *check.also]:
        failures = [n - right for right in candidates(group, n)]
        for stated in group.of_wrong.values():
            if any(stated.numerators(whole) for whole in failures) or stated.shape == "count" or stated.value > 0.5:
                continue
            numbers = stated.numerators(n)
            told = fraction(numbers[0], n) if numbers else _near(stated, [n])
            rows.append((f"{stated.text} of all {n:,} instead of the failures", bool(numbers), told, False))
    return rows


@examine.register
def _ratio(check: Ratio, ledger: Ledger) -> Examined:
    top, bottom = _total(check.numerator, ledger), _total(check.denominator, ledger)
    target = _resolve(check.claim, ledger)
    low, high = top[0] / bottom[1], top[1] / bottom[0]
    possible = target.meets_exactly(low, high)
    k, n = (top[0].numerator, top[0].denominator) if bottom[0] == 1 else (top[0], bottom[0])  # "5/971" of 1
    whole = top[0] == top[1] and bottom[0] == bottom[1] and k.denominator == n.denominator == 1
    shown = fraction(int(k), int(n)) if whole else f"between {as_percent(low)} and {as_percent(high)}"
    verb = "rounds" if possible else "does not round"
    rows: list[Answer] = [("counts against digits", possible, f"{shown} {verb} to {target.text}", True)]
    if not possible and whole:
        rows.append(_denominators(int(k), target))
        others = target.numerators(int(n))
        told = fraction(others[0], int(n)) if others else _near(target, [int(n)])
        rows.append((f"another count of {int(n):,}", bool(others), told, False))
    return Examined(stated=target.text, criterion="the quotient of the counts rounds to the digits", rows=tuple(rows))


def _denominators(k: int, target: Stated) -> Answer:
    """The denominators for which k rounds to the digits."""
    subject = f"{k:,} of another denominator"
    if not k or not target.low or not target.high:
        return subject, False, "consistent with no denominator", False
    first = max(k, -(-k * target.high.denominator // target.high.numerator))
    last = k * target.low.denominator // target.low.numerator
    told = f"{target.text} is consistent with denominators {span(first, last)}" if first <= last else "consistent with no denominator"
    return subject, first <= last, told, False


@examine.register
def _sum(check: Sum, ledger: Ledger) -> Examined:
    low, high = _total(check.parts, ledger)
    whole = _resolve(check.whole, ledger)
    bottom, top = _span(whole)
    possible = low <= top and high >= bottom
    parts = [_resolve(reference, ledger).text for reference in check.parts]
    sum_text = number(low) if low == high else f"between {as_percent(low, 6)} and {as_percent(high, 6)}"
    finding = f"{' + '.join(parts)} is {sum_text}, printed {whole.text}"
    return Examined(
        stated=", ".join([*parts, whole.text]),
        criterion="the parts can add up to the whole, as each is rounded",
        rows=(("sum", possible, finding, True),),
    )


@examine.register
def _product(check: Product, ledger: Ledger) -> Examined:
    target = _resolve(check.equals, ledger)
    result = prod(check.factors)
    possible = target.contains(result)
    finding = f"{' × '.join(map(str, check.factors))} = {result:,}, printed {target.text}"
    if not possible:
        finding += f"; figures per unit differ by {result:,}/{target.text} = {number(result / target.value)}"
    rows = [("product", possible, finding, True)]
    for reading, factors in check.instead.items():
        other = prod(factors)
        rows.append((reading, target.contains(other), f"{' × '.join(map(str, factors))} = {other:,}", False))
    return Examined(stated=target.text, criterion="the product rounds to the digits", rows=tuple(rows))


@examine.register
def _zero_bound(check: ZeroBound, ledger: Ledger) -> Examined:
    claim = ledger[check.claim]
    stated = claim.printed
    if stated is None or stated.denominator is None or stated.numerator != 0:
        raise ValueError(f"{check.claim!r} is not a zero count")
    n = stated.denominator
    high = zero_event_bound(n, level=check.level).high
    told = f"{as_percent(high)} is the exact one-sided {check.level:.0%} upper limit of 0 of {n:,}"
    beside: list[Answer] = []
    if check.rate:
        other = _resolve(check.rate, ledger)
        zero = 1 - zero_event_power(n, other.value)
        verb = "excludes" if zero < 1 - check.level else "does not exclude"
        compared = f"0 of {n:,} {verb} a rate of {other.text}: none would be seen with probability {zero:.3f}"
        beside.append((f"a rate of {other.text}", zero >= 1 - check.level, compared, False))
    possible = True
    if check.printed is not None:
        printed = _resolve(check.printed, ledger)
        possible, told = printed.contains(high), f"{told}, printed {printed.text}"
    told = "; ".join([told, *(finding for _, _, finding, _ in beside)])
    return Examined(
        stated=claim.stated, criterion="the printed limit is the exact one", rows=(("upper limit", possible, told, True), *beside)
    )
