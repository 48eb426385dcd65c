"""The drift gate: verdict, value, interval and fingerprints as they were locked, and what has left them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from unsettled.claims.audit.entries import fingerprints
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.noise_band import disturb
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.figures import Notation
from unsettled.measure.support.files import validated, write_whole
from unsettled.measure.support.limits import check_file

# What identifies a population across re-measurements: a re-save changes the bytes, a re-measurement the record.
IDENTITY = ("checkpoint_tensors", "puzzles")
# What a claim is held to; an edit of any of these is an edit of the bar.
BAR = {
    "stated",
    "kind",
    "population",
    "denominator",
    "statistic",
    "parameters",
    "mode",
    "of",
    "sample",
    "smallest_contradiction",
    "form",
    "holds",
    "members",
    "spread",
    "networks",
}
FIGURES = ("value", "low", "high")
# The noise of a verdict is WIDTH times the largest change of its figures over DRAWS disturbed records. A
# re-measurement that is disturbed alike leaves that band less often than the declared share; the tests count it.
DRAWS, WIDTH, DECLARED_SHARE = 16, 3.0, 0.01
# Values are sums of float64 numbers in an order that libraries may change.
ROUNDING = 1e-9
PLAIN = Notation()


class Locked(BaseModel):
    """One verdict as it was locked. ``noise`` is by how much its figures may move when they are measured again,
    ``start_noise`` when they are measured from another tangent start."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdict: Outcome
    value: float | None
    low: float | None
    high: float | None
    noise: float
    start_noise: float = 0.0
    fingerprints: dict[str, str]
    bar: dict[str, Any]


class Baseline(BaseModel):
    """All locked verdicts, by ``claim@population``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = 1
    locked: dict[str, Locked] = {}


def lock(verdict: Verdict, claim: AnyClaim, population: Population, *, noise: bool = False) -> Locked:
    """What is locked of a verdict; ``noise`` is measured only when it is to be written."""
    found = verdict.measured and verdict.measured.estimate
    value, low, high = (_finite(getattr(found, name, math.nan)) for name in FIGURES)
    return Locked(
        verdict=verdict.outcome,
        value=value,
        low=low,
        high=high,
        noise=noise_of(verdict, claim, population) if noise else 0.0,
        start_noise=noise_of(verdict, claim, population, starts=True) if noise else 0.0,
        fingerprints=fingerprints(population),
        bar=bar_of(claim),
    )


def noise_of(verdict: Verdict, claim: AnyClaim, population: Population, *, starts: bool = False) -> float:
    """By how much numerical noise alone can move value, low and high; 0 when the record has no noise floor.

    With ``starts``, noise and another tangent start together.

    The record's floor is pushed through the statistic `DRAWS` times; the largest change of any of the three, times
    `WIDTH`. One width for all: limits that are order statistics move in steps.
    """
    record, measured = population.record, verdict.measured
    if record is None or measured is None or record.provenance.noise is None:
        return 0.0
    settings = claim.settings(elsewhere=verdict.mode == "transfer").lean()
    rng = np.random.default_rng(0)
    versions = [disturb(record, record.provenance.noise, rng, starts=starts, possible=False) for _ in range(DRAWS)]
    again = [lookup(claim.statistic).on(version, settings, population.side) for version in versions]
    pairs = [(getattr(measured.estimate, name), getattr(a, name)) for a in again for name in FIGURES]
    return WIDTH * max((abs(now - was) for was, now in pairs if math.isfinite(now - was)), default=0.0)


def bar_of(claim: AnyClaim) -> dict[str, Any]:
    """What a claim is held to, JSON-safe."""
    return claim.model_dump(mode="json", include=BAR, exclude_none=True)


def drift(locked: Locked, now: Locked, notation: Notation = PLAIN) -> str | None:
    """What has left the baseline, in one line; None when nothing has.

    Checkpoint and puzzles must be the same. Where the record is the same too, the figures must be; where it was
    measured again, they may move by the locked noise, or from another tangent start by what that moves. ``notation`` is
    that of the verdict.
    """
    edited = _edited(locked.bar, now.bar)
    if edited:
        return f"the acceptance criterion changed: {edited}"
    for name in IDENTITY:
        before, after = locked.fingerprints.get(name), now.fingerprints.get(name)
        if before != after:
            return f"locked on other {name.replace('_', ' ')}: {_brief(before)}, now {_brief(after)}"
    again = locked.fingerprints.get("record") != now.fingerprints.get("record")
    same_start = locked.fingerprints.get("tangent_start") == now.fingerprints.get("tangent_start")
    slack = allowed(locked, now) if again else 0.0
    # near its edge a verdict turns with the start alone; then the figures decide
    if locked.verdict != now.verdict and (same_start or None in (locked.value, now.value)):
        return f"was {locked.verdict}, is {now.verdict}"
    for name in FIGURES:
        before, after = getattr(locked, name), getattr(now, name)
        if not _close(before, after, slack):
            told = notation.finer(6)
            return f"{name} was {told.value(before)}, is {told.value(after)}, beyond the noise of {notation.difference(slack)}"
    return None


def allowed(locked: Locked, now: Locked) -> float:
    """By how much figures may move where the record was measured again: by noise, or by what another tangent start moves too."""
    same_start = locked.fingerprints.get("tangent_start") == now.fingerprints.get("tangent_start")
    return locked.noise if same_start else locked.start_noise


def moved(locked: Locked, now: Locked) -> float | None:
    """How far the figures moved with a record that is another than was locked: what the slack may hide; None for the same record."""
    if locked.fingerprints.get("record") == now.fingerprints.get("record"):
        return None
    pairs = [(getattr(locked, name), getattr(now, name)) for name in FIGURES]
    return max((abs(after - before) for before, after in pairs if before is not None and after is not None), default=0.0)


def blind(locked: Locked, now: Locked) -> bool:
    """Whether the slack is as large as the claim's smallest effect of interest, so that a change that matters could pass unseen."""
    smallest = locked.bar.get("smallest_contradiction")
    return isinstance(smallest, float | int) and allowed(locked, now) >= smallest


