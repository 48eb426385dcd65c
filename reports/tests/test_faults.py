"""kill -9 while a report or the baseline is written, and two hundred kills of everything: see `unsettled.fixtures.faults`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def killed(kills: int, *only: str) -> list[dict]:
    words = [word for name in only for word in ("--only", name)]
    command = [sys.executable, "-m", "unsettled.reports.tests.faults", "--json", "--kills", str(kills), *words]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout)


def kills_of(rows: list[dict]) -> int:
    return sum(row["kills_at_moments"] + row["kills_at_random"] for row in rows)


def test_killed_while_reporting_and_updating():
    assert kills_of(killed(6, "report", "baseline")) >= 11


@pytest.mark.asymptotic
def test_two_hundred_kills():
    rows = killed(45)
    assert kills_of(rows) >= 200 and len(rows) == 5
