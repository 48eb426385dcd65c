"""Statistics of what to do about failure: restarts, pruning and selection, from the table of draws beside a record."""

from __future__ import annotations

from claims.parameters import Restarts
from claims.registry import side_kind, statistic
from measure.record import Record
from measure.side_record import SideRecord
from measure.statistics.estimate import Estimate

side_kind(
    "restarts",
    words="the outcomes of several restarts per puzzle, segment by segment, which a record of single rollouts does not hold",
    command="unsettled levers {checkpoint} {puzzles} --out {out}",
)


@statistic("restarts_over_pruning", Restarts, limits=(-1, 1), needs="restarts")
def restarts_over_pruning(record: Record, parameters: Restarts, draws: SideRecord) -> Estimate:
    """Accuracy of restarts minus that of early pruning at equal compute, on the same puzzles."""
    raise NotImplementedError
