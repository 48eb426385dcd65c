"""``--claim CLAIM[@POPULATION]``: exactly these verdicts, whatever other names contain theirs."""

from __future__ import annotations

from collections.abc import Iterable

from unsettled.claims.audit.run import Run
from unsettled.claims.explanation.pages import keys_of


def selected(run: Run, wanted: Iterable[str]) -> set[str]:
    """The keys of the verdicts that are asked for; a check of the printed digits is named like a claim.

    Raises:
        UserError: no such claim, or it is not judged on that population; names the nearest.
    """
    checks = {check.id: f"{check.id}@{check.population}" for check in run.ledger.checks}
    keys, names = [*run.pairs, *checks.values()], [*(claim.id for claim in run.ledger.claims), *checks]
    return {key for target in wanted for key in keys_of(target, keys, names)}
