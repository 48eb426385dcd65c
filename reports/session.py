"""What a session of pytest shows of its audit: the files asked for, the terminal's summary, and GitHub's annotations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from unsettled.claims.audit.audit import Audit
from unsettled.measure.errors import UserError
from unsettled.measure.support.figures import size
from unsettled.measure.support.files import short_path
from unsettled.measure.support.text import harmless
from unsettled.reports.exchange.annotations import annotate, append_summary
from unsettled.reports.renderings import write_report
from unsettled.reports.text.terminal import render


class Renderer:
    """The plugin object that renders the audit of one session; ``reports`` are the files asked for."""

    def __init__(self, audit: Audit, path: Path, reports: Sequence[Path]) -> None:
        self.audit, self.path = audit, path
        self.written: dict[Path, int] = {}
        self.reports = reports
        self.problem = ""

    def write(self, session: pytest.Session) -> None:
        """Write every report that can be; a rendering that is broken costs neither the others nor the summary. Raises UserError."""
        append_summary(self.audit, os.environ)
        for report in self.reports:
            try:
                self.written[report] = write_report(self.audit, report)
            except UserError:
                raise
            except Exception as error:
                again = f"unsettled report {short_path(self.path)} --out {short_path(report)} shows where"
                self.problem = f"{short_path(report)} is not written: {type(error).__name__}: {error} ({again})"
                session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The audit as text, and what was written."""
        if self.problem:
            terminalreporter.write_line(harmless(f"error: {self.problem}"))
        writer = terminalreporter._tw
        terminalreporter.section("audit")
        detailed = terminalreporter.config.option.verbose > 0
        for line in render(self.audit, width=writer.fullwidth, colour=writer.hasmarkup, detailed=detailed).splitlines():
            terminalreporter.write_line(line)
        for report, bytes_ in self.written.items():
            terminalreporter.write_line(harmless(f"report {short_path(report)}, {size(bytes_)}"))
        terminalreporter.write_line(harmless(f"seed {self.audit.seed} · {short_path(self.path)}"))


class Guard:
    """The plugin object that keeps foreign text from being obeyed by GitHub's runner, and prints the annotations last."""

    def __init__(self, config: pytest.Config, stop: str, resume: str) -> None:
        self.config, self.resume = config, resume
        self._terminal().write_line(stop)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The very last lines: annotations, which the runner is to obey."""
        renderer = cast("Renderer | None", self.config.pluginmanager.get_plugin("unsettled-renderer"))
        self._terminal().ensure_newline()
        for line in (self.resume, *(annotate(renderer.audit) if renderer is not None else [])):
            self._terminal().write_line(line)

    def _terminal(self) -> pytest.TerminalReporter:
        return cast(pytest.TerminalReporter, self.config.pluginmanager.get_plugin("terminalreporter"))
