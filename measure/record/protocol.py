"""The protocol card of a record: under which conditions its figures were measured, line by line, and where two records differ in them.

Figures of two records say something of two networks only where all else is alike. What a record does not say of itself (that of
another program's evaluation, say) is neither like nor unlike: it is told as not recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.support.figures import listing, plural

LINES = ("depth", "halting", "dtype", "examples", "augmentation", "weights", "compute")


@dataclass(frozen=True)
class ProtocolLine:
    """One line of a card. ``value`` is what two records are compared by, None where it is not recorded; ``shown`` what a reader sees."""

    name: str
    value: str | None
    shown: str


def protocol(record: Record) -> tuple[ProtocolLine, ...]:
    """The card of a record, from its provenance: depth, halting, dtype, examples, augmentation, weights, compute.

    >>> from unsettled.measure import synthetic_record
    >>> [(line.name, line.shown) for line in protocol(synthetic_record(50))][:2]
    [('depth', '16 segments'), ('halting', 'none: every example runs to the full depth')]
    """
    about, n = record.provenance, len(record)
    facts, imported = about.model, about.imported is not None
    updates = record.segments * facts.updates_per_segment
    groups = "none: no two examples are of one group" if record.clusters == n else f"{n:,} examples of {plural(record.clusters, 'group')}"
    weights = {
        "ema": "averaged (EMA)",
        "raw": "raw, those of the last step",
        None: "as the checkpoint holds them, which names no averaging",
    }
    return (
        ProtocolLine("depth", str(record.segments), plural(record.segments, "segment")),
        ProtocolLine(
            "halting",
            None if imported else "none",
            "that of the evaluation it was imported from, not recorded" if imported else "none: every example runs to the full depth",
        ),
        ProtocolLine("dtype", about.dtype, about.dtype),
        ProtocolLine(
            "examples",
            f"{about.puzzles_digest} {about.by_rule}",
            f"{about.task}, {plural(n, 'example')}, digest {about.puzzles_digest[:12]}{', right answers by rule' * about.by_rule}",
        ),
        ProtocolLine("augmentation", "none" if record.clusters == n else f"{record.clusters} of {n}", groups),
        ProtocolLine("weights", about.weights, weights[about.weights]),
        ProtocolLine("compute", str(updates), f"{plural(updates, 'update')} an example ({facts.updates_per_segment} a segment)"),
    )


@dataclass(frozen=True)
class Unlike:
    """A line in which two records differ, as each shows it."""

    line: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.line}: {self.first}; against {self.second}"


def unlike(first: Record, second: Record) -> list[Unlike]:
    """The lines in which the cards of two records differ; those that either does not record are none of them."""
    pairs = zip(protocol(first), protocol(second), strict=True)
    return [Unlike(a.name, a.shown, b.shown) for a, b in pairs if a.value != b.value and None not in (a.value, b.value)]


def unrecorded(*records: Record) -> list[str]:
    """Lines that some but not all of the records say nothing of."""
    cards = [protocol(record) for record in records]
    return [lines[0].name for lines in zip(*cards, strict=True) if 0 < sum(line.value is None for line in lines) < len(lines)]


def alike(first: Record, second: Record, *, allowed: Iterable[str] = (), where: object = None) -> list[Unlike]:
    """The differences that were ``allowed``, so that they can be told; for two records whose figures are to be compared.

    Raises:
        UserError: they differ in a line that was not allowed, or a line is no line of a card.
    """
    allowed = set(allowed)
    if strange := sorted(allowed - {*LINES}):
        raise UserError(f"{strange[0]!r} is not a line of the protocol", hint="one of " + ", ".join(LINES))
    found = unlike(first, second)
    if refused := [one for one in found if one.line not in allowed]:
        more = f", and in {listing([one.line for one in refused[1:]])}" if refused[1:] else ""
        options = " ".join(f"--unlike {one.line}" for one in refused)
        raise UserError(f"the records are unlike in {refused[0]}{more}", where=where, hint=f"compare them all the same with {options}")
    return found
