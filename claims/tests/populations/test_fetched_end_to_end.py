"""A checkpoint of the official size, served on loopback, fetched, measured on a few puzzles, judged; run with ``-m benchmark -s``.

The weights are random, so that nothing is claimed of anybody's network: what is shown is that its claims are judged at all.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unsettled.claims.audit.audit import read_audit
from unsettled.fixtures.faults.hub_server import Hub, serve
from unsettled.fixtures.synthetic.networks import OFFICIAL, write_published_checkpoint
from unsettled.measure.hub.registry import entry_of
from unsettled.measure.tasks.read import read_puzzles

ROOT = Path(__file__).parents[3]
NAME, PUZZLES, FEW = "trm-mlp-alphaxiv", "sudoku-extreme", 4


def served_files(folder: Path) -> dict[str, bytes]:
    """What the hub serves: a random network as the official training saves it, and puzzles of the shipped 9×9 set as CSV."""
    network, table = entry_of(NAME), entry_of(PUZZLES)
    write_published_checkpoint(folder / "step", OFFICIAL["trm_mlp"])
    few = read_puzzles(ROOT / "fixtures/reference/trm-9x9/puzzles.parquet", limit=FEW)
    rows = ["source,question,answer,rating"]
    for question, answer in zip(few.inputs, few.labels, strict=True):
        rows.append("made,{},{},0".format("".join("." if c == 1 else str(c - 1) for c in question), "".join(str(c - 1) for c in answer)))
    return {
        f"{network.repo}/{network.main_file}": (folder / "step").read_bytes(),
        f"datasets/{table.repo}/{table.main_file}": ("\n".join(rows) + "\n").encode(),
    }


@pytest.mark.benchmark
def test_fetched_measured_and_judged(tmp_path):
    files = served_files(tmp_path)
    peak = tmp_path / "peak"
    environment = os.environ | {
        "PEAK": str(peak),
        "UNSETTLED_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }

    def timed(title: str, *command: str) -> str:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
        print(f"{title}: {time.monotonic() - start:.0f} s, {spent:.0f} s of CPU, at most {peak.read_text()} MiB", flush=True)
        return done.stdout

    def judged() -> dict[str, int]:
        audit = tmp_path / "audit.json"
        command = [*PYTEST, "claims/", "-k", "hub.trm", "-q", f"--audit={audit}", "-p", "no:cacheprovider"]
        timed("pytest claims/ -k hub.trm", *command)
        counts = {outcome: count for outcome, count in read_audit(audit).counts.items() if count}
        print(counts, flush=True)
        return counts

    with serve(Hub(files)) as hub:
        environment["HF_ENDPOINT"] = hub.endpoint
        said = timed("unsettled fetch", *UNSETTLED, "fetch", NAME, PUZZLES)
    before = judged()
    assert set(before) == {"UNVERIFIABLE"}
    command = shlex.split(re.search(r"measure it: unsettled (.*)", said)[1])
    few = [word for word in command if word not in ("--noise-rows", "64")]
    timed("unsettled measure", *UNSETTLED, *few, "--k", "1")
    after = judged()
    assert sum(after.values()) == sum(before.values()) and "ERROR" not in after
    assert after.get("UNVERIFIABLE", 0) < before["UNVERIFIABLE"]
    for verdict in read_audit(tmp_path / "audit.json").verdicts:
        if verdict.outcome == "UNVERIFIABLE":
            print(f"{verdict.claim}: {verdict.reason.replace(str(tmp_path), '…')}", flush=True)


NOTING = """
import atexit, os, sys
from pathlib import Path
from unsettled.measure.support.memory import peak_memory_mib
atexit.register(lambda: Path(os.environ["PEAK"]).write_text(str(peak_memory_mib())))
"""
UNSETTLED = (sys.executable, "-c", f"{NOTING}from unsettled.measure.commands.app import main; main()")
PYTEST = (sys.executable, "-c", f"{NOTING}import pytest; sys.exit(pytest.main(sys.argv[1:]))")
