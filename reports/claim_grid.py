"""Claims against populations: which claims of which paragraph were judged on what, for every reader that draws the grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.entries import PopulationEntry
from unsettled.claims.audit.rivals import Rival
from unsettled.claims.verdict import Outcome, Verdict

# In the order of readers, gravest first: outcome → its mark and its family. A family has one colour and one shape of mark.
MARKS: dict[Outcome, tuple[str, str]] = {
    Outcome.ERROR: ("!", "fell"),
    Outcome.DRIFTED: ("Δ", "drifted"),
    Outcome.IMPOSSIBLE: ("✗", "fell"),
    Outcome.REFUTED: ("✗", "fell"),
    Outcome.DOES_NOT_TRANSFER: ("✗", "fell"),
    Outcome.REPRODUCED: ("✓", "held"),
    Outcome.CONSISTENT: ("✓", "held"),
    Outcome.TRANSFERS: ("✓", "held"),
    Outcome.UNDERPOWERED: ("?", "open"),
    Outcome.UNVERIFIABLE: ("–", "open"),
}
# What a mark says of another checkpoint, or of the paper's own.
SAYS = {
    "✓": "holds",
    "✗": "does not hold",
    "?": "inconclusive",
    "–": "this record cannot decide",
    "Δ": "drifted",
    "!": "could not be judged",
}


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """One claim: its verdicts in the order of the grid's populations, None where it was not judged."""

    claim: str
    words: str
    stated: str
    cells: tuple[Verdict | None, ...]


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """The claims of one place of the paper, and the ids of those that were judged on none of the grid's populations."""

    title: str
    rows: tuple[ClaimRow, ...]
    unmeasured: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClaimGrid:
    """Paragraphs of claims against the populations that hold anything; ``absent`` are the others, with how many claims wait for each."""

    populations: tuple[PopulationEntry, ...]
    paragraphs: tuple[Paragraph, ...]
    absent: tuple[tuple[PopulationEntry, int], ...]


def grid_of(audit: Audit) -> ClaimGrid:
    """The grid of an audit: populations in its order, paragraphs in the paper's, claims in the ledger's."""
    return _grid(audit.verdicts, audit.ledger.lines, audit.populations)


def rival_grid(audit: Audit, rival: Rival) -> ClaimGrid:
    """The grid of another paper's claims on the populations of an audit."""
    return _grid(rival.verdicts, rival.lines, audit.populations)


def _grid(verdicts: Sequence[Verdict], lines: Mapping[str, int], populations: Sequence[PopulationEntry]) -> ClaimGrid:
    judged = {(v.claim, v.population): v for v in verdicts}
    asked = {name: sum(v.population == name for v in verdicts) for name in dict.fromkeys(v.population for v in verdicts)}
    entries = [population for population in populations if asked.get(population.name)]
    here = tuple(population for population in entries if population.rows)
    return ClaimGrid(
        populations=here,
        paragraphs=tuple(_paragraphs(verdicts, lines, judged, here)),
        absent=tuple((population, asked[population.name]) for population in entries if not population.rows),
    )


def _paragraphs(
    verdicts: Sequence[Verdict], line: Mapping[str, int], judged: Mapping[tuple[str, str], Verdict], here: tuple[PopulationEntry, ...]
) -> Iterator[Paragraph]:
    first: dict[str, Verdict] = {}
    for verdict in verdicts:
        first.setdefault(verdict.claim, verdict)
    began: dict[str, int] = {}
    for verdict in sorted(first.values(), key=lambda v: line.get(v.claim, 0)):
        began.setdefault(_place(verdict.locator), len(began))
    # numbered paragraphs in the order of the paper, other places in that of the ledger
    titles = sorted(began, key=lambda title: (not title.startswith("¶"), title if title.startswith("¶") else "", began[title]))
    for title in titles:
        claims = sorted((v for v in first.values() if _place(v.locator) == title), key=lambda v: line.get(v.claim, 0))
        rows = [
            ClaimRow(
                claim=v.claim, words=v.words, stated=v.stated, cells=tuple(judged.get((v.claim, population.name)) for population in here)
            )
            for v in claims
        ]
        yield Paragraph(
            title=title,
            rows=tuple(row for row in rows if any(row.cells)),
            unmeasured=tuple(row.claim for row in rows if not any(row.cells)),
        )


def _place(locator: str) -> str:
    """The first place that a locator names: ``¶1`` of "¶1, ¶4"."""
    return locator.partition(",")[0].strip() or "no place given"
