"""The catalogue with every statistic that a claim may name: importing this module registers them all."""

from __future__ import annotations

from unsettled.claims.catalogue import accounts, diagnosis, early, facts, policies, probes, separation, settling, spectrum
from unsettled.claims.catalogue.registry import SIDE_KINDS, STATISTICS, MissingInput, Statistic, lookup, statistic

# the modules that register statistics as they are imported
REGISTERING = (accounts, diagnosis, early, facts, policies, probes, separation, settling, spectrum)

__all__ = ["SIDE_KINDS", "STATISTICS", "MissingInput", "Statistic", "lookup", "statistic"]
