"""What the claims on a record that is too large for memory will ask of it, noted before any is judged: it is read less often."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.case import PopulationLike, mode_of
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.measure.columns.streamed import StreamedColumn
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record


def look_ahead(claims: Iterable[AnyClaim], population: PopulationLike, ledger: Ledger) -> None:
    """Read the record of a population, where it is read as it is used: its digest, and in the same pass what ``claims`` will ask."""
    record = population.record
    if record is not None and isinstance(record.growth, StreamedColumn):
        record.once("looked ahead", lambda: _look(record, claims, population, ledger))


def _look(record: Record, claims: Iterable[AnyClaim], population: PopulationLike, ledger: Ledger) -> None:
    judged = record.without_scaleless()
    for claim in claims:
        if (ahead := lookup(claim.statistic).ahead) is not None:
            with suppress(UserError):  # of a claim that cannot be judged, as its verdict will say
                ahead(judged, claim.settings(elsewhere=mode_of(claim, population, ledger) == "transfer"))
    record.digest()
