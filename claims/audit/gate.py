"""The drift gate within a run: which verdicts it turns into DRIFTED, and what it writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unsettled.claims.audit.baseline import PLAIN, Baseline, Locked, blind, drift, lock, moved, update, vanished, write_baseline
from unsettled.claims.audit.run import Run
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.support.figures import listing, plural


@dataclass(frozen=True)
class Gate:
    """A locked baseline and how a run is held to it.

    ``compare`` holds every verdict to it (`--baseline`). Otherwise only transfers are: DOES_NOT_TRANSFER is an
    expected failure, so it must be what was locked. ``writes`` is the choice of `--update-baseline`.
    """

    path: Path
    baseline: Baseline
    compare: bool
    writes: Literal["new", "all"] | None

    def review(self, run: Run, verdict: Verdict) -> Verdict | None:
        """The verdict as DRIFTED when it has left the baseline; None when it stands."""
        if self.writes:
            return None
        reason = self._drift(run, verdict)
        return drifted(verdict, reason) if reason else None

    def _drift(self, run: Run, verdict: Verdict) -> str | None:
        locked, (claim, population) = self.baseline.locked.get(verdict.key), run.pairs[verdict.key]
        if not self.compare and (locked is None or Outcome.DOES_NOT_TRANSFER not in (locked.verdict, verdict.outcome)):
            return None
        if locked is None:
            return None if population.kind == "user" else "new verdict, not in the baseline"
        now = lock(verdict, claim, population)
        if self.compare:
            return drift(locked, now, verdict.notation)
        same = locked.fingerprints == now.fingerprints and locked.bar == now.bar
        return f"was {locked.verdict}, is {now.verdict}" if same and locked.verdict != now.verdict else None

    def vanished(self, run: Run) -> list[Verdict]:
        """A DRIFTED verdict for each locked one whose claim or population is gone."""
        if not self.compare or self.writes:
            return []
        return [_gone(key, locked, run) for key, locked in vanished(self.baseline, run.pairs).items()]

    def let_pass(self, run: Run, verdicts: list[Verdict]) -> list[str]:
        """What holding the verdicts to the baseline does not show, line by line: records that changed within the slack of their
        verdicts, and slacks as large as the smallest effect of interest. Nothing where the run is not held to it."""
        if not self.compare or self.writes:
            return []
        standing: dict[str, list[tuple[Verdict, Locked, Locked]]] = defaultdict(list)
        for verdict in verdicts:
            locked = self.baseline.locked.get(verdict.key)
            if locked is not None and verdict.key in run.pairs and verdict.outcome is not Outcome.DRIFTED:
                standing[verdict.population].append((verdict, locked, lock(verdict, *run.pairs[verdict.key])))
        lines = []
        for population, found in standing.items():
            shifts = [(shift, verdict) for verdict, locked, now in found if (shift := moved(locked, now)) is not None]
            if shifts:
                most, verdict = max(shifts, key=lambda pair: pair[0])
                told = f"figures moved by up to {verdict.notation.difference(most)} ({verdict.claim})" if most else "no figure moved"
                lines.append(
                    f"{population}: the record is another than was locked, {plural(len(shifts), 'verdict')} within noise of it; {told}"
                )
            if unseen := [verdict.claim for verdict, locked, now in found if blind(locked, now)]:
                lines.append(f"{population}: noise as large as the smallest effect of interest hides what matters in {listing(unseen)}")
        return lines

    def write(self, run: Run, verdicts: list[Verdict]) -> list[str]:
        """Write the baseline as `--update-baseline` asks, and tell what it changes; nothing where it does not ask."""
        if self.writes is None:
            return []
        judged = [v for v in verdicts if v.key in run.pairs and run.pairs[v.key][1].kind != "user"]
        now = {v.key: lock(v, *run.pairs[v.key], noise=True) for v in judged}
        notations = {v.key: v.notation for v in judged}
        after = update(self.baseline, now, keys=run.pairs, what=self.writes or "new")
        lines, changed = [], {}
        for key in dict.fromkeys([*self.baseline.locked, *after.locked]):
            old, new = self.baseline.locked.get(key), after.locked.get(key)
            if new is None or old is None:
                lines.append(f"{key}: dropped" if new is None else f"{key}: new, {new.verdict}")
            elif old != new:
                turned = f"was {old.verdict}, is {new.verdict}" if old.verdict != new.verdict else ""
                changed[key] = (drift(old, new, notations.get(key, PLAIN)) or "measured again", turned)
        write_baseline(after, self.path)
        return together(changed) + lines


def together(changed: Mapping[str, tuple[str, str]]) -> list[str]:
    """Lines on locked verdicts that changed, ``claim@population`` → (why, how the outcome turned, "" where it stays): one for all of a
    population that changed for one reason, which names those that turned.

    >>> together({"a@net": ("locked on other puzzles", ""), "b@net": ("locked on other puzzles", "was REFUTED, is CONSISTENT")})
    ['net: locked on other puzzles (2 verdicts); b was REFUTED, is CONSISTENT']
    """
    groups: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for key, (why, turned) in changed.items():
        claim, _, population = key.partition("@")
        groups[population, why][claim] = "" if turned == why else turned
    lines = []
    for (population, why), claims in groups.items():
        (name, only), *others = claims.items()
        if others:
            turns = [f"{claim} {turned}" for claim, turned in claims.items() if turned]
            lines.append("; ".join([f"{population}: {why} ({len(claims)} verdicts)", *turns]))
        else:
            lines.append(f"{name}@{population}: " + "; ".join(filter(None, (why, only))))
    return lines


def drifted(verdict: Verdict, reason: str) -> Verdict:
    """The verdict as DRIFTED, for that reason."""
    return verdict.model_copy(update={"outcome": Outcome.DRIFTED, "reason": reason, "acknowledged": None})


def _gone(key: str, locked: Locked, run: Run) -> Verdict:
    claim, _, population = key.partition("@")
    what = "claim" if all(c.id != claim for c in run.ledger.claims) else "population"
    return Verdict(
        claim=claim,
        population=population,
        mode="transfer",
        outcome=Outcome.DRIFTED,
        stated=str(locked.bar.get("stated", "")),
        words="a claim of the locked baseline",
        locator="baseline",
        criterion="every locked claim is still judged",
        reason=f"vanished: was {locked.verdict}, but the {what} is gone",
    )
