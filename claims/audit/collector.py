"""Gathers what the items of a session found, on the one process that sees all of them, and writes the audit of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from pydantic import BaseModel

from unsettled.claims.audit.audit import Audit, read_audit, write_audit
from unsettled.claims.audit.gate import Gate
from unsettled.claims.audit.pictures import Pictured, pictures_of
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.run import Run
from unsettled.claims.audit.summary import KINDS, audit_of
from unsettled.claims.audit.tampering import never_judged
from unsettled.claims.verdict import Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless


class Collector:
    """The plugin object of one session on the controller.

    ``asked`` is the option that asked for an audit, if one did; ``sent`` whether its path was given by the user; ``others`` gives
    the runs on other papers' ledgers, ``pictures`` the portraits of the populations, computed here by default.
    """

    def __init__(
        self,
        run: Run,
        gate: Gate,
        path: Path,
        *,
        asked: str | None,
        sent: bool = False,
        others: Callable[[], Mapping[str, Run]] = dict,
        pictures: Callable[[], tuple[Pictured, ...]] | None = None,
    ) -> None:
        self.run, self.gate, self.path, self.asked, self.sent, self.others = run, gate, path, asked, sent, others
        self.pictures = pictures or partial(pictures_of, run.populations)
        self.found: dict[str, list[BaseModel]] = {kind: [] for kind in KINDS}
        self.audit: Audit | None = None
        self.problem: str | None = None
        self.failed: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a process sent with the last report of an item."""
        for kind, text in getattr(report, "unsettled", ()):
            self.found[kind].append(KINDS[kind].model_validate_json(text))
        if report.failed:
            self.failed[report.nodeid] = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write baseline and audit and hand the audit on; a run that decided nothing, or wrote a baseline, fails."""
        self._count_lost()
        if not any(self.found.values()):
            if self.asked is not None and session.exitstatus == pytest.ExitCode.OK:
                self._fail(session, f"{self.asked} asks for an audit, but no item of the audit ran")
            return
        verdicts = [found for found in self.found["verdict"] if isinstance(found, Verdict)]
        try:
            drift = self.gate.write(self.run, verdicts) if self.gate.writes else self.gate.let_pass(self.run, verdicts)
            if self.gate.writes:
                session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)
            others = self.others() if self.found["rival"] else {}
            audit = audit_of(self.run, self.found, gate=self.gate, drift=drift, others=others, pictures=self.pictures())
            self.path = self._beside_a_whole_one(audit)
            write_audit(audit, self.path)
            self.audit = read_audit(self.path)  # what is rendered now is what can be rendered later
            session.config.hook.pytest_unsettled_audit(session=session, audit=self.audit, path=self.path)
        except UserError as error:
            self._fail(session, str(error))
            return
        if self.audit.verdicts and not self.audit.decided and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _beside_a_whole_one(self, audit: Audit) -> Path:
        """Where the audit goes: one of a part of the ledger never takes the place of one of all of it, unless it was sent there."""
        if audit.complete or self.sent or not self.path.is_file():
            return self.path
        try:
            whole = read_audit(self.path).complete
        except UserError:  # of an older version, or not an audit at all
            whole = True
        return self.path.with_name(f"{self.path.stem}.part{self.path.suffix}") if whole else self.path

    def _count_lost(self) -> None:
        """A falsehood whose test failed before it found anything, or whose worker died, was planted and is not caught."""
        judged = {(one.name, one.population) for one in self.found["planted"] if isinstance(one, Planted)}
        lost = [one for item in self.failed for one in never_judged(item)]
        self.found["planted"] += [one for one in lost if (one.name, one.population) not in judged]

    def _fail(self, session: pytest.Session, problem: str) -> None:
        self.problem, session.exitstatus = problem, pytest.ExitCode.INTERRUPTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what went wrong, and that a baseline was written."""
        if self.problem:
            terminalreporter.write_line(harmless(f"error: {self.problem}"))
        elif self.gate.writes and self.audit is not None:
            written = f"baseline written to {self.gate.path}; this run fails so that none blesses itself"
            terminalreporter.write_line(harmless(written))
