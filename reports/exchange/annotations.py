"""GitHub Actions: problems as annotations at the claim's line, and a guard around text that the runner must not obey."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from unsettled.claims.audit.audit import Audit
from unsettled.measure.errors import UserError
from unsettled.reports.escaping import workflow_data, workflow_property
from unsettled.reports.problems import ledger_file, problems
from unsettled.reports.text.markdown import render

# GitHub shows so many annotations of one kind for a step; the last place says how many more there are.
SHOWN = 10
COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def in_actions(environment: Mapping[str, str]) -> bool:
    """Whether this runs in GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def annotate(audit: Audit) -> list[str]:
    """One workflow command a problem, at most `SHOWN` of a kind; the file is the ledger, the line that of the claim."""
    found, lines = problems(audit), []
    file = workflow_property(ledger_file(audit))
    for level, command in COMMANDS.items():
        same = [problem for problem in found if problem.level == level]
        kept = same if len(same) <= SHOWN else same[: SHOWN - 1]
        for problem in kept:
            place = f"file={file},line={problem.line}," if problem.line else ""
            message = problem.message + (f"\nacknowledged: {problem.acknowledged}" if problem.acknowledged else "")
            lines.append(f"::{command} {place}title={workflow_property(problem.title)}::{workflow_data(message)}")
        if len(kept) < len(same):
            lines.append(f"::{command} title=and more::{len(same) - len(kept)} more are in the summary")
    return lines


def append_summary(audit: Audit, environment: Mapping[str, str]) -> None:
    """Append the audit's Markdown to the job summary, if the environment names one. Raises UserError."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(render(audit) + "\n")
        except OSError as error:
            raise UserError(f"the job summary cannot be written: {error.strerror or error}", where=path) from None


def guard() -> tuple[str, str]:
    """Two lines between which the runner obeys no workflow command, whatever foreign text is printed.

    See "Stopping and starting workflow commands" in GitHub's documentation; nobody can guess the token.
    """
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}", f"::{token}::"
