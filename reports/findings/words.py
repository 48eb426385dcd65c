"""The words of the page of findings, with its figures filled in: no sentence carries a figure that was typed.

``{claim@population}`` becomes the measured value, its interval and the mark of the verdict; ``{paper:claim@population}`` the same of
another paper's claim; ``{column|record}`` a figure read off a record (``FOLDER``, or ``FOLDER/tried/NAME``), one of
`unsettled.reports.findings.findings.COLUMNS`; ``{judged}`` and ``{others}`` how many verdicts the audit holds, of the audited paper and
of the other ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.support.figures import Notation, plural
from unsettled.reports.claim_grid import MARKS
from unsettled.reports.escaping import markdown
from unsettled.reports.findings.findings import COLUMNS

_PLACE = re.compile(r"\{([^{}\n]+)\}")
COUNTED = {Outcome.TRANSFERS: "hold", Outcome.DOES_NOT_TRANSFER: "do not hold", Outcome.UNDERPOWERED: "are inconclusive"}
# Digits that a reader takes in; the tables have more.
DIGITS = 3


def filled(words: str, audit: Audit, records: Mapping[str, Record], *, where: Path) -> str:
    """The words with every figure in its place.

    Args:
        records: the shipped records by the name of their folder.
        where: the file of the words, for what is wrong in it.

    Raises:
        UserError: a place names a claim that was not judged there, a column or a record that is not there, with the line.
    """
    judged = {verdict.key: verdict for verdict in audit.verdicts}
    for rival in audit.rivals:
        judged |= {f"{rival.name}:{verdict.key}": verdict for verdict in rival.verdicts}
    counts = {"judged": _counted(audit.verdicts), "others": _counted(v for rival in audit.rivals for v in rival.verdicts)}
    lines = []
    for number, line in enumerate(words.splitlines(), 1):

        def fill(place: re.Match[str], number: int = number) -> str:
            name = place[1].strip()
            try:
                return markdown(counts[name] if name in counts else _figure(name, judged, records))
            except KeyError as missing:
                hint = "a claim that was judged, as claim@population, or column|record"
                raise UserError(f"{{{name}}}: there is no {missing.args[0]}", where=f"{where}:{number}", hint=hint) from None

        lines.append(_PLACE.sub(fill, line))
    return "\n".join(lines) + "\n"


def _figure(name: str, judged: Mapping[str, Verdict], records: Mapping[str, Record]) -> str:
    column, bar, record = name.partition("|")
    if bar:
        estimate, notation = COLUMNS[column](records[record]), Notation(percent=column == "accuracy", digits=DIGITS)
        return notation.measured(estimate.value, estimate.low, estimate.high)
    claim, _, population = name.partition("@")
    return told(judged[f"{claim}@reference.{population}"])


def told(verdict: Verdict) -> str:
    """A verdict as a sentence carries it: ``21.1% [5.96%, 38.6%] ✗``."""
    mark = MARKS[verdict.outcome][0]
    if verdict.measured is None or not verdict.measured.estimate.defined:
        return f"not measured {mark}"
    estimate = verdict.measured.estimate
    return f"{replace(verdict.notation, digits=DIGITS).measured(estimate.value, estimate.low, estimate.high)} {mark}"


def _counted(verdicts: Iterable[Verdict]) -> str:
    """How many verdicts there are on networks that were measured, and what they come to."""
    found = Counter(COUNTED[verdict.outcome] for verdict in verdicts if verdict.outcome in COUNTED)
    return f"{plural(found.total(), 'verdict')}, of which {', '.join(f'{number} {said}' for said, number in found.most_common())}"
