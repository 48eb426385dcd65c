"""The tables of `unsettled diagnose` that need a long record: capture, fates, λ₁ before and after capture, labels."""

from __future__ import annotations

import itertools

import numpy as np

from unsettled.measure.analysis.capture import (
    FATES,
    LongRuns,
    capture_curve,
    capture_rate,
    fates,
    kept_solved,
    loss_rate,
    solved_from_other_starts,
    solved_later,
)
from unsettled.measure.analysis.capture_exponent import LEADS, OFFSETS, WINDOW, around_capture, before_capture, exponents
from unsettled.measure.analysis.diagnosis_early import MARGIN
from unsettled.measure.analysis.diagnosis_table import Cell, DiagnosisTable, Marked
from unsettled.measure.analysis.label_tables import SWEEPS, confusion, rest_of, sweep
from unsettled.measure.analysis.labels import APPEARANCES, DEFINITIONS, NAMES, Thresholds, classify
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.correlation import correlation
from unsettled.measure.statistics.proportion import proportion


def long_tables(side: SideRecord, record: Record | None, rest: float | None = None) -> list[DiagnosisTable]:
    """Everything a long record tells. ``rest`` overrules the convergence threshold, a displacement relative to the norm."""
    runs = LongRuns(side)
    thresholds = Thresholds(rest=rest or rest_of(runs.evidence(*runs.windows[0])))
    tables = [capture_table(runs), rates_table(runs), fates_table(runs, thresholds)]
    try:
        lambda1 = exponents(runs, record)
    except UserError as error:
        tables.append(DiagnosisTable(key="exponent.before", title="λ₁ before capture", columns=("what", "value"), rows=[["–", str(error)]]))
    else:
        tables += [before_table(runs, lambda1), around_table(runs, lambda1)]
    return [
        *tables,
        definitions_table(thresholds),
        labels_table(runs, thresholds),
        *sweep_tables(runs, thresholds),
        confusion_table(runs, thresholds),
    ]


def capture_table(runs: LongRuns) -> DiagnosisTable:
    """The capture curve, with censoring."""
    rows: list[list[Cell]] = [[at, share, share.counts.get("waited")] for at, share in capture_curve(runs).items()]
    return DiagnosisTable(
        key="capture",
        title="Captured by segment t (right for the first time)",
        columns=("t", "share of puzzles", "followed, uncaptured before"),
        rows=rows,
        notes=[f"Kaplan–Meier; {runs.segments} segments for all, {runs.deep} for the unsolved", *_held_note(runs)],
    )


def _held_note(runs: LongRuns) -> list[str]:
    """Whether runs were held at rest instead of being followed."""
    held = int(runs.held.sum())
    return (
        [f"{held} runs came to rest before segment {runs.segments} and were not followed further: they count as staying there"]
        if held
        else []
    )


def rates_table(runs: LongRuns) -> DiagnosisTable:
    """Solving after the usual 16 segments, the rate of it, and losing what was solved."""
    rows: list[list[Cell]] = []
    edges = [e for e in (16, 32, 64, 128, 256, 512) if e <= runs.deep]
    for first, last in itertools.pairwise(edges):
        rows.append([f"captures per segment, {first + 1}–{last}", capture_rate(runs, first, last)])
    rows.append([f"unsolved after 16, right after {runs.segments}", solved_later(runs, 16)])
    kept = kept_solved(runs, 16)
    rows.append([f"right after 16, right ever since (to {runs.segments})", kept])
    rows.append([f"… wrong at {runs.segments}", kept.counts.get("wrong_at_end", 0)])
    rows.append(["losses per segment that starts solved", loss_rate(runs)])
    return DiagnosisTable(key="rates", title="Longer rollouts", columns=("what", "value"), rows=rows)


def fates_table(runs: LongRuns, thresholds: Thresholds) -> DiagnosisTable:
    """What becomes of the unsolved, and what other starts do."""
    rows: list[list[Cell]] = [[f"{name}: {FATES[name]}", share] for name, share in fates(runs, thresholds.rest).items()]
    draws = solved_from_other_starts(runs)
    words = {
        "unsolved": "a draw of another start solves an unsolved one",
        "any": f"any of {runs.side['start_run'].shape[1]} other starts solves it",
        "solved": "a draw of another start solves a solved one",
    }
    rows += [[words[name], draws[name]] for name in words if name in draws]
    return DiagnosisTable(
        key="fates",
        title=f"Puzzles unsolved after {runs.segments} segments",
        columns=("fate", "share"),
        rows=rows,
        notes=[f"followed to segment {runs.deep}; other starts to {runs.segments}, noise as large as the trained start"],
    )


