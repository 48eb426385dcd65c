"""What the printed digits exclude without any model: one verdict and some rows of a table for each check."""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch

from pydantic import BaseModel, ConfigDict

from claims.checks import AnyCheck, Linked, Product, Ratio, Sum, ZeroBound
from claims.feasible import Group, Solution, candidates, feasible, nearest, solve
from claims.ledger import AnyClaim, Ledger
from claims.stated import Stated, parse_stated
from claims.verdict import Outcome, Verdict
from claims.wording import fraction, listing, number, percent
from measure.statistics.proportion import zero_event_bound, zero_event_power


class Row(BaseModel):
    """One line of the table of arithmetic.

    ``subject`` is what was asked ("n = 8,192"), ``finding`` the answer in words, ``decides`` whether the verdict
    hangs on it (rows that do not are readings beside the declared one).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    check: str
    population: str
    locator: str
    subject: str
    possible: bool
    finding: str
    decides: bool = True


class Arithmetic(BaseModel):
    """All verdicts and rows of a ledger's arithmetic, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdicts: tuple[Verdict, ...]
    rows: tuple[Row, ...]


class _Finding(BaseModel):
    """What one check found: the stated digits, the criterion, and rows of (subject, possible, finding, decides)."""

    model_config = ConfigDict(frozen=True)
    stated: str
    criterion: str
    rows: tuple[tuple[str, bool, str, bool], ...]


def arithmetic(ledger: Ledger) -> Arithmetic:
    """Check the printed digits of a ledger against each other.

    A check is IMPOSSIBLE only under what the ledger declares (its sizes, its denominators); rows with
    ``decides=False`` say what other readings would be possible. CONSISTENT means that whole numbers exist that
    print all the digits.
    """
    verdicts: list[Verdict] = []
    rows: list[Row] = []
    for check in ledger.checks:
        finding = _examine(check, ledger)
        own = [
            Row(check=check.id, population=check.population, locator=check.locator, subject=subject,
                possible=possible, finding=text, decides=decides)
            for subject, possible, text, decides in finding.rows
        ]  # fmt: skip
        rows += own
        possible = all(row.possible for row in own if row.decides)
        told = [row for row in own if row.decides and row.possible == possible] + [r for r in own if not r.decides]
        verdicts.append(
            Verdict(
                claim=check.id, population=check.population, mode="arithmetic",
                outcome=Outcome.CONSISTENT if possible else Outcome.IMPOSSIBLE, stated=finding.stated,
                words=check.words, locator=check.locator, criterion=finding.criterion,
                reason="; ".join(f"{row.subject}: {row.finding}" for row in told),
                command=f'pytest claims/ -k "{check.id}"',
            )
        )  # fmt: skip
    for claim in ledger.claims:
        rows += [_claim_row(claim, *answer) for answer in digits_of(claim)]
    return Arithmetic(verdicts=tuple(verdicts), rows=tuple(rows))


def digits_of(claim: AnyClaim) -> list[tuple[str, bool, str]]:
    """What a claim's own digits say against each other: (subject, possible, finding), empty if nothing can be said."""
    stated, answers = claim.printed, []
    if stated is None:
        return answers
    if claim.of is not None and claim.kind in ("share", "zero_count"):
        numbers = stated.numerators(claim.of)
        if numbers:
            finding = f"{fraction(numbers[0], claim.of)} prints as {claim.stated}"
        else:
            close = [fraction(*pair) for pair in nearest(stated, [claim.of])]
            finding = f"no whole number of {claim.of:,} prints as {claim.stated}; the nearest are {listing(close)}"
            if not close:
                finding = f"{claim.stated} is not a count of {claim.of:,}"
        answers.append((f"{claim.stated} of {claim.of:,}", bool(numbers), finding))
    members = [parse_stated(text) for text in getattr(claim, "members", [])]
    if members:
        values = sorted(members, key=lambda member: member.value)
        ends = stated.figures
        fits = [
            member.meets(float(end.low), float(end.high)) for member, end in ((values[0], ends[0]), (values[-1], ends[1]))
        ]
        names = listing([member.text for member in members])
        verb = "print as its ends" if all(fits) else "do not print as its ends"
        answers.append((f"members of {claim.stated}", all(fits), f"{names} {verb}"))
    return answers


def _claim_row(claim: AnyClaim, subject: str, possible: bool, finding: str) -> Row:
    return Row(check=claim.id, population=claim.population, locator=claim.locator, subject=subject,
               possible=possible, finding=finding)  # fmt: skip


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
def _examine(check: AnyCheck, ledger: Ledger) -> _Finding:
    raise TypeError(f"no arithmetic for {type(check).__name__}")


