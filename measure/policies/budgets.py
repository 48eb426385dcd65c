"""The comparison as facts: what each policy reaches at each budget, with bands over puzzles; nothing here is rendered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unsettled.measure.policies.comparison import (
    Scored,
    confident_grid,
    cross_fitted,
    halving_grid,
    pruning,
    restarts_within,
    score,
    shallow_grid,
)
from unsettled.measure.policies.policies import SIGNALS, Restarts, Verified
from unsettled.measure.policies.selection import ORACLE, RULES, usual_rule
from unsettled.measure.policies.table import Draws, Table
from unsettled.measure.statistics.proportion import proportion

RESAMPLES = 2000
FACTORS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One policy at one budget.

    ``family`` groups what makes one curve; ``rule`` selected the answer; ``budget`` in segments per puzzle; ``evaluations`` is
    the mean actual cost per puzzle in network evaluations; ``low`` and ``high`` bound the accuracy (bootstrap over puzzles, 95 %).
    ``labels`` marks an upper bound that looks at labels, ``checked`` a policy that checks its answers.
    """

    family: str
    rule: str
    budget: float
    accuracy: float
    low: float
    high: float
    evaluations: float
    named: tuple[str, ...]
    labels: bool = False
    checked: bool = False


def points(table: Table, *, kind: str, seed: int = 0) -> list[Point]:
    """Every policy at every budget of `FACTORS` full rollouts that it can use, restarts being of one kind."""
    draws = table.restarts[kind]
    found = [*_long(table), *_restarts(draws), *_tuned(draws, seed=seed)]
    low, high = bands(np.array([scored.right for *_, scored in found]), seed=seed)
    return [
        Point(
            family=family,
            rule=rule,
            budget=budget,
            accuracy=scored.accuracy,
            low=float(low[i]),
            high=float(high[i]),
            evaluations=table.updates * float(scored.segments.mean()),
            named=scored.named,
            labels=rule == ORACLE,
            checked=rule in ("conflicts", "consistent"),
        )
        for i, (family, rule, budget, scored) in enumerate(found)
    ]


def bands(right: np.ndarray, *, seed: int = 0, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """(low, high), each (P,), of P accuracies on the same N puzzles, ``right`` (P, N); all share their resamples.

    Where every puzzle is right, or none, resamples do not vary: the limits are then Clopper and Pearson's.
    """
    n = right.shape[1]
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    drawn = right.astype(np.float64) @ times.T / n
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1, method="inverted_cdf")
    for row in np.flatnonzero(right.all(axis=1) | ~right.any(axis=1)):
        exact = proportion(int(right[row].sum()), n, level=level)
        low[row], high[row] = exact.low, exact.high
    return low, high


Found = tuple[str, str, float, Scored]


def _long(table: Table) -> Iterator[Found]:
    longest = table.long.signals.shape[2]
    depths = sorted({d for d in (1, 2, 4, 8) if d < longest} | {table.plan.segments * f for f in FACTORS} | {longest})
    for depth in (d for d in depths if d <= longest):
        yield "one long rollout", "first", depth, score(Restarts(1, depth), "first", table.long)


def _restarts(draws: Draws) -> Iterator[Found]:
    _, count, depth = draws.signals.shape
    rules = draws.signals.known(RULES)
    for factor in FACTORS:
        budget = float(factor * depth)
        for rule in [*(r for r in rules if r != "first"), ORACLE]:
            policy = restarts_within(budget, depth, count, rule)
            if policy and _uses(policy, factor, rule, count):
                yield f"{draws.kind} restarts", rule, budget, score(policy, rule, draws)
        if factor <= count:
            yield "stop at the first checked board", "consistent", budget, score(Verified(factor, depth), "consistent", draws)


def _uses(policy: Restarts, factor: int, rule: str, count: int) -> bool:
    """Whether the table has enough draws for the whole budget."""
    return policy.draws * (2 if rule == "exponent" else 1) in (factor, factor - 1) or policy.draws == factor == count


def _tuned(draws: Draws, *, seed: int) -> Iterator[Found]:
    """What needs a choice: each made on one half of the puzzles and scored on the other."""
    _, count, depth = draws.signals.shape
    if len(draws) < 4:
        return
    signals, usual = draws.signals.known(SIGNALS), usual_rule(draws.signals)
    for factor in (f for f in FACTORS if f <= count // 2):
        budget = float(factor * depth)
        for rule in (usual, "majority"):
            for signal in signals if factor > 1 else ():  # one rollout leaves no draw to drop
                yield f"pruned by {signal}", rule, budget, pruning(draws, rule, budget=budget, signals=(signal,))(seed)
            shallow = shallow_grid(budget, depth, count, rule)
            yield "restarts of tuned depth", rule, budget, cross_fitted(shallow, rule, draws, budget=budget, seed=seed)
        if factor > 1:
            halved = halving_grid(depth, count)
            yield "successive halving", usual, budget, cross_fitted(halved, usual, draws, budget=budget, seed=seed)
            if draws.signals.tells("halting"):
                unsure = confident_grid(depth, count)
                yield "restart until confident", "halting", budget, cross_fitted(unsure, "halting", draws, budget=budget, seed=seed)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the draws of one kind are worth: mean accuracy of a draw, of any of all (with labels), and agreement.

    ``rules`` maps each selection rule to its accuracy over all draws; ``distinct`` is the mean number of different final boards.
    """

    kind: str
    draws: int
    per_draw: float
    oracle: float
    distinct: float
    rules: dict[str, float]


def kinds(table: Table) -> list[Kind]:
    """One row for each kind of restarts."""
    found = []
    for kind, draws in table.restarts.items():
        _, count, depth = draws.signals.shape
        whole = Restarts(count, depth)
        rules = draws.signals.known(RULES)
        last = draws.signals.board[:, :, -1]
        found.append(
            Kind(
                kind=kind,
                draws=count,
                per_draw=float(draws.solved[:, :, -1].mean()),
                oracle=score(whole, ORACLE, draws).accuracy,
                distinct=float(np.mean([len(np.unique(row)) for row in last])),
                rules={rule: score(whole, rule, draws).accuracy for rule in rules},
            )
        )
    return found
