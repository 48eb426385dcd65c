"""The audit within a screen and a half: the headline, what fails or contradicts itself, a grid of claims, and where the rest is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from string import ascii_lowercase

from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.text import Text

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.support.figures import plural
from unsettled.measure.support.text import harmless as safe
from unsettled.reports.claim_grid import MARKS, SAYS, ClaimGrid, ClaimRow, grid_of
from unsettled.reports.headline import sentence
from unsettled.reports.problems import level_of
from unsettled.reports.text.styles import STYLES, cut

# Findings of one kind that are listed; the others are counted.
MOST = 8
# Columns of a claim that cells with values must leave, and those of such a cell: " ✓ -0.0436", three digits of the value.
LEAST, VALUED, DIGITS = 48, 10, 3
# Columns of a claim's name and words, whatever else stands in its line.
ROOM = 30


def overview(audit: Audit, width: int) -> Iterator[Text | Padding]:
    """The parts of the overview, for a terminal of ``width`` columns."""
    yield Text(sentence(audit), style="bold")
    yield from _digits(audit, width)
    yield from _failed(audit, width)
    grid = grid_of(audit)
    if grid.populations:
        yield from _grid(grid, width)
    yield from _absent(grid)
    yield from _rivals(audit)
    yield from _closing(audit)


def _digits(audit: Audit, width: int) -> Iterator[Text | Padding]:
    """Printed digits that contradict each other: the only findings about the paper itself that need no network."""
    found = [v for v in audit.arithmetic if v.outcome is Outcome.IMPOSSIBLE]
    if found:
        known = sum(bool(v.acknowledged) for v in found)
        yield Text(f"\nprinted digits that cannot hold ({len(found)}, {known} acknowledged)", style="bold")
        yield from _listed([f"{v.stated}: {v.reason}" for v in found], found, width)


def _failed(audit: Audit, width: int) -> Iterator[Text | Padding]:
    """What fails the run: refuted claims, drift, faults of the audit itself."""
    failed = [v for v in audit.verdicts if level_of(v, audit.policy) == "error"]
    if failed:
        yield Text(f"\nfailed ({len(failed)})", style="bold red")
        yield from _listed([f"{v.outcome.shown}, stated {v.stated}, measured {v.shown}: {v.reason}" for v in failed], failed, width)
    for planted in audit.planted:
        if not planted.caught:
            told = f"NOT CAUGHT: the planted {planted.name} on {planted.population}: {planted.reason}"
            yield Text(cut(told, 3 * width), style="bold red")
    for again in audit.remeasured:
        if not again.stands:
            lines = "; ".join((*again.shifted, *again.differing[:3]))
            told = f"DIFFERS: {plural(len(again.differing), 're-measured row')} of {again.population}: {lines}"
            yield Text(cut(told, 3 * width), style="bold red")
    if audit.drift:
        yield Text("\nbaseline", style="bold")
        for line in audit.drift:
            yield Text(f"  {safe(line)}")


def _listed(told: Iterable[str], verdicts: list[Verdict], width: int) -> Iterator[Text | Padding]:
    """One line each, of the first ones."""
    for verdict, text in list(zip(verdicts, told, strict=True))[:MOST]:
        name = safe(verdict.claim if verdict.mode == "arithmetic" else verdict.key)
        mark = (f"{MARKS[verdict.outcome][0]} ", STYLES[verdict.outcome])
        yield Padding(Text.assemble(mark, (name, "bold"), "  ", cut(text, 2 * width - cell_len(name) - 20)), (0, 0, 0, 2))
    if len(verdicts) > MOST:
        yield Text(f"  … and {len(verdicts) - MOST} more (-v)", style="dim")


def _grid(grid: ClaimGrid, width: int) -> Iterator[Text | Padding]:
    """Paragraphs of claims; a column a population, named by a letter; a mark a cell, with its value where the terminal is wide."""
    columns = len(grid.populations)
    if columns > min(len(ascii_lowercase), (width - ROOM) // 2):
        yield from _counted(grid, width)
        return
    cell = VALUED if width - columns * VALUED >= LEAST else 2
    room = max(width - columns * cell, ROOM)
    names = _longest(grid)
    letters = ascii_lowercase[:columns]
    yield Text("\n" + " " * room + "".join(f"{letter:>{2}}".ljust(cell) for letter in letters), style="dim")
    for paragraph in grid.paragraphs:
        if paragraph.rows:
            yield Text(safe(paragraph.title), style="bold")
            for row in paragraph.rows:
                yield _line(row, min(names, room - 3), room, cell)
    yield from _below(grid)
    named = [f"{letter} {safe(p.name)} ({p.rows:,})" for letter, p in zip(letters, grid.populations, strict=True)]
    yield Text(_packed(named, width), style="dim")


def _longest(grid: ClaimGrid) -> int:
    """Columns of the longest id of a claim."""
    return max((cell_len(safe(row.claim)) for paragraph in grid.paragraphs for row in paragraph.rows), default=0)


def _below(grid: ClaimGrid) -> Iterator[Text | Padding]:
    """What the grid leaves out, and what its marks say."""
    left_out = [name for paragraph in grid.paragraphs for name in paragraph.unmeasured]
    if left_out:
        yield Padding(Text(f"measured on none of these: {', '.join(map(safe, left_out))}", style="dim"), (0, 0, 0, 2))
    shown = {MARKS[v.outcome][0] for p in grid.paragraphs for row in p.rows for v in row.cells if v}
    yield Text("\n" + ", ".join(f"{mark} {says}" for mark, says in SAYS.items() if mark in shown), style="dim")


def _counted(grid: ClaimGrid, width: int) -> Iterator[Text | Padding]:
    """The grid of more populations than a line holds: of each claim, how many show which mark."""
    yield Text(f"\nclaims on {len(grid.populations)} populations, by how many show which mark (each: -v)", style="dim")
    names = _longest(grid)
    for paragraph in grid.paragraphs:
        if paragraph.rows:
            yield Text(safe(paragraph.title), style="bold")
        for row in paragraph.rows:
            marks = Counter(MARKS[verdict.outcome][0] for verdict in row.cells if verdict)
            told = " ".join(f"{mark}{marks[mark]}" for mark in SAYS if marks[mark])
            room = max(width - cell_len(told) - 2, ROOM)
            yield Text.assemble(_named(row, min(names, room - 6), room), "  ", told)
    yield from _below(grid)


def _packed(items: list[str], width: int) -> str:
    """Items with two spaces between them, none of them broken over lines."""
    lines = [""]
    for item in items:
        joined = f"{lines[-1]}  {item}" if lines[-1] else item
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(item)
    return "\n".join(lines)


def _named(row: ClaimRow, names: int, room: int) -> Text:
    """A claim's id and its words as far as they go."""
    line = Text.assemble("  ", set_cell_size(safe(row.claim), names), " ", (cut(row.words, room - names - 4), "dim"))
    line.pad_right(max(room - line.cell_len, 0))
    return line


