"""The ledgers that ship with the program, by name: the audited paper, and other papers about the same runs."""

from __future__ import annotations

import shlex
from pathlib import Path

from unsettled.claims.ledger.ledger import AUDIT
from unsettled.claims.ledger.load import PAPER
from unsettled.measure.errors import UserError
from unsettled.measure.support.files import short_path

PAPERS = PAPER.parent / "papers"
# the table of what papers say against each other lies beside their ledgers
CONTRADICTIONS = PAPERS / "contradictions.toml"
# A clone, where the folders lie beside pyproject.toml; None where the program is installed: there nothing is written between its files.
CLONE = PAPER.parents[1] if (PAPER.parents[1] / "pyproject.toml").is_file() else None


def shipped() -> dict[str, Path]:
    """Name → ledger, the audited paper first.

    >>> list(shipped())
    ['paper', 'dissecting-hrm', 'efstathiou-balwani', 'krishna', 'ren-liu']
    """
    others = sorted(path for path in PAPERS.glob("*.toml") if path != CONTRADICTIONS)
    return {path.stem: path for path in (PAPER, *others)}


def auditing(ledger: Path) -> str:
    """How an audit of that ledger begins on a command line, with a space at the end; elsewhere than in a clone there is no `claims/`."""
    own = AUDIT if CLONE else "unsettled audit "
    if ledger.resolve() == PAPER.resolve():
        return own
    if ledger.resolve().parent == PAPERS.resolve():
        return f"{own}--paper {ledger.stem} "
    return f"unsettled audit {shlex.quote(short_path(ledger))} "


def ledger_named(name: str) -> Path:
    """The ledger of that name. Raises UserError that lists the names."""
    found = shipped()
    if name not in found:
        raise UserError(f"no paper {name!r}", hint=f"there are {', '.join(found)}; --ledger PATH names any other")
    return found[name]
