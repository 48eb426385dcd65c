"""Where the methods of an audit are described: each reference once, for the renderings that have room for a list."""

from __future__ import annotations

from collections.abc import Iterator

from unsettled.claims.audit.audit import Audit
from unsettled.measure.statistics.references import references_of


def references(audit: Audit) -> list[str]:
    """The literature behind the figures and decisions of ``audit``, in the order of `measure.statistics.references.REFERENCES`."""
    return references_of(_words(audit))


def _words(audit: Audit) -> Iterator[str]:
    """The methods and units of what was measured, and how many tests were allowed for."""
    for verdict in audit.verdicts:
        if verdict.measured is not None:
            yield verdict.measured.estimate.method
            yield verdict.measured.estimate.unit
        if verdict.p_adjusted is not None:
            yield "false discovery rate" if verdict.mode == "transfer" else "Holm"
