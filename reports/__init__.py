"""Renderings of one audit. They compute nothing and need neither torch nor the records: an audit's file holds all they draw.

    read_audit       read an audit that `pytest claims/` or `unsettled audit` wrote
    render           an audit as the text or bytes of a rendering: ``render(audit, ".md")``
    write_report     an audit into a file, whole or not at all; the name says which rendering
    RENDERINGS       the renderings, by suffix, with what each is for

>>> from unsettled.reports import RENDERINGS
>>> RENDERINGS[".md"][1]
'a summary for pull requests'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same table for type checkers
    from unsettled.claims.audit.audit import read_audit
    from unsettled.reports.renderings import RENDERINGS, render, write_report

_HOMES = {
    "RENDERINGS": "unsettled.reports.renderings",
    "read_audit": "unsettled.claims.audit.audit",
    "render": "unsettled.reports.renderings",
    "write_report": "unsettled.reports.renderings",
}

__all__ = ["RENDERINGS", "read_audit", "render", "write_report"]


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