def vanished(baseline: Baseline, keys: Mapping[str, object]) -> dict[str, Locked]:
    """Locked verdicts whose claim or population is no longer there."""
    return {key: locked for key, locked in baseline.locked.items() if key not in keys}


def update(baseline: Baseline, now: Mapping[str, Locked], *, keys: Mapping[str, object], what: Literal["new", "all"]) -> Baseline:
    """The baseline with the verdicts of this run.

    ``new`` adds what is not locked yet; ``all`` also replaces what is, and drops what vanished. What this run did
    not judge stays as it was.
    """
    if what == "new":
        merged = {**now, **baseline.locked}
    else:
        merged = {key: locked for key, locked in {**baseline.locked, **now}.items() if key in keys}
    order = {key: place for place, key in enumerate(keys)}
    return Baseline(locked=dict(sorted(merged.items(), key=lambda pair: (order.get(pair[0], len(order)), pair[0]))))


@bounded("text")
def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises UserError when it is missing or malformed."""
    check_file(path, "baseline")
    try:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except FileNotFoundError:
        raise UserError("no baseline is locked", where=path, hint="lock one with --update-baseline=new") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    return validated(Baseline, raw, path, what="not a baseline")


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline, whole or not at all. Raises UserError."""
    write_whole(path, baseline.model_dump_json(indent=1) + "\n", what="baseline")


def _edited(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    names = [name for name in sorted(BAR) if before.get(name) != after.get(name)]
    return "; ".join(f"{name} was {before.get(name)!r}, is {after.get(name)!r}" for name in names)


def _close(before: float | None, after: float | None, slack: float) -> bool:
    if before is None or after is None:
        return before is after
    return math.isclose(before, after, rel_tol=ROUNDING, abs_tol=max(slack, ROUNDING))


def _brief(digest: str | None) -> str:
    return digest[:12] if digest else "none"


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
