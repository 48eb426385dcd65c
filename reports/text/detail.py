"""Every verdict with its figures and its reason, grouped by claim: what `-v` shows below the overview."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.padding import Padding
from rich.text import Text

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.claims.wording import KIND
from unsettled.measure.support.figures import plural
from unsettled.measure.support.text import harmless as safe
from unsettled.reports.claim_grid import MARKS, ClaimRow, grid_of
from unsettled.reports.text.styles import STYLES, cut

# Columns of a verdict: the population, the verdict, what was measured; the rest of the line is the sample size.
WIDTHS = (24, 18, 26)
INDENT = 4
# Reasons are cut after so many characters; audit.json and `unsettled why` have them whole.
REASON = 320


def detail(audit: Audit) -> Iterator[Text | Padding]:
    """The parts of the detail."""
    grid = grid_of(audit)
    for population in grid.populations:
        about = f"{KIND[population.kind]} · {population.rows:,} puzzles" + (f" · {population.title}" if population.title else "")
        yield Text.assemble((safe(population.name), "bold"), f" · {safe(about)}")
    for paragraph in grid.paragraphs:
        if paragraph.rows:
            yield Text(f"\n{safe(paragraph.title)}", style="bold underline")
        for row in paragraph.rows:
            yield from _claim(row)
    yield from _stray(audit, {population.name for population in audit.populations})
    if audit.arithmetic:
        yield Text("\narithmetic · the printed digits alone, no model", style="bold underline")
        for verdict in sorted(audit.arithmetic, key=lambda v: list(MARKS).index(v.outcome)):
            yield from _judged(verdict, verdict.claim, verdict.stated)
    yield from _waiting(audit)
    yield from _checks(audit)


def _claim(row: ClaimRow) -> Iterator[Text | Padding]:
    """A claim in its words, with what the paper prints; then its verdicts."""
    yield Text.assemble((f"\n{safe(row.claim)}", "bold"), f"  {safe(row.stated)}")
    yield Padding(Text(safe(row.words)), (0, 0, 0, 2))
    for verdict in row.cells:
        if verdict is not None:
            yield from _judged(verdict, verdict.population, verdict.shown)


def _judged(verdict: Verdict, name: str, figure: str) -> Iterator[Text | Padding]:
    """A verdict in a line, its reason below."""
    style = STYLES[verdict.outcome]
    cells = [(safe(name), ""), (verdict.outcome.shown, style), (safe(figure), "")]
    padded = [(set_cell_size(text, max(width, cell_len(text) + 1)), s) for (text, s), width in zip(cells, WIDTHS, strict=True)]
    yield Text.assemble((f"  {MARKS[verdict.outcome][0]} ", style), *padded, verdict.sample)
    yield Padding(Text(cut(verdict.reason, REASON), style="dim"), (0, 0, 0, INDENT))
    if verdict.acknowledged:
        yield Padding(Text("acknowledged: " + cut(verdict.acknowledged, REASON)), (0, 0, 0, INDENT))


def _stray(audit: Audit, known: set[str]) -> Iterator[Text | Padding]:
    """Verdicts whose population is no longer in the ledger."""
    stray = [v for v in audit.verdicts if v.population not in known]
    if stray:
        yield Text("\nno longer there", style="bold underline")
        for verdict in stray:
            yield from _judged(verdict, verdict.key, verdict.shown)


def _waiting(audit: Audit) -> Iterator[Text | Padding]:
    """Claims on populations without a record: each reason once, then the claims with what they state."""
    empty = {population.name for population in audit.populations if not population.rows}

    def key(verdict: Verdict) -> tuple[str, str, str]:
        return verdict.population, verdict.outcome, verdict.reason

    for (population, outcome, reason), group in groupby(sorted((v for v in audit.verdicts if v.population in empty), key=key), key=key):
        yield Text.assemble((f"\n{safe(population)}  ", "bold"), (Outcome(outcome).shown, STYLES[outcome]), f"  {safe(reason)}")
        yield Padding(Text(", ".join(f"{safe(v.claim)} {safe(v.stated)}" for v in group)), (0, 0, 0, INDENT))


def _checks(audit: Audit) -> Iterator[Text]:
    """That the run could fail: rows measured again, falsehoods caught."""
    for result in audit.remeasured:
        if not result.examples:
            yield Text(f"\nNOT RE-MEASURED: no row of {result.of:,} of {safe(result.population)}: {safe(result.reason or '')}", style="red")
            continue
        rows = plural(len(result.examples), "row")
        told = "all as recorded, each within its own noise" if result.stands else f"{len(result.differing)} differ"
        yield Text(f"\nre-measured {rows} of {result.of:,} of {safe(result.population)} (seed {result.seed}): {told}")
        for line in (*result.shifted, *result.differing[:10]):
            yield Text(f"    {safe(line)}", style="red")
    if audit.planted:
        caught = sum(p.caught for p in audit.planted)
        yield Text(f"\nplanted falsehoods: {caught} of {len(audit.planted)} caught")
        for planted in audit.planted:
            if not planted.caught:
                yield Text(f"    NOT CAUGHT {safe(planted.name)} on {safe(planted.population)}: {safe(planted.reason)}", style="red")
