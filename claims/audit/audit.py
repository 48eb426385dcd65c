"""The audit: everything one run of `pytest claims/` found, as one typed JSON file that the reports render."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.remeasure import Remeasured
from unsettled.claims.digits.arithmetic import Row
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import TABLE, Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import short_path, validated, write_whole
from unsettled.measure.support.limits import check_file

SCHEMA_VERSION = 2


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Tool(_Strict):
    """What made the audit."""

    name: str = "unsettled"
    version: str


class LedgerEntry(_Strict):
    """The ledger that was judged: its file, the sha256 of its bytes, and the paper it is about."""

    path: str
    digest: str
    title: str
    claims: int


class PopulationEntry(_Strict):
    """A population as it was judged; the figures of measurement are None where there is no record."""

    name: str
    kind: Literal["paper", "reference", "user"]
    architecture: str | None
    title: str
    record: str | None
    rows: int
    missing: str | None
    command: str | None
    same_examples: bool
    fingerprints: dict[str, str]
    measurement: dict[str, Any]

    @classmethod
    def of(cls, population: Population) -> PopulationEntry:
        record = population.record
        provenance = record.provenance if record is not None else None
        return cls(
            name=population.name,
            kind=population.kind,
            architecture=population.architecture,
            title=population.title,
            record=short_path(population.record_path) if population.record_path else None,
            rows=len(record) if record is not None else 0,
            missing=population.missing,
            command=population.command,
            same_examples=population.same_examples,
            fingerprints={} if record is None else fingerprints(population),
            measurement={} if provenance is None else provenance.model_dump(mode="json", include=MEASUREMENT),
        )


MEASUREMENT = {"model", "segments", "exponents", "tangent_seed", "qr_every", "dtype", "device", "batch", "versions", "commit", "noise"}


def fingerprints(population: Population) -> dict[str, str]:
    """What identifies a measured population: checkpoint (bytes, tensors), puzzle set, tangent start, and record."""
    kept = population.record.provenance
    return {
        "checkpoint_bytes": kept.checkpoint_bytes,
        "checkpoint_tensors": kept.checkpoint_tensors,
        "puzzles": kept.puzzles_digest,
        "tangent_start": str(kept.tangent_seed),
        "record": population.record.digest(),
    }


class Audit(_Strict):
    """One run.

    Attributes:
        complete: every claim of the ledger was judged on every population; False after `-k` and the like.
        verdicts: in the order of the ledger, population by population.
        arithmetic: what the printed digits exclude without a model; ``digits`` is the table behind it.
        remeasured: rows that were measured again in this run.
        planted: falsehoods that were planted, and whether they were caught.
        drift: what left the locked baseline beside single verdicts; empty when it was not compared.
        counts: verdicts of claims by outcome, all ten.
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
    remeasured: tuple[Remeasured, ...]
    planted: tuple[Planted, ...]
    drift: tuple[str, ...] = ()
    counts: dict[str, int]
    versions: dict[str, str]

    @property
    def decided(self) -> int:
        """How many claims were decided."""
        return sum(TABLE[verdict.outcome].decided for verdict in self.verdicts)


def count(verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """How often each of the ten outcomes occurs, in the order of the table; zero included."""
    seen = Counter(verdict.outcome for verdict in verdicts)
    return {outcome.value: seen[outcome] for outcome in TABLE}


def write_audit(audit: Audit, path: Path) -> None:
    """Write an audit as JSON, whole or not at all. NaN and infinities become null. Raises UserError."""
    write_whole(path, audit.model_dump_json(indent=2) + "\n", what="audit", make_folder=True)


@bounded("text")
def read_audit(path: Path | str) -> Audit:
    """Read an audit. Raises UserError when it is missing, not an audit, or of another schema version."""
    path = Path(path)
    check_file(path, "audit")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError("no such audit", where=path, hint="`pytest claims/` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", where=path) from None
    try:
        version = json.loads(text).get("schema_version")
        if version != SCHEMA_VERSION:
            what = f"audit has schema version {version}, this program reads {SCHEMA_VERSION}"
            raise UserError(what, where=path, hint="audit again")
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f"not an audit: {error}", where=path) from None
    return validated(Audit, text, path, what="not an audit")
