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

from typing import TYPE_CHECKING

from unsettled.measure.support.front_door import front_door

if TYPE_CHECKING:  # the same table for type checkers
    from unsettled.claims.audit.audit import read_audit
    from unsettled.reports.renderings import RENDERINGS, render, write_report

_HOMES = {".renderings": ("RENDERINGS", "render", "write_report"), "unsettled.claims.audit.audit": ("read_audit",)}

__all__ = ["RENDERINGS", "read_audit", "render", "write_report"]

__getattr__, __dir__ = front_door(__name__, _HOMES)
