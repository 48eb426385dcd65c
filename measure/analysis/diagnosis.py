"""The tables of `unsettled diagnose`: facts of one record and its long record, each with its interval; no rendering."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from unsettled.measure.analysis.band import Band, otsu_band, scale_of
from unsettled.measure.analysis.capture_exponent import WINDOW, before_capture_in
from unsettled.measure.analysis.diagnosis_early import MARGIN, early_tables
from unsettled.measure.analysis.diagnosis_table import Cell, DiagnosisTable, Marked
from unsettled.measure.analysis.settling import Cells, cells, percentile_sweep, without_threshold
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, record_file
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord, check_source, read_side
from unsettled.measure.statistics.calibration import brier, calibration_error, confident_failures, missed_by_selection, reliability
from unsettled.measure.statistics.median import median
from unsettled.measure.statistics.proportion import proportion


def find(place: Path) -> tuple[Record, SideRecord | None, Path]:
    """The record of a folder or a file, the long record beside it if there is one, and where that is or would be.

    Raises:
        UserError: no record there, or the long record is of another checkpoint.
    """
    path = record_file(place)
    record = read_record(path)
    beside = [path.with_name(f"{path.stem}.long.parquet"), path.with_name("long.parquet")]
    found = next((one for one in beside if one.is_file()), None)
    if found is None:
        return record, None, beside[1]
    side = read_side(found, kind="long")
    check_source(side.provenance, record.provenance.checkpoint_tensors, what="the long record", where=found, hint="measure it again")
    return record, side, found


def record_tables(record: Record) -> list[DiagnosisTable]:
    """What a record alone tells: early windows, confident failures, calibration, and displacement in both units.

    What it lacks (a confidence, exponents, what an imported table does not tell) leaves the tables that need it out; a last table says why.
    """
    if record.segments < 2:
        raise UserError("a rollout of one segment has no early window", hint="measure at least two segments")
    makers: dict[str, Callable[[], list[DiagnosisTable]]] = {
        "early windows": lambda: early_tables(record),
        "λ₁ before the solved state": lambda: [before_table(record)] if record.k and record.segments > WINDOW else [],
        "confident failures": lambda: [confident_table(record)],
        "calibration": lambda: [calibration_table(record), reliability_table(record)],
        "displacement": lambda: [units_table(record)],
        "convergence thresholds": lambda: [threshold_table(record)],
    }
    tables: list[DiagnosisTable] = []
    lacking: list[list[Cell]] = []
    for name, make in makers.items():
        try:
            tables += make()
        except UserError as error:
            lacking.append([name, error.what])
    if lacking:
        tables.append(DiagnosisTable(key="lacking", title="What this record does not tell", columns=("table", "why"), rows=lacking))
    return tables


def before_table(record: Record) -> DiagnosisTable:
    """λ₁ of runs still unsolved: those solved later in the rollout against those that are not, at equal segments."""
    rows: list[list[Cell]] = []
    for words, lead in (("all", None), ("captured 1–4 segments later", (1, 4)), ("captured 5 or more segments later", (5, 10_000))):
        area = before_capture_in(record, lead=lead, margin=MARGIN)
        rows.append([words, area, str(area.extra.get("equivalent", "–")), area.counts.get("never"), area.counts.get("later")])
    return DiagnosisTable(
        key="exponent.within",
        title=f"λ₁ (last {WINDOW} segments) of unsolved runs: never solved against solved later, same segment",
        columns=("compared with", "AUC", f"½ ± {MARGIN:g}", "never", "later"),
        rows=rows,
        notes=["above ½: runs that stay unsolved have the larger λ₁; below ½: those about to be solved have"],
    )


def confident_table(record: Record) -> DiagnosisTable:
    """Failures by settled and confident, and what selection by halting therefore misses."""
    band, logits = otsu_band(record, window=min(4, record.segments), scale=scale_of(record)), record.halting_logit[:, -1]
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
    return DiagnosisTable(
        key="confident",
        title="Confident failures, and what selection by halting cannot catch",
        columns=("failures that are", "share"),
        rows=rows,
        notes=["settled: late displacement of z_H in Otsu's band; confident: last halting logit above 0"],
    )


def calibration_table(record: Record) -> DiagnosisTable:
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
    return DiagnosisTable(key="calibration", title="Calibration of the last halting logit", columns=("figure", "value"), rows=rows)


def reliability_table(record: Record) -> DiagnosisTable:
    """The reliability curve of σ(last halting logit)."""
    curve = reliability(record.halting_logit[:, -1], record.solved)
    rows: list[list[Cell]] = [[f"{b.low:.1f}–{b.high:.1f}", b.confidence, b.right, b.right.n] for b in curve]
    return DiagnosisTable(key="reliability", title="Reliability", columns=("confidence", "mean", "share right", "answers"), rows=rows)


def units_table(record: Record) -> DiagnosisTable:
    """Late displacement of z_H by outcome, absolute and as a fraction of the norm, and where Otsu's band ends in both."""
    window, norm = min(4, record.segments), np.asarray(record.norm_H[:, -1])
    late, over = record.late_displacement(window=window), record.late_steps(window=window)
    rows: list[list[Cell]] = []
    for name, chosen in (("successes", record.solved), ("failures", ~record.solved)):
        rows.append([f"median of {name}", *(median(values[chosen], denominator=name) for values in (late, over))])
    scale = scale_of(record)
    edge, size = otsu_band(record, window=window, scale=scale).threshold, float(np.median(norm))
    rows.append(["edge of Otsu's band", *((edge, edge / size if size else None) if scale == "raw" else (None, edge))])
    return DiagnosisTable(
        key="units",
        title="Late displacement of z_H, absolute and relative to its norm",
        columns=("what", "per segment", "over the norm"),
        rows=rows,
        notes=[f"median norm of z_H {np.median(norm):.4g}"],
    )


def threshold_table(record: Record) -> DiagnosisTable:
    """Who converges under other thresholds than Otsu's, and without any: how much of the statement depends on the choice."""
    window = min(4, record.segments)
    scale = scale_of(record)
    otsu = otsu_band(record, window=window, scale=scale)
    swept: list[tuple[Band, Cells]] = [
        (otsu, cells(record, otsu)),
        *percentile_sweep(record, percentiles=range(10, 100, 10), window=window, scale=scale),
    ]
    rows: list[list[Cell]] = []
    for band, counted in swept:
        shares = (
            proportion(counted.A, counted.successes, denominator="successes"),
            proportion(counted.B, counted.failures, denominator="failures"),
        )
        rows.append([band.kind, band.threshold, *(Marked(share, percent=True) for share in shares)])
    free = without_threshold(record, window=window, scale=scale)
    notes = ["percentile: of the pooled late displacement of z_H" + (", over its norm, which grows" if scale == "relative" else "")]
    if free.defined:
        notes.append(f"without a threshold: AUC of late displacement {free.value:.3f} [{free.low:.3f}, {free.high:.3f}], failures positive")
        share, low, high = (float(free.extra[f"outmoved_{name}"]) for name in ("share", "low", "high"))
        notes.append(f"share of successes below the minimum over failures {share:.3f} [{low:.3f}, {high:.3f}]")
    return DiagnosisTable(
        key="thresholds",
        title="Does it depend on the threshold? Converged, by convergence threshold",
        columns=("threshold", "per segment", "successes (%)", "failures (%)"),
        rows=rows,
        notes=notes,
    )
