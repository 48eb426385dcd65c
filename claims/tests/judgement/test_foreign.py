"""A foreign table from its map to verdicts: what it tells is judged as on the whole record, the rest is UNVERIFIABLE with the reason."""

from __future__ import annotations

import json

import pytest

from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.measure import synthetic_record
from unsettled.measure.record.foreign import import_table

MAP = """
source = "table 2"
network = "trm"
task = "sudoku"
segments = 16
updates_per_segment = 21
late_window = 4
[columns]
solved = "ok"
exponents = "l"
displacement = "late"
norm = "norm"
halting = "q"
"""
# decided by outcomes, λ₁, late displacement or the last halting logit alone
JUDGED = {"trm.accuracy", "trm.settled_failures", "trm.least_mobile_failure", "trm.lambda1.median.failure", "trm.failures.expansive"}
JUDGED |= {"trm.lambda1.median.success"}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """The paper's claims on a record and on the table of it."""
    whole, folder = synthetic_record(600, k=1, seed=5), tmp_path_factory.mktemp("table")
    columns = {
        "ok": whole.solved.tolist(),
        "l": whole.exponents()[:, 0].tolist(),
        "late": whole.late_displacement().tolist(),
        "norm": whole.norm_H[:, -1].tolist(),
        "q": whole.halting_logit[:, -1].tolist(),
    }
    (folder / "t.json").write_text(json.dumps(columns))
    (folder / "map.toml").write_text(MAP)
    ledger, found = load_ledger(), []
    for record in (whole, import_table(folder / "t.json", folder / "map.toml")):
        population = Population(name="paper.trm", kind="paper", architecture="trm", record=record)
        found.append({c.id: judge(c, population, ledger=ledger) for c in ledger.claims if ledger.concerns(c, "paper.trm", "trm")})
    return found


def test_what_the_table_tells_is_judged_as_on_the_whole_record(verdicts):
    whole, table = verdicts
    assert whole.keys() >= JUDGED
    for name in JUDGED:
        assert table[name].outcome == whole[name].outcome != "UNVERIFIABLE", (name, table[name].reason)
        assert table[name].measured.estimate.value == pytest.approx(whole[name].measured.estimate.value)


def test_what_it_does_not_tell_is_unverifiable_with_the_reason(verdicts):
    whole, table = verdicts
    assert "ERROR" not in {verdict.outcome for verdict in table.values()}
    told = [v for name, v in table.items() if v.outcome == "UNVERIFIABLE" and whole[name].outcome != "UNVERIFIABLE"]
    assert len(told) > 5
    for verdict in told:
        assert "it was imported from table 2" in verdict.reason or "does not tell" in verdict.reason, (verdict.claim, verdict.reason)
