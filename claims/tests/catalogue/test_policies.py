"""Claims about restarts: their statistics against a count by hand, their verdicts both ways, and the shipped tables of draws."""

import numpy as np
import pytest

from unsettled.claims.catalogue.policies import share_of_start
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import REFERENCES, Inputs
from unsettled.claims.populations.populations import discover
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.draws import synthetic_draws
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.errors import UserError
from unsettled.measure.policies.table import table_of
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.side import read_side, write_side
from unsettled.measure.tasks.reading import read_examples

RECORD = synthetic_record(700, accuracy=0.5, k=1, seed=4)
SHIPPED = sorted(REFERENCES.glob("*/restarts.parquet"))


def compute(name, side, **parameters):
    found = lookup(name)
    return found.function(RECORD, found.parameters.model_validate(parameters), side)


@pytest.fixture
def verdict(tmp_path):
    """Judge a claim of the paper on a made-up reference with these draws."""
    ledger = load_ledger()

    def judged(claim, **options):
        folder = write_reference(tmp_path / str(len(list(tmp_path.iterdir()))), RECORD)
        write_side(synthetic_draws(700, record=RECORD, **options), folder / "restarts.parquet")
        population = next(p for p in discover(Inputs(references=folder.parent), ledger) if p.kind == "reference")
        return judge(ledger[claim], population, ledger=ledger)

    return judged


def test_restarts_beat_pruning_where_early_signals_are_silent_and_not_where_they_tell(verdict):
    assert verdict("restarts.beat_pruning", chance=0.3, omen=0.0, confidence=9.0).outcome is Outcome.TRANSFERS
    told = verdict("restarts.beat_pruning", chance=0.2, omen=9.0, confidence=9.0)
    assert told.outcome is Outcome.DOES_NOT_TRANSFER and told.measured.estimate.high < 0
    assert told.measured.estimate.extra["evaluations_pruning"] <= told.measured.estimate.extra["evaluations_restarts"] == 21 * 64
    same = verdict("restarts.beat_pruning", chance=1.0, confidence=9.0)
    assert same.outcome is Outcome.UNDERPOWERED and same.measured.estimate.value == 0  # no pair differs: that decides nothing


def test_selecting_gains_where_confidence_tells_and_not_where_it_does_not(verdict):
    assert verdict("selection.gains", chance=0.3, confidence=9.0).outcome is Outcome.TRANSFERS
    assert verdict("selection.gains", chance=0.3, confidence=0.0).outcome is not Outcome.TRANSFERS


def test_figures_are_those_counted_by_hand():
    side = synthetic_draws(300, chance=0.4, confidence=4.0, seed=7)
    solved, halting = side["symmetry_solved"].astype(bool), side["symmetry_halting"]
    chosen = solved[np.arange(300), halting[:, :, -1].argmax(axis=1), -1]
    found = compute("restart_gain", side)
    assert found.value == pytest.approx(chosen.mean() - side["trained_solved"][:, 0, 15].mean())
    assert found.extra["accuracy_oracle_with_labels"] == solved[:, :, -1].any(axis=1).mean()
    assert found.counts["first_only"] == (chosen & ~side["trained_solved"][:, 0, 15].astype(bool)).sum()
    long = compute("restart_gain", side, over="long")
    assert long.extra["segments_otherwise"] == 32  # as long as was measured
    four = solved[np.arange(300), halting[:, :4, -1].argmax(axis=1), -1]
    against = compute("restarts_over_pruning", side)
    assert against.extra["accuracy_restarts"] == four.mean()
    assert against.value == pytest.approx(four.mean() - against.extra["accuracy_pruning"])
    fewer = compute("restarts_over_pruning", side, draws=4, rollouts=2)
    two = solved[np.arange(300), halting[:, :2, -1].argmax(axis=1), -1]
    assert fewer.extra["accuracy_restarts"] == two.mean()


def test_too_few_draws_and_budgets_without_pruning_are_refused():
    side = synthetic_draws(20, draws=4)
    with pytest.raises(UserError, match=r"holds 4 draws of a puzzle, 8 are needed \(draw with --draws 8\)"):
        compute("restarts_over_pruning", side)
    with pytest.raises(UserError, match="the table holds no 'perturbed' restarts"):
        compute("restart_gain", side, draws=4, start="perturbed")
    with pytest.raises(ValueError, match="leave nothing to prune of 8 draws"):
        lookup("restarts_over_pruning").parameters(draws=8, rollouts=5)


