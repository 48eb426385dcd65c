"""What left the locked baseline, as rows of a table: before, now, and why."""

from __future__ import annotations

import math
from dataclasses import dataclass

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.baseline import Baseline, Locked
from unsettled.claims.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Change:
    """One verdict that is not what was locked."""

    key: str
    before: str
    now: str
    reason: str


def changes(audit: Audit, baseline: Baseline | None) -> list[Change]:
    """Verdicts that the drift gate found to have left the baseline.

    Where a baseline is at hand, also those whose outcome is another than was locked though the gate was not asked.
    """
    locked = baseline.locked if baseline is not None else {}
    found = []
    for verdict in audit.verdicts:
        before = locked.get(verdict.key)
        drifted = verdict.outcome is Outcome.DRIFTED
        if drifted or (before is not None and before.verdict != verdict.outcome):
            reason = verdict.reason if drifted else f"was {before.verdict}, is {verdict.outcome}"
            found.append(Change(verdict.key, _before(before, verdict), _now(verdict), reason))
    return found


def _before(locked: Locked | None, verdict: Verdict) -> str:
    """Verdict and figures as they were locked; a dash where the baseline has none."""
    if locked is None:
        return "–"
    if locked.value is None:
        return locked.verdict.value
    low, high = (math.nan if limit is None else limit for limit in (locked.low, locked.high))
    return f"{locked.verdict} {verdict.notation.measured(locked.value, low, high)}"


def _now(verdict: Verdict) -> str:
    """What is measured now, and the verdict unless it is that it drifted."""
    outcome = "" if verdict.outcome is Outcome.DRIFTED else f"{verdict.outcome} "
    return outcome + verdict.shown
