"""What the texts of a terminal share: the colour of a verdict, and how a long text is cut."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from unsettled.measure.support.text import harmless

STYLES: dict[str, str] = {
    "REPRODUCED": "bold green",
    "CONSISTENT": "green",
    "TRANSFERS": "green",
    "REFUTED": "bold red",
    "DOES_NOT_TRANSFER": "yellow",
    "IMPOSSIBLE": "bold red",
    "UNDERPOWERED": "cyan",
    "UNVERIFIABLE": "cyan",
    "DRIFTED": "bold magenta",
    "ERROR": "bold red",
}


def cut(text: str, columns: int) -> str:
    """Foreign text made harmless, in one line of at most so many columns, cut at a word where it is longer."""
    told = harmless(text)
    if cell_len(told) <= columns:
        return told
    kept = set_cell_size(told, max(columns - 2, 1))
    return (kept.rsplit(" ", 1)[0] if " " in kept.strip() else kept.rstrip()) + " …"
