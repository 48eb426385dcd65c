"""Statistics of failure against counts by hand, and their claims with and without a long record beside the record."""

import numpy as np
import pytest

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.catalogue.registry import MissingInput
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.capture import LongRuns
from unsettled.measure.analysis.label_tables import rest_lines
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.calibration import brier, calibration_error
from unsettled.measure.statistics.ratio import risk_ratio

RECORD = synthetic_record(600, accuracy=0.6, seed=11)
LONG = long_record(400, never=0.25, seed=2)


def compute(name, *more, record=RECORD, **parameters):
    found = lookup(name)
    return found.function(record, found.parameters.model_validate(parameters), *more)


def test_the_share_of_a_label_counts_the_failed_runs():
    failed = ~LongRuns(LONG).solved_at[:, -1]
    resting = failed & (np.arange(400) % 4 == 0)
    found = compute("label_share", LONG, labels=["settled"], end=64, rest=1e-4)
    assert (found.counts["successes"], found.n) == (resting.sum(), failed.sum())
    others = compute("label_share", LONG, labels=["periodic", "plateau", "drifting", "wandering"], end=64, rest=1e-4)
    assert others.value == pytest.approx(1 - found.value) and found.extra["wandering"] == pytest.approx(others.value)
    plain, runs = compute("label_share", LONG, labels=["settled"], end=64), LongRuns(LONG)
    assert plain.value == found.value  # Otsu's band lies between 1e-7 and 0.1
    lines = [rest_lines(runs.evidence(*window)).rest for window in runs.windows]
    assert plain.extra["rest"] == lines[0] and lines[0] not in lines[1:]  # of the first window: where a rollout of the paper ends
    with pytest.raises(UserError, match="known are"):
        compute("label_share", LONG, labels=["settled"], end=17)


def test_what_rests_later_counts_right_and_wrong_boards():
    right = LongRuns(LONG).solved_at
    failed = ~right[:, 15]
    still = right[:, -1] | (np.arange(400) % 4 == 0)
    found = compute("rests_later_share", LONG, rest=1e-4)
    assert (found.counts["successes"], found.n) == ((failed & still).sum(), failed.sum())
    assert found.counts["at_wrong_boards"] == (failed & still & ~right[:, -1]).sum()
    assert compute("kept_share", LONG).value == 1 and compute("kept_share", LONG).n == right[:, 15].sum()


def test_capture_auc_uses_the_records_exponents_where_the_long_record_has_none():
    own = compute("capture_auc_long", LONG)
    assert own.low < 0.5 < own.high
    bare = long_record(400, never=0.25, seed=2)
    bare.columns["exponent"][:] = np.nan
    other = compute("capture_auc_long", bare)
    assert other.defined and other.value != own.value


def test_within_a_record_an_exponent_that_falls_at_capture_is_no_omen():
    noise = np.random.default_rng(1).standard_normal(RECORD.growth.shape)
    falls = RECORD.replace(growth=noise - 3.0 * RECORD.solved_at[:, :, None])
    found = compute("capture_auc", record=falls)
    assert found.low < 0.5 < found.high and compute("auc", record=falls).value > 0.95
    assert compute("capture_auc", record=RECORD.replace(growth=noise + 2.0 * ~RECORD.solved[:, None, None])).low > 0.8
    with pytest.raises(UserError, match="no exponents"):
        compute("capture_auc", record=RECORD.replace(growth=RECORD.growth[:, :, :0]))


