"""Placebos: networks that do not behave as any claim says, made of a record itself. A form that one of them meets says nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.case import PopulationLike
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.columns.streamed import StreamedColumn
from unsettled.measure.record.record import Record, held

SEED = 20_240_002
Placebo = Callable[[Record], Record]


def shuffled(record: Record) -> Record:
    """Every run with the outcome of another."""
    order = np.random.default_rng(SEED).permutation(len(record))
    return record.replace(solved=np.asarray(record.solved)[order], solved_at=np.asarray(record.solved_at)[order])


def constant(record: Record) -> Record:
    """Outcomes as they were, and every signal the same for all runs."""
    signals = [name for name in ("growth", "halting_logit", *_steps(record)) if name in held(record)]
    same: dict[str, Any] = {name: np.broadcast_to(1.0, getattr(record, name).shape) for name in signals}
    return record.replace(**same)


def moving(record: Record) -> Record:
    """Random weights: every run moves by about its norm, whatever its outcome."""
    return _stepping(record, 1.2)


def resting(record: Record) -> Record:
    """Every run at the rounding of the arithmetic."""
    return _stepping(record, 1e-7)


def failed(record: Record) -> Record:
    """No puzzle solved."""
    return _all(record, solved=False)


def solved(record: Record) -> Record:
    """Every puzzle solved from the first segment on."""
    return _all(record, solved=True)


PLACEBOS: dict[str, Placebo] = {
    "shuffled outcomes": shuffled,
    "constant signals": constant,
    "every run moving": moving,
    "every run at rest": resting,
    "all failed": failed,
    "all solved": solved,
}


def met_by(claim: AnyClaim, population: PopulationLike, *, ledger: Ledger) -> list[str]:
    """The placebos of a population's record that meet a claim's form as well; none where a side record is needed or no record is there.

    What leaves the claim's figure as it was is not a placebo for it: an exponent does not know displacements. A figure of outcomes
    alone, such as the accuracy, has none.
    """
    record = population.record
    if record is None or record.provenance.imported is not None or lookup(claim.statistic).needs:
        return []
    plain = {"baselines": False} if "baselines" in type(claim.settings()).model_fields else {}
    lean = claim.model_copy(update={"parameters": claim.parameters | plain})
    agrees, before = (Outcome.TRANSFERS, Outcome.CONSISTENT, Outcome.REPRODUCED), judge(lean, population, record, ledger=ledger)
    found = {name: judge(lean, population, _placebo(record, name), ledger=ledger) for name in PLACEBOS}
    changed = {name for name, verdict in found.items() if _value(verdict) != _value(before)}
    if not changed & {"shuffled outcomes", "constant signals"}:
        return []
    return [name for name in PLACEBOS if name in changed and found[name].outcome in agrees]


def _placebo(record: Record, name: str) -> Record:
    """A placebo of a record, made once for all claims."""
    return record.once(("placebo", name), lambda: PLACEBOS[name](record))


def _value(verdict: Verdict) -> float | None:
    return None if verdict.measured is None else verdict.measured.estimate.value


def discounted(verdict: Verdict, placebos: list[str]) -> Verdict:
    """The verdict on a form, inconclusive where placebos meet it as well."""
    if not placebos:
        return verdict
    told = f"agreement is no evidence: placebos of this record meet the form as well ({', '.join(placebos)})"
    return verdict.model_copy(update={"outcome": Outcome.UNDERPOWERED, "reason": f"{verdict.reason}; {told}"})


def _stepping(record: Record, step: float) -> Record:
    norm = record.norm()
    length = record.once("median norm", lambda: float(np.median(np.asarray(norm))))

    def drawn(rows: slice) -> np.ndarray:
        bits = np.random.PCG64(SEED)
        bits.advance(rows.start * record.segments)  # one draw a number: rows are drawn as they would be among all
        return step * np.random.Generator(bits).uniform(0.95, 1.05, (rows.stop - rows.start, record.segments)) * length

    steps: Any = norm.beside(drawn, key=("steps", step)) if isinstance(norm, StreamedColumn) else drawn(slice(0, len(record)))
    return record.replace(**dict.fromkeys(_steps(record), steps))


def _steps(record: Record) -> list[str]:
    """The columns of displacement."""
    return [f"displacement_{latent}" for latent in record.provenance.model.latents]


def _all(record: Record, *, solved: bool) -> Record:
    return record.replace(solved=np.full(len(record), solved), solved_at=np.broadcast_to(solved, (len(record), record.segments)))
