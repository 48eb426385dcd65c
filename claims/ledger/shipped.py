"""The ledgers that ship with the program, by name: the audited paper, and other papers about the same runs."""

from __future__ import annotations

from pathlib import Path

from unsettled.claims.ledger.load import PAPER
from unsettled.measure.errors import UserError

PAPERS = PAPER.parent / "papers"
# the table of what papers say against each other lies beside their ledgers
CONTRADICTIONS = PAPERS / "contradictions.toml"


def shipped() -> dict[str, Path]:
    """Name → ledger, the audited paper first.

    >>> list(shipped())
    ['paper', 'dissecting-hrm', 'efstathiou-balwani', 'krishna', 'ren-liu']
    """
    others = sorted(path for path in PAPERS.glob("*.toml") if path != CONTRADICTIONS)
    return {path.stem: path for path in (PAPER, *others)}


def ledger_named(name: str) -> Path:
    """The ledger of that name. Raises UserError that lists the names."""
    found = shipped()
    if name not in found:
        raise UserError(f"no paper {name!r}", hint=f"there are {', '.join(found)}; --ledger PATH names any other")
    return found[name]
