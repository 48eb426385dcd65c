"""Inconclusive verdicts, one a row, with what would decide each: more puzzles, or what no number of puzzles gives."""

from __future__ import annotations

from collections import Counter

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.reports.findings.grid import Grid

WANTED = "would change it"
# The first words of what would change a verdict → what is lacking; the first that fits.
LACKING = (
    ("a narrower range of lines", "two modes of late displacement"),
    ("bimodal late displacement", "two modes of late displacement"),
    ("stronger evidence", "evidence beyond chance among the claims on this network"),
    ("a confidence interval", "cases enough for a confidence interval"),
    ("a sample on which", "cases enough for the statistic"),
    ("no practicable sample size", "an estimate away from the threshold"),
    ("another value", "an estimate away from the threshold"),
    ("an interval entirely on one side", "failures enough to bound an extreme"),
    ("about n =", "puzzles"),
    ("a single case", "puzzles"),
    ("a difference between outcomes", "a difference between outcomes"),
)


def undecided(audit: Audit) -> list[Grid]:
    """What is lacking, counted; then every inconclusive verdict on another checkpoint with what would decide it."""
    found = [verdict for verdict in audit.verdicts if verdict.outcome is Outcome.UNDERPOWERED and not verdict.planted]
    told = {verdict.key: wanted(audit, verdict) for verdict in found}
    kinds = Counter(lacking(texts) for texts in told.values())
    counts = Grid(
        "Inconclusive verdicts by what is lacking", ("lacking", "verdicts"), tuple((kind, f"{n}") for kind, n in kinds.most_common())
    )
    rows = [(verdict.claim, verdict.population, verdict.shown, "; ".join(told[verdict.key]) or "not explained") for verdict in found]
    return [
        counts,
        Grid("Inconclusive verdicts, and what would decide each", ("claim", "population", "measured", "would decide it"), tuple(rows)),
    ]


def wanted(audit: Audit, verdict: Verdict) -> list[str]:
    """What the audit says would change a verdict."""
    explained = audit.explained.get(verdict.key)
    return [] if explained is None else [fact.text for fact in explained.facts if fact.label == WANTED]


def lacking(texts: list[str]) -> str:
    """What a verdict is short of.

    >>> lacking(["about n = 30 in place of 26 would decide it"]), lacking(["stronger evidence: p = 0.04 alone"])
    ('puzzles', 'evidence beyond chance among the claims on this network')
    """
    for start, kind in LACKING:
        if any(text.startswith(start) for text in texts):
            return kind
    return "not explained"
