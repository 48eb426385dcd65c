"""A Ray cluster that does the tasks of any measurement: scheduled, and done again elsewhere when a node dies.

What is ours is what a task is (a part: a batch, a chunk of puzzles, a cell) and that the parts make the file; who does what where,
and again, is Ray's. What all tasks share, the network above all, goes through its object store once, and comes back from it once to
each process of a node; examples go with their task, and columns come back, so that nodes share no disk. Nodes need the same version
of this program. Whoever may submit to the cluster may run anything on it.
"""

from __future__ import annotations

import logging
import re
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import ray
from ray.exceptions import RayError, RayTaskError

from unsettled.measure.campaign.workers import Workers
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import MODULE
from unsettled.measure.record.provenance import version_of_program
from unsettled.measure.support.memory import keep_freed_memory

Given = TypeVar("Given")
Done = TypeVar("Done")

# How often a task is tried again, on whatever node is left.
RETRIES = 5
# Tasks that are out at a time, for each that the cluster does at once: enough that none of it waits for the next.
AHEAD = 2
# Seconds within which a cluster must answer.
PATIENCE = 5.0
STDLIB = Path(sysconfig.get_paths()["stdlib"]).resolve()


@contextmanager
def ray_workers(address: str | None = None, *, device: str = "cpu") -> Iterator[Workers]:
    """The cluster at ``address``, or one of this machine's cores that ends with the context. A task has a core, or a GPU, to itself.

    Raises:
        UserError: no cluster answers; and while it works: a node has another version of the program, a task fails by itself, or it
            was lost as often as it is tried.
    """
    ours = not ray.is_initialized()
    kind = "GPU" if device.startswith("cuda") else "CPU"

    def work(function: Callable[[Given], Done], tasks: Iterable[tuple[int, Given]]) -> Iterator[tuple[int, Done]]:
        remote: Any = ray.remote
        resources: Any = ray.cluster_resources
        submit = remote(max_retries=RETRIES, **{f"num_{kind.lower()}s": 1})(_task).remote
        _carry_own_modules()
        shared, version = [ray.put(function)], version_of_program()
        coming, out = iter(tasks), dict[Any, int]()
        try:
            while True:
                room = AHEAD * max(1, int(resources().get(kind, 0)))  # nodes come and go
                for number, given in islice(coming, max(0, room - len(out))):
                    out[submit(shared, version, given)] = number
                if not out:
                    return
                (done, *_), _ = ray.wait(list(out), num_returns=1)
                number = out.pop(done)
                yield number, _result(done)
        finally:
            for task in out:
                ray.cancel(task, force=True)

    try:
        if ours:
            _join(address)
        yield work
    finally:
        if ours:
            ray.shutdown()


def _join(address: str | None) -> None:
    """Join the cluster, or begin one here. Raises UserError."""
    begin: dict[str, Any] = {} if address else {"include_dashboard": False}
    try:
        if address and (host_and_port := re.fullmatch(r"(?:ray://)?\[?([^\[\]]+)\]?:(\d+)", address)):  # Ray itself waits for minutes
            socket.create_connection((host_and_port[1], int(host_and_port[2])), timeout=PATIENCE).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **begin)
    except (OSError, RuntimeError, ValueError) as error:
        what = f"no Ray cluster answers: {str(error).splitlines()[0]}"
        raise UserError(what, where=address or "this machine", hint="`ray start --head` begins one") from None


def _carry_own_modules() -> None:
    """Let the code of a user's own network, which is on no node, travel with it: its file, and what lies beside and below that file."""
    known = dict(sys.modules)
    own = {Path(module.__file__ or "").resolve().parent for name, module in known.items() if name.startswith(MODULE)}
    by_value: Any = ray.cloudpickle.register_pickle_by_value
    for name, module in known.items():
        path = Path(getattr(module, "__file__", None) or "/").resolve()
        installed = "site-packages" in path.parts or path.is_relative_to(STDLIB) or name.split(".")[0] in ("unsettled", "__main__")
        if not installed and any(path.is_relative_to(folder) for folder in own):
            by_value(module)


def _result(task: Any) -> Any:
    """What a task returned. Raises UserError for what it raised, or where every try of it was lost with its node."""
    try:
        return ray.get(task)
    except RayTaskError as error:
        cause = error.cause
        raise UserError(str(cause) if isinstance(cause, UserError) else f"a task failed: {type(cause).__name__}: {cause}") from None
    except RayError as error:
        told = f"a task was lost {RETRIES + 1} times: {str(error).splitlines()[0]}"
        raise UserError(told, hint="completed work is kept; run the same command again to resume") from None


def _task(shared: list[Any], version: str, given: Any) -> Any:
    """On a node: one task."""
    if version_of_program() != version:
        raise UserError(f"a node has version {version_of_program()} of this program, the one that submits has {version}")
    return _fetched(shared[0])(given)


@lru_cache(maxsize=1)
def _fetched(reference: Any) -> Callable[[Any], Any]:
    """In a process of a node: the function that it is given tasks of, fetched once."""
    keep_freed_memory()
    found: Callable[[Any], Any] = ray.get(reference)
    return found
