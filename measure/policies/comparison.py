"""Policies against each other at equal compute: what is chosen is chosen on one half of the puzzles and scored on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.policies.policies import SIGNALS, TANGENT, Confident, Halving, Policy, Prune, Restarts
from unsettled.measure.policies.selection import oracle, outcome, select
from unsettled.measure.policies.table import Draws, Signals, Table
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.paired import paired_difference

ORACLE = "oracle"  # in place of a rule: selection with labels
LOOKS = (1, 2, 4, 8)
DROPPED = (0.25, 0.5, 0.75)
RUNGS = ((1,), (2,), (4,), (8,), (1, 2), (2, 4), (4, 8), (1, 2, 4), (2, 4, 8))


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A policy with its selection on N puzzles: ``right`` (N,) bool, ``segments`` (N,) of plain inference that it cost.

    ``chosen`` (N,) is the draw that was selected, −1 for the oracle, which selects none. ``named`` says what was run, one entry for
    each choice that was made (two halves may choose differently).
    """

    right: np.ndarray
    segments: np.ndarray
    chosen: np.ndarray
    named: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())


def score(policy: Policy, rule: str, draws: Draws) -> Scored:
    """What a policy gives with a selection rule, or with the oracle in its place."""
    spent = policy.spend(draws.signals).selected_by(rule)
    if rule == ORACLE:
        chosen, right = np.full(len(draws), -1), oracle(draws.solved, spent.stop, spent.candidates)
    else:
        chosen = select(rule, draws.signals, spent.stop, spent.candidates)
        right = outcome(draws.solved, spent.stop, chosen)
    return Scored(right=right, segments=spent.segments(), chosen=chosen, named=(policy.name,))


