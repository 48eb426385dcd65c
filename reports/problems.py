"""What of an audit asks for attention, how gravely, and where in the ledger it stands: the source of annotations and SARIF."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unsettled.claims.audit.audit import Audit
from unsettled.claims.judgement.policy import CONTRADICTIONS, POLICIES, fate
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.reports.renderings import Context

Level = Literal["error", "warning", "note"]
# Rules of problems that are no claim's.
UNCAUGHT, DIFFERS = "harness.falsehood-not-caught", "harness.record-differs"
REPOSITORY = Path(__file__).resolve().parent.parent


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


def problems(audit: Audit, context: Context) -> list[Problem]:
    """Failures and errors, acknowledged contradictions (warnings), then what does not transfer (notes)."""
    found = [*_of_verdicts(audit, context), *_of_harness(audit)]
    order = ("error", "warning", "note")
    return sorted(found, key=lambda problem: order.index(problem.level))


def level_of(verdict: Verdict, policy: str) -> Level | None:
    """How grave a verdict is under a policy; None when it asks for nothing."""
    if fate(verdict, POLICIES[policy]).report in ("failed", "error"):
        return "error"
    if verdict.acknowledged and verdict.outcome in CONTRADICTIONS:
        return "warning"
    return "note" if verdict.outcome is Outcome.DOES_NOT_TRANSFER else None


def _of_verdicts(audit: Audit, context: Context) -> Iterator[Problem]:
    for verdict in (*audit.verdicts, *audit.arithmetic):
        level = level_of(verdict, audit.policy)
        if level is not None:
            yield Problem(
                level=level,
                rule=verdict.claim,
                key=verdict.key,
                title=f"{verdict.outcome} {verdict.key}",
                message=f"{verdict.words}: stated {verdict.stated}. {verdict.reason}",
                line=context.line(verdict.claim) or 0,
                acknowledged=verdict.acknowledged,
                verdict=verdict,
            )


def _of_harness(audit: Audit) -> Iterator[Problem]:
    for planted in audit.planted:
        if not planted.caught:
            name = f"{planted.name}@{planted.population}"
            yield Problem(level="error", rule=UNCAUGHT, key=name, title=f"not caught: {name}", message=planted.reason)
    for rows in audit.remeasured:
        if rows.differing:
            told = f"{len(rows.differing)} of {len(rows.examples)} re-measured rows differ: {'; '.join(rows.differing[:5])}"
            yield Problem(level="error", rule=DIFFERS, key=rows.population, title=f"record differs: {rows.population}", message=told)


def ledger_file(audit: Audit, context: Context) -> str:
    """The ledger's file as an annotation names it: relative to the root where it lies below it, with slashes."""
    path = context.ledger.path if context.ledger is not None else Path(audit.ledger.path)
    if not path.is_absolute():
        candidates = [folder / path for folder in (context.root, REPOSITORY)]
        path = next((candidate for candidate in candidates if os.path.exists(candidate)), candidates[0])
    path, root = Path(os.path.abspath(path)), Path(os.path.abspath(context.root))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
