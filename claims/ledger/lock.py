"""A ledger locked before anything is measured: each claim's digest, so that a form cannot be written after the figures were seen."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.measure.record.declared import Declared
from unsettled.measure.support.files import digest_of

# What a claim may change without being another one: where it stands, and how its words are put.
FREE = {"line", "words", "locator", "denominator"}


def lock(ledger: Ledger, *, at: datetime | None = None) -> Declared:
    """What the ledger declares, and when: now, where no time is given."""
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    return Declared(
        source=digest_of(ledger.path),
        at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        entries={claim.id: digest_of_claim(claim) for claim in ledger.claims if not claim.draft},
    )


def digest_of_claim(claim: AnyClaim) -> str:
    """sha256 of all that decides the verdict on a claim: digits, statistic, parameters, sizes, smallest effect, forms, family."""
    return hashlib.sha256(claim.model_dump_json(exclude=FREE).encode()).hexdigest()


def declared_before(claim: AnyClaim, declared: Declared | None) -> bool | None:
    """Whether a record that carries ``declared`` was measured with this claim as it stands; None where it carries nothing."""
    return None if declared is None else declared.entries.get(claim.id) == digest_of_claim(claim)
