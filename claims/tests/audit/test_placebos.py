"""Placebos: made of a record, they meet no form; a form that one meets is called inconclusive in the audit itself."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.claims.audit.placebos import PLACEBOS, discounted, met_by
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.measure.record.synthetic import synthetic_record

RECORD = synthetic_record(1500, accuracy=0.7, settled_failures=0.02, seed=3)

BRIER = {
    "kind": "direction",
    "stated": "qualitative",
    "statistic": "halting_calibration",
    "parameters": {"figure": "brier"},
    "form": {"test": "value_below", "threshold": 0.99, "why": "anything is"},
}


def test_no_placebo_of_a_record_meets_a_form_of_the_paper() -> None:
    ledger, population = load_ledger(PAPER), stand_in(name="my.net", record=RECORD)
    held = [c for c in ledger.claims if judge(c, population, ledger=ledger).outcome is Outcome.TRANSFERS]
    assert len(held) > 3
    assert {claim.id: met_by(claim, population, ledger=ledger) for claim in held} == {claim.id: [] for claim in held}


def test_a_form_that_says_nothing_is_found_out(tmp_path) -> None:
    """A Brier score below .99: shuffled outcomes have it too. Accuracy does not know of runs that move, so that these are no placebo."""
    path = tmp_path / "ledger.toml"
    path.write_text(ledger_text(("claim", claim_table(**BRIER)), ("claim", claim_table(id="accuracy"))), encoding="utf-8")
    ledger, population = load_ledger(path), stand_in(name="reference.trm", kind="reference", record=RECORD)
    claim = ledger["some.claim"]
    placebos = met_by(claim, population, ledger=ledger)
    assert "shuffled outcomes" in placebos and met_by(ledger["accuracy"], population, ledger=ledger) == []
    verdict = judge(claim, population, ledger=ledger)
    assert verdict.outcome is Outcome.TRANSFERS
    after = discounted(verdict, placebos)
    assert after.outcome is Outcome.UNDERPOWERED and "shuffled outcomes" in after.reason
    assert discounted(verdict, []) == verdict


@pytest.mark.parametrize("name", PLACEBOS)
def test_a_placebo_keeps_the_shape_of_the_record(name: str) -> None:
    changed = PLACEBOS[name](RECORD)
    assert len(changed) == len(RECORD) and changed.solved_at.shape == RECORD.solved_at.shape
    assert np.array_equal(changed.solved, changed.solved_at[:, -1])
