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

    The second process is a fork, made at once: it sees all that was read before, gets itself ready while this one finds out what there
    is to do, and sends back what it does of it.

    >>> with Ahead(lambda task, *given: given) as ahead:
    ...     ahead.offer({("a",): (1,), ("b",): (2,)})
    ...     found = ahead.take(("b",))
    >>> found in ((2,), None)
    True

    Args:
        perform: does a task, of which it gets the name and what it is offered with. One that raises is left to this process, where its
            error is told.
        prepare: is done in the second process before it begins with the first task.
    """

    def __init__(self, perform: Callable[..., Any], prepare: Callable[[], None] = lambda: None) -> None:
        context = multiprocessing.get_context("fork")
        self._perform, self._prepare = perform, prepare
        self._tasks: list[tuple[Task, tuple[Any, ...]]] = []
        self._open: set[Task] = set()  # those that neither process has begun
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

    def offer(self, tasks: Mapping[Task, tuple[Any, ...]]) -> None:
        """Let the second process begin, once: name → what `perform` is given beside it, as this process comes to them."""
        self._tasks, self._open = list(tasks.items()), set(tasks)
        with contextlib.suppress(OSError):  # it has ended
            self._connection.send(self._tasks)
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
        if self._listener.ident is not None:
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
        self._prepare()
        with contextlib.suppress(EOFError, OSError):  # the first process has ended
            tasks = connection.recv()
            for place in reversed(range(len(tasks))):
                connection.send(place)
                if connection.recv():
                    connection.send(self._tried(*tasks[place]))

    def _tried(self, task: Task, given: tuple[Any, ...]) -> Any | None:
        """What a task gives; None where it raises: the first process does it again, and tells what is wrong."""
        try:
            return self._perform(task, *given)
        except Exception:
            return None
