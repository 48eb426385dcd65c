"""The parts of the suite in one table, and what is done with their rows: run, show, save, compare, draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from unsettled.measure.bench import parts, rollouts, toys, tried, whole
from unsettled.measure.bench.missed import MISSED
from unsettled.measure.bench.timing import Row
from unsettled.measure.errors import UserError

Run = Callable[[int], Iterable[Row]]


@dataclass(frozen=True)
class Part:
    about: str
    run: Run


def _each(names: Iterable[str], one: Callable[[str, int], list[Row]]) -> Run:
    return lambda repetitions: (row for name in names for row in one(name, repetitions))


PARTS: dict[str, Part] = {
    "exponents": Part(
        "k exponents over 1 + k plain rollouts, shipped networks",
        _each(rollouts.SHIPPED, lambda name, n: rollouts.exponents(name, repetitions=n)),
    ),
    "official": Part(
        "the same for random networks of the official size: minutes",
        _each(rollouts.OFFICIAL, lambda name, n: rollouts.exponents(name, repetitions=n)),
    ),
    "plain": Part(
        "a plain rollout over torch's own layers and over torch.mm",
        _each(rollouts.ALL, lambda name, n: rollouts.against_torch(name, repetitions=n)),
    ),
    "qr": Part(
        "QR's share of the time",
        lambda n: (row for name in rollouts.SHIPPED for k in (1, 8) for row in rollouts.qr_share(name, k, repetitions=n)),
    ),
    "orbit": Part(
        "the state with tangents against the state without", lambda n: (row for name in rollouts.ALL for row in rollouts.orbit(name))
    ),
    "overhead": Part("the share of records, progress and Python", lambda n: rollouts.overhead(repetitions=n)),
    "memory": Part("peak memory of 20,000 puzzles over that of 2,000: minutes", lambda n: whole.memory()),
    "statistics": Part("areas under the curve on a million examples", lambda n: whole.statistics(repetitions=n)),
    "commands": Part("the start of the program, and judging from records", lambda n: whole.commands(repetitions=n)),
    "audit": Part("judging every claim on a record of 8,192 rows", lambda n: whole.audit(repetitions=n)),
    "toys": Part("known systems against chaotax, lyapax, nolds and dysts: minutes", lambda n: toys.all_of_them(repetitions=n)),
    "profile": Part("where the time goes, by part", lambda n: parts.parts(repetitions=n)),
    "tried": Part("what was tried, with and without: minutes", lambda n: tried.tried(repetitions=n)),
}


def chosen(names: Iterable[str]) -> dict[str, Part]:
    """The named parts, or all of them. Raises UserError for a name that is none."""
    names = list(names) or list(PARTS)
    for name in names:
        if name not in PARTS:
            raise UserError(f"no part {name!r} in the suite", mend="one of " + ", ".join(PARTS))
    return {name: PARTS[name] for name in names}


def run(parts: dict[str, Part], *, repetitions: int) -> list[Row]:
    """The rows of the parts, told on standard error as they come."""
    from rich.console import Console

    rows, console = [], Console(stderr=True)
    for name, part in parts.items():
        with console.status(f"{name}: {part.about}"):
            for row in part.run(repetitions):
                rows.append(row)
                console.print(f"{row.name}: {row.median:.3g} [{row.low:.3g}, {row.high:.3g}] {row.note}", markup=False, highlight=False)
    return rows


def show(rows: list[Row], before: dict[str, Row]) -> None:
    """Print the table, with the medians of an earlier run beside it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("figure", "median", "spread", "bar", "", *(["before"] if before else []), "note", box=None)
    for row in rows:
        bar = "" if row.bar is None else f"{'≥' if row.at_least else '≤'} {row.bar:g}"
        mark = {True: "✓", False: "✗", None: ""}[row.holds]
        old = before.get(row.name)
        earlier = [f"{old.median:.3g}" if old else "–"] if before else []
        spread = f"[{row.low:.3g}, {row.high:.3g}]" if row.repetitions > 1 else ""
        table.add_row(escape(row.name), f"{row.median:.3g} {row.unit}", escape(spread), bar, mark, *earlier, escape(row.note))
    console = Console(highlight=False)
    console.print(table)
    for row in rows:
        if row.holds is False:
            console.print(f"✗ {escape(row.name)}: {escape(MISSED.get(row.name, 'not expected'))}")


def save(rows: list[Row], path: Path) -> None:
    """Write rows as JSON. Raises UserError where that is not possible."""
    try:
        path.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write the table: {error.strerror}", where=path) from None


def load(path: Path) -> dict[str, Row]:
    """Rows of a saved run by name. Raises UserError for a file that is none."""
    try:
        return {entry["name"]: Row(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))}
    except OSError as error:
        raise UserError(f"cannot read the saved run: {error.strerror}", where=path) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UserError("is no saved run", where=path, mend="write one with `unsettled bench --save FILE`") from None


def draw(path: Path, *, repetitions: int = 3) -> None:
    """A PNG of how the cost of a rollout grows, one panel for each axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    curves = rollouts.growth_of_cost(repetitions=repetitions)
    figure, panels = plt.subplots(1, len(curves), figsize=(4 * len(curves), 3.6), layout="constrained")
    for panel, (axis, (values, found)) in zip(panels, curves.items(), strict=True):
        for name, seconds in found.items():
            panel.plot(values, seconds, marker="o", label=name)
        panel.set(xlabel=axis, ylabel="seconds of CPU", ylim=(0, None))
        panel.legend()
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise UserError(f"cannot write the plot: {error.strerror}", where=path) from None
    finally:
        plt.close(figure)
