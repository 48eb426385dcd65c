"""Time functions against each other: alternating repetitions, medians and spread, on a clock that other work cannot move."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Clock = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure with the spread of its repetitions, and the bar that it is held to.

    Attributes:
        part, name: what is measured.
        median, low, high: over the repetitions; low and high are the smallest and the largest.
        unit: "×" for ratios, "s", "GFLOP/s", …
        bar: what the median must not exceed, or must reach where ``at_least``; None for figures without a bar.
        note: what a reader must know beside it.
    """

    part: str
    name: str
    median: float
    low: float
    high: float
    unit: str = "×"
    bar: float | None = None
    at_least: bool = False
    repetitions: int = 1
    note: str = ""

    @property
    def holds(self) -> bool | None:
        if self.bar is None:
            return None
        return self.median >= self.bar if self.at_least else self.median <= self.bar


def row(part: str, name: str, values: Sequence[float], **options: Any) -> Row:
    """A line from the values of the repetitions."""
    return Row(part, name, statistics.median(values), min(values), max(values), repetitions=len(values), **options)


def alternating(
    runs: Mapping[str, Callable[[], object]], *, repetitions: int = 7, clock: Clock = time.thread_time
) -> dict[str, list[float]]:
    """Seconds of every function, ``repetitions`` times in turn after one turn that does not count.

    Args:
        clock: `time.thread_time` for one thread's work; `time.process_time` where a library brings its own threads.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for repetition in range(repetitions + 1):
        for name, run in runs.items():
            start = clock()
            run()
            spent = clock() - start
            if repetition:
                seconds[name].append(spent)
    return seconds


def ratios(seconds: Mapping[str, Sequence[float]], over: str, under: str, *, divided_by: float = 1.0) -> list[float]:
    """Seconds of ``over`` per second of ``under`` in the same turn."""
    return [a / b / divided_by for a, b in zip(seconds[over], seconds[under], strict=True)]


def child(command: list[str], *, cwd: str | None = None) -> tuple[float, str]:
    """Run a command: (seconds of CPU, what it printed)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, done.stdout