def test_tables_of_draws_are_shipped():
    assert {path.parent.name for path in SHIPPED} >= {"hrm-6x6", "trm-6x6"}
    assert sum(path.stat().st_size for path in SHIPPED) <= 6_000_000  # a clone has 55 MB for everything


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_table_is_of_its_puzzles_and_its_first_draws_are_the_records_rollouts(path):
    side, record = read_side(path), read_record(path.with_name("record.parquet"))
    population = next(p for p in discover(Inputs(), load_ledger()) if p.record_path == path.with_name("record.parquet"))
    table, puzzles = table_of(side), read_examples(population.puzzles).examples
    where = {identity: row for row, identity in enumerate(puzzles.ids)}
    mine = puzzles.take(np.array([where[i] for i in side["example_id"]]))
    assert side.provenance.puzzles_digest == mine.digest and side.provenance.puzzles == len(side)
    rows = np.array([int(np.flatnonzero(record.example_id == i)[0]) for i in side["example_id"]])
    first, segments = table.restarts["symmetry"], table.plan.segments
    assert (first.solved[:, 0, -1] == record.solved[rows]).mean() > 0.97  # a last bit may turn a puzzle
    assert (first.solved[:, 0, -1] == table.long.solved[:, 0, segments - 1]).mean() > 0.97  # followed without tangents
    calm = first.solved[:, 0, -1] & record.solved[rows]
    gap = np.abs(first.signals.halting[calm, 0, -1] - record.halting_logit[rows][calm, -1])
    assert np.median(gap) < 1e-3 and gap.max() < 0.02  # not every board that is solved is at rest: last bits grow there
    for draws in (*table.restarts.values(), table.long):
        np.testing.assert_array_equal(draws.signals.consistent, draws.solved)  # one solution, found by checking


def test_the_variance_of_outcomes_is_the_puzzles_or_the_starts():
    rng = np.random.default_rng(0)
    rates = rng.beta(2, 3, 4000)  # variance of rates .04, within puzzles p(1 − p) − .04 = .2
    drawn = rng.random((4000, 8)) < rates[:, None]
    assert share_of_start(drawn) == pytest.approx(0.2 / 0.24, abs=0.02)
    assert np.isnan(share_of_start(np.ones((5, 3))))
    found = compute("start_share", synthetic_draws(300, chance=0.4, seed=7))
    assert 0.9 < found.low < found.value <= found.high <= 1  # synthetic draws are alike for every puzzle


def test_figures_beside_a_gain_are_counted_by_hand():
    side = synthetic_draws(200, chance=0.4, confidence=4.0, seed=7)
    solved, halting = side["symmetry_solved"].astype(bool), side["symmetry_halting"]
    for draws in (8, 3):
        chosen = solved[np.arange(200), halting[:, :draws, -1].argmax(axis=1), -1]
        found = compute("restart_gain", side, draws=draws)
        assert (
            found.extra["accuracy_restarts"] == chosen.mean()
            and found.extra["accuracy_otherwise"] == side["trained_solved"][:, 0, 15].mean()
        )
        assert found.extra["accuracy_oracle_with_labels"] == solved[:, :draws, -1].any(axis=1).mean()
        assert found.extra["accuracy_per_draw"] == pytest.approx(solved[:, :draws, -1].mean())
        assert found.extra["segments_restarts"] == draws * 16 and found.extra["segments_otherwise"] == 16
    two = compute("restart_gain", side, draws=2, over="long")
    assert two.extra["segments_otherwise"] == 32 == two.extra["segments_restarts"]


def test_other_rules_and_smaller_budgets_stand_beside_restarts_over_pruning():
    side = synthetic_draws(120, chance=0.4, confidence=4.0, seed=7)
    found = compute("restarts_over_pruning", side)
    beside = {name for name in found.extra if name.startswith("difference")}
    assert beside == {"difference with majority", "difference with the oracle, which sees labels", "difference for 2 rollouts"}
    fewer = compute("restarts_over_pruning", side, rollouts=2)
    assert found.extra["splits"] == 10 and not any("rollouts" in name for name in fewer.extra if name.startswith("difference"))


@pytest.mark.parametrize("draws", [2, 5])
def test_the_share_of_the_start_is_one_way_random_effects(draws):
    outcomes = np.random.default_rng(draws).random((30, draws)) < np.linspace(0.1, 0.9, 30)[:, None]
    rates = outcomes.mean(axis=1)
    within = (rates * (1 - rates)).mean() * draws / (draws - 1)
    between = rates.var(ddof=1) - within / draws
    assert share_of_start(outcomes) == pytest.approx(within / (within + between))
    apart = np.repeat(np.arange(6)[:, None] % 2 == 0, draws, axis=1)
    assert share_of_start(apart) == 0 and share_of_start(np.tile(np.arange(draws) % 2 == 0, (6, 1))) == 1
