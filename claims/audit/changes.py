"""Deviations from the locked baseline: each verdict with what was locked of it, and why it is told."""

from __future__ import annotations

from collections.abc import Iterable

from unsettled.claims.audit.baseline import Baseline
from unsettled.claims.audit.entries import Strict
from unsettled.claims.verdict import Outcome, Verdict


class Change(Strict):
    """One verdict that is not what was locked; ``was`` and the figures are None where nothing was."""

    key: str
    was: Outcome | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str


def changes(verdicts: Iterable[Verdict], baseline: Baseline | None) -> tuple[Change, ...]:
    """Verdicts that the drift gate found to have left the baseline.

    Where a baseline is at hand, also those whose outcome is another than was locked though the gate was not asked.
    """
    locked = baseline.locked if baseline is not None else {}
    found = []
    for verdict in verdicts:
        before = locked.get(verdict.key)
        drifted = verdict.outcome is Outcome.DRIFTED
        if drifted or (before is not None and before.verdict != verdict.outcome):
            locked_as = {} if before is None else {"was": before.verdict, **before.model_dump(include={"value", "low", "high"})}
            reason = verdict.reason if drifted or before is None else f"was {before.verdict.shown}, is {verdict.outcome.shown}"
            found.append(Change(key=verdict.key, reason=reason, **locked_as))
    return tuple(found)
