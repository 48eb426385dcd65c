"""What the shipped checkpoints say of the paper: claims by population, and how that moves with training, definitions and settings.

Tables only. The words around them stand in ``fixtures/reference/findings.md``, by hand; `unsettled.reports.findings.words` fills in
their figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Verdict
from unsettled.claims.wording import figure
from unsettled.measure.analysis.band import otsu_band, percentile_band
from unsettled.measure.analysis.settling import settled_failures
from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion
from unsettled.reports.findings.grid import Grid

# Column → what is read off a record; each gives an Estimate.
COLUMNS: dict[str, Callable[[Record], Estimate]] = {
    "accuracy": lambda r: proportion(int(r.solved.sum()), len(r)),
    "AUC of λ₁": lambda r: auc(r.exponents()[:, 0], ~r.solved),
    "AUC of late displacement": lambda r: auc(r.late_displacement(), ~r.solved),
    "AUC of the halting logit": lambda r: auc(-r.halting_logit[:, -1], ~r.solved),
    "median λ₁, failures": lambda r: median(r.exponents()[~r.solved, 0]),
    "median λ₁, successes": lambda r: median(r.exponents()[r.solved, 0]),
    "cosine of successive updates, failures": lambda r: _turning(r, ~r.solved),
    "late displacement over norm, failures": lambda r: median((r.late_displacement() / r.norm_H[:, -1])[~r.solved]),
    "late displacement over norm, successes": lambda r: median((r.late_displacement() / r.norm_H[:, -1])[r.solved]),
}
SETTLING: dict[str, Callable[[Record], Estimate]] = {
    "Otsu, z_H": lambda r: settled_failures(r, otsu_band(r, part="H")),
    "Otsu, z_L": lambda r: settled_failures(r, otsu_band(r, part="L")),
    "Otsu, joint": lambda r: settled_failures(r, otsu_band(r, part="joint")),
    "Otsu, z_H, last segment": lambda r: settled_failures(r, otsu_band(r, part="H", window=1)),
    "lower half of all, z_H": lambda r: settled_failures(r, percentile_band(r, 50.0)),
    "lower three quarters of all, z_H": lambda r: settled_failures(r, percentile_band(r, 75.0)),
}


def _turning(record: Record, who: np.ndarray) -> Estimate:
    """Median of the mean cosine between successive updates of z_H over the last segments: −1 swings, 1 goes straight on."""
    if isinstance(record.update_cosine_H, AbsentColumn):
        return undefined("not measured")
    late = np.asarray(record.update_cosine_H)[who, -4:].mean(axis=1)
    return median(late[np.isfinite(late)])


def grids(audit: Audit, references: Path, records: Mapping[str, Record]) -> Iterator[Grid]:
    """Every table: an audit's claims, then what the ``records`` of `records_of` and what lies beside them say.

    A reference may hold ``snapshots/step_N.parquet`` (records along training), ``tried/NAME.parquet`` (of networks trained otherwise) and
    ``variants/NAME.parquet`` (the same puzzles measured otherwise). Raises UserError where a record cannot be read.
    """
    yield from _claims(audit)
    yield _table("The shipped records", "record", records, COLUMNS)
    yield _table("Share of failures that settle, under other definitions of the band", "record", records, SETTLING)
    for folder in _measured(references):
        if along := _along(folder):
            yield _table(f"Along training: {folder.name}", "snapshot", along | {"shipped": records[folder.name]}, COLUMNS)
        if tried := _tried(folder):
            otherwise = {name.replace("-", " "): record for name, record in tried.items()}
            yield _table(f"Trained otherwise: {folder.name}", "training", otherwise | {"shipped": records[folder.name]}, COLUMNS)
    for folder in _measured(references):
        for path in sorted(folder.glob("variants/*.parquet")):
            yield _variant(folder.name, path.stem, records[folder.name], read_record(path))


def records_of(references: Path) -> dict[str, Record]:
    """The record of each measured reference, by the name of its folder. Raises UserError where one cannot be read."""
    return {folder.name: read_record(folder / "record.parquet") for folder in _measured(references)}


def all_records(references: Path) -> dict[str, Record]:
    """The same, ``FOLDER/tried/NAME`` of networks that were trained otherwise, and ``FOLDER/step N`` along the training.

    Raises UserError where one cannot be read.
    """
    folders = _measured(references)
    tried = {f"{folder.name}/tried/{name}": record for folder in folders for name, record in _tried(folder).items()}
    along = {f"{folder.name}/{step}": record for folder in folders for step, record in _along(folder).items()}
    return records_of(references) | tried | along


def _tried(folder: Path) -> dict[str, Record]:
    return {path.stem: read_record(path) for path in sorted(folder.glob("tried/*.parquet"))}


def _measured(references: Path) -> list[Path]:
    return sorted(path.parent for path in references.glob("*/record.parquet"))


def _along(folder: Path) -> dict[str, Record]:
    """``step N`` of a training: its record, in their order."""
    steps = sorted((int(path.stem.removeprefix("step_")), path) for path in folder.glob("snapshots/step_*.parquet"))
    return {f"step {step}": read_record(path) for step, path in steps}


def _claims(audit: Audit) -> Iterator[Grid]:
    """One table for each architecture: claims by populations, verdict and measured value."""
    for architecture in ("trm", "hrm"):
        names = [p.name for p in audit.populations if p.architecture == architecture and p.rows]
        judged: dict[str, dict[str, Verdict]] = {}
        for verdict in audit.verdicts:
            if verdict.population in names:
                judged.setdefault(verdict.claim, {})[verdict.population] = verdict
        rows = [(claim, next(iter(found.values())).stated, *(_cell(found.get(name)) for name in names)) for claim, found in judged.items()]
        if rows:
            yield Grid(f"Claims on the {architecture.upper()}s", ("claim", "stated", *names), tuple(rows))


def _cell(verdict: Verdict | None) -> str:
    return "–" if verdict is None else f"{verdict.outcome.shown}: {verdict.shown}"


def _table(title: str, what: str, records: Mapping[str, Record], columns: dict[str, Callable[[Record], Estimate]]) -> Grid:
    rows = [(name, f"{len(record):,}", *(_value(column, record) for column in columns.values())) for name, record in records.items()]
    return Grid(title, (what, "puzzles", *columns), tuple(rows))


def _value(column: Callable[[Record], Estimate], record: Record) -> str:
    if not record.k and column in (COLUMNS["AUC of λ₁"], COLUMNS["median λ₁, failures"], COLUMNS["median λ₁, successes"]):
        return "not measured"
    estimate = column(record)
    return figure(estimate) if estimate.defined else f"– ({estimate.undefined_reason})"


def _variant(name: str, variant: str, shipped: Record, other: Record) -> Grid:
    """The same puzzles measured otherwise: every column side by side, and how many outcomes agree."""
    both = np.intersect1d(shipped.example_id, other.example_id)
    one, two = (record.take(_positions(record, both)) for record in (shipped, other))
    here, there = ((f"{r.segments} segments, {r.provenance.dtype}") for r in (one, two))
    rows = [(title, _value(column, one), _value(column, two)) for title, column in COLUMNS.items()]
    agree = proportion(int((one.solved == two.solved).sum()), len(both))
    rows.append(("outcomes that agree", "", figure(agree)))
    return Grid(f"{name}: {variant.replace('-', ' ')}, the same {len(both):,} puzzles", ("", here, there), tuple(rows))


def _positions(record: Record, ids: np.ndarray) -> np.ndarray:
    order = np.argsort(record.example_id)
    return order[np.searchsorted(record.example_id, ids, sorter=order)]
