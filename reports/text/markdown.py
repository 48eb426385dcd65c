"""The audit as Markdown, for a job summary or a pull request: what changed against the baseline first, then what failed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.changes import Change
from unsettled.claims.audit.entries import PopulationEntry
from unsettled.claims.verdict import TABLE, Outcome, Verdict
from unsettled.claims.wording import KIND
from unsettled.measure.support.figures import plural
from unsettled.reports.claim_grid import MARKS
from unsettled.reports.escaping import markdown, markdown_code
from unsettled.reports.headline import sentence
from unsettled.reports.problems import level_of
from unsettled.reports.references import references

# A comment on GitHub holds 65,536 characters; a job summary sixteen times as many.
COMMENT = 65_000
# Rows of a table where all of them do not fit; reasons are cut after so many characters.
ROWS, REASON, WORDS = 25, 300, 120
HELD = (Outcome.REPRODUCED, Outcome.CONSISTENT, Outcome.TRANSFERS)


def render(audit: Audit) -> str:
    """The whole summary; tables are shortened, and say so, where a comment would not hold them."""
    text = "\n\n".join(_parts(audit, rows=None)) + "\n"
    if len(text) > COMMENT:
        text = "\n\n".join(_parts(audit, rows=ROWS)) + "\n"
    return text if len(text) <= COMMENT else text[:COMMENT].rsplit("\n", 1)[0] + "\n\n…\n"


def _parts(audit: Audit, *, rows: int | None) -> Iterator[str]:
    yield f"## Audit of “{_cell(audit.ledger.title, REASON)}”"
    yield f"**{markdown(sentence(audit))}**" + ("" if audit.complete else " This run judged only a part of the ledger.")
    yield from _changed(audit, rows)
    yield from _failed(audit, rows)
    yield _counts(audit)
    yield from (_population(p, audit, rows) for p in audit.populations if p.rows)
    yield from _arithmetic(audit, rows)
    yield from _undecided(audit)
    if audit.rivals:
        yield _fold("<b>Other papers</b> on the same networks", _rivals(audit))
    if used := references(audit):
        yield _fold("<b>References</b> for the methods used here", "\n".join(f"- {markdown(reference)}" for reference in used))
    yield _closing(audit)


def _changed(audit: Audit, rows: int | None) -> Iterator[str]:
    """Deviations from the locked baseline, before anything else."""
    if audit.changes:
        verdicts = {verdict.key: verdict for verdict in audit.verdicts}
        yield f"### Changed against the baseline ({len(audit.changes)})"
        body = (_change(change, verdicts[change.key]) for change in audit.changes if change.key in verdicts)
        yield _table(("claim", "population", "was", "is", "why"), body, rows)
    elif audit.compared is not None:
        yield f"No deviation from the locked baseline ({plural(audit.compared, 'verdict')})."
    else:
        yield "Not compared with a locked baseline (`--baseline` does)."
    if audit.drift:
        yield "**The baseline was rewritten by this run:**" if audit.compared is None else "**What the baseline lets pass:**"
        yield "\n".join(f"- {_cell(line, REASON)}" for line in audit.drift[: rows or len(audit.drift)])


def _change(change: Change, verdict: Verdict) -> tuple[str, ...]:
    """What was locked and what is, each with its figures; a dash where nothing was locked."""
    before = change.was.shown if change.was else "–"
    if change.value is not None:
        low, high = (math.nan if limit is None else limit for limit in (change.low, change.high))
        before += f" {verdict.notation.measured(change.value, low, high)}"
    now = verdict.shown if verdict.outcome is Outcome.DRIFTED else f"{verdict.outcome.shown} {verdict.shown}"
    return (*map(_cell, (*change.key.split("@", 1), before, now)), _cell(change.reason, REASON))


def _failed(audit: Audit, rows: int | None) -> Iterator[str]:
    """Failures that are not drift, then acknowledged ones, then faults of the audit itself."""
    judged = [(v, level_of(v, audit.policy)) for v in (*audit.verdicts, *audit.arithmetic) if v.outcome is not Outcome.DRIFTED]
    for level, title in (("error", "Failed"), ("warning", "Acknowledged contradictions")):
        chosen = [v for v, graveness in judged if graveness == level]
        if chosen:
            yield f"### {title} ({len(chosen)})"
            yield _verdicts(chosen, rows, where=True)
    for planted in audit.planted:
        if not planted.caught:
            told = f"{planted.name} on {planted.population}: {planted.reason}"
            yield f"**A planted falsehood was not caught:** {_cell(told, REASON)}"
    for result in audit.remeasured:
        if not result.stands:
            told = f"{plural(len(result.differing), 'row')} of {result.population}: {'; '.join((*result.shifted, *result.differing[:5]))}"
            yield f"**Re-measured rows differ:** {_cell(told, REASON)}"
        elif not result.examples:
            told = f"no row of {result.population}: {result.reason}"
            yield f"**Not re-measured:** {_cell(told, REASON)}"


def _counts(audit: Audit) -> str:
    counts = {Outcome(name).shown: str(number) for name, number in audit.counts.items() if number}
    return _table(counts, [counts.values()], None) if counts else "No claim was judged."


def _population(population: PopulationEntry, audit: Audit, rows: int | None) -> str:
    """One population's claims, folded."""
    chosen = [v for v in audit.verdicts if v.population == population.name]
    held = sum(v.outcome in HELD for v in chosen)
    decided = sum(TABLE[v.outcome].decided for v in chosen)
    about = f"{KIND[population.kind]}, {plural(population.rows, 'puzzle')}: {held} of {decided} decided claims hold"
    title = f" ({_cell(population.title, REASON)})" if population.title else ""
    return _fold(f"<b>{_cell(population.name)}</b>, {about}{title}", _verdicts(chosen, rows))