def halves(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint halves of n puzzles at random: sorted positions."""
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


Grid = Callable[[Signals], Iterable[Policy]]


def cross_fitted(grid: Grid, rule: str, draws: Draws, *, budget: float, seed: int = 0) -> Scored:
    """The policy of a grid that is most accurate on one half of the puzzles, scored on the other half, and the reverse.

    Thresholds of the grid come from the signals of the half that chooses. Policies that cost more than ``budget`` segments
    there on average are out; of equally accurate ones the cheaper is taken, then the first.

    Raises:
        UserError: fewer than four puzzles, or nothing fits the budget.
    """
    if len(draws) < 4:
        raise UserError(f"{len(draws)} puzzles are too few to choose a policy on one half and score it on the other")
    right, segments, chosen, named = np.zeros(len(draws), bool), np.zeros(len(draws)), np.zeros(len(draws), np.int64), []
    first, second = halves(len(draws), seed=seed)
    for chooses, scored in ((first, second), (second, first)):
        half = draws.take(chooses)
        tried = [(policy, score(policy, rule, half)) for policy in grid(half.signals)]
        tried = [(policy, found) for policy, found in tried if found.segments.mean() <= budget + 1e-9]
        if not tried:
            raise UserError(f"no policy fits into {budget:g} segments")
        best = max(tried, key=lambda pair: (pair[1].accuracy, -pair[1].segments.mean()))[0]
        found = score(best, rule, draws.take(scored))
        right[scored], segments[scored], chosen[scored] = found.right, found.segments, found.chosen
        named.append(best.name)
    return Scored(right=right, segments=segments, chosen=chosen, named=tuple(dict.fromkeys(named)))


def pruning_grid(budget: float, depth: int, signals: Sequence[str] = SIGNALS) -> Grid:
    """Early pruning by each signal after each of `LOOKS`, at thresholds that drop each of the shares `DROPPED`."""

    def grid(seen: Signals) -> Iterable[Policy]:
        for signal in signals:
            if signal == "exponent" and not seen.has_exponent:
                continue
            for after in (look for look in LOOKS if look < depth):
                values = seen.score(signal, np.full(seen.shape[:2], after))
                for threshold in np.quantile(values, DROPPED):
                    policy = Prune(signal=signal, after=after, threshold=float(threshold), budget=budget, depth=depth)
                    if policy.look + depth - after <= budget:  # else it could not finish one draw
                        yield policy

    return grid


def halving_grid(depth: int, draws: int, signals: Sequence[str] = SIGNALS) -> Grid:
    """Successive halving by each signal, over all schedules of `RUNGS` and all numbers of draws that they can halve."""

    def grid(seen: Signals) -> Iterable[Policy]:
        for signal in signals:
            if signal == "exponent" and not seen.has_exponent:
                continue
            for rungs in (r for r in RUNGS if r[-1] < depth):
                for count in (2, 4, 8, 16, 32):
                    if 2 ** len(rungs) <= count <= draws:
                        yield Halving(signal=signal, draws=count, rungs=rungs, depth=depth)

    return grid


def confident_grid(depth: int, draws: int) -> Grid:
    """Restarting until the halting logit exceeds a threshold, at its deciles over the last segments."""

    def grid(seen: Signals) -> Iterable[Policy]:
        for above in np.quantile(seen.halting[:, :, depth - 1], np.arange(0, 1, 0.1)):
            yield Confident(above=float(np.nextafter(np.float32(above), np.float32(-np.inf))), draws=draws, depth=depth)

    return grid


def restarts_within(budget: float, depth: int, draws: int, rule: str) -> Restarts | None:
    """As many restarts of that depth as a budget pays for, at most ``draws``; None if not one."""
    each = depth * (1 + TANGENT * (rule == "exponent"))
    count = min(draws, int(budget // each))
    return Restarts(count, depth) if count else None


def shallow_grid(budget: float, depth: int, draws: int, rule: str) -> Grid:
    """Restarts of fewer segments each, and more of them: depth against number at one budget."""
    found = [restarts_within(budget, d, draws, rule) for d in (2, 4, 8, depth) if d <= depth]
    return lambda seen: [policy for policy in found if policy]


def restarts_against_pruning(
    table: Table, *, kind: str, rule: str, rollouts: int, seed: int = 0, signals: Sequence[str] = SIGNALS
) -> Estimate:
    """Accuracy of restarts minus that of early pruning, for a budget of so many full rollouts per puzzle.

    Both draw from the same starts and select by the same rule. Pruning gets whichever signal, time and threshold are best on
    the other half of the puzzles (`cross_fitted`). ``extra``: both accuracies, what each cost in network evaluations per
    puzzle, and the policies chosen.

    Raises:
        UserError: the table has no such draws, or not twice as many as the budget pays for, so that there is none to prune.
    """
    draws = draws_of(table, kind)
    depth, count = draws.signals.shape[2], draws.signals.shape[1]
    if not 1 <= rollouts <= count // 2:
        raise UserError(f"a budget of {rollouts} rollouts leaves nothing to prune of {count} draws", hint=f"draw at least {2 * rollouts}")
    budget = float(rollouts * depth)
    plain = restarts_within(budget, depth, count, rule)
    if plain is None:
        raise UserError(f"{rollouts} rollouts do not pay for one that is selected by {rule}")
    kept, pruned = score(plain, rule, draws), cross_fitted(pruning_grid(budget, depth, signals), rule, draws, budget=budget, seed=seed)
    found = paired_difference(kept.right, pruned.right, denominator="puzzles")
    extra: dict[str, float | str] = {
        "accuracy_restarts": kept.accuracy,
        "accuracy_pruning": pruned.accuracy,
        "evaluations_restarts": table.updates * float(kept.segments.mean()),
        "evaluations_pruning": table.updates * float(pruned.segments.mean()),
        "restarts": plain.name,
        "pruning": "; or ".join(pruned.named),
        "p_value": found.extra["p_value"],
    }
    return replace(found, extra=extra, method=f"{kind} starts, selected by {rule}; {found.method}")


def too_few(count: int, wanted: int) -> UserError:
    """The complaint that a table holds fewer draws than a claim is about."""
    return UserError(f"the table holds {count} draws of a puzzle, {wanted} are needed", hint=f"draw with --draws {wanted}")


def draws_of(table: Table, kind: str) -> Draws:
    """The draws of a kind. Raises UserError that lists the kinds there are."""
    if kind not in table.restarts:
        raise UserError(f"the table holds no {kind!r} restarts", hint="it holds " + ", ".join(table.restarts))
    return table.restarts[kind]
