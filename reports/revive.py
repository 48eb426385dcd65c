"""What an audit that was written before can still be shown with: its ledger, its records, if they lie where they lay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unsettled.claims.audit.audit import Audit, PopulationEntry
from unsettled.claims.audit.baseline import Baseline
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.measure.errors import UserError
from unsettled.measure.support.files import digest_of
from unsettled.reports.problems import REPOSITORY
from unsettled.reports.renderings import Context


@dataclass(frozen=True)
class Revived:
    """The context of an audit, and one line for each thing that is not as it was when it was audited."""

    context: Context
    missing: tuple[str, ...]


def revive(audit: Audit, *, root: Path, baseline: Baseline | None = None) -> Revived:
    """Find ledger and records of an audit below ``root`` or beside the program; what has changed since is left out."""
    missing: list[str] = []
    ledger = _ledger(audit, root, missing)
    populations = {p.name: p for p in _populations(audit, root, missing)}
    return Revived(Context(root=root, ledger=ledger, populations=populations, baseline=baseline), tuple(missing))


def _ledger(audit: Audit, root: Path, missing: list[str]) -> Ledger | None:
    path = _found(audit.ledger.path, root)
    if path is None:
        missing.append(f"ledger {audit.ledger.path}: no such file; lines of claims are left out")
    elif digest_of(path) != audit.ledger.digest:
        missing.append(f"ledger {audit.ledger.path}: it was edited since; lines of claims are left out")
    else:
        return load_ledger(path)
    return None


def _populations(audit: Audit, root: Path, missing: list[str]) -> Iterator[Population]:
    for entry in audit.populations:
        path = _found(entry.record, root) if entry.record else None
        population = _population(entry, path)
        if path is not None:
            try:
                revived = population.with_record(path)
            except UserError as error:
                missing.append(f"record of {entry.name}: {error}")
            else:
                if revived.record.digest() == entry.fingerprints.get("record"):
                    population = revived
                else:
                    missing.append(f"record of {entry.name}: it was measured again since; its pictures are left out")
        elif entry.record:
            missing.append(f"record of {entry.name}: {entry.record} is not there; its pictures are left out")
        yield population


def _population(entry: PopulationEntry, record: Path | None) -> Population:
    """A population without its record; a reference has checkpoint and puzzles beside it."""
    beside = {n: record.parent / n for n in ("model.safetensors", "puzzles.parquet")} if record and entry.kind == "reference" else {}
    there = {name: path for name, path in beside.items() if path.is_file()}
    return Population(
        name=entry.name,
        kind=entry.kind,
        architecture=entry.architecture,
        title=entry.title,
        missing=entry.missing,  # type: ignore[arg-type]
        command=entry.command,
        same_examples=entry.same_examples,
        checkpoint=there.get("model.safetensors"),
        puzzles=there.get("puzzles.parquet"),
    )


def _found(path: str, root: Path) -> Path | None:
    candidates = [folder / path for folder in (root, REPOSITORY)]
    return next((candidate for candidate in candidates if candidate.is_file()), None)
