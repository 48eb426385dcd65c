"""Policies against each other at equal compute: what is chosen is chosen on one half of the puzzles and scored on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.policies.policies import SIGNALS, TANGENT, Confident, Halving, Policy, Restarts
from unsettled.measure.policies.pruning import all_looks
from unsettled.measure.policies.selection import ORACLE, oracle, outcome, select
from unsettled.measure.policies.table import Draws, Signals, Table
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.paired import paired_difference

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


# What was chosen on some rows: its name, and what it gives on others (right, segments and chosen draw of each, as in `Scored`).
Fitted = tuple[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]]


def cross_fitted(grid: Grid, rule: str, draws: Draws, *, budget: float, seed: int = 0) -> Scored:
    """The policy of a grid that is most accurate on one half of the puzzles, scored on the other half, and the reverse.

    Thresholds of the grid come from the signals of the half that chooses. Policies that cost more than ``budget`` segments
    there on average are out; of equally accurate ones the cheaper is taken, then the first.

    Raises:
        UserError: fewer than four puzzles, or nothing fits the budget.
    """

    def best(chooses: np.ndarray) -> Fitted | None:
        half = draws.take(chooses)
        tried = [(policy, score(policy, rule, half)) for policy in grid(half.signals)]
        tried = [(policy, found) for policy, found in tried if found.segments.mean() <= budget + 1e-9]
        if not tried:
            return None
        policy = max(tried, key=lambda pair: (pair[1].accuracy, -pair[1].segments.mean()))[0]

        def on(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            found = score(policy, rule, draws.take(rows))
            return found.right, found.segments, found.chosen

        return policy.name, on

    return _on_halves(best, len(draws), budget=budget, seed=seed)


def pruning(draws: Draws, rule: str, *, budget: float, signals: Sequence[str] = SIGNALS) -> Callable[[int], Scored]:
    """Early pruning by each signal, time and threshold (`unsettled.measure.policies.pruning`), cross-fitted on the halves of a seed.

    As `cross_fitted` over all these policies; what does not hang on the seed is computed once.
    """
    looks = all_looks(draws, rule, budget, draws.signals.shape[2], signals)

    def best(chooses: np.ndarray) -> Fitted | None:
        if (found := looks.best_on(chooses)) is None:
            return None
        way, threshold = found

        def on(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            right, segments, chosen = looks.scored(slice(way, way + 1), rows, np.array([[threshold]]))
            return right[0, 0], segments[0, 0], chosen[0, 0]

        return replace(looks.policies[way], threshold=threshold).name, on

    return lambda seed: _on_halves(best, len(draws), budget=budget, seed=seed)


def _on_halves(best: Callable[[np.ndarray], Fitted | None], n: int, *, budget: float, seed: int) -> Scored:
    """What is ``best`` on one half of n puzzles, on the other, both ways. Raises UserError."""
    if n < 4:
        raise UserError(f"{n} puzzles are too few to choose a policy on one half and score it on the other")
    right, segments, chosen, named = np.zeros(n, bool), np.zeros(n), np.zeros(n, np.int64), []
    first, second = halves(n, seed=seed)
    for chooses, scored in ((first, second), (second, first)):
        if (found := best(chooses)) is None:
            raise UserError(f"no policy fits into {budget:g} segments")
        name, on = found
        right[scored], segments[scored], chosen[scored] = on(scored)
        named.append(name)
    return Scored(right=right, segments=segments, chosen=chosen, named=tuple(dict.fromkeys(named)))


def halving_grid(depth: int, draws: int, signals: Sequence[str] = SIGNALS) -> Grid:
    """Successive halving by each signal, over all schedules of `RUNGS` and all numbers of draws that they can halve."""

    def grid(seen: Signals) -> Iterable[Policy]:
        for signal in seen.known(signals):
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
    table: Table, *, kind: str, rule: str, rollouts: int, signals: Sequence[str] = SIGNALS
) -> Callable[[int], Estimate]:
    """Accuracy of restarts minus that of early pruning, for a budget of so many full rollouts per puzzle, by the seed of the halves.

    Both draw from the same starts and select by the same rule. Pruning gets whichever signal, time and threshold are best on
    the other half of the puzzles (`pruning`). ``extra``: both accuracies, what each cost in network evaluations per
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
    kept, on_halves, policy = score(plain, rule, draws), pruning(draws, rule, budget=budget, signals=signals), plain.name

    def compared(seed: int) -> Estimate:
        pruned = on_halves(seed)
        found = paired_difference(kept.right, pruned.right, denominator="puzzles")
        extra: dict[str, float | str] = {
            "accuracy_restarts": kept.accuracy,
            "accuracy_pruning": pruned.accuracy,
            "evaluations_restarts": table.updates * float(kept.segments.mean()),
            "evaluations_pruning": table.updates * float(pruned.segments.mean()),
            "restarts": policy,
            "pruning": "; or ".join(pruned.named),
            "p_value": found.extra["p_value"],
        }
        return replace(found, extra=extra, method=f"{kind} starts, selected by {rule}; {found.method}")

    return compared


def too_few(count: int, wanted: int) -> UserError:
    """The complaint that a table holds fewer draws than a claim is about."""
    return UserError(f"the table holds {count} draws of a puzzle, {wanted} are needed", hint=f"draw with --draws {wanted}")


def draws_of(table: Table, kind: str) -> Draws:
    """The draws of a kind. Raises UserError that lists the kinds there are."""
    if kind not in table.restarts:
        raise UserError(f"the table holds no {kind!r} restarts", hint="it holds " + ", ".join(table.restarts))
    return table.restarts[kind]
