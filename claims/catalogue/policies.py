"""Statistics of test-time policies: restarts, pruning and selection, from the draws in a sidecar file of a record."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from unsettled.claims.catalogue.parameters import Gained, RestartPool, Restarts
from unsettled.claims.catalogue.registry import side_kind, statistic
from unsettled.measure.policies import comparison
from unsettled.measure.policies.policies import Restarts as Restarting
from unsettled.measure.policies.selection import ORACLE
from unsettled.measure.policies.table import Table, table_of
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.bootstrap import bootstrap_examples
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.paired import paired_difference
from unsettled.measure.statistics.splits import over_splits

side_kind(
    "restarts",
    words="the outcomes of several restarts per puzzle, segment by segment, which a record of single rollouts does not hold",
    command="unsettled policies {checkpoint} {puzzles} --out {out}",
)

side_kind(
    "relabelled",
    words="the outcomes of draws with relabelled digits, which a record of single rollouts does not hold",
    command="unsettled policies {checkpoint} {puzzles} --starts digits --exponents '' --out {out}",
    holds="restarts",
)


def pool(side: SideRecord, parameters: RestartPool) -> Table:
    """The table of draws, cut to the draws and segments that a claim is about.

    Raises:
        UserError: it holds fewer.
    """
    table = table_of(side)
    draws = comparison.draws_of(table, parameters.start)
    count = draws.signals.shape[1]
    if count < parameters.draws:
        raise comparison.too_few(count, parameters.draws)
    cut = replace(
        draws,
        signals=replace(draws.signals, **{name: array[:, : parameters.draws] for name, array in vars(draws.signals).items()}),
        solved=draws.solved[:, : parameters.draws],
    )
    return replace(table, restarts={parameters.start: cut})


@statistic("restarts_over_pruning", Restarts, limits=(-1, 1), needs="restarts")
def restarts_over_pruning(record: Record, parameters: Restarts, side: SideRecord) -> Estimate:
    """Accuracy of restarts minus that of early pruning at equal compute, on the same puzzles.

    Restarts run as many full rollouts as the budget pays for; pruning looks at up to all draws and finishes those that look
    best, by whichever signal, time and threshold did best on the other half of the puzzles, halved
    in several ways. Both start and select alike.
    """
    table = pool(side, parameters)
    compare = partial(comparison.restarts_against_pruning, table, kind=parameters.start)
    found = over_splits(compare(rule=parameters.select, rollouts=parameters.rollouts))
    extra = dict(found.extra)
    for rule in ("majority", ORACLE):
        other = compare(rule=rule, rollouts=parameters.rollouts)(0)
        extra[f"difference with {'the oracle, which sees labels' if rule == ORACLE else rule}"] = other.value
    for rollouts in (n for n in (2, 4, 8) if n < parameters.rollouts):
        other = compare(rule=parameters.select, rollouts=rollouts)(0)
        extra[f"difference for {rollouts} rollouts"] = other.value
    return replace(found, extra=extra)


@statistic("restart_gain", Gained, limits=(-1, 1), needs="restarts")
def restart_gain(record: Record, parameters: Gained, side: SideRecord) -> Estimate:
    """Accuracy of restarts with a label-free selection minus that of what the same compute buys otherwise, on the same puzzles.

    Otherwise means a single rollout: of one draw (``over`` "single"), or as long as all restarts together ("long"). ``extra``
    adds the oracle's accuracy, the bound that only labels reach.
    """
    table = pool(side, parameters)
    draws = table.restarts[parameters.start]
    depth = draws.signals.shape[2]
    kept = comparison.score(Restarting(parameters.draws, depth), parameters.select, draws)
    bound = comparison.score(Restarting(parameters.draws, depth), ORACLE, draws)
    longest = min(parameters.draws * depth, table.long.signals.shape[2])
    other = comparison.score(Restarting(1, depth if parameters.over == "single" else longest), "first", table.long)
    found = paired_difference(kept.right, other.right, denominator="puzzles")
    extra = dict(found.extra) | {
        "accuracy_restarts": kept.accuracy,
        "accuracy_otherwise": other.accuracy,
        "accuracy_oracle_with_labels": bound.accuracy,
        "accuracy_per_draw": float(np.mean(draws.solved[:, :, -1])),
        "segments_otherwise": float(other.segments.mean()),
        "segments_restarts": float(kept.segments.mean()),
    }
    return replace(found, extra=extra, method=f"{parameters.start} starts, selected by {parameters.select}; {found.method}")


@statistic("relabelling_gain", Gained, limits=(-1, 1), needs="relabelled")
def relabelling_gain(record: Record, parameters: Gained, side: SideRecord) -> Estimate:
    """Accuracy of draws with relabelled digits, and a label-free selection, minus that of a single rollout, on the same puzzles."""
    return restart_gain(record, parameters.model_copy(update={"start": "digits"}), side)


def share_of_start(solved: np.ndarray) -> float:
    """Share of the variance of outcomes (N, K), K draws of each of N puzzles, that lies within puzzles: 0 where the input decides
    alone, 1 where the start does. NaN where all outcomes are alike.

    One-way random effects: within a puzzle the unbiased mean of p_i (1 − p_i) K / (K − 1), in all that plus the variance of the
    p_i less what of it is due to few draws (Snedecor & Cochran 1989, ch. 13).

    >>> share_of_start(np.array([[1, 1], [0, 0]])), share_of_start(np.array([[1, 0], [1, 0]]))
    (0.0, 1.0)
    """
    rates, draws = solved.mean(axis=1), solved.shape[1]
    within = float((rates * (1 - rates)).mean()) * draws / (draws - 1)
    between = max(0.0, float(rates.var(ddof=1)) - within / draws)
    return within / (within + between) if within + between > 0 else math.nan


@statistic("start_share", RestartPool, limits=(0, 1), needs="restarts")
def start_share(record: Record, parameters: RestartPool, side: SideRecord) -> Estimate:
    """Share of the variance of outcomes over draws that lies within puzzles: the start's, not the input's."""
    solved = pool(side, parameters).restarts[parameters.start].solved[:, :, -1].astype(float)
    found = bootstrap_examples(share_of_start, solved, resamples=1000, denominator="puzzles")
    return replace(found, method=f"variance within over all, {parameters.start} starts; {found.method}")