def _line(row: ClaimRow, names: int, room: int, cell: int) -> Text:
    """A claim: its id, its words as far as they go, a mark for each population."""
    line = _named(row, names, room)
    for verdict in row.cells:
        line.append(set_cell_size(f" {_mark(verdict, valued=cell > 2)}", cell), STYLES[verdict.outcome] if verdict else "")
    return line


def _mark(verdict: Verdict | None, *, valued: bool) -> str:
    if verdict is None:
        return ""
    mark = MARKS[verdict.outcome][0]
    if not valued or verdict.measured is None or not verdict.measured.estimate.defined:
        return mark
    return f"{mark} {replace(verdict.notation, digits=DIGITS).value(verdict.measured.estimate.value)}"


def _absent(grid: ClaimGrid) -> Iterator[Text | Padding]:
    """Populations without a record, with the command that measures one."""
    for population, waiting in grid.absent[:MOST]:
        yield Text(f"{safe(population.name)}: {plural(waiting, 'claim')}, nothing measured; decide with")
        yield Padding(Text(safe(population.command or "")), (0, 0, 0, 2))
    if len(grid.absent) > MOST:
        yield Text(f"… and {len(grid.absent) - MOST} more populations with nothing measured (-v)", style="dim")


def _rivals(audit: Audit) -> Iterator[Text]:
    """Other papers on the same networks: how many of their claims hold there, by the families of marks."""
    if not audit.rivals:
        return
    names = max(cell_len(safe(rival.name)) for rival in audit.rivals)
    yield Text("\nother papers on the same networks", style="bold")
    for rival in audit.rivals:
        counts = Counter(MARKS[verdict.outcome][0] for verdict in rival.verdicts)
        told = "  ".join(f"{mark} {counts[mark]:>2}" for mark in SAYS if counts[mark] or mark in "✓✗?")
        yield Text.assemble("  ", set_cell_size(safe(rival.name), names), "  ", told)
    yield Text("each by its claims: --paper NAME; where they contradict each other: unsettled compare-accounts", style="dim")


def _closing(audit: Audit) -> Iterator[Text]:
    """That the run could fail, what it comes to, and where the rest is."""
    checks = []
    if audit.planted:
        checks.append(f"planted falsehoods caught: {sum(p.caught for p in audit.planted)} of {len(audit.planted)}")
    if audit.remeasured:
        done = [r for r in audit.remeasured if r.examples]
        rows, differing = sum(len(r.examples) for r in done), sum(len(r.differing) for r in done)
        told = "all as recorded" if all(r.stands for r in done) else f"{differing} differ"
        checks.append(f"{plural(rows, 'row')} of {plural(len(done), 'record')} re-measured: {told}" if done else "no row re-measured")
    if checks:
        yield Text("\n" + "; ".join(checks))
    without: dict[str, list[str]] = {}
    for again in audit.remeasured:
        if not again.examples:
            without.setdefault(again.reason or "", []).append(safe(again.population))
    for reason, names in without.items():
        yield Text(f"NOT RE-MEASURED: {', '.join(names)} ({safe(reason)})", style="bold red")
    if saying := [v for v in audit.verdicts if v.declared is not None]:
        kept = sum(bool(v.declared) for v in saying)
        yield Text(f"declared before their record was measured: {kept} of {plural(len(saying), 'verdict')} on records that say what was")
    if audit.compared is not None and not audit.drift:
        yield Text(f"baseline: no deviation ({plural(audit.compared, 'verdict')})")
    counts = " · ".join(f"{number} {Outcome(name).shown}" for name, number in audit.counts.items() if number)
    yield Text(f"{plural(len(audit.verdicts), 'verdict')}: {counts or 'none'}", style="bold")
    yield Text("figures and reasons: -v; all on one verdict: unsettled why CLAIM@POPULATION --audit FILE", style="dim")
