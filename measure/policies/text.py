"""The comparison and a solution as text: tables for a console, and a board as it evolves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from unsettled.measure.policies.budgets import Kind, Point
from unsettled.measure.policies.selection import RULES
from unsettled.measure.policies.solve import Step
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.tasks.sudoku.boards import BLANK, Box
from unsettled.measure.tasks.sudoku.typed import drawn


def show_kinds(found: Iterable[Kind], console: Console) -> None:
    """What draws of each kind are worth."""
    for kind in found:
        grid = Grid("selected by", "accuracy", title=f"{kind.kind}: {kind.draws} draws per puzzle", title_justify="left")
        grid.add_row("one draw, on average", f"{kind.per_draw:.3f}")
        for rule, accuracy in kind.rules.items():
            grid.add_row("the first draw" if rule == "first" else rule, f"{accuracy:.3f}")
        grid.add_row("oracle (with labels)", f"{kind.oracle:.3f}")
        grid.caption = f"{kind.distinct:.2f} different final boards per puzzle on average"
        console.print(grid)


def show_points(points: list[Point], console: Console, *, segments: int) -> None:
    """One table for each budget: every policy that uses it, with its bootstrap band and its actual cost."""
    for budget in sorted({point.budget for point in points}):
        here = [point for point in points if point.budget == budget]
        times = f"{budget / segments:g} × {segments}" if budget >= segments else f"{budget:g}"
        title = f"equal compute: {times} segments per puzzle"
        grid = Grid("policy", "selected by", "accuracy", "95 % band", "evaluations", title=title, title_justify="left")
        for point in sorted(here, key=lambda p: (p.labels, p.checked, -p.accuracy)):
            rule = "oracle (with labels)" if point.labels else f"{point.rule}, checked" if point.checked else point.rule
            band = f"{point.low:.3f} – {point.high:.3f}"
            grid.add_row(point.family, rule, f"{point.accuracy:.3f}", band, f"{point.evaluations:,.0f}")
        console.print(grid)


def difference_line(found: Estimate, rule: str) -> str:
    """Restarts less pruning, both selected by one of `RULES`, in one sentence."""
    extra = found.extra
    return (
        f"restarts − pruning, selected by {rule} ({RULES[rule]}): {found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}] "
        f"(n = {found.n}; {extra['accuracy_restarts']:.3f} at {extra['evaluations_restarts']:,.0f} evaluations, "
        f"{extra['accuracy_pruning']:.3f} at {extra['evaluations_pruning']:,.0f}: {extra['pruning']})"
    )


def step_line(step: Step) -> str:
    """A step as one plain line that fits 80 columns."""
    return (
        f"segment {step.segment:3d}  draw {step.draw:2d}  agree {step.agreeing:2d}/{step.draws:<2d}  halting {step.halting:+6.2f}  "
        f"moved {step.displacement:.1e}  conflicts {step.conflicts:2d}"
    )


def board_text(board: np.ndarray, clues: np.ndarray, box: Box) -> Text:
    """A board for a terminal, clues bold."""
    text, cell = Text(), 0
    for line in drawn(board, box):
        for symbol in line:
            given = not symbol.isspace() and clues[cell] > BLANK
            text.append(symbol, style="bold cyan" if given else "")
            cell += not symbol.isspace()
        text.append("\n")
    return text


def verdict_line(step: Step) -> str:
    """Whether the answer stands, and what it cost."""
    if step.consistent:
        told = "consistent with its clues: yes"
    else:
        told = f"consistent with its clues: no ({step.conflicts} rows, columns and boxes violated, {step.broken} clues not held)"
    return f"{told}; {step.evaluations:,} network evaluations"
