"""The difference of two records as text that reads at 80 columns, without colour and piped."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from unsettled.measure.record.difference import Changed, Difference
from unsettled.measure.support.console import plain_console, printed
from unsettled.measure.support.figures import plural
from unsettled.measure.support.text import harmless


def render(found: Difference, *, first: str, second: str, width: int = 80, colour: bool = False) -> str:
    """The comparison as text; ``first`` and ``second`` are what the records are called."""
    console = plain_console(width=width, colour=colour)
    console.print(Text(f"first  {harmless(first)}\nsecond {harmless(second)}", style="bold"))
    for title, changed in (("settings", found.settings), ("fingerprints", found.fingerprints)):
        if changed:
            console.print(_changes(title, changed))
        else:
            console.print(Text(f"\n{title}: the same"))
    rows = f"rows: {found.shared:,} shared, {found.only_first:,} only in the first, {found.only_second:,} only in the second"
    console.print(Text(f"\n{rows}" if not found.settings and not found.fingerprints else rows))
    if any(changed.name == "puzzles_digest" for changed in found.fingerprints):
        console.print(Text("      the puzzle sets differ: rows are matched by number, which may stand for other puzzles", style="yellow"))
    if found.shared:
        console.print(Text(f"outcomes: {plural(found.lost, 'row')} solved only in the first, {found.gained:,} only in the second"))
    if found.gaps:
        console.print(_gaps(found))
        console.print(Text(f"noise: {found.noise}", style="dim"))
    for line in found.told:
        console.print(Padding(Text(harmless(line)), (0, 0, 0, 2)))
    console.print(Text(f"\n{verdict(found)}", style="bold"))
    return printed(console)


def verdict(found: Difference) -> str:
    """What it comes to, in one sentence."""
    if found.identical:
        return "The records are identical."
    if found.incomparable:
        return f"The records cannot be compared: {found.incomparable}."
    if not found.beyond_noise:
        return "The records agree within their noise."
    flips, apart = found.lost + found.gained, [f"{gap.beyond:,} in {gap.name}" for gap in found.gaps if gap.beyond]
    parts = [f"{plural(found.only_first + found.only_second, 'row')} not shared"] if found.only_first or found.only_second else []
    parts += [f"{plural(flips, 'outcome')} turned"] if flips else []
    parts += [f"rows beyond their noise: {', '.join(apart)}"] if apart else []
    shifted = [f"{gap.name} (p = {gap.shifted:.1g})" for gap in found.gaps if gap.shifted is not None]
    parts += [f"rows shifted together: {', '.join(shifted)}"] if shifted else []
    return f"The records differ: {'; '.join(parts)}."


def _changes(title: str, changed: Sequence[Changed]) -> Table:
    table = Table(title, "first", "second", box=SIMPLE_HEAD, pad_edge=False)
    for change in changed:
        table.add_row(*(Text(harmless(text), overflow="fold") for text in (change.name, _brief(change.first), _brief(change.second))))
    return table


def _gaps(found: Difference) -> Table:
    table = Table(
        "quantity",
        "unit",
        *(Column(name, justify="right") for name in ("beyond", "own noise", "median", "largest")),
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for gap in found.gaps:
        own = "–".join(f"{limit:.2g}" for limit in dict.fromkeys(gap.limits))
        table.add_row(gap.name, gap.unit, f"{gap.beyond:,}", own, f"{gap.median:.2g}", f"{gap.largest:.2g}")
    return table


def _brief(text: str) -> str:
    """A digest or a commit by its first twelve digits."""
    return text[:12] + "…" if len(text) in (40, 64) and all(c in "0123456789abcdef" for c in text) else text
