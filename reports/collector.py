"""Gathers what the items of a run found, on the one process that sees all of them, and makes the audit of it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from pydantic import BaseModel

from unsettled.claims.audit.audit import Audit, LedgerEntry, PopulationEntry, Tool, count, write_audit
from unsettled.claims.audit.gate import Gate
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.remeasure import Remeasured
from unsettled.claims.audit.run import Run
from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.verdict import Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.figures import size
from unsettled.measure.support.files import digest_of, short_path
from unsettled.measure.support.text import harmless
from unsettled.reports.exchange.annotations import annotate, append_summary, guard, in_actions
from unsettled.reports.renderings import Context, write_report
from unsettled.reports.text.terminal import render

KINDS: dict[str, type[BaseModel]] = {"verdict": Verdict, "arithmetic": Verdict, "rows": Remeasured, "planted": Planted}
PACKAGES = ("numpy", "pyarrow", "pydantic", "pytest", "scikit-learn", "scipy", "statsmodels", "torch")


class Collector:
    """The plugin object of one session on the controller."""

    def __init__(self, config: pytest.Config, run: Run, gate: Gate, path: Path, *, reports: tuple[Path, ...] = ()) -> None:
        self.config, self.run, self.gate, self.path = config, run, gate, path
        self.reports = dict.fromkeys(reports, 0)
        self.resume: str | None = None
        self.found: dict[str, list[BaseModel]] = {kind: [] for kind in KINDS}
        self.changes: list[str] = []
        self.audit: Audit | None = None
        self.problem: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """In GitHub Actions nothing that the session prints is obeyed as a command: foreign text is among it."""
        if in_actions(os.environ):
            stop, self.resume = guard()
            self._terminal().write_line(stop)

    def pytest_unconfigure(self) -> None:
        """The very last lines: annotations, which the runner is to obey."""
        if self.resume is not None:
            lines = annotate(self.audit, self.context) if self.audit is not None else []
            self._terminal().ensure_newline()
            for line in (self.resume, *lines):
                self._terminal().write_line(line)

    def _terminal(self) -> pytest.TerminalReporter:
        return self.config.pluginmanager.getplugin("terminalreporter")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for kind, text in getattr(report, "unsettled", ()):
            self.found[kind].append(KINDS[kind].model_validate_json(text))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write baseline, audit and reports; a run that decided nothing, or wrote a baseline, fails."""
        if not any(self.found.values()):
            return
        try:
            if self.gate.writes:
                self.changes = self.gate.write(self.run, self.found["verdict"])
                session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)
            self.audit = self.summarise()
            write_audit(self.audit, self.path)
            append_summary(self.audit, self.context, os.environ)
            self._write_reports(session)
        except UserError as error:
            self.problem, session.exitstatus = str(error), pytest.ExitCode.INTERRUPTED
            return
        if self.audit.verdicts and not self.audit.decided and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write_reports(self, session: pytest.Session) -> None:
        """Write every report that can be; a rendering that is broken costs neither the others nor the summary."""
        for report in self.reports:
            try:
                self.reports[report] = write_report(self.audit, self.context, report)
            except UserError:
                raise
            except Exception as error:
                again = f"unsettled report {short_path(self.path)} --out {short_path(report)} shows where"
                self.problem = f"{short_path(report)} is not written: {type(error).__name__}: {error} ({again})"
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.problem:
            terminalreporter.write_line(harmless(f"error: {self.problem}"))
        if self.audit is None:
            return
        writer = terminalreporter._tw
        terminalreporter.section("audit")
        for line in render(self.audit, width=writer.fullwidth, colour=writer.hasmarkup).splitlines():
            terminalreporter.write_line(line)
        if self.gate.writes:
            written = f"baseline written to {short_path(self.gate.path)}; this run fails so that none blesses itself"
            terminalreporter.write_line(harmless(written))
        for report, written in self.reports.items():
            if written:
                terminalreporter.write_line(harmless(f"report {short_path(report)}, {size(written)}"))
        terminalreporter.write_line(harmless(f"seed {self.audit.seed} · {short_path(self.path)}"))

    @property
    def context(self) -> Context:
        """What the reports may show beside the audit."""
        run, gate = self.run, self.gate
        return Context(
            root=Path(os.environ.get("GITHUB_WORKSPACE") or self.config.invocation_params.dir),
            ledger=run.ledger,
            populations={p.name: p for p in run.populations},
            baseline=gate.baseline if gate.compare and not gate.writes else None,
        )

    def summarise(self) -> Audit:
        """The audit of what was found, in the order of the ledger whatever the order of arrival."""
        run = self.run
        place = {key: number for number, key in enumerate(run.pairs)}
        verdicts = tuple(sorted(self.found["verdict"], key=lambda v: (place.get(v.key, len(place)), v.key)))
        checks = {check.id: number for number, check in enumerate(run.ledger.checks)}
        names = {p.name: number for number, p in enumerate(run.populations)}
        return Audit(
            tool=Tool(version=_version("unsettled")),
            ledger=LedgerEntry(
                path=short_path(run.ledger.path),
                digest=digest_of(run.ledger.path),
                title=run.ledger.paper.title,
                claims=len(run.ledger.claims),
            ),
            policy=run.policy.name,
            seed=run.settings.seed,
            complete={v.key for v in verdicts} >= set(run.pairs) and len(self.found["arithmetic"]) >= len(checks),
            populations=tuple(PopulationEntry.of(population) for population in run.populations),
            verdicts=verdicts,
            arithmetic=tuple(sorted(self.found["arithmetic"], key=lambda v: checks.get(v.claim, len(checks)))),
            digits=arithmetic(run.ledger).rows if self.found["arithmetic"] else (),
            remeasured=tuple(sorted(self.found["rows"], key=lambda r: names.get(r.population, len(names)))),
            planted=tuple(sorted(self.found["planted"], key=lambda p: (names.get(p.population, len(names)), p.name))),
            drift=tuple(self.changes),
            counts=count(verdicts),
            versions={"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
