"""Judging records of millions of rows: how long each claim takes and how much memory; run with ``-m benchmark -s``.

``UNSETTLED_ROWS`` sets the largest size (10,000,000 otherwise, which takes 9 GB of disk while it runs).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.measure.record.parquet import to_table

CHUNK, DISTINCT = 125_000, 4
BYTES_A_ROW = 130
LARGEST = int(os.environ.get("UNSETTLED_ROWS", "10000000"))
JUDGE = """
import resource, sys, time
from pathlib import Path
from unsettled.claims.judgement.foreseen import look_ahead
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.measure.support.memory import peak_memory_mib
peak = lambda: peak_memory_mib() / 2**10
clock = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_utime + resource.getrusage(resource.RUSAGE_SELF).ru_stime
ledger, start, judged = load_ledger(), clock(), 0
population = Population(name="big.hrm", kind="user").with_record(Path(sys.argv[1]))
print(f"opened: {clock() - start:.1f} s of CPU, peak {peak():.2f} GiB", flush=True)
claims = [claim for claim in ledger.claims if ledger.concerns(claim, population.name, population.architecture)]
before = clock()
look_ahead(claims, population, ledger)
population.record.digest()  # known by now of a record that is read as it is used
print(f"digest, and what claims ask most: {clock() - before:.1f} s of CPU, peak {peak():.2f} GiB", flush=True)
for claim in claims:
    before = clock()
    verdict = judge(claim, population, ledger=ledger)
    assert verdict.outcome != "ERROR", verdict.reason
    if verdict.measured is not None:
        judged += 1
        print(f"{claim.id:32} {verdict.outcome:20} {clock() - before:7.1f} s of CPU, peak {peak():.2f} GiB", flush=True)
print(f"{len(population.record):,} rows, {judged} claims judged: {clock() - start:.0f} s of CPU, peak {peak():.2f} GiB")
"""


def write_large(path: Path, rows: int) -> None:
    """A record of so many synthetic HRM rows, k = 1, 16 segments, written chunk by chunk."""
    tables = [synthetic_record(CHUNK, accuracy=0.526, k=1, facts=HRM_FACTS, seed=seed) for seed in range(DISTINCT)]
    provenance = tables[0].provenance.model_copy(update={"puzzles": rows})
    with pq.ParquetWriter(
        path, to_table(tables[0].replace(provenance=provenance)).schema, compression="zstd", compression_level=1, use_dictionary=False
    ) as writer:
        for start in range(0, rows, CHUNK):
            chunk, scale = tables[start // CHUNK % DISTINCT], 1 + 1e-4 * (start // CHUNK)
            moved = chunk.replace(
                example_id=np.arange(start, start + CHUNK),
                group=np.arange(start, start + CHUNK),
                growth=chunk.growth * scale,
                displacement_H=chunk.displacement_H * scale,
                halting_logit=chunk.halting_logit * scale,
                provenance=provenance,
            )
            writer.write_table(to_table(moved).slice(0, min(CHUNK, rows - start)), row_group_size=4096)


@pytest.mark.benchmark
@pytest.mark.parametrize("rows", [LARGEST // 10, LARGEST])
def test_judging_millions_of_rows(tmp_path, rows):
    path = tmp_path / "r.parquet"
    write_large(path, rows)
    print(f"\n{rows:,} rows: {path.stat().st_size / 2**30:.2f} GiB on disk, {rows * 850 / 2**30:.2f} GiB as arrays")
    said = []
    with subprocess.Popen([sys.executable, "-c", JUDGE, str(path)], stdout=subprocess.PIPE, text=True) as judging:
        for line in judging.stdout:
            print(line, end="", flush=True)
            said.append(line)
    path.unlink()
    assert judging.returncode == 0
    peak = float(said[-1].split("peak")[-1].split("GiB")[0])
    assert peak < 0.75 + BYTES_A_ROW * rows / 2**30, "more than a few numbers a row were kept"
    assert pa.total_allocated_bytes() < 2**30
