"""Every statistic that a claim may name: registered once, an estimate with ordered limits, unbroken by records with little to count."""

import time

import numpy as np
import pytest

from unsettled.claims.catalogue.registered import STATISTICS, lookup, statistic
from unsettled.claims.catalogue.registry import MissingInput
from unsettled.claims.judgement.case import estimate
from unsettled.claims.judgement.judge import judge, judge_all
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.by_hand import RECORD, compute, with_late
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record, with_noise
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate


def with_nan_in_row_0(array):
    array = array.astype(float).copy()
    array[0] = np.nan
    return array


SHORTENED = ("solved_at", "displacement_H", "displacement_L", "norm_H", "norm_L", "halting_logit", "conflicts", "growth")


def test_counts_and_settings():
    wrong = int((~RECORD.solved).sum())
    assert compute("accuracy").value == (600 - wrong) / 600
    assert compute("failures_per").value == pytest.approx(2 * wrong)
    assert compute("failures_per", of=600).value == wrong
    assert compute("failures_per").low < 2 * wrong < compute("failures_per").high
    assert compute("sample_size").value == 600 and compute("segments").value == 16
    assert compute("hidden_size").value == 512
    assert compute("updates_per_puzzle").value == 336
    assert compute("updates_per_puzzle", synthetic_record(9, facts=HRM_FACTS)).value == 96
    assert compute("updates_per_puzzle", segments=4).value == 84


def test_facts_of_a_checkpoint_and_choices_of_a_measurer_have_no_sampling_error():
    exact = {name: found.exact for name, found in STATISTICS.items() if found.exact}
    assert exact == {"sample_size": "choice", "segments": "choice", "hidden_size": "checkpoint", "updates_per_puzzle": "checkpoint"}
    for name in exact:
        measured = compute(name)
        assert measured.low == measured.value == measured.high


def test_what_no_record_holds():
    for name in ("restarts_over_pruning", "external"):
        with pytest.raises(MissingInput):
            compute(name)


def test_a_statistic_is_registered_once_and_an_unknown_one_lists_the_known():
    with pytest.raises(ValueError, match="registered twice"):
        statistic("accuracy", lookup("accuracy").parameters)(lambda record, parameters: None)
    with pytest.raises(UserError, match=r"unknown statistic 'nothing'.*--statistics FILE.py"):
        lookup("nothing")
    assert all(found.summary.endswith(".") for found in STATISTICS.values())


DEGENERATE = {
    "no rows": RECORD.take(np.zeros(0, dtype=int)),
    "one row": RECORD.take(np.array([0])),
    "all right": RECORD.replace(solved=np.ones(600, bool), solved_at=np.ones_like(RECORD.solved_at)),
    "all wrong": RECORD.replace(solved=np.zeros(600, bool), solved_at=np.zeros_like(RECORD.solved_at)),
    "one failure": RECORD.replace(solved=np.arange(600) > 0),
    "no motion": with_late(RECORD, np.zeros(600)),
    "NaN": RECORD.replace(**{name: with_nan_in_row_0(getattr(RECORD, name)) for name in ("growth", "displacement_H", "halting_logit")}),
    "minus infinity": RECORD.replace(growth=np.full_like(RECORD.growth, -np.inf)),
    "no exponents": RECORD.replace(growth=RECORD.growth[:, :, :0]),
    "two segments": RECORD.replace(**{name: getattr(RECORD, name)[:, :2] for name in SHORTENED}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("record", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_a_degenerate_record_never_breaks_a_statistic(record):
    ledger = load_ledger()
    for name, architecture, same in (("paper.trm", "trm", True), ("paper.hrm", "hrm", False), ("reference.any", None, False)):
        population = stand_in(name=name, architecture=architecture, record=record, same_examples=same)
        for verdict in judge_all(ledger, [population]):
            assert verdict.outcome is not Outcome.ERROR, (verdict.claim, verdict.reason)


def test_nan_is_never_counted_on_either_side():
    """A NaN compares false with every threshold: it must not pass for unsettled, contracting or unsure."""
    record = DEGENERATE["NaN"].replace(solved=RECORD.solved & (np.arange(600) > 0))
    for name in ("settled_share", "wandering_share", "stays_share", "confident_share", "expansive_share"):
        measured = compute(name, record, of="failures")
        assert not measured.defined and "NaN" in measured.undefined_reason, name


def test_every_statistic_returns_an_estimate_with_ordered_limits():
    for name in STATISTICS:
        if name == "external" or STATISTICS[name].needs:
            continue
        measured = compute(name)
        assert isinstance(measured, Estimate) and measured.low <= measured.value <= measured.high, name
        limits = STATISTICS[name].limits
        assert limits is None or limits[0] <= measured.low <= measured.high <= limits[1], name


def test_judging_needs_no_torch():
    modules = ", ".join(f"unsettled.claims.{name}" for name in ("judgement.judge", "digits.arithmetic", "audit.known"))
    assert fresh(f"import sys, {modules}; assert 'torch' not in sys.modules").returncode == 0


@pytest.mark.benchmark
def test_a_record_of_8192_rows_is_judged_in_seconds():
    ledger = load_ledger()
    record = with_noise(synthetic_record(8192, accuracy=0.55, facts=HRM_FACTS, seed=2))
    population = stand_in(name="paper.hrm", architecture="hrm", record=record, same_examples=True)
    start = time.process_time()  # of this process: other work on the machine does not count
    concerned = [claim for claim in ledger.claims if ledger.concerns(claim, "paper.hrm", "hrm")]
    assert len(judge_all(ledger, [population])) == len(concerned) > 22
    assert time.process_time() - start < 5


def test_a_claim_is_evaluated_with_its_own_parameters_and_with_those_of_its_form_elsewhere():
    ledger = load_ledger()
    claim = ledger["hrm.settled_failures"]
    here, there = estimate(claim, RECORD), estimate(claim, RECORD, elsewhere=True)
    assert "percentile 45" in here.method and "otsu" in there.method
    verdict = judge(claim, stand_in(name="reference.hrm", architecture="hrm", record=RECORD), ledger=ledger)
    assert verdict.measured.estimate.method == there.method