def test_doom_is_the_ratio_of_shares_solved_later():
    growth = RECORD.growth.copy()
    unsolved = ~RECORD.solved_at[:, 3]
    growth[:, :4, 0] = np.where(RECORD.solved, 0.0, 1.0)[:, None]
    condemned = compute("early_doom", record=RECORD.replace(growth=growth))
    assert condemned.value == condemned.low == 0 < condemned.high < 0.5 and condemned.counts["worst"] == round(0.1 * unsolved.sum())
    spared = compute("early_doom", record=RECORD.replace(growth=growth), high=False)
    assert spared.value == pytest.approx(spared.counts["others"] / spared.counts["others_solved_later"]) and spared.low > 1
    noise = RECORD.replace(growth=np.random.default_rng(0).standard_normal(RECORD.growth.shape))
    assert compute("early_doom", record=noise).low < 1 < compute("early_doom", record=noise).high
    assert not compute("early_doom", record=RECORD.take(~RECORD.solved)).defined


def test_all_early_scores_together():
    told = RECORD.replace(halting_logit=RECORD.halting_logit + 9.0 * RECORD.solved[:, None])
    assert compute("early_auc_together", record=told).value > 0.9
    with pytest.raises(UserError, match="early window"):
        compute("early_auc_together", horizon=16)


def test_confident_failures_that_settle():
    logits, moves = np.full((600, 16), -5.0), np.full((600, 16), 100.0)
    wrong = np.flatnonzero(~RECORD.solved)
    logits[wrong[:9]] = 5.0
    moves[wrong[:4]] = moves[RECORD.solved] = 1.0
    found = compute("confident_failures_settled", record=RECORD.replace(halting_logit=logits, displacement_H=moves))
    assert (found.counts["successes"], found.n) == (4, 9)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("halting_calibration", {}),
        ("halting_calibration", {"figure": "brier"}),
        ("confident_share", {}),
        ("confident_failures_settled", {}),
        ("auc", {"score": "halting"}),
    ],
)
def test_of_the_halting_logits_the_last_one_counts_and_no_other(name, parameters):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(len(RECORD), RECORD.segments)) + 2.0 * RECORD.solved[:, None]
    record, earlier, last = RECORD.replace(halting_logit=logits), logits.copy(), logits.copy()
    earlier[:, :-1], last[:, -1] = rng.normal(size=(len(RECORD), RECORD.segments - 1)), rng.normal(size=len(RECORD))
    value = compute(name, record=record, **parameters).value
    assert compute(name, record=record.replace(halting_logit=earlier), **parameters).value == value
    assert compute(name, record=record.replace(halting_logit=last), **parameters).value != value


def test_calibration_and_relative_displacement():
    error, skill = compute("halting_calibration"), compute("halting_calibration", figure="skill")
    assert 0 < error.value < 0.1 and skill.low < skill.value < skill.high <= 1
    norm = RECORD.replace(norm_H=np.full_like(RECORD.norm_H, 50.0), norm_L=np.full_like(RECORD.norm_L, 120.0))
    for part, length in (("H", 50.0), ("L", 120.0), ("joint", 130.0)):
        found = compute("relative_displacement", record=norm, part=part)
        assert found.value == pytest.approx(found.extra["absolute"] / length) and found.unit == "of the norm"


NEED_LONG = ("correct.stay_solved", "failure.sustained", "hrm.failures.wander", "labels.trm.stable")


@pytest.mark.parametrize("name", NEED_LONG)
def test_without_long_rollouts_a_claim_says_how_to_get_them(name):
    ledger = load_ledger()
    architecture = "hrm" if name.startswith("hrm") else "trm"
    verdict = judge(ledger[name], stand_in(name="mine", architecture=architecture, record=RECORD), ledger=ledger)
    assert verdict.outcome is Outcome.UNVERIFIABLE and "unsettled follow CHECKPOINT PUZZLES --out long.parquet" in verdict.reason
    with pytest.raises(MissingInput):
        lookup(ledger[name].statistic).function(RECORD, ledger[name].settings())


class WithLong(Population):
    """A population with one long record."""

    def side(self, kind):
        assert kind == "long"
        return LONG


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("correct.stay_solved", Outcome.TRANSFERS),
        ("labels.trm.stable", Outcome.TRANSFERS),
        ("failure.sustained", Outcome.DOES_NOT_TRANSFER),
    ],
)
def test_with_long_rollouts_it_is_judged(name, outcome):
    ledger = load_ledger()
    verdict = judge(ledger[name], WithLong(name="mine", kind="user", architecture="trm", record=RECORD), ledger=ledger)
    assert verdict.outcome is outcome, verdict.reason