@_examine.register
def _linked(check: Linked, ledger: Ledger) -> _Finding:
    printed = {name: _resolve(name, ledger) for name in (check.right, *check.of_right, *check.of_wrong)}
    count = _resolve(check.wrong_count, ledger) if check.wrong_count else None
    group = Group(
        right=printed[check.right], wrong_count=count.whole if count else None,
        of_right={name: printed[name] for name in check.of_right},
        of_wrong={name: printed[name] for name in check.of_wrong}, complements=tuple(check.complements),
    )  # fmt: skip
    texts = [stated.text for stated in printed.values()]
    if count:
        texts.insert(1, count.text)
    rows: list[tuple[str, bool, str, bool]] = []
    if check.sizes.claim:
        low, high = (int(figure.value) for figure in _resolve(check.sizes.claim, ledger).figures)
        found = feasible(group, range(low, high + 1))
        subject, total = f"n from {low:,} to {high:,}", high - low + 1
        finding = f"{len(found):,} of {total:,} sizes can print these digits together"
        if found:
            finding += f", from {_solution(found[0])} to {_solution(found[-1])}"
        rows.append((subject, bool(found), finding, True))
    for n in check.sizes.only or []:
        rows.append(_at(group, n, decides=False))
    if check.sizes.only:
        any_size = any(possible for _, possible, _, _ in rows)
        names = listing([f"{n:,}" for n in check.sizes.only])
        finding = "some of these sizes can print the digits" if any_size else "none of these sizes can print the digits"
        rows.insert(0, (f"n one of {names}", any_size, finding, True))
    rows += [_at(group, n, decides=False) for n in check.also]
    rows += _other_readings(group, check)
    return _Finding(
        stated=", ".join(texts), rows=tuple(rows),
        criterion="some declared n has whole numbers of right and wrong answers that print all of these digits",
    )  # fmt: skip


def _solution(solution: Solution) -> str:
    parts = [f"{solution.right:,} right", f"{solution.wrong:,} wrong"]
    parts += [f"{name} {count:,}" for name, count in solution.numerators.items()]
    return f"n = {solution.n:,} ({', '.join(parts)})"


def _at(group: Group, n: int, *, decides: bool) -> tuple[str, bool, str, bool]:
    """One size: a solution, or the figure that has none and the shares that come closest to it."""
    solution = solve(group, n)
    if solution:
        return f"n = {n:,}", True, f"possible: {_solution(solution)}", decides
    rights = list(candidates(group, n))
    if not rights:
        numbers = group.right.numerators(n)
        if not numbers:
            near = listing([fraction(*pair) for pair in nearest(group.right, [n])])
            return f"n = {n:,}", False, f"no count of right answers prints as {group.right.text}; nearest {near}", decides
        left = f"{n - numbers[-1]:,} to {n - numbers[0]:,}"
        return f"n = {n:,}", False, f"{group.right.text} leaves {left} wrong, not {group.wrong_count:,}", decides
    for shares, wholes in ((group.of_wrong, [n - right for right in rights]), (group.of_right, rights)):
        for stated in shares.values():
            if not any(stated.numerators(whole) for whole in wholes):
                near = listing([fraction(*pair) for pair in nearest(stated, wholes)])
                part = "wrong" if shares is group.of_wrong else "right"
                text = f"{min(wholes):,} to {max(wholes):,} are {part}; no share of them prints as {stated.text}, nearest {near}"
                return f"n = {n:,}", False, text, decides
    return f"n = {n:,}", False, "each figure alone is possible, all together are not", decides


def _other_readings(group: Group, check: Linked) -> list[tuple[str, bool, str, bool]]:
    """Where a share of failures is impossible at a size: would it be one as a share of all examples?"""
    rows = []
    for n in [*(check.sizes.only or []), *check.also]:
        if solve(group, n):
            continue
        for stated in group.of_wrong.values():
            failures = [n - right for right in candidates(group, n)]
            if any(stated.numerators(whole) for whole in failures) or stated.value > 0.5:
                continue
            numbers = stated.numerators(n)
            told = f"{fraction(numbers[0], n)}" if numbers else f"nearest {listing([fraction(*p) for p in nearest(stated, [n])])}"
            rows.append((f"{stated.text} of all {n:,} instead of the failures", bool(numbers), told, False))
    return rows


