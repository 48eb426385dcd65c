"""Who does the tasks of a measurement: this process, one after the other, or whoever else is given them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Given = TypeVar("Given")
Done = TypeVar("Done")


class Workers(Protocol):
    """Does numbered tasks, and yields what comes of each with its number, in whatever order they are done.

    Each task is a call of one function, which is to come to the same wherever and however often it is called. Tasks are taken from the
    iterable only as there is room for them, so that it may end early.
    """

    def __call__(self, function: Callable[[Given], Done], tasks: Iterable[tuple[int, Given]]) -> Iterator[tuple[int, Done]]: ...


def here(function: Callable[[Given], Done], tasks: Iterable[tuple[int, Given]]) -> Iterator[tuple[int, Done]]:
    """This process does all tasks in order.

    >>> list(here(abs, [(0, -1), (1, 2)]))
    [(0, 1), (1, 2)]
    """
    for number, given in tasks:
        yield number, function(given)