@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize(("tail", "horizon"), [(0.1, 4), (0.001, 2), (0.5, 4)])
def test_the_worst_by_their_scores_against_the_others(high, tail, horizon):
    unsolved = ~RECORD.solved_at[:, horizon - 1]
    scores, later = RECORD.displacement_H[unsolved, :horizon].mean(axis=1), RECORD.solved[unsolved]
    worst = max(1, round(tail * unsolved.sum()))
    chosen = np.argsort(-scores if high else scores, kind="stable")[:worst]
    hit = later[chosen].sum()
    found = compute("early_doom", score="displacement", tail=tail, horizon=horizon, high=high)
    assert found.counts == {
        "worst": worst,
        "worst_solved_later": hit,
        "others": len(later) - worst,
        "others_solved_later": later.sum() - hit,
    }
    wanted = risk_ratio(int(hit), worst, int(later.sum() - hit), len(later) - worst)
    assert (found.value, found.low, found.high) == (wanted.value, wanted.low, wanted.high)
    assert found.denominator == f"puzzles unsolved after {horizon} segments" and f"worst {tail:.0%} over the others" in found.method


def test_one_unsolved_or_none_that_is_solved_later_leave_no_ratio():
    unsolved = np.flatnonzero(~RECORD.solved_at[:, 3])
    assert compute("early_doom", record=RECORD.take(unsolved[:1])).undefined_reason == "too few of them"
    never = RECORD.take(np.flatnonzero(~RECORD.solved_at[:, 3] & ~RECORD.solved))
    assert compute("early_doom", record=never).undefined_reason == "none of the others is solved later" and compute(
        "early_doom", record=never
    ).n == len(never)


@pytest.mark.parametrize("figure", ["error", "brier", "skill"])
def test_figures_of_calibration_are_those_of_the_statistics(figure):
    logits = RECORD.halting_logit[:, -1]
    found = compute("halting_calibration", figure=figure, bins=5)
    if figure == "error":
        assert found == calibration_error(logits, RECORD.solved, bins=5)
        return
    score, spread = brier(logits, RECORD.solved), RECORD.solved.var()
    wanted = [score.value, score.low, score.high] if figure == "brier" else [1 - x / spread for x in (score.value, score.high, score.low)]
    assert [found.value, found.low, found.high] == pytest.approx(wanted)
    right = RECORD.replace(solved=np.ones(600, bool))
    assert compute("halting_calibration", record=right, figure="skill").undefined_reason.startswith("all or none are right")
    nobody = compute("halting_calibration", record=RECORD.take(np.arange(0)), figure=figure)
    assert nobody.undefined_reason == "no puzzles" and nobody.n == 0


def test_scores_with_a_hole_are_told_and_late_steps_taken_of_their_window():
    hole = RECORD.halting_logit.copy()
    hole[3, -1] = np.nan
    for name in ("halting_calibration", "confident_failures_settled"):
        assert compute(name, record=RECORD.replace(halting_logit=hole)).undefined_reason == "1 of 600 halting logits are NaN"
    assert compute("early_auc_together", record=RECORD.replace(halting_logit=hole)).undefined_reason == "some early scores are NaN"
    for window, of in ((1, "successes"), (3, "failures")):
        who = RECORD.solved == (of == "successes")
        found = compute("relative_displacement", window=window, of=of)
        assert found.value == pytest.approx(np.median((RECORD.displacement_H / RECORD.norm("H"))[who, -window:].mean(axis=1)))
        assert found.extra["absolute"] == pytest.approx(np.median(RECORD.displacement_H[who, -window:].mean(axis=1)))
