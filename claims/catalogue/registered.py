"""The catalogue: every statistic that a claim may name, and the one way to evaluate a claim on a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unsettled.claims.catalogue import diagnosis, facts, policies, separation, settling
from unsettled.claims.catalogue.registry import STATISTICS, MissingInput, Statistic, lookup, statistic
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate

if TYPE_CHECKING:
    from unsettled.claims.ledger.ledger import AnyClaim

# the modules that register statistics as they are imported
REGISTERING = (diagnosis, facts, policies, separation, settling)

__all__ = ["STATISTICS", "MissingInput", "Statistic", "estimate", "lookup", "statistic"]


def estimate(claim: AnyClaim, record: Record, *, elsewhere: bool = False, side: Callable[[str], Any] | None = None) -> Estimate:
    """The claim's statistic on a record; ``elsewhere`` with the parameters that its form sets for other checkpoints.

    ``side`` looks up the population's side records by their kind.

    Raises:
        MissingInput: the statistic needs what no record holds.
        UserError: the parameters do not fit the record (a window longer than the rollout, an absent exponent).
    """
    return lookup(claim.statistic).on(record, claim.settings(elsewhere=elsewhere), side)
