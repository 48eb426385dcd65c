"""Which file gets which rendering of an audit: one table from name or suffix to a renderer that is imported when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import cast

from unsettled.claims.audit.audit import Audit, as_json
from unsettled.measure.errors import UserError
from unsettled.measure.support.files import check_target, write_whole

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


# What every entry of the table is: the audit in, the whole file out. Text is written as UTF-8.
Renderer = Callable[[Audit], bytes | str]


def renderer_of(path: Path) -> Renderer:
    """The renderer of a file, imported. Raises UserError when its name says nothing."""
    module, _, function = _entry(path).partition(":")
    return cast(Renderer, getattr(import_module(module), function))


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
        check_target(path, what="report", named=given)
        if path in found:
            raise UserError("the report is asked for twice", where=given)
        found.append(path)
    return tuple(found)


def render_audit(audit: Audit) -> str:
    """The audit as JSON, as `unsettled.claims.audit.audit.write_audit` writes it."""
    return as_json(audit)


def render(audit: Audit, suffix: str) -> bytes | str:
    """An audit as one of the `RENDERINGS`. Raises UserError when there is none of that name.

    Args:
        suffix: such as ``".html"``, or a whole file name.
    """
    return renderer_of(Path(suffix if suffix in RENDERINGS else f"report{suffix}"))(audit)


def write_report(audit: Audit, path: Path) -> int:
    """Render an audit into a file, whole or not at all; returns its bytes. Raises UserError."""
    rendered = renderer_of(path)(audit)
    data = rendered.encode("utf-8") if isinstance(rendered, str) else rendered
    write_whole(path, data, what="report")
    return len(data)