def _arithmetic(audit: Audit, rows: int | None) -> Iterator[str]:
    if audit.arithmetic:
        impossible = sum(v.outcome is Outcome.IMPOSSIBLE for v in audit.arithmetic)
        title = f"<b>arithmetic</b> of the printed digits: {impossible} of {plural(len(audit.arithmetic), 'check')} cannot hold"
        yield _fold(title, _verdicts(audit.arithmetic, rows))


def _undecided(audit: Audit) -> Iterator[str]:
    """How many claims wait for what, with the command that gets it."""
    for population in audit.populations:
        waiting = sum(v.population == population.name for v in audit.verdicts)
        if waiting and not population.rows:
            yield f"{plural(waiting, 'claim')} on **{_cell(population.name)}** undecided: nothing measured. Decide with"
            yield markdown_code(population.command or "")


def _rivals(audit: Audit) -> str:
    """How many claims of each other paper hold; their verdicts are in the audit."""
    families = {"held": "hold", "fell": "do not hold", "open": "not decided"}
    rows = []
    for rival in audit.rivals:
        counts = Counter(MARKS[verdict.outcome][1] for verdict in rival.verdicts)
        rows.append((_cell(rival.title, WORDS), *(str(counts[family]) for family in families)))
    return _table(("paper", *families.values()), rows, None)


def _closing(audit: Audit) -> str:
    caught = sum(p.caught for p in audit.planted)
    parts = [f"planted falsehoods caught: {caught} of {len(audit.planted)}"] if audit.planted else []
    parts += [
        f"re-measured {plural(len(r.examples), 'row')} of {_cell(r.population)}, {len(r.differing) or 'none'} differing"
        if r.examples
        else f"**not** re-measured: {_cell(r.population)}"
        for r in audit.remeasured
    ]
    parts += [f"policy {audit.policy}", f"seed {audit.seed}", f"ledger {markdown(audit.ledger.digest[:12])}"]
    return f"<sub>{markdown(audit.tool.name)} {markdown(audit.tool.version)} · {' · '.join(parts)}</sub>"


def _verdicts(verdicts: Iterable[Verdict], rows: int | None, *, where: bool = False) -> str:
    """A table of verdicts in the order of outcomes; ``where`` adds the population."""
    order = list(Outcome)
    head = ("verdict", "claim", *(["population"] if where else []), "stated", "measured", "n", "why")
    body = [
        (v.outcome.shown, v.claim, *([v.population] if where else []), v.stated, v.shown, v.sample, v.reason)
        for v in sorted(verdicts, key=lambda v: order.index(v.outcome))
    ]
    return _table(head, ([*map(_cell, row[:-1]), _cell(row[-1], REASON)] for row in body), rows)


def _table(head: Iterable[str], body: Iterable[Iterable[str]], rows: int | None) -> str:
    """A table of cells that are escaped already."""
    head, body = list(head), list(body)
    shown = body[:rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *shown)]
    more = [f"\n… and {len(body) - len(shown)} more, in the audit."] if len(shown) < len(body) else []
    return "\n".join(lines + more)


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _cell(text: str, most: int = WORDS) -> str:
    """Foreign text, cut at a word where it is long."""
    return markdown(text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …")
