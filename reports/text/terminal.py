"""The audit as text: within a screen and a half, or with every figure and reason. Reads at 80 columns, without colour, piped."""

from __future__ import annotations

from unsettled.claims.audit.audit import Audit
from unsettled.measure.support.console import plain_console, printed
from unsettled.reports.text.detail import detail
from unsettled.reports.text.overview import overview


def render(audit: Audit, *, width: int = 80, colour: bool = False, detailed: bool = False) -> str:
    """The overview, after every verdict with its figures where that is asked for.

    Args:
        width: columns of the terminal; at least 60 are used.
        colour: whether to write ANSI colours.
        detailed: every verdict with its reason, grouped by claim, before the overview.
    """
    console = plain_console(width=width, colour=colour)
    for part in detail(audit) if detailed else ():
        console.print(part)
    if detailed:
        console.print()
    for part in overview(audit, console.width):
        console.print(part)
    return printed(console)


def render_file(audit: Audit) -> str:
    """All of it for a file: 100 columns, no colour."""
    return render(audit, width=100, detailed=True) + "\n"
