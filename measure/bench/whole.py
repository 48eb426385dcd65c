"""Figures of whole commands and of the statistics: memory of a campaign, a million examples, the start of the program."""

from __future__ import annotations

import re
import sys
import time

import numpy as np

from unsettled.measure.bench.networks import ROOT
from unsettled.measure.bench.timing import Row, alternating, child, row

_MILLION = 1_000_000
_CAMPAIGN = """
import sys, tempfile
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from unsettled.fixtures.networks import tiny_checkpoint
from unsettled.measure.campaign.run import measure
from unsettled.measure.support.memory import peak_memory_mib
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet
rows = int(sys.argv[1])
label = np.array([1,2,3,4,3,4,1,2,2,1,4,3,4,3,2,1]) + 1
inputs = np.tile(label, (rows, 1))
inputs[:, ::2] = 1
with tempfile.TemporaryDirectory() as folder:
    puzzles = PuzzleSet(
        box=Box.from_size(4), inputs=inputs.astype(np.uint8), labels=np.tile(label, (rows, 1)).astype(np.uint8),
        ids=np.arange(rows), rating=np.full(rows, np.nan),
    )
    measure(tiny_checkpoint(Path(folder), "trm_mlp"), puzzles, Path(folder) / "out.parquet", k=1, segments=2, batch=250)
print(peak_memory_mib())
"""

_JUDGE = """
import time
from unsettled.claims.judge import judge_all
from unsettled.claims.ledger import load_ledger
from unsettled.fixtures.ledgers import StandIn
from unsettled.fixtures.synthetic import HRM_FACTS, synthetic_record, with_noise
ledger = load_ledger()
record = with_noise(synthetic_record(8192, accuracy=0.55, facts=HRM_FACTS, seed=2))
start = time.process_time()
print(len(judge_all(ledger, [StandIn(name="paper.hrm", architecture="hrm", record=record, same_examples=True)])), end=" ")
print(time.process_time() - start)
"""


def audit(*, repetitions: int = 7) -> list[Row]:
    """CPU seconds of all statistics of the audit of one network on a synthetic record of 8,192 rows, a process each time."""
    import subprocess

    seconds, verdicts = [], "0"
    for _ in range(repetitions):
        run = subprocess.run([sys.executable, "-c", _JUDGE], cwd=ROOT, capture_output=True, text=True, check=True)
        verdicts, spent = run.stdout.split()
        seconds.append(float(spent))
    note = f"{verdicts} verdicts, the first use of every statistic included"
    return [row("audit", "all claims of one network on 8,192 rows", seconds, unit="s", bar=5.0, note=note)]


def memory(*, few: int = 2_000, many: int = 20_000) -> list[Row]:
    """Peak memory of a campaign of many tiny puzzles over one of few, each in a process of its own."""
    import subprocess

    peaks = []
    for rows in (few, many):
        run = subprocess.run([sys.executable, "-c", _CAMPAIGN, str(rows)], cwd=ROOT, capture_output=True, text=True, check=True)
        peaks.append(int(run.stdout.split()[-1]))
    note = f"{peaks[0]:.0f} and {peaks[1]:.0f} MiB resident"
    return [row("memory", f"peak of {many} puzzles over that of {few}", [peaks[1] / peaks[0]], bar=1.1, note=note)]


def statistics(*, repetitions: int = 7) -> list[Row]:
    """Seconds of an AUC with its interval and of a matched AUC on a million examples."""
    from unsettled.measure.statistics.auc import auc
    from unsettled.measure.statistics.matching import matched_auc

    generator = np.random.default_rng(0)
    positives = generator.random(_MILLION) < 0.3
    scores = generator.normal(size=_MILLION) + positives
    by = generator.normal(size=_MILLION) + 0.5 * positives
    seconds = alternating(
        {
            "AUC with interval, a million examples": lambda: auc(scores, positives),
            "matched AUC in ten bins, a million examples": lambda: matched_auc(scores, positives, by, weights="pairs"),
        },
        repetitions=repetitions,
    )
    bars = (1.0, 3.0)
    return [row("statistics", name, values, unit="s", bar=bar) for bar, (name, values) in zip(bars, seconds.items(), strict=True)]


def commands(*, repetitions: int = 7) -> list[Row]:
    """CPU seconds of `unsettled --help`, and of audits that judge from records and re-measure nothing: of two of them, and of all."""
    help_command = [sys.executable, "-c", "from unsettled.measure.commands.app import main; main()", "--help"]
    audit = [sys.executable, "-m", "pytest", "claims/", "-p", "no:cacheprovider", "--remeasure-rows", "0"]
    rows = [row("commands", "unsettled --help", [child(help_command, cwd=str(ROOT))[0] for _ in range(repetitions)], unit="s", bar=0.3)]
    for what, words, bar in (("two records", ["-k", "reference.hrm-9x9"], 5.0), ("all records", [], None)):
        start = time.perf_counter()
        seconds, printed = child([*audit, *words], cwd=str(ROOT))
        verdicts = re.search(r"(\d+) verdicts", printed)
        note = f"{verdicts[1] if verdicts else 'no'} verdicts, {time.perf_counter() - start:.1f} s on the clock"
        rows.append(row("commands", f"judging the claims of {what}, pytest and all", [seconds], unit="s", bar=bar, note=note))
    return rows
