"""Reading a stranger's file within bounds of processor time and memory, which the kernel keeps.

`unsettled.measure.support.limits` refuses what a file *says* of itself; this holds whatever it says.
``UNSETTLED_UNLIMITED=1`` lifts it for files that you trust.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from unsettled.measure.errors import UserError
from unsettled.measure.support.memory import address_space, release_freed_memory

GIB = 1 << 30
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Bound:
    """Seconds of processor time, and bytes of memory beyond what the process has, for ``sizes`` times the file's size more."""

    seconds: float
    memory: int
    sizes: int = 0


#: Our own ledger takes .1 s; four million puzzles some minutes; a checkpoint is held a few times over while it is read.
BOUNDS = {"text": Bound(120, 2 * GIB), "table": Bound(3600, 8 * GIB), "checkpoint": Bound(600, 2 * GIB, sizes=4)}


class _Late(BaseException):
    """Not an Exception, so that no reader takes it for a fault of the file."""


def bounded(kind: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A reader whose first argument is a path, held to `BOUNDS`; it raises UserError, with the path, when it oversteps them."""

    def decorate(read: Callable[P, R]) -> Callable[P, R]:
        first = next(iter(inspect.signature(read).parameters.values()))

        @functools.wraps(read)
        def within(*given: P.args, **named: P.kwargs) -> R:
            path = Path(str(given[0] if given else named.get(first.name, first.default)))
            bound = BOUNDS[kind]
            try:
                with _memory(bound, path), _time(bound):
                    return read(*given, **named)
            except _Late:
                what = f"takes more than {bound.seconds:,} s of processor time to read"
            except MemoryError:
                what = f"takes more than {_allowed(bound, path) / GIB:.1f} GiB of memory to read"
            raise UserError(what, where=path, hint="set UNSETTLED_UNLIMITED=1 if you trust it") from None

        return within

    return decorate


def _allowed(bound: Bound, path: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return bound.memory + bound.sizes * path.stat().st_size
    return bound.memory


def _lifted() -> bool:
    return os.environ.get("UNSETTLED_UNLIMITED", "") not in ("", "0")


@contextlib.contextmanager
def _memory(bound: Bound, path: Path) -> Iterator[None]:
    """A limit on the address space (Linux): what this process has by now and what the reader may take."""
    if _lifted():
        yield
        return
    kept, used = release_freed_memory(), address_space()
    if used is None:
        yield
        return
    import resource  # noqa: PLC0415 - POSIX alone has it: there, where the system tells

    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used - kept + _allowed(bound, path)
    if any(limit != resource.RLIM_INFINITY and limit <= wanted for limit in (before, hard)):  # narrower already
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


@contextlib.contextmanager
def _time(bound: Bound) -> Iterator[None]:
    """A timer of processor time; in the main thread alone, which signals reach, and not within another one."""
    able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not able or _lifted() or signal.getitimer(signal.ITIMER_PROF)[0]:
        yield
        return

    def late(number: int, frame: object) -> None:
        raise _Late

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, bound.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
