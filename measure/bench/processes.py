"""Comparisons that need processes of their own: how malloc is set, and threads against processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from unsettled.measure.bench.networks import ROOT, SHIPPED
from unsettled.measure.bench.timing import Row, row

_RUN = """
import statistics, sys, time
import torch
from unsettled.measure.bench.networks import timed
from unsettled.measure.bench.rollouts import plain
name, k, batch, threads, seconds = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
net, spent, wall = timed(name, batch=batch, segments=1), [], []
plain(net, k)()
until = time.perf_counter() + seconds
while len(spent) < 3 or time.perf_counter() < until:
    start = time.thread_time(), time.perf_counter()
    plain(net, k)()
    spent.append(time.thread_time() - start[0])
    wall.append(time.perf_counter() - start[1])
print(statistics.median(spent), statistics.median(wall))
"""


def _start(name: str, *, k: int, batch: int, threads: int = 1, seconds: int = 2, own_malloc: bool = True) -> subprocess.Popen:
    # a variable of glibc's that changes nothing, but whose presence leaves malloc as the user set it
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads)) | ({} if own_malloc else {"GLIBC_TUNABLES": ""})
    command = [sys.executable, "-c", _RUN, name, str(k), str(batch), str(threads), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def _seconds(started: subprocess.Popen) -> tuple[float, float]:
    """Median seconds of CPU and on the clock of one rollout."""
    printed, _ = started.communicate()
    cpu, wall = map(float, printed.split())
    return cpu, wall


def memory_kept(repetitions: int, k: int = 1) -> list[Row]:
    """With glibc's own settings, which hand freed memory back, over `unsettled.measure.support.memory.keep_freed_memory`; seconds of CPU."""
    rows = []
    for name in SHIPPED:
        values = []
        for _ in range(repetitions):
            kept, given = (_seconds(_start(name, k=k, batch=8, own_malloc=own))[0] for own in (True, False))
            values.append(given / kept)
        rows.append(row("tried", f"{name}, k = {k}: malloc as it comes over freed memory kept", values))
    return rows


def threads_or_processes(repetitions: int, k: int = 4, batch: int = 16) -> list[Row]:
    """A batch in one process of two threads over two processes of one thread with half of it each; seconds on the clock."""
    if len(os.sched_getaffinity(0)) < 2:
        return []
    rows = []
    for name in SHIPPED:
        values = []
        for _ in range(repetitions):
            together = _seconds(_start(name, k=k, batch=batch, threads=2, seconds=3))[1]
            both = [_start(name, k=k, batch=batch // 2, seconds=5) for _ in range(2)]
            values.append(together / statistics.mean(_seconds(one)[1] for one in both))
        note = "on the clock: other work on the machine moves it"
        rows.append(row("tried", f"{name}, k = {k}: two threads over two processes of one", values, note=note))
    return rows
