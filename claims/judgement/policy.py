"""From a verdict to what pytest reports: the policies, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unsettled.claims.verdict import TABLE, Outcome, Verdict
from unsettled.measure.support.text import harmless

Report = Literal["passed", "failed", "xfailed", "skipped", "error"]


@dataclass(frozen=True)
class Policy:
    """How strictly a run is judged.

    Attributes:
        undecided: what an undecided claim becomes.
        acknowledged: what a contradiction that `known.toml` acknowledges becomes.
    """

    name: Literal["draft", "strict"]
    undecided: Report
    acknowledged: Report


POLICIES = {
    "draft": Policy("draft", undecided="skipped", acknowledged="xfailed"),
    "strict": Policy("strict", undecided="failed", acknowledged="failed"),
}
CONTRADICTIONS = frozenset({Outcome.REFUTED, Outcome.IMPOSSIBLE})


@dataclass(frozen=True)
class Fate:
    """What pytest reports of a verdict, and the one line it shows."""

    report: Report
    message: str


def fate(verdict: Verdict, policy: Policy, *, stale: str | None = None) -> Fate:
    """The fate of a verdict under a policy.

    An acknowledged contradiction is an expected failure. ``stale`` is the reason of an acknowledgement whose
    contradiction did not occur: a decided verdict then fails, so that the acknowledgement goes (a strict xfail).
    """
    row = TABLE[verdict.outcome]
    # figures first: pytest cuts its short lines at the width of the terminal
    figures = f"{verdict.stated} stated, {verdict.shown} measured: " if verdict.measured is not None else ""
    line = harmless(f"{figures}{verdict.outcome.shown}: {verdict.reason}")
    if verdict.acknowledged and verdict.outcome in CONTRADICTIONS:
        return Fate(policy.acknowledged, f"{line} [acknowledged: {verdict.acknowledged}]")
    if row.report == "skipped":
        return Fate(policy.undecided, line)
    if stale and row.report == "passed":
        return Fate("failed", f"{line} [known.toml acknowledges a contradiction that no longer occurs: {stale}]")
    return Fate(row.report, line)
