"""A second process that takes an audit's tasks from the last to the first, while pytest takes its items from the first to the last."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from threading import Condition, Thread
from typing import Any

from unsettled.measure.support.cores import cores

# What a task is called.
Task = tuple[str, ...]
BEGUN = object()


def can_share() -> bool:
    """Whether a second process would help, and may be forked: there is a core for it, and torch, whose threads no fork takes along, is not
    loaded yet. Forks of a process that uses Apple's libraries are not safe, and Windows has none."""
    return sys.platform == "linux" and cores() > 1 and "torch" not in sys.modules


class Ahead:
    """Tasks that two processes share: each is begun by the one or by the other, never by both.

    The second process is a fork: it sees all that was read before, and sends back what its tasks return.

    >>> with Ahead({("a",): lambda: 1, ("b",): lambda: 2}) as ahead:
    ...     found = ahead.take(("b",))
    >>> found in (2, None)
    True

    Args:
        tasks: name → what computes it, in the order in which this process comes to them. A task that raises is left to this process, where
            its error is told.
    """

    def __init__(self, tasks: Mapping[Task, Callable[[], Any]]) -> None:
        context = multiprocessing.get_context("fork")
        self._tasks = list(tasks.items())
        self._open = set(tasks)  # those that neither process has begun
        self._theirs: dict[Task, Any] = {}  # what the second process has begun; its value once that is there
        self._changed, self._ended = Condition(), False
        self._connection, other = context.Pipe()
        self._process = context.Process(target=self._work, args=(other,), daemon=True)
        with warnings.catch_warnings():
            # the threads that were started belong to numpy's and Arrow's pools, which start anew in a fork
            warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)
            self._process.start()
        other.close()
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, name: Task) -> Any | None:
        """What the second process found in a task; None where it has not begun it, failed or died: then it is this process's to do."""
        with self._changed:
            if name not in self._theirs:
                self._open.discard(name)
                return None
            self._changed.wait_for(lambda: self._ended or self._theirs[name] is not BEGUN)
            found = self._theirs[name]
        return None if found is BEGUN else found

    def close(self) -> None:
        """End the second process, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self._listener.join()
        self._connection.close()

    def _listen(self) -> None:
        """Let the second process begin what is still open, and take what it finds, until it ends."""
        try:
            while True:
                name = self._tasks[self._connection.recv()][0]
                with self._changed:
                    begins = name in self._open
                    if begins:
                        self._open.remove(name)
                        self._theirs[name] = BEGUN
                self._connection.send(begins)
                if begins:
                    found = self._connection.recv()
                    with self._changed:
                        self._theirs[name] = found
                        self._changed.notify_all()
        except (EOFError, OSError):  # it has ended
            pass
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _work(self, connection: Connection) -> None:
        """In the second process: ask for each task, from the last to the first, and send what it gives."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt ends the first process, and with it this one
        self._connection.close()
        with contextlib.suppress(EOFError, OSError):  # the first process has ended
            for place in reversed(range(len(self._tasks))):
                connection.send(place)
                if connection.recv():
                    connection.send(_tried(self._tasks[place][1]))


def _tried(task: Callable[[], Any]) -> Any | None:
    """What a task gives; None where it raises: the first process does it again, and tells what is wrong."""
    try:
        return task()
    except Exception:
        return None
