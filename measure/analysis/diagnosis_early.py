"""The tables of `unsettled diagnose` on early windows: what each score foretells, by the length of the window."""

from __future__ import annotations

import numpy as np

from unsettled.measure.analysis.band import scale_of
from unsettled.measure.analysis.diagnosis_table import Cell, DiagnosisTable, Marked
from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.early import SLOPES
from unsettled.measure.statistics.windows import WindowPoint, adjusted, combined, window_curve

MARGIN = 0.1


def _read(column: np.ndarray) -> np.ndarray:
    """A column in memory; what is not there stays so."""
    return column if isinstance(column, AbsentColumn) else np.asarray(column)


def early_tables(record: Record) -> list[DiagnosisTable]:
    """AUC of early scores, and of their slopes, for "solved later", by length of the window."""
    whole = {
        "growth": _read(record.growth),
        "displacement": _read(record.movement(scale=scale_of(record))),
        "halting_logit": _read(record.halting_logit),
        "solved_at": np.asarray(record.solved_at),
    }
    points = window_curve(whole, margin=MARGIN)
    points = adjusted(points + [combined(whole, horizon, margin=MARGIN) for horizon in range(1, record.segments)])
    by = {(point.score, point.horizon): point for point in points}
    names = {"exponent": "λ₁", "displacement": "displacement", "halting": "halting logit"}
    plain = [name for name in names if (name, 1) in by]
    horizons = range(1, record.segments)
    level = DiagnosisTable(
        key="early.levels",
        title="Early windows: AUC for “solved later” among the unsolved after h segments",
        columns=("h", "unsolved", "later", *(names[name] for name in plain)),
        rows=[[h, *_sizes(by, plain[0], h), *(_marked(by.get((name, h))) for name in plain)] for h in horizons],
        notes=[
            "above ½: those solved later score higher; * differs from ½ (Holm over all windows and scores, 5 %)",
            f"= equivalent to ½ within ±{MARGIN:g} (two one-sided tests, 5 %)",
        ],
    )
    short = {name: names[name.removesuffix("_slope")] for name in SLOPES if (name, 2) in by}
    slopes = DiagnosisTable(
        key="early.slopes",
        title="The same for slopes per segment, and for all six scores together",
        columns=("h", *(f"slope of {words}" for words in short.values()), "all together"),
        rows=[[h, *(_marked(by.get((name, h))) for name in short), _marked(by.get(("all together", h)))] for h in horizons],
        notes=["all together: logistic regression judged out of fold"],
    )
    return [level, slopes, early_power(by, horizon=min(4, record.segments - 1))]


def early_power(by: dict[tuple[str, int], WindowPoint], horizon: int) -> DiagnosisTable:
    """What the window of the paper could have shown: equivalence to ½, and with which power."""
    rows: list[list[Cell]] = []
    for (name, at), point in by.items():
        if at == horizon and point.area.defined:
            extra = point.near_half.extra
            rows.append([name.replace("_", " "), point.area, extra["equivalent"], float(extra["power"]), point.p_value, point.p_adjusted])
    return DiagnosisTable(
        key="early.equivalence",
        title=f"Is it one half after {horizon} segments?",
        rows=rows,
        columns=("score", "AUC", f"within ±{MARGIN:g}", "power if ½", "p", "p (Holm)"),
        notes=["power: the chance that a sample like this shows equivalence where the AUC is exactly ½", "p: two-sided, of ½"],
    )


def _sizes(by: dict[tuple[str, int], WindowPoint], name: str, horizon: int) -> list[Cell]:
    counts = by[name, horizon].area.counts
    return [counts.get("unsolved"), counts.get("solved_later")]


def _marked(point: WindowPoint | None) -> Cell:
    if point is None or not point.area.defined:
        return None if point is None else Marked(point.area)
    mark = "*" if point.p_adjusted <= 0.05 else "=" if point.near_half.extra["equivalent"] == "yes" else ""
    return Marked(point.area, mark)
