"""Which file gets which rendering of an audit: one table from name or suffix to a renderer that is imported when asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from unsettled.measure.errors import UserError
from unsettled.measure.support.files import write_whole

if TYPE_CHECKING:
    from unsettled.claims.audit.audit import Audit
    from unsettled.claims.audit.baseline import Baseline
    from unsettled.claims.ledger.ledger import Ledger
    from unsettled.claims.populations.populations import Population

# Name of a file, or its suffix → "module:function" and what it is for. A whole name goes before a suffix.
RENDERINGS: dict[str, tuple[str, str]] = {
    "audit.json": ("unsettled.reports.renderings:render_audit", "the audit itself"),
    ".html": ("unsettled.reports.html.page:render", "one offline page, pictures first"),
    ".md": ("unsettled.reports.text.markdown:render", "a summary for pull requests"),
    ".sarif": ("unsettled.reports.exchange.sarif:render", "findings for code scanning, SARIF 2.1.0"),
    ".svg": ("unsettled.reports.exchange.badge:render_svg", "a badge"),
    ".json": ("unsettled.reports.exchange.badge:render_endpoint", "a badge, as an endpoint of shields.io"),
    ".tex": ("unsettled.reports.exchange.latex:render", "a table for an appendix"),
    ".csv": ("unsettled.reports.exchange.csv_table:render", "claims as a table"),
    ".txt": ("unsettled.reports.text.terminal:render_file", "what the terminal shows"),
}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rendering may show beside the audit. All of it may be missing; a rendering then leaves out what it is for.

    Attributes:
        root: the folder that relative paths of the audit lie in, and that paths in a report are relative to.
        ledger: the ledger that was judged, with the line of every claim.
        populations: by name: records, and where checkpoints and puzzles lie (`unsettled.claims.populations.populations.Population`).
        baseline: the locked baseline that the verdicts were held to; None when they were not.
    """

    root: Path = field(default_factory=Path.cwd)
    ledger: Ledger | None = None
    populations: Mapping[str, Population] = field(default_factory=dict)
    baseline: Baseline | None = None

    def line(self, claim: str) -> int | None:
        """The line of a claim, or of an arithmetic check, in the ledger; None where that is not known."""
        if self.ledger is None:
            return None
        return next((entry.line for entry in (*self.ledger.claims, *self.ledger.checks) if entry.id == claim), None)


# What every entry of the table is: the audit and its context in, the whole file out. Text is written as UTF-8.
Renderer = Callable[["Audit", Context], "bytes | str"]


def renderer_of(path: Path) -> Renderer:
    """The renderer of a file, imported. Raises UserError when its name says nothing."""
    module, _, function = _entry(path).partition(":")
    return getattr(import_module(module), function)


def _entry(path: Path) -> str:
    known = RENDERINGS.get(path.name) or RENDERINGS.get(path.suffix.lower())
    if known is None:
        raise UserError("no rendering has a name like that", where=path.name, hint=f"suffixes: {', '.join(suffixes())}")
    return known[0]


def suffixes() -> list[str]:
    """The suffixes that have a rendering."""
    return [name for name in RENDERINGS if name.startswith(".")]


def targets(paths: Iterable[str | Path], folder: Path) -> tuple[Path, ...]:
    """The files that are to be written, relative ones below ``folder``.

    Raises:
        UserError: a suffix is unknown, a folder is missing or is in the way, or a file is named twice.
    """
    found: list[Path] = []
    for given in paths:
        path = folder / Path(given).expanduser()
        _entry(path)
        if path.is_dir():
            raise UserError("the report cannot be written: a folder of that name is there", where=given)
        if not path.parent.is_dir():
            raise UserError("the report cannot be written: no such folder", where=Path(given).parent)
        if not os.access(path.parent, os.W_OK):
            raise UserError("the report cannot be written: the folder is read-only", where=Path(given).parent)
        if path in found:
            raise UserError("the report is asked for twice", where=given)
        found.append(path)
    return tuple(found)


def render_audit(audit: Audit, context: Context) -> str:
    """The audit as JSON, as `unsettled.claims.audit.audit.write_audit` writes it."""
    return audit.model_dump_json(indent=2) + "\n"


def write_report(audit: Audit, context: Context, path: Path) -> int:
    """Render an audit into a file, whole or not at all; returns its bytes. Raises UserError."""
    rendered = renderer_of(path)(audit, context)
    data = rendered.encode("utf-8") if isinstance(rendered, str) else rendered
    write_whole(path, data, what="report")
    return len(data)
