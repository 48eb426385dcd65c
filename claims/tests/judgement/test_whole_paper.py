"""The shipped ledger judged whole: every verdict can be stored, says what it must beat, and names its command."""

from collections import Counter
from pathlib import Path

from unsettled.claims.judgement.judge import judge, judge_all
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.asking import RECORD
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record


def populations():
    trm = synthetic_record(1500, accuracy=0.85, seed=1)
    hrm = synthetic_record(1500, accuracy=0.55, facts=HRM_FACTS, seed=2)
    return [
        stand_in(name="paper.trm", record=trm, same_examples=True),
        stand_in(name="paper.hrm", architecture="hrm", record=hrm),
        stand_in(name="reference.trm", kind="reference", record=trm),
        stand_in(name="reference.hrm", architecture="hrm", kind="reference", record=hrm),
    ]


def test_the_paper_is_judged_whole_and_every_verdict_can_be_stored(paper):
    verdicts = judge_all(paper, populations())
    judged = Counter(verdict.population for verdict in verdicts)
    # every claim on one of the paper's own populations or on both; on another checkpoint only those of its architecture
    assert judged["paper.trm"] + judged["paper.hrm"] >= len(paper.claims) > 40
    assert all(15 <= judged[f"reference.{name}"] <= judged[f"paper.{name}"] for name in ("trm", "hrm"))
    assert len({verdict.key for verdict in verdicts}) == len(verdicts)
    assert Outcome.ERROR not in {verdict.outcome for verdict in verdicts}
    for verdict in verdicts:
        kept = verdict.model_dump_json()
        assert type(verdict).model_validate_json(kept).model_dump_json() == kept
        assert "\n" not in verdict.reason and len(verdict.reason) > 20
        if verdict.outcome is Outcome.CONSISTENT and verdict.power is not None:
            assert verdict.power.power >= 0.8


def test_every_claim_on_lambda1_carries_what_it_must_beat(paper):
    verdicts = {v.key: v for v in judge_all(paper, populations())}
    for key in ("trm.lambda1.auc@reference.trm", "hrm.lambda1.auc@paper.hrm", "matched.givens.auc@reference.hrm"):
        extra = verdicts[key].measured.estimate.extra
        assert {"auc_displacement", "auc_halting", "auc_spectrum_mean", "increment"} <= set(extra)


def test_the_command_reruns_just_this_claim(paper):
    verdict = judge(paper["trm.lambda1.auc"], stand_in(name="reference.trm", kind="reference", record=RECORD), ledger=paper)
    assert verdict.command == "pytest claims/ --claim trm.lambda1.auc@reference.trm"


def test_the_command_brings_what_was_brought(paper):
    brought = stand_in(record=RECORD, record_path=Path("my records/trm.parquet"), same_examples=True)
    verdict = judge(paper["trm.lambda1.auc"], brought, ledger=paper)
    assert verdict.command == (
        "pytest claims/ --record 'paper.trm=my records/trm.parquet' --same-examples paper.trm --claim trm.lambda1.auc@paper.trm"
    )
