"""Ranks that end with the process that started them, and run nothing that lies in the working folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box, generate

TRAPS = ("typer.py", "torch.py", "numpy.py")


@pytest.fixture
def folder(tmp_path):
    tiny_checkpoint(tmp_path / "net", "trm_mlp")
    write_parquet(generate(Box(2, 2), 64, seed=5), tmp_path / "puzzles.parquet")
    for trap in TRAPS:
        (tmp_path / trap).write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nraise SystemExit({trap!r})\n")
    return tmp_path


def ranks_of(folder: Path) -> list[int]:
    """Processes whose command line names this folder's shards."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = line.read_bytes()
        except OSError:
            continue
        if b"--rank=" in command and str(folder).encode() in command:
            found.append(int(line.parent.name))
    return found


def waited(until, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(until())


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the ranks are looked for in /proc")
@pytest.mark.parametrize(
    "number", [pytest.param(name, marks=() if name == "SIGKILL" else pytest.mark.asymptotic) for name in ("SIGKILL", "SIGTERM", "SIGHUP")]
)
def test_no_rank_outlives_the_command(folder, number):
    """They ran on at full load, and the same command was refused until they ended."""
    out = folder / "r.parquet"
    words = ["measure", folder / "net", folder / "puzzles.parquet", "--out", out, "--processes", "2", "--segments", "4000", "--k", "1"]
    command = [sys.executable, "-P", "-c", "from unsettled.measure.commands.app import main; main()", *map(str, words)]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        assert waited(lambda: len(ranks_of(folder)) == 2, 60), "the ranks did not start"
        os.kill(process.pid, getattr(signal, number))
        process.wait(timeout=60)
    assert waited(lambda: not ranks_of(folder), 60), "a rank outlived the command"


def test_nothing_in_the_working_folder_runs(folder):
    """As torchrun and srun start a rank, with the working folder first on the path."""
    options = ["--out", "shards", "--rank=0", "--ranks=1", "--segments", "2", "--k", "1", "net", "puzzles.parquet"]
    done = subprocess.run(
        [sys.executable, "-m", "unsettled.measure", *options], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0 and not (folder / "ran").exists(), done.stderr


@pytest.mark.asymptotic
def test_nothing_in_the_working_folder_runs_in_several_processes(folder):
    words = ["measure", "net", "puzzles.parquet", "--out", "r.parquet", "--processes", "2", "--segments", "2", "--k", "1"]
    command = [sys.executable, "-P", "-c", "from unsettled.measure.commands.app import main; main()", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and (folder / "r.parquet").is_file() and not (folder / "ran").exists(), done.stderr
