"""What the shipped checkpoints say of test-time policies and of failures: restarts, pruning and depth at equal compute, and how runs fail.

Tables and pictures of the side records (``restarts.parquet``, ``long.parquet``) that lie beside a reference's record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unsettled.claims.wording import figure
from unsettled.measure.analysis.diagnosis import find, record_tables
from unsettled.measure.analysis.diagnosis_long import long_tables
from unsettled.measure.analysis.diagnosis_table import DiagnosisTable
from unsettled.measure.analysis.diagnosis_text import cell_text
from unsettled.measure.policies.budgets import Point, points
from unsettled.measure.policies.comparison import restarts_against_pruning
from unsettled.measure.policies.plan import KIND
from unsettled.measure.policies.plot import plot_points
from unsettled.measure.policies.table import Table as Draws
from unsettled.measure.policies.table import table_of
from unsettled.measure.record.side import read_side
from unsettled.reports.findings.grid import Grid

DRAWS = "restarts.parquet"
PICTURE = "restarts.png"
# Tables of a diagnosis that references share, and their titles here.
SHARED = {
    "confident": "Confident failures, and what selection by halting cannot catch",
    "calibration": "Calibration of the last halting logit",
    "rates": "Rollouts of 64 segments and more",
    "fates": "Puzzles that are unsolved at the end of their long rollout",
    "exponent.before": "Does λ₁ know of capture beforehand? Never captured against captured later",
    "labels.shares": "Labels of failed runs, % [95 %], by end (and length) of the window",
    "labels.confusion": "Looks at rest, and is it? Failed runs by what a plot shows",
}


@dataclass(frozen=True)
class Compared:
    """The draws of one reference, and for each kind of restarts every policy at every budget."""

    folder: Path
    table: Draws
    points: dict[str, list[Point]]


def compared(references: Path) -> list[Compared]:
    """Every table of draws. Raises UserError for unreadable ones."""
    found = []
    for path in sorted(references.glob(f"*/{DRAWS}")):
        table = table_of(read_side(path, kind=KIND))
        found.append(Compared(path.parent, table, {kind: points(table, kind=kind) for kind in table.restarts}))
    return found


def lever_grids(found: list[Compared]) -> Iterator[Grid]:
    """Restarts against pruning on every table of draws, then each table's policies by budget."""
    if found:
        rows = [row for one in found for row in _against(one.folder.name, one.table)]
        head = ("draws of", "starts", "puzzles", "rollouts", "restarts", "pruning", "difference")
        yield Grid("Restarts against early pruning, equal compute, selected by the halting logit", head, tuple(rows))
    for one in found:
        for kind, policies in one.points.items():
            title = f"{one.folder.name}: {len(one.table):,} puzzles, restarts by {kind} starts"
            yield _budgets(title, policies, one.table.plan.segments)


def failure_grids(references: Path) -> Iterator[Grid]:
    """How runs of each reference with a long record fail, and what the words mean. Raises UserError for unreadable records."""
    found: dict[str, dict[str, DiagnosisTable]] = {}
    for path in sorted(references.glob("*/long.parquet")):
        record, side, _ = find(path.parent)
        long = long_tables(side, record) if side is not None else []
        found[path.parent.name] = {table.key: table for table in [*record_tables(record), *long]}
    if not found:
        return
    meaning = next(iter(found.values()))["labels.definitions"]
    yield Grid(meaning.title, meaning.columns, tuple(tuple(map(cell_text, row)) for row in meaning.rows))
    for key, title in SHARED.items():
        yield _together(title, {name: tables[key] for name, tables in found.items()})


def _together(title: str, tables: dict[str, DiagnosisTable]) -> Grid:
    """The same table of several references: side by side where it is a figure and its value, else one below the other."""
    columns = max((table.columns for table in tables.values()), key=len)  # without exponents a table has one row that says so
    cells = {name: [tuple(map(cell_text, row)) for row in table.rows] for name, table in tables.items() if table.columns == columns}
    if len(columns) > 2:
        return Grid(title, ("record", *columns), tuple((name, *row) for name, rows in cells.items() for row in rows))
    values = {name: dict(_told_apart(rows)) for name, rows in cells.items()}
    labels = dict.fromkeys(label for rows in values.values() for label in rows)
    rows = [(label[-1], *(rows.get(label, "") for rows in values.values())) for label in labels]
    return Grid(title, (columns[0], *values), tuple(rows))


def _told_apart(rows: list[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """A row that goes on from the one above it (``… of these``) is known by both labels."""
    above = ""
    for label, value in rows:
        continues = label.startswith("…")
        yield ((above, label) if continues else (label,)), value
        above = above if continues else label


def draw_pictures(found: list[Compared]) -> list[Path]:
    """Accuracy against compute beside every table of draws; returns what was written."""
    written = []
    for one in found:
        kind, policies = next(iter(one.points.items()))
        picture = one.folder / PICTURE
        plot_points(policies, picture, title=f"{one.folder.name}: {len(one.table)} puzzles, {kind} starts")
        written.append(picture)
    return written


def _against(name: str, table: Draws) -> Iterator[tuple[str, ...]]:
    for kind, draws in table.restarts.items():
        rollouts = max(1, draws.signals.shape[1] // 2)
        if draws.signals.shape[1] < 2 or len(table) < 4:
            continue
        told = restarts_against_pruning(table, kind=kind, rule="halting", rollouts=rollouts)(0)
        shares = (f"{told.extra[f'accuracy_{policy}']:.3f}" for policy in ("restarts", "pruning"))
        yield (name, kind, f"{len(table):,}", str(rollouts), *shares, figure(told))


def _budgets(title: str, found: list[Point], segments: int) -> Grid:
    """Policies by budget: accuracy with its bootstrap band; what sees labels and what checks its answers is named."""
    budgets = sorted({point.budget for point in found if point.budget >= segments})
    cells = {(p.family, p.rule, p.budget): f"{p.accuracy:.3f} [{p.low:.3f}, {p.high:.3f}]" for p in found}
    names = dict.fromkeys((p.family, p.rule, p.labels, p.checked) for p in found)
    rows = [
        (
            family,
            f"{rule} (with labels)" if labels else f"{rule} (checked)" if checked else rule,
            *(cells.get((family, rule, budget), "") for budget in budgets),
        )
        for family, rule, labels, checked in names
    ]
    return Grid(title, ("policy", "selected by", *(f"{budget / segments:g} × {segments} segments" for budget in budgets)), tuple(rows))
