"""What the printed digits exclude without any model: one verdict and some rows of a table for each check."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from unsettled.claims.digits.examine import examine
from unsettled.claims.digits.feasible import nearest
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import AUDIT, Ledger
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.support.figures import fraction, listing


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


def arithmetic(ledger: Ledger) -> Arithmetic:
    """Check the printed digits of a ledger against each other.

    A check is IMPOSSIBLE only under what the ledger declares (its sizes, its denominators); rows with
    ``decides=False`` say what other readings would be possible. CONSISTENT means that whole numbers exist that
    round to all of the digits.

    >>> from unsettled.claims.ledger.load import load_ledger
    >>> found = arithmetic(load_ledger())
    >>> sum(verdict.outcome == "IMPOSSIBLE" for verdict in found.verdicts), len(found.verdicts)
    (5, 17)
    """
    verdicts: list[Verdict] = []
    rows: list[Row] = []
    for check in ledger.checks:
        finding = examine(check, ledger)
        own = [
            Row(
                check=check.id,
                population=check.population,
                locator=check.locator,
                subject=subject,
                possible=possible,
                finding=text,
                decides=decides,
            )
            for subject, possible, text, decides in finding.rows
        ]
        rows += own
        possible = all(row.possible for row in own if row.decides)
        verdicts.append(
            Verdict(
                claim=check.id,
                population=check.population,
                mode="arithmetic",
                outcome=Outcome.CONSISTENT if possible else Outcome.IMPOSSIBLE,
                stated=finding.stated,
                words=check.words,
                locator=check.locator,
                criterion=finding.criterion,
                reason=_sentence(own, possible),
                command=f"{AUDIT}--claim {check.id}",
            )
        )
    for claim in ledger.claims:
        rows += [_claim_row(claim, *answer) for answer in digits_of(claim)]
    return Arithmetic(verdicts=tuple(verdicts), rows=tuple(rows))


def _sentence(rows: list[Row], possible: bool) -> str:
    """What decided, and in brief what the readings beside it would have given."""
    decided = [f"{row.subject}: {row.finding}" for row in rows if row.decides and row.possible == possible]
    beside = [row for row in rows if not row.decides and row.possible != possible]
    if not beside:
        return "; ".join(decided)
    if possible:
        return f"{'; '.join(decided)}; but not with {listing([row.subject for row in beside])}"
    return f"{'; '.join(decided)}; possible instead: {'; '.join(f'{row.subject} ({row.finding})' for row in beside)}"


def digits_of(claim: AnyClaim) -> list[tuple[str, bool, str]]:
    """What a claim's own digits say against each other: (subject, possible, finding), empty if nothing can be said."""
    answers: list[tuple[str, bool, str]] = []
    stated = claim.printed
    if stated is None:
        return answers
    if claim.of is not None and claim.kind in ("share", "zero_count"):
        numbers = stated.numerators(claim.of)
        if numbers:
            finding = f"{fraction(numbers[0], claim.of)} rounds to {claim.stated}"
        else:
            close = [fraction(*pair) for pair in nearest(stated, [claim.of])]
            finding = f"no whole number of {claim.of:,} rounds to {claim.stated}; the nearest are {listing(close)}"
            if not close:
                finding = f"{claim.stated} is not a count of {claim.of:,}"
        subject = claim.stated if stated.shape == "count" else f"{claim.stated} of {claim.of:,}"
        answers.append((subject, bool(numbers), finding))
    if members := claim.summarised:
        values = sorted(members, key=lambda member: member.value)
        ends = stated.figures
        pairs = ((values[0], ends[0]), (values[-1], ends[1]))
        fits = [member.meets_exactly(end.low, end.high) for member, end in pairs]
        names = listing([member.text for member in members])
        verb = "round to its ends" if all(fits) else "do not round to its ends"
        answers.append((f"members of {claim.stated}", all(fits), f"{names} {verb}"))
    return answers


def _claim_row(claim: AnyClaim, subject: str, possible: bool, finding: str) -> Row:
    return Row(check=claim.id, population=claim.population, locator=claim.locator, subject=subject, possible=possible, finding=finding)
