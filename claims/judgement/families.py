"""Many verdicts in one paper and on many networks: which figures are tested together, and what chance alone would do.

The printed figures of a paper form families, which the ledger declares: what the paper is about, its controls, and what is said
besides. Within each, refutations are held to Holm's level over all figures of the family that a sample could refute, whether or
not they were measured, so that no verdict hangs on what else was. On another network, what a claim's form decides is held to the
false discovery rate of Benjamini & Hochberg (1995, Journal of the Royal Statistical Society B 57:289) within that network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.statistics.multiplicity import benjamini_hochberg, holm
from unsettled.measure.support.figures import number

ALPHA = 0.05
DECIDED_ELSEWHERE = (Outcome.TRANSFERS, Outcome.DOES_NOT_TRANSFER)


def tests_of(claim: AnyClaim, ledger: Ledger) -> int:
    """How many figures a fresh sample could refute in the claim's family: one for each claim and population of its own."""
    return max(1, sum(len(ledger.own(other)) for other in ledger.claims if other.family == claim.family and _testable(other)))


def _testable(claim: AnyClaim) -> bool:
    """Whether a fresh sample can refute a claim: a fact or a choice has no sampling error, and what cannot be measured none either."""
    return claim.statistic != "external" and lookup(claim.statistic).exact is None and not isinstance(claim.own_form, NotApplicable)


def adjust(verdicts: Iterable[Verdict], *, alpha: float = ALPHA) -> list[Verdict]:
    """The verdicts with raw and adjusted p-values side by side; what does not survive is UNDERPOWERED: chance would do as much."""
    verdicts = list(verdicts)
    adjusted = _refutations(verdicts, alpha) | _transfers(verdicts)
    return [verdict if verdict.key not in adjusted else _held(verdict, *adjusted[verdict.key], alpha) for verdict in verdicts]


def expected_false(verdicts: Iterable[Verdict], *, alpha: float = ALPHA) -> float:
    """How many of the verdicts on other networks are false at most, in expectation: ``alpha`` of those that were decided."""
    return alpha * sum(verdict.outcome in DECIDED_ELSEWHERE and not verdict.planted for verdict in verdicts)


def _refutations(verdicts: list[Verdict], alpha: float) -> dict[str, tuple[float, str]]:
    """Holm's p-value of every verdict on a paper's own populations, and what it is held against."""
    families: dict[str, dict[str, float]] = defaultdict(dict)
    sizes: dict[str, int] = {}
    for verdict in verdicts:
        if verdict.p_value is not None and verdict.mode == "replicate":
            families[verdict.family][verdict.key] = verdict.p_value
            sizes[verdict.family] = max(sizes.get(verdict.family, 0), verdict.family_tests)
    found = {}
    for family, values in families.items():
        tests = max(sizes[family], len(values))
        unmeasured = {f"\0{index}": 1.0 for index in range(tests - len(values))}
        for key, entry in holm(values | unmeasured, alpha=alpha).items():
            if key in values:
                found[key] = (entry.adjusted, f"among the {tests} figures of its family ({family}; Holm")
    return found


def _transfers(verdicts: list[Verdict]) -> dict[str, tuple[float, str]]:
    """The p-value of every decided form on another network, held to the false discovery rate within that network."""
    networks: dict[str, dict[str, float]] = defaultdict(dict)
    for verdict in verdicts:
        if verdict.p_value is not None and verdict.mode == "transfer":
            networks[verdict.population][verdict.key] = verdict.p_value
    found = {}
    for values in networks.values():
        for key, value in benjamini_hochberg(values).items():
            found[key] = (value, f"among {len(values)} claims on this network (false discovery rate")
    return found


def _held(verdict: Verdict, p_value: float, words: str, alpha: float) -> Verdict:
    changes: dict[str, Any] = {"p_adjusted": p_value}
    if verdict.outcome in (Outcome.REFUTED, *DECIDED_ELSEWHERE) and p_value > alpha:
        told = f"not beyond chance {words}, p = {number(p_value, 2)})"
        changes |= {"outcome": Outcome.UNDERPOWERED, "reason": f"{verdict.reason}; {told}"}
    return verdict.model_copy(update=changes)
