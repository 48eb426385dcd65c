"""Verdicts that the data decide: populations that are no evidence for or against a claim are called inconclusive, in both directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unsettled.claims.judgement.families import adjust, expected_false
from unsettled.claims.judgement.families import tests_of as figures_of
from unsettled.claims.judgement.judge import judge
from unsettled.claims.judgement.noise_band import disturb
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.record import Record

LEDGER = load_ledger(PAPER)
NORM = 220.0
REFERENCES = Path(__file__).parents[3] / "fixtures" / "reference"
SETTLING = (
    "trm.settled_failures",
    "correct.enter_and_stay",
    "wrong.never_stay",
    "hrm.settled_failures",
    "hrm.wandering_failures",
    "selection.ceiling",
    "labels.corrected",
)


def moving_by(steps: np.ndarray, **options: object) -> Record:
    """A record whose runs move by these fractions of the norm in every segment."""
    record = synthetic_record(len(steps), **options)
    moved = np.repeat(steps[:, None], record.segments, axis=1) * NORM
    return record.replace(displacement_H=moved, displacement_L=moved)


def verdict_on(name: str, record: Record, *, own: bool = False) -> Verdict:
    where = sorted(LEDGER.own(LEDGER[name]))[0] if own else "my.net"
    return judge(LEDGER[name], stand_in(name=where, record=record), ledger=LEDGER)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize("name", [name for name in SETTLING if name != "selection.ceiling"])
def test_halves_of_one_hump_decide_nothing(name: str, rng: np.random.Generator) -> None:
    """Runs that converge at every speed, whatever their outcome: a line anywhere gives shares, and none of them means anything."""
    record = moving_by(10 ** rng.uniform(-3.5, -0.95, 800))
    assert verdict_on(name, record).outcome is Outcome.UNDERPOWERED
    assert verdict_on(name, record, own=True).outcome is Outcome.UNDERPOWERED


@pytest.mark.parametrize("name", SETTLING)
def test_a_random_network_whose_every_run_moves_settles_nothing(name: str, rng: np.random.Generator) -> None:
    """57 to 62 a segment at a norm of 48.7: nobody settles, so that it neither shows that failures do not, nor that half of them do."""
    record = moving_by(rng.uniform(57, 62, 800) / 48.7)
    for own in (False, True):
        verdict = verdict_on(name, record, own=own)
        expected = {"correct.enter_and_stay": Outcome.REFUTED if own else Outcome.DOES_NOT_TRANSFER}
        assert verdict.outcome is expected.get(name, Outcome.UNDERPOWERED), verdict.reason


def test_a_network_at_float_noise_does_not_fail_for_leaving_a_band(rng: np.random.Generator) -> None:
    record = moving_by(10 ** rng.normal(-6.5, 0.2, 800))
    assert verdict_on("correct.enter_and_stay", record).outcome is Outcome.UNDERPOWERED
    assert verdict_on("trm.settled_failures", record).outcome is Outcome.DOES_NOT_TRANSFER


@pytest.mark.parametrize("name", SETTLING)
def test_an_outcome_of_either_precision_is_judged_alike(name: str, rng: np.random.Generator) -> None:
    exact = 10 ** rng.uniform(-14, -0.5, 800)
    double = moving_by(exact)
    double = double.replace(provenance=double.provenance.model_copy(update={"dtype": "float64"}))
    assert verdict_on(name, moving_by(np.maximum(exact, 2e-7))).outcome is verdict_on(name, double).outcome


def test_settled_failures_need_not_exist_below_the_percentile(rng: np.random.Generator) -> None:
    """30 % are right and settle, no failure does: a 45th percentile holds failures all the same."""
    record = synthetic_record(4000, accuracy=0.3, settled_failures=0.0, facts=HRM_FACTS)
    verdict = judge(LEDGER["hrm.settled_failures.exist"], stand_in(name="paper.hrm", record=record), ledger=LEDGER)
    assert verdict.outcome is Outcome.REFUTED, verdict.reason


def shuffled(record: Record, seed: int) -> Record:
    """The same runs with the outcomes of others."""
    order = np.random.default_rng(seed).permutation(len(record))
    columns = ("solved", "solved_at", "token_accuracy", "conflicts")
    return record.replace(**{name: np.asarray(getattr(record, name))[order] for name in columns})


def transferable(ledger: Ledger) -> list[AnyClaim]:
    return [claim for claim in ledger.claims if ledger.concerns(claim, "my.net", None) and "my.net" not in ledger.own(claim)]


@pytest.mark.parametrize("placebo", ["shuffled", "constant", "all failed", "all solved"])
def test_no_form_is_met_by_a_placebo(placebo: str) -> None:
    record = synthetic_record(1500, accuracy=0.7, settled_failures=0.02, seed=3)
    if placebo == "shuffled":
        record = shuffled(record, 1)
    elif placebo == "constant":
        same = {name: np.ones_like(getattr(record, name)) for name in ("growth", "displacement_H", "displacement_L", "halting_logit")}
        record = record.replace(**same)
    else:
        right = np.full(len(record), placebo == "all solved")
        record = record.replace(solved=right, solved_at=np.repeat(right[:, None], record.segments, axis=1))
    met = [claim.id for claim in transferable(LEDGER) if verdict_on(claim.id, record).outcome is Outcome.TRANSFERS]
    assert met == []


# --- recompute: noise ---------------------------------------------------------------------------------------------


def own_figures(record: Record) -> list[tuple[AnyClaim, str]]:
    """The ledger's claims with the digits that this record gives: a paper that printed what it measured."""
    failures = int((~record.solved).sum())
    told = []
    for name, digits in (
        ("trm.accuracy", "{:.1%}"),
        ("trm.failures.count", "{:.0f}"),
        ("trm.lambda1.auc", "{:.3f}"),
        ("trm.lambda1.median.failure", "{:+.3f}"),
        ("trm.least_mobile_failure", "{:.1%}"),
    ):
        claim = LEDGER[name]
        if name == "trm.least_mobile_failure":
            claim = claim.model_copy(update={"parameters": claim.parameters | {"failures": failures}})
        verdict = judge(claim, stand_in(name="paper.trm", record=record, same_examples=True), ledger=LEDGER)
        assert verdict.measured is not None
        told.append((claim.model_copy(update={"of": None}), digits.format(verdict.measured.estimate.value)))
    return told


