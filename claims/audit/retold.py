"""`unsettled why` from the file of an audit: what the run knew of a verdict, without ledger, record or checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

from unsettled.claims.audit.audit import Audit
from unsettled.claims.explanation.facts import Fact, Page
from unsettled.claims.explanation.pages import keys_of, title_of
from unsettled.claims.verdict import TABLE, Verdict

# Label of a fact → the fingerprint of a population that it shows.
FINGERPRINTS = {"weights": "checkpoint_tensors", "file": "checkpoint_bytes", "puzzles": "puzzles", "record": "record"}


def retold(audit: Audit, target: str) -> list[Page]:
    """The pages on ``CLAIM`` or ``CLAIM@POPULATION`` as the audit holds them.

    Raises:
        UserError: no such claim, or it was not judged on that population; names the nearest.
    """
    verdicts = {verdict.key: verdict for verdict in (*audit.verdicts, *audit.arithmetic)}
    names = list(dict.fromkeys(verdict.claim for verdict in verdicts.values()))
    chosen = [verdicts[key] for key in keys_of(target, verdicts, names)]
    first = chosen[0]
    facts = audit.definitions.get(first.claim) or (
        Fact("claimed", first.words),
        Fact("where", first.locator),
        Fact("printed", first.stated),
    )
    return [Page(first.claim, facts), *(Page(_title(audit, verdict), tuple(facts_of(audit, verdict))) for verdict in chosen)]


def _title(audit: Audit, verdict: Verdict) -> str:
    for population in audit.populations:
        if population.name == verdict.population and verdict.mode != "arithmetic":
            return title_of(population.name, population.kind, population.rows, population.title)
    return verdict.population


def facts_of(audit: Audit, verdict: Verdict) -> Iterator[Fact]:
    """What the verdict says itself, what only the run knew of it, and what its population was measured on."""
    yield Fact("verdict", f"{verdict.outcome.shown}: {TABLE[verdict.outcome].meaning}")
    yield Fact("because", verdict.reason)
    yield Fact("criterion", verdict.criterion)
    if verdict.acknowledged:
        yield Fact("acknowledged", verdict.acknowledged)
    if verdict.measured is not None:
        found = verdict.measured.estimate
        yield Fact("method", found.method)
        yield Fact("counts", ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in found.counts.items()))
    yield from audit.explained[verdict.key].facts if verdict.key in audit.explained else ()
    for row in audit.digits if verdict.mode == "arithmetic" else ():
        if row.check == verdict.claim:
            yield Fact("possible" if row.possible else "impossible", f"{row.subject}: {row.finding}")
    for population in audit.populations:
        if population.name == verdict.population and verdict.measured is not None:
            for label, name in FINGERPRINTS.items():
                yield Fact(label, population.fingerprints.get(name, ""), whole=True)
    if verdict.command:
        yield Fact("reproduce with", verdict.command, whole=True)
