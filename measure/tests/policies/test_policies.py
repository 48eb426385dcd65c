"""Policies spend what they may and no more, see no label, and come out as they must where the truth is planted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.fixtures.synthetic.draws import synthetic_draws, synthetic_table
from unsettled.measure.errors import UserError
from unsettled.measure.policies.budgets import bands, kinds, points
from unsettled.measure.policies.comparison import (
    confident_grid,
    cross_fitted,
    halves,
    halving_grid,
    pruning,
    restarts_against_pruning,
    score,
    shallow_grid,
)
from unsettled.measure.policies.policies import Confident, Halving, Prune, Restarts, Verified
from unsettled.measure.policies.pruning import DROPPED, looks
from unsettled.measure.policies.selection import ORACLE, RULES, oracle, select
from unsettled.measure.policies.table import table_of

TABLE = synthetic_table(60, omen=1.0, confidence=2.0, seed=1)
DRAWS = TABLE.restarts["symmetry"]
N, K, S = DRAWS.signals.shape


def some_policies():
    """One policy of each kind, arguments drawn."""
    signal = st.sampled_from(["halting", "displacement", "exponent"])
    return st.one_of(
        st.builds(Restarts, st.integers(1, K), st.integers(1, S)),
        st.builds(Confident, st.floats(-3, 3), st.integers(1, K), st.integers(1, S)),
        st.builds(Verified, st.integers(1, K), st.integers(1, S)),
        st.builds(
            Prune, signal=signal, after=st.integers(1, S - 1), threshold=st.floats(-3, 3), budget=st.floats(2 * S, K * S), depth=st.just(S)
        ),
        st.builds(Halving, signal=signal, draws=st.integers(2, K), rungs=st.sampled_from([(1,), (2, 4), (1, 2, 8)]), depth=st.just(S)),
    )


@settings(max_examples=40, deadline=None)
@given(policy=some_policies(), rule=st.sampled_from(list(RULES)))
def test_the_oracle_is_never_worse_than_a_rule_and_costs_are_those_of_the_segments_run(policy, rule):
    spent = policy.spend(DRAWS.signals)
    assert spent.candidates.any(axis=1).all() and not (spent.candidates & (spent.stop == 0)).any()
    assert spent.stop.min() >= 0 and spent.stop.max() <= S and (spent.tangents <= spent.stop).all()
    found, bound = score(policy, rule, DRAWS), score(policy, ORACLE, DRAWS)
    assert (found.right <= bound.right).all()
    np.testing.assert_array_equal(spent.evaluations(21), 21 * (spent.stop.sum(axis=1) + spent.tangents.sum(axis=1)))
    if isinstance(policy, Prune):
        assert (spent.segments() <= policy.budget + 1e-9).all()
    assert set(found.chosen) <= set(range(K)) and spent.candidates[np.arange(N), found.chosen].all()


@settings(max_examples=20, deadline=None)
@given(policy=some_policies(), rule=st.sampled_from(list(RULES)), seed=st.integers(0, 99))
def test_labels_change_neither_what_is_run_nor_what_is_selected(policy, rule, seed):
    rng = np.random.default_rng(seed)
    shuffled = DRAWS.solved[rng.permutation(N)][:, rng.permutation(K)]
    other = type(DRAWS)(kind=DRAWS.kind, signals=DRAWS.signals, solved=shuffled)
    np.testing.assert_array_equal(score(policy, rule, DRAWS).chosen, score(policy, rule, other).chosen)
    np.testing.assert_array_equal(score(policy, rule, DRAWS).segments, score(policy, rule, other).segments)


def test_what_is_chosen_for_a_half_hangs_on_the_labels_of_the_other_half_alone():
    """Shuffled labels in one half leave every selection there as it was, and change it in the other."""
    first, second = halves(N)
    solved = DRAWS.solved.copy()
    solved[first] = ~solved[first]
    other = type(DRAWS)(kind=DRAWS.kind, signals=DRAWS.signals, solved=solved)
    before = pruning(DRAWS, "halting", budget=2.0 * S)(0)
    after = pruning(other, "halting", budget=2.0 * S)(0)
    np.testing.assert_array_equal(before.chosen[first], after.chosen[first])
    np.testing.assert_array_equal(before.segments[first], after.segments[first])
    assert (before.segments[second] != after.segments[second]).any()
    assert sorted([*first, *second]) == list(range(N))


def test_signals_that_tell_nothing_gain_nothing_by_tuning():
    """With 36 policies to choose from, a score on the half that chose would look better than chance; this must not."""
    found = [pruning(synthetic_table(200, confidence=0, seed=seed).restarts["symmetry"], "first", budget=2.0 * S)(0) for seed in range(8)]
    assert abs(np.mean([f.accuracy for f in found]) - 0.5) < 3 * np.sqrt(0.25 / 1600)


@pytest.mark.parametrize(
    ("rungs", "draws", "stops"),
    [((2, 4, 8), 8, [16, 8, 4, 4, 2, 2, 2, 2]), ((4,), 4, [16, 16, 4, 4, 0, 0, 0, 0]), ((1, 2), 2, [16, 1, 0, 0, 0, 0, 0, 0])],
)
def test_halving_keeps_the_better_half_at_each_rung(rungs, draws, stops):
    policy = Halving(signal="halting", draws=draws, rungs=rungs, depth=16)
    spent = policy.spend(DRAWS.signals)
    assert (np.sort(spent.stop, axis=1)[:, ::-1] == stops).all()
    at = rungs[0] - 1
    dropped = (spent.stop == rungs[0]) & (np.arange(K) < draws)
    kept = (spent.stop > rungs[0]) & (np.arange(K) < draws)
    halting = DRAWS.signals.halting[:, :, at]
    assert (np.where(kept, halting, np.inf).min(axis=1) >= np.where(dropped, halting, -np.inf).max(axis=1)).all()


def test_pruning_drops_what_is_below_its_threshold_and_takes_it_up_again_when_compute_is_left():
    signals = DRAWS.signals
    nothing = Prune(signal="halting", after=4, threshold=-np.inf, budget=3.0 * S, depth=S)
    np.testing.assert_array_equal(np.sort(nothing.spend(signals).stop, axis=1)[:, ::-1][:, :3], np.full((N, 3), S))
    everything = Prune(signal="halting", after=2, threshold=np.inf, budget=8 * 2 + 2.0 * (S - 2), depth=S)
    single = Prune(signal="halting", after=4, threshold=np.inf, budget=1.0 * S, depth=S)  # nothing to drop it for
    np.testing.assert_array_equal(single.spend(signals).stop, Restarts(1, S).spend(signals).stop)
    spent = everything.spend(signals)
    assert ((spent.stop == S).sum(axis=1) == 2).all() and ((spent.stop == 2).sum(axis=1) == 6).all()
    best = np.argsort(-signals.halting[:, :, 1], axis=1)[:, :2]
    assert (np.take_along_axis(spent.stop, best, axis=1) == S).all()
    poor = Prune(signal="halting", after=2, threshold=np.inf, budget=5.0, depth=S)  # finishes nothing
    assert (poor.spend(signals).candidates.sum(axis=1) == 1).all()
    costly = Prune(signal="exponent", after=2, threshold=np.inf, budget=32.0, depth=S).spend(signals)
    assert ((costly.stop > 0).sum(axis=1) == 4).all() and (costly.segments() == 4 * 4 + S - 2).all()  # looking costs twice


def test_restarting_until_confident_and_until_checked_stop_where_they_must():
    signals = DRAWS.signals
    for row, stops in enumerate(Confident(0.5, 5, S).spend(signals).stop):
        above = np.flatnonzero(signals.halting[row, :5, S - 1] > 0.5)
        assert (stops > 0).sum() == (above[0] + 1 if len(above) else 5)
    for row, stops in enumerate(Verified(3, S).spend(signals).stop):
        flat = np.flatnonzero(signals.consistent[row, :3].ravel())
        assert stops.sum() == (flat[0] + 1 if len(flat) else 3 * S)


def test_rules_select_by_what_they_say():
    signals, stop = DRAWS.signals, np.full((N, K), S)
    everyone = np.ones((N, K), bool)
    np.testing.assert_array_equal(select("halting", signals, stop, everyone), signals.halting[:, :, -1].argmax(axis=1))
    np.testing.assert_array_equal(
        select("displacement", signals, stop, everyone), signals.displacement[:, :, -4:].mean(axis=2).argmin(axis=1)
    )
    np.testing.assert_array_equal(select("exponent", signals, stop, everyone), signals.growth.mean(axis=2).argmin(axis=1))
    np.testing.assert_array_equal(select("conflicts", signals, stop, everyone), signals.conflicts[:, :, -1].argmin(axis=1))
    for row, chosen in enumerate(select("majority", signals, stop, everyone)):
        boards = signals.board[row, :, -1]
        counts = [(boards == board).sum() for board in boards]
        assert chosen == int(np.argmax(counts))
    checked = select("consistent", signals, stop, everyone)
    any_right = oracle(DRAWS.solved, stop, everyone)
    np.testing.assert_array_equal(DRAWS.solved[np.arange(N), checked, -1], any_right)  # a checked answer is the ceiling
    with pytest.raises(UserError, match="no selection rule 'luck'"):
        select("luck", signals, stop, everyone)
    with pytest.raises(UserError, match="λ₁ was not measured"):
        score(Restarts(4, S), "exponent", TABLE.restarts["random"])


def spent_step_by_step(policy, signals):
    """Segments run of each draw (N, K): the rule of `Prune` word by word, one puzzle and one draw after the other."""
    score = signals.score(policy.signal, np.full(signals.shape[:2], policy.after))
    stop, rest = np.zeros(score.shape, int), policy.depth - policy.after
    for n, scores in enumerate(score):
        left = policy.budget
        for draw, value in enumerate(scores):
            if left >= policy.look + (rest if draw else 0):
                left, stop[n, draw] = left - policy.look, policy.after
                if value >= policy.threshold and left >= rest:
                    left, stop[n, draw] = left - rest, policy.depth
        for draw in np.argsort(-scores, kind="stable"):
            if left >= rest and stop[n, draw] == policy.after:
                left, stop[n, draw] = left - rest, policy.depth
    return stop


def grid_step_by_step(budget):
    """The policies that `pruning` chooses from, one by one."""

    def grid(seen):
        for signal, after in looks(seen, budget, S):
            values = seen.score(signal, np.full(seen.shape[:2], after))
            yield from (Prune(signal=signal, after=after, threshold=float(t), budget=budget, depth=S) for t in np.quantile(values, DROPPED))

    return grid


def coarse(draws):
    """The same draws with many ties in every signal, and with some that are NaN."""
    signals = replace(draws.signals, halting=np.round(draws.signals.halting), displacement=np.round(draws.signals.displacement, 1))
    halting = signals.halting.copy()
    halting[::7, 2] = np.nan
    return replace(draws, signals=replace(signals, halting=halting))


@pytest.mark.parametrize("draws", [DRAWS, coarse(DRAWS)], ids=["continuous", "ties and NaN"])
@pytest.mark.parametrize("budget", [17.0, 3.5 * S])
def test_pruning_is_what_one_policy_after_the_other_gives(draws, budget):
    for policy in grid_step_by_step(budget)(draws.signals):
        np.testing.assert_array_equal(policy.spend(draws.signals).stop, spent_step_by_step(policy, draws.signals))
    for rule in (*RULES, ORACLE):
        try:
            naive = cross_fitted(grid_step_by_step(budget), rule, draws, budget=budget, seed=1)
        except UserError as refused:
            with pytest.raises(UserError, match=str(refused)):
                pruning(draws, rule, budget=budget)(1)
            continue
        found = pruning(draws, rule, budget=budget)(1)
        assert found.named == naive.named
        for name in ("right", "segments", "chosen"):
            np.testing.assert_array_equal(getattr(found, name), getattr(naive, name))


def test_nan_never_wins():
    broken = DRAWS.signals.halting.copy()
    broken[:, 0] = np.nan
    signals = type(DRAWS.signals)(**{**vars(DRAWS.signals), "halting": broken})
    assert (select("halting", signals, np.full((N, K), S), np.ones((N, K), bool)) > 0).all()


def test_where_nothing_is_told_early_restarts_win_and_where_much_is_told_pruning_does():
    def difference(**options):
        table = synthetic_table(1000, chance=0.3, **options)
        return restarts_against_pruning(table, kind="symmetry", rule="halting", rollouts=4)(0)

    silent, telling = difference(omen=0.0), difference(omen=6.0)
    assert silent.low > 0 and telling.high < 0
    # three to four draws of 30 % are right in 1 − .7⁴ of the puzzles, eight in 1 − .7⁸, and confidence finds them
    assert silent.extra["accuracy_restarts"] == pytest.approx(1 - 0.7**4, abs=0.08)
    assert telling.extra["accuracy_pruning"] == pytest.approx(1 - 0.7**8, abs=0.05)
    assert silent.extra["evaluations_pruning"] <= silent.extra["evaluations_restarts"] == 21 * 64
    with pytest.raises(UserError, match="leaves nothing to prune of 8 draws"):
        restarts_against_pruning(TABLE, kind="symmetry", rule="halting", rollouts=5)
    with pytest.raises(UserError, match="it holds symmetry, random"):
        restarts_against_pruning(TABLE, kind="perturbed", rule="halting", rollouts=4)


@pytest.mark.parametrize("grid", [halving_grid(S, K), confident_grid(S, K), shallow_grid(64.0, S, K, "halting")])
def test_every_grid_offers_policies_that_spend_within_the_table(grid):
    offered = list(grid(DRAWS.signals))
    assert len(offered) > 2
    for policy in offered:
        assert policy.spend(DRAWS.signals).stop.max() <= S and policy.name


def test_nothing_affordable_or_too_few_puzzles_are_refused():
    with pytest.raises(UserError, match="no policy fits into 1 segments"):
        cross_fitted(halving_grid(S, K), "halting", DRAWS, budget=1.0)
    with pytest.raises(UserError, match="do not pay for a look that costs 8"):
        Prune(signal="exponent", after=4, threshold=0.0, budget=7.0, depth=S).spend(DRAWS.signals)
    with pytest.raises(UserError, match="3 puzzles are too few"):
        cross_fitted(halving_grid(S, K), "halting", DRAWS.take(np.arange(3)), budget=64.0)


def test_bands_are_those_of_a_share():
    right = np.random.default_rng(0).random((1, 400)) < 0.7
    low, high = bands(right)
    half = 1.96 * np.sqrt(0.21 / 400)
    assert right.mean() - low[0] == pytest.approx(half, rel=0.15) and high[0] - right.mean() == pytest.approx(half, rel=0.15)
    low, high = bands(np.array([[True] * 64, [False] * 64]))
    assert low[0] < 0.96 and high[0] == 1 and low[1] == 0 and high[1] > 0.04  # where nothing varies there still is a width


def test_the_report_has_every_policy_at_its_budget_and_names_what_sees_labels():
    found = points(TABLE, kind="symmetry")
    families = {point.family for point in found}
    assert {"one long rollout", "symmetry restarts", "pruned by exponent", "successive halving", "restart until confident"} <= families
    for point in found:
        assert point.low <= point.accuracy <= point.high
        assert point.evaluations <= 21 * point.budget * (1.1 if point.rule == "halting" else 1) + 1e-9, point
        assert point.labels == (point.rule == ORACLE)
    best = {p.budget: p.accuracy for p in found if p.labels}
    assert all(p.accuracy <= best[p.budget] + 1e-12 for p in found if p.family == "symmetry restarts" and p.budget in best)
    assert "pruned by exponent" not in {point.family for point in points(TABLE, kind="random")}
    row = kinds(TABLE)[0]
    assert row.per_draw == pytest.approx(DRAWS.solved[:, :, -1].mean()) and row.rules["consistent"] == row.oracle


def test_a_table_of_another_kind_or_with_malformed_settings_is_refused():
    side = synthetic_draws(8)
    for changes, told in (({"kind": "long"}, "holds no draws"), ({"settings": {"draws": -1}}, "settings of the draws are malformed")):
        provenance = side.provenance.model_copy(update=changes)
        with pytest.raises(UserError, match=told):
            table_of(type(side)(side.columns, provenance))
