"""What an audit keeps of an explanation, so that a report tells what `unsettled why` tells without the ledger or a record."""

from __future__ import annotations

import math

from unsettled.claims.audit.entries import Strict
from unsettled.claims.audit.run import Run
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.explanation.facts import Fact
from unsettled.claims.explanation.pages import claim_page, verdict_page
from unsettled.claims.judgement.case import form_of
from unsettled.claims.ledger.forms import region
from unsettled.claims.verdict import Outcome, Verdict

# Facts that the verdict or its population holds already; they are not stored twice.
HELD = {"verdict", "because", "criterion", "acknowledged", "method", "counts", "weights", "file", "puzzles", "record", "reproduce with"}
Ends = tuple[float | None, float | None]


class Explained(Strict):
    """What only the run knew of a verdict: its facts, and the two intervals that its row in a forest plot is drawn in.

    Attributes:
        facts: the facts of `unsettled why` but for what the verdict itself says.
        limits: where values of the statistic can lie; None for anywhere.
        wanted: where the value must lie by the form that decided, an open end being None; None where printed digits decide.
    """

    facts: tuple[Fact, ...] = ()
    limits: Ends | None = None
    wanted: Ends | None = None


def definition_of(run: Run, key: str) -> tuple[Fact, ...]:
    """The facts on the claim of ``claim@population``, whatever it is judged on."""
    return claim_page(run.ledger, run.pairs[key][0]).facts


def explained(run: Run, verdict: Verdict) -> Explained:
    """What the run knows of one of its verdicts, which another process may have judged; what has drifted is explained as it is judged."""
    claim, _ = run.pairs[verdict.key]
    form = form_of(claim, verdict.mode) if verdict.mode != "arithmetic" else None
    span = region(form) if form is not None else None
    facts = verdict_page(run, verdict.key, None if verdict.outcome is Outcome.DRIFTED else verdict).facts
    return Explained(
        facts=tuple(fact for fact in facts if fact.text and fact.label not in HELD),
        limits=lookup(claim.statistic).limits,
        wanted=None if span is None else (_end(span[0]), _end(span[1])),
    )


def _end(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
