"""The pytest plugin that renders the audit of a session: reports, the summary of the terminal, and GitHub Actions."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless

if TYPE_CHECKING:
    from unsettled.claims.audit.audit import Audit

pytest_plugins = ("unsettled.claims.plugin",)
REPORTS: pytest.StashKey[Sequence[Path]] = pytest.StashKey()
RENDERER = "unsettled-renderer"


class NamesOfReports:
    """Looks at the names of reports before anything else is done: a run may measure for hours before it writes them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        """One line and exit code 2 where a name is of no use."""
        option = config.option
        if not option.report:
            return None
        from unsettled.reports.renderings import targets

        try:
            reports = config.stash[REPORTS] = targets(option.report, config.invocation_params.dir)
            audit = Path(option.audit) if option.audit else None
            if audit is not None and audit.name != "audit.json" and audit.resolve() in [report.resolve() for report in reports]:
                raise UserError("the report would overwrite the audit", where=audit)
        except UserError as error:
            print(harmless(f"error: {error}"), file=sys.stderr)
            return 2
        return None


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """``--report``, looked at before all else."""
    # what is registered last is asked first: before the claims' plugin, which measures
    pluginmanager.register(NamesOfReports(), "unsettled-names-of-reports")
    group = parser.getgroup("unsettled")
    group.addoption("--report", action="append", metavar="PATH", help="render the audit there too: .html, .md, .sarif, …")


def pytest_unsettled_audit(session: pytest.Session, audit: Audit, path: Path) -> None:
    """Render the audit: this plugin is loaded where nobody audits, so what renders is imported here."""
    from unsettled.reports.session import Renderer

    config = session.config
    renderer = Renderer(audit, path, config.stash.get(REPORTS, ()))
    config.pluginmanager.register(renderer, RENDERER)
    renderer.write(session)


def pytest_unsettled_audits(config: pytest.Config, audits: Mapping[str, Path]) -> None:
    """Beside the pages of several papers, one that leads to them: it has the name that was asked for."""
    from unsettled.reports.html.index import write_index

    for report in config.stash.get(REPORTS, ()):
        if report.suffix.lower() == ".html":
            write_index(audits, report)
            print(harmless(f"index {report.name}"))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """In GitHub Actions nothing that the session prints is obeyed as a command: foreign text is among it."""
    from unsettled.claims.session import is_worker  # pytest_plugins loads it first, with its assertions rewritten

    config = session.config
    if config.pluginmanager.has_plugin("unsettled-collector") and not is_worker(config):
        from unsettled.reports.exchange.annotations import guard, in_actions
        from unsettled.reports.session import Guard

        if in_actions(os.environ):
            config.pluginmanager.register(Guard(config, *guard()), "unsettled-guard")