@_examine.register
def _ratio(check: Ratio, ledger: Ledger) -> _Finding:
    top, bottom = _total(check.numerator, ledger), _total(check.denominator, ledger)
    target = _resolve(check.claim, ledger)
    low, high = top[0] / bottom[1], top[1] / bottom[0]
    possible = target.meets_exactly(low, high)
    k, n = (top[0], bottom[0]) if bottom[0] != 1 else (Fraction(top[0]).numerator, Fraction(top[0]).denominator)
    whole = top[0] == top[1] and bottom[0] == bottom[1] and Fraction(k).denominator == Fraction(n).denominator == 1
    shown = fraction(int(k), int(n)) if whole else f"between {percent(low)} and {percent(high)}"
    rows = [("counts against digits", possible, f"{shown} {'prints' if possible else 'does not print'} as {target.text}", True)]
    if not possible and whole:
        rows.append(_denominators(int(k), target))
        near = target.numerators(int(n))
        told = f"{fraction(near[0], int(n))}" if near else f"nearest {listing([fraction(*p) for p in nearest(target, [int(n)])])}"
        rows.append((f"another count of {int(n):,}", bool(near), told, False))
    return _Finding(stated=target.text, criterion="the counts print as the digits", rows=tuple(rows))


def _denominators(k: int, target: Stated) -> tuple[str, bool, str, bool]:
    """The wholes of which k would print as the digits."""
    if not k or not target.low or target.high is None:
        return f"{k:,} of another number", False, "no denominator does it", False
    first, last = -(-k / target.high).__floor__(), (k / target.low).__floor__()
    first = max(-(-k * target.high.denominator // target.high.numerator), 1)
    told = f"{k:,} prints as {target.text} of {first:,} to {last:,}" if first <= last else "no denominator does it"
    return f"{k:,} of another number", first <= last, told, False


@_examine.register
def _sum(check: Sum, ledger: Ledger) -> _Finding:
    low, high = _total(check.parts, ledger)
    whole = _resolve(check.whole, ledger)
    bottom, top = _span(whole)
    possible = low <= top and high >= bottom
    parts = [_resolve(reference, ledger).text for reference in check.parts]
    sum_text = number(low) if low == high else f"between {percent(low, 6)} and {percent(high, 6)}"
    finding = f"{' + '.join(parts)} is {sum_text}, printed {whole.text}"
    return _Finding(
        stated=", ".join([*parts, whole.text]), criterion="the parts can add up to the whole, as each is rounded",
        rows=(("sum", possible, finding, True),),
    )  # fmt: skip


@_examine.register
def _product(check: Product, ledger: Ledger) -> _Finding:
    target = _resolve(check.equals, ledger)
    result = _multiply(check.factors)
    possible = target.contains(result)
    finding = f"{' × '.join(map(str, check.factors))} = {result:,}, printed {target.text}"
    if not possible:
        finding += f"; figures per unit differ by {result:,}/{target.text} = {number(result / target.value)}"
    rows = [("product", possible, finding, True)]
    for reading, factors in check.instead.items():
        other = _multiply(factors)
        rows.append((reading, target.contains(other), f"{' × '.join(map(str, factors))} = {other:,}", False))
    return _Finding(stated=target.text, criterion="the product prints as the digits", rows=tuple(rows))


def _multiply(factors: list[int]) -> int:
    result = 1
    for factor in factors:
        result *= factor
    return result


@_examine.register
def _zero_bound(check: ZeroBound, ledger: Ledger) -> _Finding:
    claim = ledger[check.claim]
    stated = claim.printed
    if stated is None or stated.denominator is None or stated.numerator != 0:
        raise ValueError(f"{check.claim!r} is not a zero count")
    n = stated.denominator
    high = zero_event_bound(n, level=check.level).high
    told = f"{percent(high)} is the exact one-sided {check.level:.0%} upper limit of 0 of {n:,}"
    rows = []
    if check.printed is None:
        rows.append(("upper limit", True, told, True))
    else:
        printed = _resolve(check.printed, ledger)
        rows.append(("upper limit", printed.contains(high), f"{told}, printed {printed.text}", True))
    if check.rate:
        other = _resolve(check.rate, ledger)
        zero = 1 - zero_event_power(n, other.value)
        verb = "excludes" if zero < 1 - check.level else "does not exclude"
        rows.append((f"a rate of {other.text}", zero >= 1 - check.level,
                     f"0 of {n:,} {verb} it: none would be seen with probability {zero:.3f}", False))  # fmt: skip
    return _Finding(stated=claim.stated, criterion="the printed limit is the exact one", rows=tuple(rows))
