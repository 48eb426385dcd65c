"""One measurement by several processes of this machine: ranks that are started here, waited for, and merged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from unsettled.measure.errors import UserError
from unsettled.measure.scale.merge import merge
from unsettled.measure.support.cores import cores

POSITIONAL = ("checkpoint", "puzzles")
NOT_OF_A_RANK = ("out", "processes", *POSITIONAL)
THREADS = "OMP_NUM_THREADS"
# Tells a rank that its standard input ends with the process that started it.
WATCHED = "UNSETTLED_WATCHED"


def measure_by_processes(parameters: Mapping[str, object], out: Path, processes: int) -> None:
    """Measure into ``out`` by ``processes`` ranks that share the cores; resumes, and leaves nothing beside the record.

    Args:
        parameters: of `unsettled measure`, by name; None stands for what was not given.

    Raises:
        UserError: a rank stopped; what it said last is told.
    """
    folder = out.with_name(out.name + ".shards")
    environment = {**os.environ, WATCHED: "1", THREADS: os.environ.get(THREADS) or str(max(1, cores() // processes))}
    ranks: list[subprocess.Popen[str]] = []
    alive, ours = os.pipe()  # whose end here closes with this process, however it ends: then the ranks end too
    try:
        for rank in range(processes):
            # the first one's bar is shown; of the others only how they end
            errors = None if rank == 0 else subprocess.PIPE
            own = {"out": folder, "rank": rank, "ranks": processes}
            # -P: a `typer.py` in the working folder is not run
            command = [sys.executable, "-P", "-m", "unsettled.measure", *_arguments(parameters, own)]
            ranks.append(subprocess.Popen(command, stdin=alive, stdout=subprocess.DEVNULL, stderr=errors, text=True, env=environment))
        told = [rank.communicate()[1] for rank in ranks]
    finally:
        os.close(alive)
        os.close(ours)
        for process in ranks:
            process.terminate()
            process.wait()
    stopped = [number for number, rank in enumerate(ranks) if rank.returncode]
    if stopped:
        last = ((told[stopped[0]] or "").strip().splitlines() or [f"exit code {ranks[stopped[0]].returncode}"])[-1]
        raise UserError(
            f"process {stopped[0]} of {processes} stopped: {last.removeprefix('error: ')}",
            where=out,
            hint="completed work is kept; run the same command again to resume",
        )
    merge(folder, out)
    shutil.rmtree(folder)


def end_with_parent() -> None:
    """In a rank that `measure_by_processes` started: end when that process does, even by kill -9. A batch is lost, no file is torn."""
    if os.environ.pop(WATCHED, None):
        threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _arguments(parameters: Mapping[str, object], own: Mapping[str, object]) -> list[str]:
    """The command line of one rank: what was asked for, and what is its own."""
    shared = {name: value for name, value in parameters.items() if value is not None and name not in NOT_OF_A_RANK}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in {**shared, **own}.items()]
    return [*options, "--", *(str(parameters[name]) for name in POSITIONAL)]
