"""Contradictions that we acknowledge, each with its reason: strict, so that a repaired paper makes noise."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.toml import LocatedToml
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded

KNOWN = Path(__file__).parents[1] / "known.toml"
ACKNOWLEDGEABLE = (Outcome.REFUTED, Outcome.IMPOSSIBLE)


class Acknowledged(BaseModel):
    """One acknowledged contradiction: a claim (or arithmetic check), where, which verdict, and why it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    claim: str
    population: str = "*"
    outcome: Outcome
    reason: Annotated[str, Field(min_length=10, max_length=400)]

    def concerns(self, verdict: Verdict) -> bool:
        """Whether it speaks of that claim on that population, whatever the outcome."""
        return verdict.claim == self.claim and self.population in ("*", verdict.population)


class Known(BaseModel):
    """All acknowledged contradictions of a ledger."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    entries: tuple[Acknowledged, ...] = ()

    def acknowledge(self, verdict: Verdict) -> Verdict:
        """The verdict with the reason of the entry that names it and its outcome; unchanged if there is none."""
        for entry in self.entries:
            if entry.concerns(verdict) and entry.outcome is verdict.outcome:
                return verdict.model_copy(update={"acknowledged": entry.reason})
        return verdict

    def stale(self, verdicts: Iterable[Verdict]) -> list[Acknowledged]:
        """Entries whose claim was decided, and never as they say. Undecided verdicts prove nothing."""
        verdicts = list(verdicts)
        result = []
        for entry in self.entries:
            seen = [v for v in verdicts if entry.concerns(v) and v.outcome not in _UNDECIDED]
            if seen and all(verdict.outcome is not entry.outcome for verdict in seen):
                result.append(entry)
        return result


_UNDECIDED = (Outcome.UNDERPOWERED, Outcome.UNVERIFIABLE, Outcome.ERROR)


@bounded("text")
def load_known(path: Path | str = KNOWN, *, ledger: Ledger | None = None) -> Known:
    """Read the acknowledged contradictions.

    Args:
        ledger: if given, every entry must name one of its claims or checks, and one of its populations or "*".

    Raises:
        UserError: ``file:line``, the first problem, and how to mend it.
    """
    toml = LocatedToml(path)
    unknown = [key for key in toml.data if key != "known"]
    if unknown:
        raise UserError(f"unknown table {unknown[0]!r}", where=toml.where(unknown[0]), hint="write [[known]]")
    tables = toml.data.get("known", [])
    if not isinstance(tables, list):
        raise UserError("[known] must be an array of tables", where=toml.where("known"), hint="write [[known]]")
    entries = []
    for index, table in enumerate(tables):
        try:
            entry = TypeAdapter(Acknowledged).validate_python(table)
        except ValidationError as error:
            raise toml.refuse(error, "known", index) from None
        _check(entry, toml, index, ledger)
        entries.append(entry)
    return Known(entries=tuple(entries))


def _check(entry: Acknowledged, toml: LocatedToml, index: int, ledger: Ledger | None) -> None:
    if entry.outcome not in ACKNOWLEDGEABLE:
        raise UserError(
            f"{entry.outcome} is not a contradiction that can be acknowledged",
            where=toml.where("known", index, "outcome"),
            hint=" or ".join(ACKNOWLEDGEABLE),
        )
    if ledger is None:
        return
    names = {item.id for item in (*ledger.claims, *ledger.checks)}
    if entry.claim not in names:
        raise UserError(f"no claim or check {entry.claim!r}", where=toml.where("known", index, "claim"))
    populations = {population.name for population in ledger.populations}
    if entry.population != "*" and entry.population not in populations:
        where = toml.where("known", index, "population")
        raise UserError(f"unknown population {entry.population!r}", where=where, hint='"*" stands for any')
