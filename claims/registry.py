"""The registry of statistics: a name, a typed parameters model, and a function of a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from measure.errors import UserError
from measure.record import Record
from measure.statistics.estimate import Estimate


class Parameters(BaseModel):
    """Base of every parameters model: frozen, and an unknown parameter is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MissingInput(Exception):
    """A statistic needs something that no record holds.

    Args:
        needs: what is missing, completing "this needs …".
        command: the command that gets it, where there is one.
    """

    def __init__(self, needs: str, *, command: str | None = None) -> None:
        super().__init__(needs)
        self.needs, self.command = needs, command


@dataclass(frozen=True)
class Statistic:
    """One registered statistic.

    ``summary`` is the first line of the function's docstring; ``limits`` where its values can lie, if bounded;
    ``exact`` marks a value without sampling error: a fact of the ``checkpoint``, or a ``choice`` of whoever
    measured (a sample size), of which another measurement says nothing.
    ``fresh`` answers a replication where an interval of the value cannot: (record, parameters, stated value,
    smallest contradiction) → (estimate with ``extra["p_value"]``, power).
    """

    name: str
    parameters: type[Parameters]
    function: Callable[[Record, Parameters], Estimate]
    summary: str
    limits: tuple[float, float] | None = None
    exact: Literal["checkpoint", "choice"] | None = None
    fresh: Callable[[Record, Parameters, float, float], tuple[Estimate, float]] | None = None


STATISTICS: dict[str, Statistic] = {}


def statistic(
    name: str,
    parameters: type[Parameters],
    *,
    limits: tuple[float, float] | None = None,
    exact: Literal["checkpoint", "choice"] | None = None,
    fresh: Callable[[Record, Parameters, float, float], tuple[Estimate, float]] | None = None,
) -> Callable:
    """Register ``function(record, parameters) -> Estimate`` under ``name``; other arguments as in `Statistic`.

    Raises:
        ValueError: the name is taken.
    """

    def register(function: Callable[[Record, Parameters], Estimate]) -> Callable[[Record, Parameters], Estimate]:
        if name in STATISTICS:
            raise ValueError(f"statistic {name!r} is registered twice")
        summary = (function.__doc__ or "").strip().splitlines()[0]
        STATISTICS[name] = Statistic(name, parameters, function, summary, limits, exact, fresh)
        return function

    return register


def lookup(name: str) -> Statistic:
    """The statistic of that name. Raises UserError that lists the known ones."""
    try:
        return STATISTICS[name]
    except KeyError:
        raise UserError(f"unknown statistic {name!r}", mend=f"known are {', '.join(sorted(STATISTICS))}") from None
