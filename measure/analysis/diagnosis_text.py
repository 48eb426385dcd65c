"""Tables of a diagnosis as text: estimates with their intervals, compact enough for eighty columns."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from unsettled.measure.analysis.diagnosis_table import Cell, DiagnosisTable, Marked
from unsettled.measure.statistics.estimate import Estimate


def show(tables: Iterable[DiagnosisTable], console: Console) -> None:
    """Print tables one below the other; notes follow their table. Foreign text is never read as markup."""
    for table in tables:
        drawn = RichTable(
            box=box.SIMPLE_HEAD, title=Text(table.title), title_justify="left", title_style="bold", pad_edge=False, padding=(0, 1, 0, 0)
        )
        for column in table.columns:
            drawn.add_column(Text(column), overflow="fold")
        for row in table.rows:
            drawn.add_row(*(Text(cell_text(cell)) for cell in row))
        console.print(drawn)
        for note in table.notes:
            console.print(Text(f"  {note}", style="dim"))
        console.print()


def cell_text(cell: Cell) -> str:
    """A cell as text: ``.512 [.41, .62]``; a dash where there is nothing, and why a figure that stands alone is undefined."""
    if cell is None or (isinstance(cell, Marked) and not cell.estimate.defined):
        return "–"
    if isinstance(cell, Marked):
        return _percent(cell.estimate) if cell.percent else cell_text(cell.estimate) + cell.mark
    if isinstance(cell, Estimate):
        if not cell.defined:
            return f"– ({cell.undefined_reason})"
        return figure(cell.value) + _limits(figure(cell.low, 2), figure(cell.high, 2))
    if isinstance(cell, (float, np.floating)):
        return figure(float(cell))
    return f"{cell:,}" if isinstance(cell, (int, np.integer)) and not isinstance(cell, bool) else str(cell)


def figure(value: float, digits: int = 3) -> str:
    """A figure to so many digits, or places below one, without the zero before the point."""
    if math.isnan(value):
        return "–"
    if value in (0, 1) or math.isinf(value):
        return str(int(value)) if value in (0, 1) else "∞" if value > 0 else "−∞"
    size = math.floor(math.log10(abs(value)))
    if not -4 <= size <= 5:
        text = f"{value:.1e}"
    elif size >= digits:
        text = f"{value:,.0f}"
    elif size >= 0:
        text = f"{value:.{digits - 1 - size}f}"
    else:  # shares to as many places, small figures to two digits
        text = f"{value:.{digits if size >= -2 else 1 - size}f}"
    text = text.replace("e-0", "e-").replace("e+0", "e")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _limits(low: str, high: str) -> str:
    return "" if low == high == "–" else f" [{low}, {high}]"


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.0f} [{100 * share.low:.0f}, {100 * share.high:.0f}]"
