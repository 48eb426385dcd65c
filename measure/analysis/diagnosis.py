"""The tables of `unsettled diagnose`: facts of one record and its long record, each with its interval; no rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unsettled.measure.analysis.capture_exponent import WINDOW, before_capture_in
from unsettled.measure.analysis.settling import otsu_band
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record, read_record
from unsettled.measure.record.side import SideRecord, read_side
from unsettled.measure.statistics.calibration import brier, calibration_error, confident_failures, missed_by_selection, reliability
from unsettled.measure.statistics.early import SLOPES
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.windows import WindowPoint, adjusted, combined, window_curve

MARGIN = 0.1


@dataclass(frozen=True)
class Marked:
    """An estimate with a mark behind it, or one that is shown in whole percent."""

    estimate: Estimate
    mark: str = ""
    percent: bool = False


Cell = str | int | float | Estimate | Marked | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: a key for programs, a title, columns, and rows of cells; ``notes`` say how to read it."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data; an estimate becomes a dictionary of its figures, NaN becomes null."""
        rows = [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]
        return {"key": self.key, "title": self.title, "rows": rows, "notes": self.notes}


def find(place: Path) -> tuple[Record, SideRecord | None, Path]:
    """The record of a folder or a file, the long record beside it if there is one, and where that is or would be.

    Raises:
        UserError: no record there, or the long record is of another checkpoint.
    """
    path = place / "record.parquet" if place.is_dir() else place
    record = read_record(path)
    beside = [path.with_name(f"{path.stem}.long.parquet"), path.with_name("long.parquet")]
    found = next((one for one in beside if one.is_file()), None)
    if found is None:
        return record, None, beside[1]
    side = read_side(found, kind="long")
    if side.provenance.checkpoint_tensors != record.provenance.checkpoint_tensors:
        raise UserError("the long record is of another checkpoint than the record", where=found, hint="measure it again")
    return record, side, found


def record_tables(record: Record) -> list[Table]:
    """What a record alone tells: early windows, confident failures, calibration, and displacement in both units."""
    if record.segments < 2:
        raise UserError("a rollout of one segment has no early window", hint="measure at least two segments")
    early = early_tables(record)
    if record.k and record.segments > WINDOW:
        early.append(before_table(record))
    return [*early, confident_table(record), calibration_table(record), reliability_table(record), units_table(record)]


def early_tables(record: Record) -> list[Table]:
    """AUC of early scores, and of their slopes, for "solved later", by length of the window."""
    whole = {
        "growth": np.asarray(record.growth),
        "displacement": np.asarray(record.displacement_H),
        "halting_logit": np.asarray(record.halting_logit),
        "solved_at": np.asarray(record.solved_at),
    }
    points = window_curve(whole, margin=MARGIN)
    points = adjusted(points + [combined(whole, horizon, margin=MARGIN) for horizon in range(1, record.segments)])
    by = {(point.score, point.horizon): point for point in points}
    names = {"exponent": "λ₁", "displacement": "displacement", "halting": "halting logit"}
    plain = [name for name in names if (name, 1) in by]
    horizons = range(1, record.segments)
    level = Table(
        key="early.levels",
        title="Early windows: AUC for “solved later” among the unsolved after h segments",
        columns=("h", "unsolved", "later", *(names[name] for name in plain)),
        rows=[[h, *_sizes(by, plain[0], h), *(_cell(by.get((name, h))) for name in plain)] for h in horizons],
        notes=[
            "above ½: those solved later score higher; * differs from ½ (Holm over all windows and scores, 5 %)",
            f"= equivalent to ½ within ±{MARGIN:g} (two one-sided tests, 5 %)",
        ],
    )
    short = {name: names[name.removesuffix("_slope")] for name in SLOPES if (name, 2) in by}
    slopes = Table(
        key="early.slopes",
        title="The same for slopes per segment, and for all six scores together",
        columns=("h", *(f"slope of {words}" for words in short.values()), "all together"),
        rows=[[h, *(_cell(by.get((name, h))) for name in short), _cell(by.get(("all together", h)))] for h in horizons],
        notes=["all together: logistic regression judged out of fold"],
    )
    return [level, slopes, early_power(by, horizon=min(4, record.segments - 1))]


def early_power(by: dict[tuple[str, int], WindowPoint], horizon: int) -> Table:
    """What the window of the paper could have shown: equivalence to ½, and with which power."""
    rows: list[list[Cell]] = []
    for (name, at), point in by.items():
        if at == horizon and point.area.defined:
            extra = point.near_half.extra
            rows.append([name.replace("_", " "), point.area, extra["equivalent"], float(extra["power"]), point.p_value, point.p_adjusted])
    return Table(
        key="early.equivalence",
        title=f"Is it one half after {horizon} segments?",
        rows=rows,
        columns=("score", "AUC", f"within ±{MARGIN:g}", "power if ½", "p", "p (Holm)"),
        notes=["power: the chance that a sample like this shows equivalence where the AUC is exactly ½", "p: two-sided, of ½"],
    )


