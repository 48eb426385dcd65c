"""`unsettled compare-accounts` as tables: what each paper predicts and what each population shows, one table a question."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from unsettled.claims.audit.accounts import Answer
from unsettled.claims.verdict import Outcome
from unsettled.reports.findings.grid import Grid

OTHER = " (of the other architecture)"
SHORT = {Outcome.TRANSFERS: "holds", Outcome.CONSISTENT: "holds", Outcome.REPRODUCED: "holds"}
SHORT |= {Outcome.DOES_NOT_TRANSFER: "does not hold", Outcome.REFUTED: "does not hold", Outcome.UNDERPOWERED: "inconclusive"}


def account_grids(found: Iterable[Answer]) -> list[Grid]:
    """One table for each question: a row for each paper's side, a column for each population."""
    found = list(found)
    populations = list(dict.fromkeys(answer.verdict.population for answer in found))
    grids = []
    for each in {answer.contradiction.id: answer.contradiction for answer in found}.values():
        rows = []
        for side in each.sides:
            mine = {a.verdict.population: a for a in found if a.contradiction.id == each.id and a.side == side}
            first = next(iter(mine.values()))
            rows.append((f"{side.ledger}: {side.predicts}", f"{side.claim}, {first.locator}", *(cell(mine[name]) for name in populations)))
        title = f"{each.question}{f' ({each.note})' if each.note else ''}"
        grids.append(Grid(title, ("paper: what it predicts", "claim, where", *populations), tuple(rows)))
    return grids


def cell(answer: Answer) -> str:
    """Whether it holds, and the figure with its interval."""
    verdict = answer.verdict
    told = SHORT.get(verdict.outcome, "not measured")
    shown = f" {verdict.shown}" if verdict.measured is not None and verdict.measured.estimate.defined else ""
    return told + shown + ("" if answer.spoken_of else OTHER)


def as_table(found: Iterable[Answer]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {
            "contradiction": answer.contradiction.id,
            "question": answer.contradiction.question,
            "paper": answer.side.ledger,
            "claim": answer.side.claim,
            "locator": answer.locator,
            "predicts": answer.side.predicts,
            "population": answer.verdict.population,
            "speaks_of_it": answer.spoken_of,
            "outcome": str(answer.verdict.outcome),
            "holds": SHORT.get(answer.verdict.outcome, "not measured"),
            "value": _value(answer, "value"),
            "low": _value(answer, "low"),
            "high": _value(answer, "high"),
            "reason": answer.verdict.reason,
        }
        for answer in found
    ]


def _value(answer: Answer, name: str) -> float | None:
    measured = answer.verdict.measured
    if measured is None or not measured.estimate.defined:
        return None
    value = float(getattr(measured.estimate, name))
    return value if math.isfinite(value) else None
