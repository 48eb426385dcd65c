"""The claims as CSV, one row a verdict, the arithmetic of the digits included; no cell is a formula to a spreadsheet."""

from __future__ import annotations

import csv
import io
import math

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Verdict
from unsettled.reports.escaping import csv_cell

COLUMNS = (
    "claim",
    "population",
    "mode",
    "verdict",
    "stated",
    "measured",
    "value",
    "low",
    "high",
    "level",
    "n",
    "unit",
    "smallest_contradiction",
    "power",
    "p_value",
    "p_adjusted",
    "locator",
    "words",
    "criterion",
    "reason",
    "acknowledged",
    "method",
    "command",
)


def render(audit: Audit) -> str:
    """RFC 4180 with a header line. ``measured`` is as all reports show it; other figures have all digits, absent ones are empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for verdict in (*audit.verdicts, *audit.arithmetic):
        writer.writerow({name: _cell(value) for name, value in _row(verdict).items()})
    return out.getvalue()


def _row(verdict: Verdict) -> dict[str, object]:
    found, power = verdict.measured and verdict.measured.estimate, verdict.power
    row: dict[str, object] = {name: getattr(verdict, name, None) for name in COLUMNS}
    row |= {"verdict": verdict.outcome.value, "measured": verdict.shown if found and found.defined else None}
    row |= {name: getattr(found, name, None) for name in ("value", "low", "high", "level", "n", "unit", "method")}
    return row | {name: getattr(power, name, None) for name in ("smallest_contradiction", "power")}


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return csv_cell(value) if isinstance(value, str) else repr(value)
