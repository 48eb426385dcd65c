"""Several processes of this machine that do the tasks of a measurement: the standard library's, ended with the one that starts them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from unsettled.measure.campaign.workers import Workers
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import MODULE
from unsettled.measure.scale.started import begin
from unsettled.measure.scale.tasks import do
from unsettled.measure.support.cores import cores
from unsettled.measure.support.counts import at_least
from unsettled.measure.support.files import write_whole

Given = TypeVar("Given")
Done = TypeVar("Done")

# Tasks that are out at a time, for each process: enough that none waits for the next.
AHEAD = 2
# Processes for a core: more wait for each other.
MOST = 4
THREADS = "OMP_NUM_THREADS"
SAFE_PATH = "PYTHONSAFEPATH"


@contextmanager
def process_workers(processes: int, *, device: str = "cpu") -> Iterator[Workers]:
    """So many processes that share the cores; on "cuda" they share the GPUs one by one.

    Raises:
        UserError: while they work: a process was ended from outside, or what a task raises that is a mistake of the user.
    """
    at_least(1, processes, "processes", most=MOST * cores())  # each holds torch and the network
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    threads = os.environ.get(THREADS) or str(max(1, cores() // processes))
    with tempfile.TemporaryDirectory(prefix="unsettled-") as folder, _environment({THREADS: threads, SAFE_PATH: "1"}):
        pool = ProcessPoolExecutor(processes, context, initializer=begin, initargs=(_own_files(), context.Value("i", 0), device, folder))
        shared: list[Path] = []

        def work(function: Callable[[Given], Done], tasks: Iterable[tuple[int, Given]]) -> Iterator[tuple[int, Done]]:
            path = Path(folder) / str(len(shared))  # once for all tasks: the network is large
            try:
                write_whole(path, pickle.dumps(function), what="network")
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                raise UserError(f"the network cannot be sent to another process: {error}", hint="leave --processes out") from None
            shared.append(path)
            coming, out = iter(tasks), dict[Future[Any], int]()
            try:
                while True:
                    for number, given in islice(coming, max(0, AHEAD * processes - len(out))):
                        out[pool.submit(do, path, given)] = number
                    if not out:
                        return
                    done = next(iter(wait(out, return_when=FIRST_COMPLETED).done))
                    yield out.pop(done), done.result()
            except BrokenProcessPool:
                hint = "completed work is kept; run the same command again to resume"
                raise UserError("a process was ended from outside", hint=hint) from None

        try:
            yield work
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
                process.join()


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Variables that the processes inherit: how many threads, and that a `typer.py` in the working folder is not run."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _own_files() -> list[Path]:
    """The files of users' own networks, which a process must run before it can be sent such a network."""
    return [Path(module.__file__ or "").resolve() for name, module in list(sys.modules.items()) if name.startswith(MODULE)]
