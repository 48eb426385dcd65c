"""``--claim CLAIM[@POPULATION]``: exactly these verdicts, whatever other names contain theirs."""

from __future__ import annotations

from collections.abc import Iterable

from unsettled.claims.audit.run import Run
from unsettled.claims.explanation.pages import unknown


def selected(run: Run, wanted: Iterable[str]) -> set[str]:
    """The keys of the verdicts that are asked for; a check of the printed digits is named like a claim.

    Raises:
        UserError: no such claim, or it is not judged on that population; names the nearest.
    """
    claims = [claim.id for claim in run.ledger.claims]
    checks = {check.id: f"{check.id}@{check.population}" for check in run.ledger.checks}
    found: set[str] = set()
    for target in wanted:
        name, at, where = target.partition("@")
        if name not in claims and name not in checks:
            raise unknown("claim", name, [*claims, *checks])
        places = {key.partition("@")[2]: key for key in ([checks[name]] if name in checks else run.pairs) if key.partition("@")[0] == name}
        if at and where not in places:
            raise unknown(f"population on which {name} is judged,", where, list(places))
        found |= {places[where]} if at else set(places.values())
    return found
