"""The audit: everything one run of `pytest claims/` found, as one typed JSON file, from which alone every report is drawn."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, TypeAdapter

from unsettled.claims.audit.changes import Change
from unsettled.claims.audit.entries import LedgerEntry, PopulationEntry, Strict, Tool
from unsettled.claims.audit.explained import Explained
from unsettled.claims.audit.pictures import Boards, Pictured
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.rivals import Rival
from unsettled.claims.audit.sampling import Remeasured
from unsettled.claims.digits.arithmetic import Row
from unsettled.claims.explanation.facts import Fact
from unsettled.claims.manuscript.marked import Marked
from unsettled.claims.verdict import TABLE, Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import validated, write_whole
from unsettled.measure.support.limits import check_file

SCHEMA_VERSION = 2


class Audit(Strict):
    """One run.

    Attributes:
        complete: every claim of the ledger was judged on every population; False after `-k` and the like.
        verdicts: in the order of the ledger, population by population.
        arithmetic: what the printed digits exclude without a model; ``digits`` is the table behind it.
        remeasured: rows that were measured again in this run.
        planted: falsehoods that were planted, and whether they were caught.
        compared: how many verdicts the locked baseline holds; None when this run was not held to it.
        changes: verdicts that left it, or would have.
        drift: what this run changed in the baseline that it wrote, or let pass of what has changed.
        counts: verdicts of claims by outcome, all ten.
        expected_false: how many of the verdicts on other checkpoints are false at most, in expectation.
        definitions: the facts on each claim; ``explained`` those on each measured verdict, by ``claim@population``.
        rivals: other papers about the same runs, judged on the same networks.
        manuscript: the text that the ledger is about, with its numbers and claims marked, where it was given.
        pictures: the portrait of each measured population; ``boards`` a few of its puzzles that were run again.
    """

    schema_version: int = SCHEMA_VERSION
    tool: Tool
    ledger: LedgerEntry
    policy: Literal["draft", "strict"]
    seed: int
    complete: bool
    populations: tuple[PopulationEntry, ...]
    verdicts: tuple[Verdict, ...]
    arithmetic: tuple[Verdict, ...]
    digits: tuple[Row, ...] = ()
    expected_false: float = 0.0
    remeasured: tuple[Remeasured, ...]
    planted: tuple[Planted, ...]
    compared: int | None = None
    changes: tuple[Change, ...] = ()
    drift: tuple[str, ...] = ()
    counts: dict[str, int]
    versions: dict[str, str]
    definitions: dict[str, tuple[Fact, ...]] = Field(default_factory=dict)
    explained: dict[str, Explained] = Field(default_factory=dict)
    rivals: tuple[Rival, ...] = ()
    manuscript: Marked | None = None
    pictures: tuple[Pictured, ...] = ()
    boards: tuple[Boards, ...] = ()

    @property
    def decided(self) -> int:
        """How many claims were decided."""
        return sum(TABLE[verdict.outcome].decided for verdict in self.verdicts)


def count(verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """How often each of the ten outcomes occurs, in the order of the table; zero included."""
    seen = Counter(verdict.outcome for verdict in verdicts)
    return {outcome.value: seen[outcome] for outcome in TABLE}


# What is for the eye alone, and the type that writes it: one line each, for as indented lists these would be most of the file.
DRAWN: dict[str, TypeAdapter[Any]] = {"pictures": TypeAdapter(tuple[Pictured, ...]), "boards": TypeAdapter(tuple[Boards, ...])}


def as_json(audit: Audit) -> str:
    """The text of an audit's file. NaN and infinities are null, but within pictures, where they are named."""
    drawn = (f'"{name}": {kind.dump_json(getattr(audit, name), exclude_defaults=True).decode()}' for name, kind in DRAWN.items())
    return ",\n ".join([audit.model_dump_json(indent=1, exclude=set(DRAWN)).removesuffix("\n}"), *drawn]) + "\n}\n"


def write_audit(audit: Audit, path: Path) -> None:
    """Write an audit as JSON, whole or not at all. Raises UserError."""
    write_whole(path, as_json(audit), what="audit", make_folder=True)


@bounded("text")
def read_audit(path: Path | str) -> Audit:
    """Read an audit. Raises UserError when it is missing, not an audit, or of another schema version."""
    path = Path(path)
    check_file(path, "audit")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError("no such audit", where=path, hint="`pytest claims/` writes one") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    except UnicodeDecodeError:
        raise UserError("not UTF-8 text", where=path) from None
    try:
        version = json.loads(text).get("schema_version")
        if version != SCHEMA_VERSION:
            what = f"audit has schema version {version}, this program reads {SCHEMA_VERSION}"
            raise UserError(what, where=path, hint="audit again")
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"not an audit: {error}", where=path) from None
    return validated(Audit, text, path, what="not an audit")