def recomputed(claim: AnyClaim, stated: str, record: Record) -> Verdict:
    changed = type(claim).model_validate(claim.model_dump() | {"stated": stated, "form": claim.form.model_dump()})
    return judge(changed, stand_in(name="paper.trm", record=record, same_examples=True), ledger=LEDGER)


@pytest.fixture(scope="module")
def measured() -> Record:
    """2,048 runs of a network whose 215 failures move, with a noise floor that saw no outcome change."""
    return read_record(REFERENCES / "trm-9x9-long" / "record.parquet")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_second_measurement_of_the_same_network_is_reproduced(measured: Record, seed: int) -> None:
    """Outcomes change in one comparison of a hundred, where the floor saw none in 128: its upper limit is 2.3 %."""
    assert measured.provenance.noise is not None
    seen = measured.provenance.noise.model_copy(update={"rows": 100, "alternates": ["one"], "label_flips": 1})
    again = disturb(measured, seen, np.random.default_rng(seed), possible=False)
    assert (again.solved != measured.solved).any()
    for claim, stated in own_figures(measured):
        assert recomputed(claim, stated, again).outcome is Outcome.REPRODUCED, (claim.id, stated)


def test_what_noise_cannot_move_is_refuted(measured: Record) -> None:
    found = {claim.id: (claim, stated) for claim, stated in own_figures(measured)}
    claim, stated = found["trm.lambda1.auc"]
    assert recomputed(claim, f"{float(stated) - 0.03:.3f}", measured).outcome is Outcome.REFUTED
    claim, stated = found["trm.failures.count"]
    for off in (-14, 14):
        assert recomputed(claim, str(int(stated) + off), measured).outcome is Outcome.REFUTED
    claim, _ = found["trm.least_mobile_failure"]
    assert recomputed(claim, "10.0%", measured).outcome is Outcome.REFUTED


