"""An explanation as text: labels and sentences in two columns. Reads at 80 columns, without colour, piped."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter
from rich.table import Table
from rich.text import Text

from unsettled.claims.explanation.facts import Page
from unsettled.measure.support.console import plain_console, printed
from unsettled.measure.support.text import harmless as safe

LABEL = 20  # columns of the labels, at least


def as_text(pages: Sequence[Page], *, as_json: bool, width: int = 80, colour: bool = False) -> str:
    """The pages as JSON, a list of titles with their facts, or as `render` has them."""
    return TypeAdapter(list[Page]).dump_json(list(pages), indent=1).decode() if as_json else render(pages, width=width, colour=colour)


def render(pages: Sequence[Page], *, width: int = 80, colour: bool = False) -> str:
    """All pages as text.

    Args:
        width: columns of the terminal; at least 60 are used. What must be copied stays on one line, however wide.
        colour: whether to write ANSI codes.
    """
    console = plain_console(width=width, colour=colour)
    for page in pages:
        console.print(Text("\n" + safe(page.title), style="bold"))
        labels, previous = max([LABEL, *(len(fact.label) + 3 for fact in page.facts)]), None
        for fact in page.facts:
            label = "" if fact.label == previous else fact.label
            previous = fact.label
            if fact.whole:
                console.print(Text(f"{'  ' + label:<{labels}}{safe(fact.text)}"), soft_wrap=True)
                continue
            table = Table.grid(expand=True)
            table.add_column(width=labels)
            table.add_column(ratio=1, overflow="fold")
            table.add_row(Text("  " + label, style="dim"), Text(safe(fact.text)))
            console.print(table)
    return printed(console)
