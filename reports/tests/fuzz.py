"""Fuzzing with the readers that `unsettled.fixtures.fuzz` cannot name: audits and baselines. ``python -m unsettled.reports.tests.fuzz --seconds 60``."""

from __future__ import annotations

import sys
from pathlib import Path

from unsettled.fixtures.fuzz import main
from unsettled.fixtures.fuzz_readers import Reader, readers
from unsettled.fixtures.valid import audit_text, baseline_text
from unsettled.reports.audit import read_audit
from unsettled.reports.baseline import read_baseline


def every_reader(folder: Path) -> list[Reader]:
    """Those of `unsettled.fixtures.fuzz_readers`, and those of the reports."""
    audit, baseline = folder / "audit.json", folder / "baseline.json"
    audit.write_text(audit_text())
    baseline.write_text(baseline_text())
    ours = [
        Reader("audit", audit, lambda: read_audit(audit), text=True),
        Reader("baseline", baseline, lambda: read_baseline(baseline), text=True),
    ]
    return [*ours, *readers(folder)]


if __name__ == "__main__":
    sys.exit(main(every_reader, prog="python -m unsettled.reports.tests.fuzz"))
