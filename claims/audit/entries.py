"""What an audit says of its inputs: the tool, the ledger, and each population as it was judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from unsettled.claims.populations.populations import Population
from unsettled.measure.support.files import short_path


class Strict(BaseModel):
    """A part of an audit: frozen, without unknown fields, NaN and infinities as null."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Tool(Strict):
    """What made the audit."""

    name: str = "unsettled"
    version: str


class LedgerEntry(Strict):
    """The ledger that was judged: the sha256 of its bytes, and the paper it is about.

    Attributes:
        path: as readers are told it, relative to where the audit was made.
        file: as annotations name it, relative to the root of the repository; absolute where it lies elsewhere.
        lines: claim or arithmetic check → its line in the ledger.
    """

    path: str
    digest: str
    title: str
    claims: int
    file: str = ""
    lines: dict[str, int] = Field(default_factory=dict)


class PopulationEntry(Strict):
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
        """The entry of a population."""
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
            fingerprints=fingerprints(population),
            measurement={} if provenance is None else provenance.model_dump(mode="json", include=MEASUREMENT),
        )


MEASUREMENT = {"model", "segments", "exponents", "tangent_seed", "qr_every", "dtype", "device", "batch", "versions", "commit", "noise"}


def fingerprints(population: Population) -> dict[str, str]:
    """What identifies a measured population: checkpoint (bytes, tensors), puzzle set, tangent start, and record; else nothing."""
    record = population.record
    if record is None:
        return {}
    kept = record.provenance
    return {
        "checkpoint_bytes": kept.checkpoint_bytes,
        "checkpoint_tensors": kept.checkpoint_tensors,
        "puzzles": kept.puzzles_digest,
        "tangent_start": str(kept.tangent_seed),
        "record": record.digest(),
    }


def below(path: Path, root: Path) -> str:
    """A path relative to a root with slashes; absolute where it lies elsewhere."""
    path, root = path.resolve(), root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
