"""The audit as text: every claim by population, then what it comes to. Reads at 80 columns, without colour, piped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter

from rich.cells import set_cell_size
from rich.padding import Padding
from rich.text import Text

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.entries import PopulationEntry
from unsettled.claims.verdict import TABLE, Outcome, Verdict
from unsettled.claims.wording import KIND
from unsettled.measure.support.console import plain_console, printed
from unsettled.measure.support.figures import number, plural
from unsettled.measure.support.text import harmless as safe

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
MEANINGS = {outcome.value: row.meaning for outcome, row in TABLE.items()}
# Columns of a claim: heading and width; the rest of the line is the sample size.
COLUMNS = (("claim", 27), ("stated", 12), ("measured [interval]", 33))
INDENT = 4
# Reasons are cut after so many characters; audit.json and `unsettled why` have them whole.
REASON = 320
HINTS = {
    "UNDERPOWERED": "more puzzles may decide (--record NAME=PATH)",
    "UNVERIFIABLE": "a record cannot decide",
    "ERROR": "the audit itself failed",
}
ARITHMETIC = {"CONSISTENT": "whole numbers exist that round to these digits", "IMPOSSIBLE": "no whole numbers round to these digits"}


def render(audit: Audit, *, width: int = 80, colour: bool = False) -> str:
    """The whole summary as text.

    Args:
        width: columns of the terminal; at least 60 are used.
        colour: whether to write ANSI colours.
    """
    console = plain_console(width=width, colour=colour)
    for part in _parts(audit):
        console.print(part)
    return printed(console)


def render_file(audit: Audit) -> str:
    """The same text for a file: 100 columns, no colour."""
    return render(audit, width=100) + "\n"


def _parts(audit: Audit) -> Iterator[Text | Padding]:
    by_population = {p.name: [v for v in audit.verdicts if v.population == p.name] for p in audit.populations}
    for population in audit.populations:
        if by_population[population.name]:
            yield from _population(population, by_population[population.name])
    stray = [v for v in audit.verdicts if v.population not in by_population]
    if stray:
        yield Text("\nno longer there", style="bold")
        yield from _claims(stray)
    if audit.arithmetic:
        yield Text("\narithmetic · the printed digits alone, no model", style="bold")
        yield from _claims(list(audit.arithmetic), meanings=ARITHMETIC)
    yield from _checks(audit)
    yield from _closing(audit)


def _population(population: PopulationEntry, verdicts: list[Verdict]) -> Iterator[Text | Padding]:
    what = f"{population.rows:,} puzzles" if population.rows else "nothing measured"
    title = f" · {safe(population.title)}" if population.title else ""
    yield Text(f"\n{safe(population.name)} · {KIND[population.kind]} · {what}{title}", style="bold")
    if population.rows:
        yield Text("  " + _columns(*(name for name, _ in COLUMNS)) + "n", style="dim")
        yield from _claims(verdicts)
    else:
        yield from _unmeasured(verdicts)


def _claims(verdicts: list[Verdict], *, meanings: Mapping[str, str] = MEANINGS) -> Iterator[Text | Padding]:
    """Claims by outcome, in the order of the table of verdicts; each with its reason."""
    order = list(Outcome)
    for outcome, group in groupby(sorted(verdicts, key=lambda v: order.index(v.outcome)), key=lambda v: v.outcome):
        same = list(group)
        meaning = f"  {len(same)}: {meanings.get(outcome, '')}"
        yield Padding(Text.assemble((outcome.shown, STYLES[outcome]), (meaning, "dim")), (0, 0, 0, 2))
        for verdict in same:
            yield from _claim(verdict)


def _claim(verdict: Verdict) -> Iterator[Text | Padding]:
    yield Text("  " + _columns(verdict.claim, verdict.stated, verdict.shown) + verdict.sample)
    yield Padding(Text(_cut(verdict.reason), style="dim"), (0, 0, 0, INDENT))
    if verdict.acknowledged:
        yield Padding(Text("acknowledged: " + _cut(verdict.acknowledged)), (0, 0, 0, INDENT))


def _cut(reason: str) -> str:
    """A reason, cut at a word where it is long."""
    text = safe(reason)
    return text if len(text) <= REASON else text[:REASON].rsplit(" ", 1)[0] + " …"


def _unmeasured(verdicts: list[Verdict]) -> Iterator[Text | Padding]:
    """Claims that share one reason: the reason once, then the claims with what they state."""
    key = attrgetter("outcome", "reason")
    for (outcome, reason), group in groupby(sorted(verdicts, key=key), key=key):
        yield Padding(Text.assemble((outcome.shown, STYLES[outcome]), ("  " + safe(reason), "dim")), (0, 0, 0, 2))
        listed = ", ".join(f"{safe(v.claim)} {safe(v.stated)}" for v in group)
        yield Padding(Text(listed), (0, 0, 0, INDENT))


def _columns(*cells: str) -> str:
    """Cells padded to their columns; one that is too long pushes the next, nothing is cut."""
    line, column = "", 0
    for cell, (_, width) in zip(cells, COLUMNS, strict=True):
        column += width
        line = set_cell_size(line + safe(cell), max(column, Text(line + safe(cell)).cell_len + 1))
    return line


def _checks(audit: Audit) -> Iterator[Text]:
    """That the run could fail: rows measured again, falsehoods caught."""
    for result in audit.remeasured:
        rows = plural(len(result.examples), "row")
        told = f"{len(result.differing)} differ" if result.differing else "all as recorded, within the measured noise"
        yield Text(f"\nre-measured {rows} of {result.of:,} of {safe(result.population)} (seed {result.seed}): {told}")
        for line in result.differing[:10]:
            yield Text(f"    {safe(line)}", style="red")
    if audit.planted:
        caught = sum(p.caught for p in audit.planted)
        yield Text(f"\nplanted falsehoods: {caught} of {len(audit.planted)} caught")
        for planted in audit.planted:
            if not planted.caught:
                yield Text(f"    NOT CAUGHT {safe(planted.name)} on {safe(planted.population)}: {safe(planted.reason)}", style="red")


def _closing(audit: Audit) -> Iterator[Text | Padding]:
    failing = [v for v in audit.verdicts if v.outcome is Outcome.DOES_NOT_TRANSFER]
    if failing:
        yield Text(f"\ndid not transfer ({len(failing)})", style="bold")
        yield Padding(Text(", ".join(safe(v.key) for v in failing)), (0, 0, 0, 2))
    yield from _undecided(audit)
    if audit.drift:
        yield Text("\nbaseline", style="bold")
        for line in audit.drift:
            yield Padding(Text(safe(line)), (0, 0, 0, 2))
    counts = " · ".join(f"{number} {Outcome(name).shown}" for name, number in audit.counts.items() if number)
    yield Text(f"\n{plural(len(audit.verdicts), 'verdict')}: {counts or 'none'}")
    yield Text(sentence(audit), style="bold")


def _undecided(audit: Audit) -> Iterator[Text | Padding]:
    """What was not decided, and the command that would decide it."""
    open_ = [v for v in audit.verdicts if not TABLE[v.outcome].decided]
    if not open_:
        return
    yield Text(f"\nundecided ({len(open_)})", style="bold")
    commands = {p.name: p.command for p in audit.populations if not p.rows}
    for name, command in commands.items():
        number = sum(v.population == name for v in open_)
        if number:
            yield Padding(Text(f"{plural(number, 'claim')} on {safe(name)}: nothing measured; decide with"), (0, 0, 0, 2))
            yield Padding(Text(safe(command or "")), (0, 0, 0, INDENT))
    for outcome, hint in HINTS.items():
        keys = [safe(v.key) for v in open_ if v.outcome == outcome and v.population not in commands]
        if keys:
            yield Padding(Text(f"{plural(len(keys), 'claim')} {Outcome(outcome).shown}, {hint}: {', '.join(keys)}"), (0, 0, 0, 2))


def sentence(audit: Audit) -> str:
    """The run in one sentence."""

    def tally(*names: str) -> int:
        return sum(audit.counts[name] for name in names)

    digits = [v for v in audit.arithmetic if v.outcome is Outcome.IMPOSSIBLE]
    if not audit.verdicts:
        return "No claim was judged."
    if not audit.decided:
        return "Nothing was decided: this run says nothing about the paper."
    own = tally("REPRODUCED", "CONSISTENT")
    against = tally("REFUTED", "IMPOSSIBLE")
    parts = [
        f"{plural(own, 'claim')} held and {against} failed on the paper's own populations"
        if own or against
        else "Nothing was decided on the paper's own populations"
    ]
    other = tally("TRANSFERS", "DOES_NOT_TRANSFER")
    if other:
        false = f" (at most {number(audit.expected_false, 2)} of them false in expectation)" if audit.expected_false else ""
        parts.append(f"{tally('TRANSFERS')} of {other} transfer to other checkpoints{false}")
    if digits:
        known = sum(bool(v.acknowledged) for v in digits)
        parts.append(f"{plural(len(digits), 'check')} of the digits cannot hold ({known} acknowledged)")
    for name, what in (("DRIFTED", "drifted from the baseline"), ("ERROR", "could not be judged")):
        if tally(name):
            parts.append(f"{tally(name)} {what}")
    return "; ".join(parts) + "."