def before_table(runs: LongRuns, lambda1: np.ndarray) -> DiagnosisTable:
    """λ₁ of never-captured runs against those captured later, at equal segments before capture; and the unmatched separation."""
    never = runs.captured == 0
    finite = np.isfinite(lambda1).all(axis=1)
    rows: list[list[Cell]] = [
        [f"whole rollout of {lambda1.shape[1]}, unmatched", auc(lambda1[finite].mean(axis=1), never[finite]), None, None]
    ]
    for words, lead in (("before capture, same segment", None), *((_lead_words(lead), lead) for lead in LEADS)):
        area = before_capture(runs, lambda1, lead=lead, margin=MARGIN)
        extra = area.extra
        rows.append([words, area, str(extra.get("equivalent", "–")), area.counts.get("later")])
    seen = finite & ~never & (runs.captured <= lambda1.shape[1])
    rows.append(
        [
            "rank correlation with capture time, captured",
            correlation(lambda1[seen].mean(axis=1), runs.captured[seen]),
            None,
            int(seen.sum()),
        ]
    )
    return DiagnosisTable(
        key="exponent.before",
        title=f"Does λ₁ (sliding over {WINDOW} segments) know of capture beforehand?",
        columns=("never captured against captured later", "AUC", f"½ ± {MARGIN:g}", "captured"),
        rows=rows,
        notes=["above ½: never-captured runs have the larger λ₁; pairs are compared at equal segments, both still unsolved"],
    )


def _lead_words(lead: tuple[int, int]) -> str:
    return f"… captured {lead[0]}–{lead[1]} segments later" if lead[1] < 1000 else f"… captured more than {lead[0] - 1} segments later"


def around_table(runs: LongRuns, lambda1: np.ndarray) -> DiagnosisTable:
    """λ₁ around capture, beside that of never-captured runs at the same segments."""
    rows: list[list[Cell]] = []
    for offset in OFFSETS:
        found = around_capture(runs, lambda1, offset)
        name = (
            "the segment of capture"
            if offset == (0, 0)
            else f"{abs(offset[0])} to {abs(offset[1])} {'before' if offset[0] < 0 else 'after'}"
        )
        rows.append([name, found.extra.get("captured"), found.extra.get("never"), found, found.n])
    return DiagnosisTable(
        key="exponent.around",
        title="λ₁ around capture, nats per segment, against never-captured runs at the same segments",
        columns=("segments", "captured", "never", "difference", "runs"),
        rows=rows,
    )


def definitions_table(thresholds: Thresholds) -> DiagnosisTable:
    """The one table of definitions."""
    return DiagnosisTable(
        key="labels.definitions",
        title="Labels: the first that holds over the window",
        columns=("label", "means"),
        rows=[[definition.name, definition.words] for definition in DEFINITIONS],
        notes=[
            f"rest {thresholds.rest:.2g} of the norm (Otsu after 16 segments), loss {thresholds.loss:g} nats, "
            f"drift {thresholds.drift:g}, plane {thresholds.plane:g}"
        ],
    )


def labels_table(runs: LongRuns, thresholds: Thresholds) -> DiagnosisTable:
    """Shares of the labels among runs unsolved at the end of each window."""
    rows: list[list[Cell]] = []
    for end, length in runs.windows:
        evidence = runs.evidence(end, length)
        labels = classify(evidence, thresholds)
        labels = labels[~evidence.solved & (labels >= 0)]
        shares = [proportion(int((labels == index).sum()), len(labels), denominator="failed runs") for index in range(len(NAMES))]
        rows.append([f"{end} ({length})", len(labels), *(Marked(share, percent=True) for share in shares)])
    return DiagnosisTable(
        key="labels.shares",
        title="Labels of failed runs, % [95 %], by end (and length) of the window",
        columns=("window", "failed", *NAMES),
        rows=rows,
    )


def sweep_tables(runs: LongRuns, thresholds: Thresholds) -> list[DiagnosisTable]:
    """How the counts move with each threshold, after 16 segments and at the end of the rollout of all."""
    tables = []
    for end in (16, runs.segments):
        evidence = runs.evidence(end)
        rows: list[list[Cell]] = []
        for name in ("rest", "loss", "drift"):
            rows += [[name, value, *found.values()] for value, found in sweep(evidence, thresholds, name, SWEEPS[name])]
        tables.append(
            DiagnosisTable(
                key=f"labels.sweep.{end}",
                title=f"Counts after {end} segments as thresholds move",
                columns=("threshold", "at", *NAMES),
                rows=rows,
            )
        )
    return tables


def confusion_table(runs: LongRuns, thresholds: Thresholds) -> DiagnosisTable:
    """Failed runs that look at rest in a plot, against those whose state is at rest."""
    rows: list[list[Cell]] = []
    for end in (16, runs.segments):
        for name, share in confusion(runs.evidence(end), thresholds).items():
            rows.append([end, name, share.n, share, share.counts.get("settled_unseen", 0)])
    notes = [f"{name}: {words}" for name, (words, _) in APPEARANCES.items()]
    return DiagnosisTable(
        key="labels.confusion",
        title="Looks at rest, and is it? Failed runs by what a plot shows",
        columns=("after", "plot of", "looks at rest", "of these, the state moves", "at rest, unseen"),
        rows=rows,
        notes=notes,
    )
