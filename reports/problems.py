"""Issues of an audit and their severity, each with its line in the ledger: the source of annotations and SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from unsettled.claims.audit.audit import Audit
from unsettled.claims.judgement.policy import CONTRADICTIONS, POLICIES, fate
from unsettled.claims.verdict import Outcome, Verdict

Level = Literal["error", "warning", "note"]
# Rules of problems that belong to no claim.
UNCAUGHT, DIFFERS = "harness.falsehood-not-caught", "harness.record-differs"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One finding: ``rule`` is the claim's id, ``key`` tells findings of one rule apart, ``line`` is in the ledger (0: none)."""

    level: Level
    rule: str
    key: str
    title: str
    message: str
    line: int = 0
    acknowledged: str | None = None
    verdict: Verdict | None = None


def problems(audit: Audit) -> list[Problem]:
    """Failures and errors, acknowledged contradictions (warnings), then what does not transfer (notes)."""
    found = [*_of_verdicts(audit), *_of_harness(audit)]
    order = ("error", "warning", "note")
    return sorted(found, key=lambda problem: order.index(problem.level))


def level_of(verdict: Verdict, policy: str) -> Level | None:
    """How grave a verdict is under a policy; None when it asks for nothing."""
    if fate(verdict, POLICIES[policy]).report in ("failed", "error"):
        return "error"
    if verdict.acknowledged and verdict.outcome in CONTRADICTIONS:
        return "warning"
    return "note" if verdict.outcome is Outcome.DOES_NOT_TRANSFER else None


def _of_verdicts(audit: Audit) -> Iterator[Problem]:
    for verdict in (*audit.verdicts, *audit.arithmetic):
        level = level_of(verdict, audit.policy)
        if level is not None:
            yield Problem(
                level=level,
                rule=verdict.claim,
                key=verdict.key,
                title=f"{verdict.outcome.shown} {verdict.key}",
                message=f"{verdict.words}: stated {verdict.stated}. {verdict.reason}",
                line=audit.ledger.lines.get(verdict.claim, 0),
                acknowledged=verdict.acknowledged,
                verdict=verdict,
            )


def _of_harness(audit: Audit) -> Iterator[Problem]:
    for planted in audit.planted:
        if not planted.caught:
            name = f"{planted.name}@{planted.population}"
            yield Problem(level="error", rule=UNCAUGHT, key=name, title=f"not caught: {name}", message=planted.reason)
    for rows in audit.remeasured:
        if not rows.stands:
            lines = "; ".join((*rows.shifted, *rows.differing[:5]))
            told = f"{len(rows.differing)} of {len(rows.examples)} re-measured rows differ: {lines}"
            yield Problem(level="error", rule=DIFFERS, key=rows.population, title=f"record differs: {rows.population}", message=told)


def ledger_file(audit: Audit) -> str:
    """The ledger's file as an annotation names it: relative to the root of the repository where it lies below it, with slashes."""
    return audit.ledger.file or audit.ledger.path
