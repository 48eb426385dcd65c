"""A record that was imported from an evaluation: outcomes are judged, everything else says what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.provenance import Imported
from unsettled.measure.record.record import lacking_column

JUDGED = {"hrm.accuracy", "halting.tracks_correctness", "halting.separates", "updates.hundreds", "updates.hrm", "latent.width"}


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """A synthetic record of the HRM without what an evaluation does not write."""
    whole = synthetic_record(3000, accuracy=0.526, facts=HRM_FACTS, seed=3)
    absent = ["displacement_H", "displacement_L", "norm_H", "norm_L", "growth"]
    last = {name: getattr(whole, name)[:, -1] for name in ("solved_at", "halting_logit", "conflicts")}
    imported = Imported(source="what an evaluation wrote (step_26040_all_preds.0)", files={}, absent=absent, last_segment=list(last))
    provenance = whole.provenance.model_copy(update={"imported": imported, "exponents": 0})
    lacking = {name: lacking_column(name, len(whole), provenance, last=last.get(name)) for name in (*absent, *last)}
    path = tmp_path_factory.mktemp("imported") / "r.parquet"
    write_record(whole.replace(**lacking, provenance=provenance), path)
    return read_record(path), whole


def verdicts(record):
    ledger = load_ledger()
    population = Population(name="paper.hrm", kind="paper", architecture="hrm", record=record)
    return {c.id: judge(c, population, ledger=ledger) for c in ledger.claims if ledger.concerns(c, "paper.hrm", "hrm")}


def test_outcomes_and_halting_are_judged_as_on_the_whole_record(partial):
    record, whole = partial
    on_part, on_whole = verdicts(record), verdicts(whole)
    for name in JUDGED & on_whole.keys():
        assert on_part[name].outcome == on_whole[name].outcome != "ERROR", name
        assert on_part[name].measured.estimate.value == on_whole[name].measured.estimate.value, name
    assert on_part["hrm.accuracy"].measured.estimate.value == np.mean(whole.solved)


def test_everything_else_says_what_is_missing(partial):
    record, whole = partial
    on_whole = verdicts(whole)
    told = 0
    for name, verdict in verdicts(record).items():
        assert verdict.outcome != "ERROR", verdict.reason
        if verdict.measured is not None or name in JUDGED or on_whole[name].outcome == "UNVERIFIABLE":
            continue
        assert verdict.outcome in ("UNVERIFIABLE", "IMPOSSIBLE"), name
        if verdict.outcome == "UNVERIFIABLE":
            assert "the record holds no " in verdict.reason or "0 exponents" in verdict.reason, verdict.reason
            told += 1
    assert told > 5
    assert {v.measured for n, v in verdicts(record).items() if "lambda1" in n or "displacement" in n} == {None}
