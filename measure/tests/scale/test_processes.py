"""Processes write what one process writes, end with the one that started them, and run nothing that lies in the working folder."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.synthetic.own_network import write_own_network
from unsettled.measure.errors import UserError
from unsettled.measure.scale import processes
from unsettled.measure.scale.processes import process_workers
from unsettled.measure.support.cores import cores
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.reading import read_examples
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

TRAPS = ("typer.py", "torch.py", "numpy.py")
# Every command that measures part by part, with what makes it short.
COMMANDS = {
    "measure": ["--k", 2, "--segments", 3, "--batch", 4, "--noise-rows", 4],
    "follow": ["--segments", 32, "--deep", 48, "--starts", 1],
    "policies": ["--segments", 2, "--depth", 4, "--draws", 2],
    "spectrum": ["--segments", 2],
    "few-unknown": ["--segments", 3, "--batch", 16],
    "disturb": ["--segments", 3, "--batch", 16],
}


@pytest.fixture
def folder(tmp_path):
    tiny_checkpoint(tmp_path / "net", "trm_mlp")
    write_parquet(generate(Box(2, 2), 64, seed=5), tmp_path / "puzzles.parquet")
    for trap in TRAPS:
        (tmp_path / trap).write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nraise SystemExit({trap!r})\n")
    return tmp_path


def started_in(folder: Path) -> list[int]:
    """Processes for tasks whose working folder this is."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command, place = line.read_bytes(), line.with_name("cwd").readlink()
        except OSError:
            continue
        if b"spawn_main" in command and place == folder:
            found.append(int(line.parent.name))
    return found


def waited(until, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(until())


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="the processes are looked for in /proc")
@pytest.mark.parametrize(
    "number", [pytest.param(name, marks=() if name == "SIGKILL" else pytest.mark.asymptotic) for name in ("SIGKILL", "SIGTERM", "SIGHUP")]
)
def test_no_process_outlives_the_command(folder, number):
    """They ran on at full load, and the same command was refused until they ended."""
    out = folder / "r.parquet"
    words = ["measure", folder / "net", folder / "puzzles.parquet", "--out", out, "--processes", "2", "--segments", "4000", "--k", "1"]
    command = [sys.executable, "-P", "-c", "from unsettled.measure.commands.app import main; main()", *map(str, words)]
    temporary = folder / "temporary"
    temporary.mkdir()
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temporary)}) as process:
        assert waited(lambda: len(started_in(folder)) == 2, 120), "the processes did not start"
        os.kill(process.pid, getattr(signal, number))
        process.wait(timeout=60)
    assert waited(lambda: not started_in(folder), 60), "a process outlived the command"
    assert not list(temporary.glob("unsettled-*")), "what the processes were sent outlived the command"


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


@contextmanager
def sent_and_done(processes, *, device="cpu"):
    """In place of processes: what each would be sent, and the tasks from the last to the first."""

    def work(function, tasks):
        sent = pickle.dumps(function)
        for number, given in reversed(list(tasks)):
            yield number, pickle.loads(sent)(pickle.loads(pickle.dumps(given)))

    yield work


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_command_measures_can_be_sent_to_another_process(folder, unsettled, monkeypatch, command):
    """`policies` could not: what tells of progress was sent as well."""
    monkeypatch.setattr(processes, "process_workers", sent_and_done)
    options = [*COMMANDS[command], "--limit", 18, "--network", write_own_network(folder / "mine")]
    for name, more in (("one", []), ("many", ["--processes", 2])):
        code, _, told = unsettled(command, folder / "net", folder / "puzzles.parquet", "--out", folder / name, *options, *more)
        assert code == 0, told
    assert (folder / "many").read_bytes() == (folder / "one").read_bytes()


@pytest.mark.asymptotic
def test_each_command_gives_the_bytes_of_one_process(folder, unsettled):
    """The first with a network of one's own; what a process is sent it reads once, however many tasks it does."""
    own = {"measure": ["--network", write_own_network(folder / "mine")]}
    for command, usual in COMMANDS.items():
        options = [*usual, *own.get(command, [])]
        for name, more in (("one", []), ("many", ["--processes", 2])):
            out = folder / f"{command}-{name}"
            code, _, told = unsettled(command, folder / "net", folder / "puzzles.parquet", "--out", out, *options, *more)
            assert code == 0, told
        assert (folder / f"{command}-many").read_bytes() == (folder / f"{command}-one").read_bytes(), command
        assert not list(folder.glob("*.parts"))


def test_a_number_of_processes_that_no_machine_holds_is_one_line():
    with pytest.raises(UserError, match=rf"processes is 5000 \(it must be a whole number from 1 to {4 * cores()}\)"), process_workers(5000):
        raise AssertionError("they were started")


@pytest.mark.asymptotic
def test_a_process_that_is_ended_from_outside_is_one_line():
    with pytest.raises(UserError, match="a process was ended from outside"), process_workers(1) as workers:
        with pytest.raises(UserError, match="no such puzzles"):
            list(workers(read_examples, [(0, "absent.parquet")]))
        with pytest.raises(UserError, match="cannot be sent to another process"):
            list(workers(lambda given: given, [(0, 1)]))
        list(workers(os._exit, [(0, 9)]))
    assert not multiprocessing.active_children()
