"""The audit of a run: what its items found, put in the order of the ledger, with all that reports need beside it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from unsettled.claims.audit.audit import Audit, count
from unsettled.claims.audit.changes import changes
from unsettled.claims.audit.entries import LedgerEntry, PopulationEntry, Tool, below
from unsettled.claims.audit.explained import definition_of, explained
from unsettled.claims.audit.gate import Gate
from unsettled.claims.audit.pictures import Boards, Pictured, pictures_of, without_boards
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.rivals import RivalVerdict, told
from unsettled.claims.audit.run import Run
from unsettled.claims.audit.sampling import Remeasured
from unsettled.claims.judgement.families import expected_false
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.manuscript.marked import marked
from unsettled.claims.verdict import Verdict
from unsettled.measure.record.provenance import version_of, version_of_program
from unsettled.measure.support.files import digest_of, short_path

# What an item of the audit may find, by the name under which it is sent.
KINDS: Mapping[str, type[BaseModel]] = {
    "verdict": Verdict,
    "arithmetic": Verdict,
    "rows": Remeasured,
    "planted": Planted,
    "boards": Boards,
    "rival": RivalVerdict,
}
PACKAGES = ("numpy", "pyarrow", "pydantic", "pytest", "scikit-learn", "scipy", "torch")


def audit_of(
    run: Run,
    found: Mapping[str, Sequence[BaseModel]],
    *,
    gate: Gate | None = None,
    drift: Sequence[str] = (),
    others: Mapping[str, Run] | None = None,
    pictures: tuple[Pictured, ...] | None = None,
) -> Audit:
    """The audit, whatever the order in which things were found.

    Args:
        found: kind of `KINDS` → what was found.
        gate: the baseline that the run was held to, if it was.
        drift: what the run changed in the baseline that it wrote, or let pass.
        others: the runs on other papers' ledgers, by name.
        pictures: the portraits of the populations; computed here if none are given.
    """
    place = {key: number for number, key in enumerate(run.pairs)}
    verdicts = sorted(cast(Sequence[Verdict], found.get("verdict", ())), key=lambda v: (place.get(v.key, len(place)), v.key))
    checks = {check.id: number for number, check in enumerate(run.ledger.checks)}
    digits = sorted(cast(Sequence[Verdict], found.get("arithmetic", ())), key=lambda v: checks.get(v.claim, len(checks)))
    names = {p.name: number for number, p in enumerate(run.populations)}
    checked = cast(Sequence[Remeasured], found.get("rows", ()))
    rows = sorted((*checked, *_unchecked(run, {r.population for r in checked})), key=lambda r: names.get(r.population, len(names)))
    planted = sorted(cast(Sequence[Planted], found.get("planted", ())), key=lambda p: (names.get(p.population, len(names)), p.name))
    baseline = gate.baseline if gate is not None and gate.compare and not gate.writes else None
    return Audit(
        tool=Tool(version=version_of_program()),
        ledger=_ledger(run.ledger),
        policy=run.policy.name,
        seed=run.settings.seed,
        complete={v.key for v in verdicts} >= set(run.pairs) and len(digits) >= len(checks),
        populations=tuple(PopulationEntry.of(population) for population in run.populations),
        verdicts=tuple(verdicts),
        arithmetic=tuple(digits),
        digits=run.digits.rows if digits else (),
        remeasured=tuple(rows),
        planted=tuple(planted),
        compared=None if baseline is None else len(baseline.locked),
        changes=changes(verdicts, baseline),
        drift=tuple(drift),
        counts=count(tuple(verdicts)),
        expected_false=expected_false(verdicts),
        versions={"python": platform.python_version(), **{name: version_of(name) for name in PACKAGES}},
        definitions={v.claim: definition_of(run, v.key) for v in reversed(verdicts) if v.key in run.pairs},
        explained={v.key: explained(run, v) for v in verdicts if v.key in run.pairs},
        rivals=told(others or {}, cast(Sequence[RivalVerdict], found.get("rival", ()))),
        manuscript=None if run.manuscript is None else marked(run.manuscript, run.ledger),
        **_drawn(run, pictures_of(run.populations) if pictures is None else pictures, cast(Sequence[Boards], found.get("boards", ()))),
    )


def _unchecked(run: Run, checked: set[str]) -> Iterator[Remeasured]:
    """The records of which no row was measured again, each with the reason: what was not checked is told like what was."""
    why = run.unverifiable()
    for population in run.populations:
        if population.record is not None and population.name not in checked:
            reason = why.get(population.name, "the tests of its rows were not run")
            yield Remeasured.none(population.name, of=len(population.record), seed=run.settings.seed, reason=reason)


def _drawn(run: Run, pictures: tuple[Pictured, ...], boards: Sequence[Boards]) -> dict[str, Any]:
    """Portraits and boards of the measured populations."""
    seen = {found.population: found for found in boards}
    populations = {population.name: population for population in run.populations}
    chosen = [populations[p.population] for p in pictures if p.portrait is not None]
    return {"pictures": pictures, "boards": tuple(seen.get(p.name) or Boards(population=p.name, reason=without_boards(p)) for p in chosen)}


def _ledger(ledger: Ledger) -> LedgerEntry:
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    return LedgerEntry(
        path=short_path(ledger.path),
        file=below(ledger.path, root),
        digest=digest_of(ledger.path),
        title=ledger.paper.title,
        claims=len(ledger.claims),
        lines={entry.id: entry.line for entry in (*ledger.claims, *ledger.checks)},
    )
