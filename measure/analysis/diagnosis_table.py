"""What a diagnosis is shown as: tables of facts, each figure with its interval; plain data for programs, no rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unsettled.measure.statistics.estimate import Estimate


@dataclass(frozen=True)
class Marked:
    """An estimate with a mark behind it, or one that is shown in whole percent."""

    estimate: Estimate
    mark: str = ""
    percent: bool = False


Cell = str | int | float | Estimate | Marked | None


@dataclass(frozen=True, kw_only=True)
class DiagnosisTable:
    """One table: a key for programs, a title, columns, and rows of cells; ``notes`` say how to read it."""

    key: str
    title: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data; an estimate becomes a dictionary of its figures, NaN becomes null."""
        rows = [dict(zip(self.columns, map(_plain, row), strict=True)) for row in self.rows]
        return {"key": self.key, "title": self.title, "rows": rows, "notes": self.notes}


def _plain(cell: Any) -> Any:
    if isinstance(cell, Marked):
        return _plain(cell.estimate) | {"mark": cell.mark}
    if isinstance(cell, Estimate):
        figures = {name: _plain(getattr(cell, name)) for name in ("value", "low", "high", "level", "n", "unit", "denominator", "method")}
        return figures | {"counts": dict(cell.counts), "extra": {name: _plain(value) for name, value in cell.extra.items()}}
    if isinstance(cell, (float, np.floating)):
        return float(cell) if np.isfinite(cell) else None
    return int(cell) if isinstance(cell, np.integer) else cell
