"""The registry of statistics: a name, a typed parameters model, and a function of a record; and the kinds of side records."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.files import short_path


class Parameters(BaseModel):
    """Base of every parameters model: frozen, and an unknown parameter is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def lean(self) -> Self:
        """The same without the figures that are also reported, for what is computed many times."""
        return self


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
class SideKind:
    """A kind of side record: what it holds, completing "this needs …", and the command that writes one.

    ``command`` may name ``{checkpoint}``, ``{puzzles}`` and ``{out}``; they are quoted for a shell where they are filled in.
    ``holds`` is the kind that the file itself names, where files of several names are of one kind.
    """

    name: str
    words: str
    command: str
    holds: str = ""

    def missing(self, checkpoint: Path | None, puzzles: Path | None, out: Path | None, *, network: str | None = None) -> MissingInput:
        """The complaint that there is none, with the command for these files; names in capitals where one is unknown."""
        filled = {
            "checkpoint": shlex.quote(short_path(checkpoint)) if checkpoint else "CHECKPOINT",
            "puzzles": shlex.quote(short_path(puzzles)) if puzzles else "PUZZLES",
            "out": shlex.quote(short_path(out)) if out else f"{self.name}.parquet",
        }
        adapter = "" if network is None else f" --network {shlex.quote(network)}"
        return MissingInput(self.words, command=self.command.format(**filled) + adapter)


SIDE_KINDS: dict[str, SideKind] = {}


def side_kind(name: str, *, words: str, command: str, holds: str | None = None) -> None:
    """Declare a kind of side record, before the statistics that need it. Raises ValueError when the name is taken."""
    if name in SIDE_KINDS:
        raise ValueError(f"side record {name!r} is declared twice")
    SIDE_KINDS[name] = SideKind(name, words, command, holds or "")


@dataclass(frozen=True, kw_only=True)
class Freshly:
    """What is asked of a fresh sample about a printed figure: its ``value`` give or take ``half``, computed on ``sample`` cases
    (None: not told), the ``smallest`` difference that matters, and the level ``alpha`` of one test."""

    value: float
    half: float
    smallest: float
    sample: int | None
    alpha: float


@dataclass(frozen=True)
class Statistic:
    """One registered statistic.

    ``summary`` is the first line of the function's docstring; ``limits`` where its values can lie, if bounded;
    ``exact`` marks a value without sampling error: a fact of the ``checkpoint``, or a ``choice`` of whoever
    measured (a sample size), of which another measurement says nothing.
    ``fresh`` answers a replication where an interval of the value cannot: (record, parameters, `Freshly`) → (estimate with
    ``extra["p_value"]``, power).
    ``needs`` names the kind of side record (`unsettled.claims.populations.sides`) that the function takes as a third argument.
    ``ahead`` notes what the function will ask of a record that is read as it is used (`unsettled.measure.columns.streamed.foresee`).
    """

    name: str
    parameters: type[Parameters]
    function: Callable[..., Estimate]
    summary: str
    limits: tuple[float, float] | None = None
    exact: Literal["checkpoint", "choice"] | None = None
    fresh: Callable[[Record, Any, Freshly], tuple[Estimate, float]] | None = None
    needs: str | None = None
    ahead: Callable[[Record, Any], None] | None = None

    def on(self, record: Record, parameters: Parameters, side: Callable[[str], Any] | None = None) -> Estimate:
        """The statistic of a record; ``side`` looks up side records by their kind, where there are any.

        Where the norm of the state grows through the whole rollout, raw displacement tells nothing of rest, and a statistic that
        reads it is refused (`unsettled.measure.record.record.Record.without_scaleless`).

        Raises:
            MissingInput: it needs what is not there.
            UserError: the parameters do not fit what was measured.
        """
        record = record.without_scaleless()
        if self.needs is None or side is None:
            return self.function(record, parameters)
        return self.function(record, parameters, side(self.needs))


STATISTICS: dict[str, Statistic] = {}


def statistic(
    name: str,
    parameters: type[Parameters],
    *,
    limits: tuple[float, float] | None = None,
    exact: Literal["checkpoint", "choice"] | None = None,
    fresh: Callable[[Record, Any, Freshly], tuple[Estimate, float]] | None = None,
    needs: str | None = None,
    ahead: Callable[[Record, Any], None] | None = None,
) -> Callable[[Callable[..., Estimate]], Callable[..., Estimate]]:
    """Register ``function(record, parameters) -> Estimate`` under ``name``; other arguments as in `Statistic`.

    With ``needs`` the function takes the side record as a third argument, and without one it raises MissingInput.

    Raises:
        ValueError: the name is taken.
    """

    def register(function: Callable[..., Estimate]) -> Callable[..., Estimate]:
        if name in STATISTICS:
            raise ValueError(f"statistic {name!r} is registered twice")
        summary = (function.__doc__ or name).strip().splitlines()[0]  # without docstrings (-OO) its name
        ready = function if needs is None else _asking(function, needs)
        STATISTICS[name] = Statistic(name, parameters, ready, summary, limits, exact, fresh, needs, ahead)
        return ready

    return register


def _asking(function: Callable[..., Estimate], needs: str) -> Callable[..., Estimate]:
    """The function with its side record optional: without one it says how to get it."""
    kind = SIDE_KINDS[needs]

    @wraps(function)
    def asking(record: Record, parameters: Parameters, side: Any = None) -> Estimate:
        if side is None:
            raise kind.missing(None, None, None)
        return function(record, parameters, side)

    return asking


def lookup(name: str) -> Statistic:
    """The statistic of that name. Raises UserError that names the nearest ones."""
    try:
        return STATISTICS[name]
    except KeyError:
        near = ", ".join(difflib.get_close_matches(name, STATISTICS, n=3))
        told = f"nearest: {near}; " if near else "one of your own comes with --statistics FILE.py; "
        hint = f"{told}`unsettled statistics` lists them"
        raise UserError(f"unknown statistic {name!r}", hint=hint) from None
