"""One console for every printed page: it reads no markup, so that foreign text stays text, and it knows its width."""

from __future__ import annotations

import io

from rich.console import Console


def plain_console(*, width: int, colour: bool) -> Console:
    """A console that writes into memory; `printed` gives the text.

    Args:
        width: columns; at least 60 are used.
        colour: whether to write ANSI codes.
    """
    return Console(
        file=io.StringIO(),
        width=max(60, width),
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def printed(console: Console) -> str:
    """What a `plain_console` was given, without blank ends of lines and without blank lines around it."""
    assert isinstance(console.file, io.StringIO), "a console that `plain_console` made"
    return "\n".join(line.rstrip() for line in console.file.getvalue().strip("\n").splitlines())
