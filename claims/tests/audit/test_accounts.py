"""The table of contradictions: every side names a claim that is there, both sides are judged alike, and mistakes have a line."""

import pytest

from unsettled.claims.audit.accounts import answers, read_contradictions
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.shipped import CONTRADICTIONS, ledger_named, shipped
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.side import write_side

RECORD = synthetic_record(400, accuracy=0.6, seed=11)


def test_every_side_has_a_form_that_another_network_can_meet_or_not():
    table, ledgers = read_contradictions()
    for each in table:
        for side in each.sides:
            assert not isinstance(ledgers[side.ledger][side.claim].form, NotApplicable), (each.id, side.claim)
    assert {side.ledger for each in table for side in each.sides} == set(shipped())


@pytest.fixture
def network(tmp_path):
    """A TRM whose unsolved runs are solved later at a constant rate, keep their boards, and go on changing them while unsolved."""

    def made(**options):
        write_record(RECORD, tmp_path / "r.parquet")
        side = long_record(400, checkpoint=RECORD.provenance.checkpoint_tensors, **options)
        side.columns.update({"example_id": RECORD.example_id, "givens": RECORD.givens})
        write_side(side, tmp_path / "r.long.parquet")
        return stand_in(record=RECORD, record_path=tmp_path / "r.parquet", architecture="trm")

    return made


def outcomes(population):
    return {(a.contradiction.id, a.side.ledger, a.side.claim): a for a in answers([population])}


def test_two_papers_that_predict_opposites_get_opposite_verdicts(network):
    found = outcomes(network(hazard=0.05, never=0.1))
    later = {ledger: a.verdict.outcome for (each, ledger, _), a in found.items() if each == "later"}
    assert later == {"krishna": Outcome.TRANSFERS, "ren-liu": Outcome.DOES_NOT_TRANSFER, "efstathiou-balwani": Outcome.DOES_NOT_TRANSFER}
    assert found["explores", "krishna", "failures.go_on"].verdict.outcome is Outcome.TRANSFERS
    assert found["holds", "ren-liu", "right_not_held"].verdict.outcome is Outcome.DOES_NOT_TRANSFER
    stuck = outcomes(network(hazard=0.05, never=0.9))
    assert stuck["later", "krishna", "solved_later.attention"].verdict.outcome is Outcome.DOES_NOT_TRANSFER
    assert stuck["later", "efstathiou-balwani", "failures.stay_failed"].verdict.outcome is Outcome.TRANSFERS


def test_a_paper_on_the_other_architecture_is_judged_and_marked(network):
    found = outcomes(network())
    assert not found["later", "ren-liu", "failures.stay"].spoken_of and found["later", "krishna", "solved_later.attention"].spoken_of


def test_what_nobody_measured_stays_undecided(network):
    verdict = outcomes(network())["one_unknown", "ren-liu", "one_unknown.fails"].verdict
    assert verdict.outcome is Outcome.UNVERIFIABLE and "unsettled few-unknown" in verdict.reason
    assert not answers([stand_in(record=None)])


def test_a_side_that_names_no_claim_is_told_with_its_line(tmp_path):
    text = CONTRADICTIONS.read_text(encoding="utf-8").replace("failures.go_on", "failures.go_off")
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    line = next(n for n, t in enumerate(text.splitlines(), 1) if t == 'id = "explores"')
    with pytest.raises(UserError, match=rf"c\.toml:{line - 1}: no claim 'failures.go_off'"):
        read_contradictions(tmp_path / "c.toml")
    with pytest.raises(UserError, match=r"no paper 'kleene'.*krishna"):
        ledger_named("kleene")