# --- families and networks ----------------------------------------------------------------------------------------


def test_holm_counts_the_family_that_the_ledger_declares_whether_measured_or_not() -> None:
    record = synthetic_record(2000, accuracy=0.85)
    verdict = verdict_on("trm.accuracy", record, own=True)
    tests = figures_of(LEDGER["trm.accuracy"], LEDGER)
    assert verdict.family == "secondary" and verdict.family_tests == tests > 10
    alone, among = adjust([verdict])[0], adjust([verdict, verdict_on("trm.lambda1.auc", record, own=True)])[0]
    assert verdict.p_value is not None and alone.p_adjusted == among.p_adjusted == pytest.approx(min(1.0, verdict.p_value * tests))


def test_what_a_network_decides_is_held_to_a_false_discovery_rate() -> None:
    record = synthetic_record(300, accuracy=0.6, seed=1)
    verdicts = [verdict_on(claim.id, record) for claim in transferable(LEDGER)]
    held = adjust(verdicts)
    assert all(verdict.p_adjusted is not None for verdict in held if verdict.p_value is not None)
    weak = verdicts[0].model_copy(update={"outcome": Outcome.TRANSFERS, "mode": "transfer", "p_value": 0.04, "claim": "weak"})
    calm = [weak.model_copy(update={"p_value": 0.9, "outcome": Outcome.UNDERPOWERED, "claim": f"calm.{i}"}) for i in range(9)]
    after = adjust([weak, *calm])
    assert after[0].outcome is Outcome.UNDERPOWERED and "false discovery rate" in after[0].reason
    decided = [weak.model_copy(update={"claim": f"decided.{i}"}) for i in range(40)]
    assert expected_false(decided) == pytest.approx(2.0)


# --- extremes and clusters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [300, 3000])
def test_a_claim_about_an_extreme_does_not_follow_the_size_of_the_sample(size: int) -> None:
    """Failures of which one in ten is calmer than nine in ten successes: the calmest of 254 is, and so are those of any number."""
    rng = np.random.default_rng(size)
    solved = rng.random(size) < 0.5
    places = np.where(solved, rng.random(size), np.where(rng.random(size) < 0.1, 0.9 * rng.random(size), 0.9 + 0.1 * rng.random(size)))
    record = moving_by(10 ** (3 * places - 4)).replace(solved=solved)
    assert verdict_on("trm.least_mobile_failure", record).outcome is Outcome.DOES_NOT_TRANSFER


def test_a_sharp_edge_between_the_classes_refutes_nothing() -> None:
    """Every failure just above the printed quantile of the successes: a fresh quantile lies a little higher, and below many of them."""
    rng = np.random.default_rng(1)
    refuted = 0
    for _ in range(40):
        solved = np.arange(2048) >= 254
        places = np.where(solved, rng.random(2048), 0.965 + 0.001 * rng.random(2048))
        record = moving_by(10 ** (3 * places - 4)).replace(solved=solved)
        refuted += verdict_on("trm.least_mobile_failure", record, own=True).outcome is Outcome.REFUTED
    assert refuted <= 5


def test_examples_that_depend_on_others_are_not_counted() -> None:
    """Five puzzles in twelve augmentations each are five: nothing is decided on them, and the reason says why."""
    base = synthetic_record(60, accuracy=0.7, seed=2)
    repeated = base.take(np.repeat(np.arange(5), 12))
    record = repeated.replace(example_id=np.arange(60), group=np.repeat(np.arange(5), 12))
    independent = base.take(np.arange(5))
    for name in ("trm.settled_failures", "labels.corrected", "halting.separates"):
        verdict, alone = verdict_on(name, record), verdict_on(name, independent)
        assert verdict.outcome is alone.outcome is not Outcome.ERROR
        assert "55 others depend on these" in verdict.reason
        assert verdict.measured is None or verdict.measured.estimate.n <= 5
