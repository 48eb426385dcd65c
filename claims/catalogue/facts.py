"""Statistics that are counts and settings: accuracy, sizes, updates, and what no record can show."""

from __future__ import annotations

from dataclasses import replace

from unsettled.claims.catalogue.parameters import External, Nothing, Per, Rollout
from unsettled.claims.catalogue.registry import MissingInput, statistic
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion


def exact_value(value: float, *, n: int, method: str, unit: str = "", denominator: str = "") -> Estimate:
    """A fact of the record, with an interval of no width: nothing was sampled."""
    return Estimate(
        value=float(value), low=float(value), high=float(value), n=n, method=method, unit=unit, denominator=denominator, error=0.0
    )


@statistic("accuracy", Nothing, limits=(0, 1))
def accuracy(record: Record, parameters: Nothing) -> Estimate:
    """Share of puzzles with every cell right after the last segment."""
    return proportion(int(record.solved.sum()), len(record), denominator="puzzles")


@statistic("failures_per", Per)
def failures_per(record: Record, parameters: Per) -> Estimate:
    """Number of failures per ``of`` puzzles: the count itself on a sample of that size."""
    share = proportion(int((~record.solved).sum()), len(record), denominator="puzzles")
    scaled = {name: getattr(share, name) * parameters.of for name in ("value", "low", "high")}
    if len(record) == parameters.of:
        scaled["value"] = float((~record.solved).sum())
    error = None if share.error is None else share.error * parameters.of
    return replace(share, **scaled, error=error, unit=f"failures per {parameters.of:,} puzzles")


@statistic("sample_size", Nothing, exact="choice")
def sample_size(record: Record, parameters: Nothing) -> Estimate:
    """Number of puzzles in the record."""
    return exact_value(len(record), n=len(record), method="rows of the record", denominator="puzzles")


@statistic("segments", Nothing, exact="choice")
def segments(record: Record, parameters: Nothing) -> Estimate:
    """Number of segments of the rollout."""
    return exact_value(record.segments, n=len(record), method="segments of the record", unit="segments")


@statistic("hidden_size", Nothing, exact="checkpoint")
def hidden_size(record: Record, parameters: Nothing) -> Estimate:
    """Width of the latent state."""
    return exact_value(_told(record.provenance.model.hidden_size, "the width of the network"), n=1, method="read off the checkpoint")


def _told(value: int, what: str) -> int:
    """A fact of the network; 0 stands for one that nobody told. Raises MissingInput."""
    if not value:
        raise MissingInput(f"{what}, which the record does not tell")
    return value


@statistic("updates_per_puzzle", Rollout, exact="checkpoint")
def updates_per_puzzle(record: Record, parameters: Rollout) -> Estimate:
    """State updates of a rollout of so many segments: updates per segment times segments."""
    each = _told(record.provenance.model.updates_per_segment, "the updates of a segment")
    updates, method = each * parameters.segments, f"{each} updates per segment × {parameters.segments} segments"
    return exact_value(updates, n=1, method=method, unit="updates")


@statistic("external", External)
def external(record: Record, parameters: External) -> Estimate:
    """Something that no record can show."""
    raise MissingInput(parameters.needs, command=parameters.command)