def before_table(record: Record) -> Table:
    """λ₁ of runs still unsolved: those solved later in the rollout against those that are not, at equal segments."""
    rows: list[list[Cell]] = []
    for words, lead in (("all", None), ("captured 1–4 segments later", (1, 4)), ("captured 5 or more segments later", (5, 10_000))):
        area = before_capture_in(record, lead=lead, margin=MARGIN)
        rows.append([words, area, str(area.extra.get("equivalent", "–")), area.counts.get("never"), area.counts.get("later")])
    return Table(
        key="exponent.within",
        title=f"λ₁ (last {WINDOW} segments) of unsolved runs: never solved against solved later, same segment",
        columns=("compared with", "AUC", f"½ ± {MARGIN:g}", "never", "later"),
        rows=rows,
        notes=["above ½: runs that stay unsolved have the larger λ₁; below ½: those about to be solved have"],
    )


def confident_table(record: Record) -> Table:
    """Failures by settled and confident, and what selection by halting therefore misses."""
    band, logits = otsu_band(record), record.halting_logit[:, -1]
    cells = confident_failures(record.solved, band.settled(record), logits)
    rows: list[list[Cell]] = [
        ["settled and confident", cells.settled_confident],
        ["settled, not confident", cells.settled_only],
        ["confident, not settled", cells.confident_only],
        ["neither", cells.neither],
    ]
    for keep in (0.95, 0.99):
        missed = missed_by_selection(record.solved, logits, keep=keep)
        rows.append([f"pass a threshold that {keep:.0%} of successes pass", missed])
        rows.append(["… accuracy of what passes it", float(missed.extra.get("right_if_chosen", float("nan")))])
    return Table(
        key="confident",
        title="Confident failures, and what selection by halting cannot catch",
        columns=("failures that are", "share"),
        rows=rows,
        notes=["settled: late displacement of z_H in Otsu's band; confident: last halting logit above 0"],
    )


def calibration_table(record: Record) -> Table:
    """Brier score and calibration error of σ(last halting logit)."""
    error, score = calibration_error(record.halting_logit[:, -1], record.solved), brier(record.halting_logit[:, -1], record.solved)
    rows: list[list[Cell]] = [
        ["Brier score", score],
        ["skill over the base rate", float(score.extra["skill"])],
        ["calibration error (ECE)", error],
        ["… of a perfect forecast", float(error.extra["if_calibrated"])],
        ["… beyond chance", str(error.extra["beyond_chance"])],
        ["mean confidence", float(error.extra["mean_confidence"])],
        ["share right", float(error.extra["share_right"])],
    ]
    return Table(key="calibration", title="Calibration of the last halting logit", columns=("figure", "value"), rows=rows)


def reliability_table(record: Record) -> Table:
    """The reliability curve of σ(last halting logit)."""
    curve = reliability(record.halting_logit[:, -1], record.solved)
    rows: list[list[Cell]] = [[f"{b.low:.1f}–{b.high:.1f}", b.confidence, b.right, b.right.n] for b in curve]
    return Table(key="reliability", title="Reliability", columns=("confidence", "mean", "share right", "answers"), rows=rows)


def units_table(record: Record) -> Table:
    """Late displacement of z_H by outcome, absolute and as a fraction of the norm, and where Otsu's band ends in both."""
    late, band = record.late_displacement(window=min(4, record.segments)), otsu_band(record, window=min(4, record.segments))
    norm = np.asarray(record.norm_H[:, -1])
    rows: list[list[Cell]] = []
    for name, chosen in (("successes", record.solved), ("failures", ~record.solved)):
        rows.append([f"median of {name}", *(median(values[chosen], denominator=name) for values in (late, late / norm))])
    edge = band.threshold
    rows.append(["edge of Otsu's band", edge, edge / float(np.median(norm))])
    return Table(
        key="units",
        title="Late displacement of z_H, absolute and relative to its norm",
        columns=("what", "per segment", "over the norm"),
        rows=rows,
        notes=[f"median norm of z_H {np.median(norm):.4g}"],
    )


def _sizes(by: dict[tuple[str, int], WindowPoint], name: str, horizon: int) -> list[Cell]:
    counts = by[name, horizon].area.counts
    return [counts.get("unsolved"), counts.get("solved_later")]


def _cell(point: WindowPoint | None) -> Cell:
    if point is None or not point.area.defined:
        return None if point is None else Marked(point.area)
    mark = "*" if point.p_adjusted <= 0.05 else "=" if point.near_half.extra["equivalent"] == "yes" else ""
    return Marked(point.area, mark)


def _plain(cell: Any) -> Any:
    if isinstance(cell, Marked):
        return _plain(cell.estimate) | {"mark": cell.mark}
    if isinstance(cell, Estimate):
        figures = {name: _plain(getattr(cell, name)) for name in ("value", "low", "high", "level", "n", "unit", "denominator", "method")}
        return figures | {"counts": dict(cell.counts), "extra": {name: _plain(value) for name, value in cell.extra.items()}}
    if isinstance(cell, (float, np.floating)):
        return float(cell) if np.isfinite(cell) else None
    return int(cell) if isinstance(cell, np.integer) else cell
