"""The kill harness with what `unsettled.fixtures.faults` cannot name: reports and the baseline. ``python -m unsettled.reports.tests.faults --kills 50``."""

from __future__ import annotations

from pathlib import Path

from unsettled.fixtures.faults import main
from unsettled.fixtures.faults_commands import COMMANDS, Command, unsettled
from unsettled.fixtures.valid import audit_text, baseline_text
from unsettled.reports.audit import read_audit, write_audit
from unsettled.reports.baseline import read_baseline, update, write_baseline


def reporting(folder: Path) -> Command:
    """The audit written, and `unsettled report` of it, over reports that were there before."""
    (folder / "audit.json").write_text(audit_text())
    names = ("report.html", "report.md", "report.sarif", "report.tex", "report.csv", "report.txt", "badge.svg", "badge.json")
    for name in names:
        (folder / "out" / name).write_text("an older report")

    def run(here: Path) -> None:
        write_audit(read_audit(here / "audit.json"), here / "out" / "written.json")
        unsettled("report", here / "audit.json", *(word for name in names for word in ("--out", here / "out" / name)))

    return Command("report", run)


def updating(folder: Path) -> Command:
    """What `--update-baseline=new` does: read, add, write in place."""
    (folder / "out" / "baseline.json").write_text(baseline_text())

    def run(here: Path) -> None:
        path = here / "out" / "baseline.json"
        for number in range(3):  # three updates of one file, one after the other
            kept = read_baseline(path)
            new = {f"new.{number}@my": next(iter(kept.locked.values()))}
            write_baseline(update(kept, new, keys={**kept.locked, **new}, what="new"), path)

    return Command("baseline", run, whole=read_baseline)


EVERY_COMMAND = {**COMMANDS, "report": reporting, "baseline": updating}


if __name__ == "__main__":
    main(EVERY_COMMAND, prog="python -m unsettled.reports.tests.faults")
