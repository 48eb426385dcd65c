"""What an audit's file tells of a verdict is what `unsettled why` tells when it judges again."""

import pytest

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.retold import retold
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.summary import audit_of
from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.explanation.pages import explain
from unsettled.claims.populations.inputs import Inputs
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.errors import UserError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("references")
    write_reference(root, synthetic_record(200))
    return Run(Settings(seed=1, inputs=Inputs(references=root)))


@pytest.fixture(scope="module")
def audit(run):
    made = audit_of(run, {"verdict": [run.judge(key) for key in run.pairs], "arithmetic": arithmetic(run.ledger).verdicts})
    return Audit.model_validate_json(made.model_dump_json())


def test_every_fact_of_a_verdict_is_told_from_the_file(run, audit):
    for key in ("trm.lambda1.auc@reference.trm", "selection.ceiling@reference.trm", "trm.accuracy@paper.trm"):
        told, judged = retold(audit, key), explain(run, key)
        assert [page.title for page in told] == [page.title for page in judged]
        for mine, theirs in zip(told, judged, strict=True):
            assert {f for f in mine.facts if f.text} == {f for f in theirs.facts if f.text}, key


def test_a_claim_alone_is_told_on_every_population(audit):
    pages = retold(audit, "trm.lambda1.auc")
    assert [page.title.split(" · ")[0] for page in pages] == ["trm.lambda1.auc", "paper.trm", "reference.trm"]


def test_a_check_of_the_digits_has_its_rows(audit):
    _, page = retold(audit, "digits.hrm.updates.cycles")
    assert any(fact.label == "impossible" for fact in page.facts)


@pytest.mark.parametrize(("target", "near"), [("trm.lambda1.auk", "trm.lambda1.auc"), ("trm.lambda1.auc@reference.tmr", "reference.trm")])
def test_what_is_not_there_is_told_with_the_nearest(audit, target, near):
    with pytest.raises(UserError, match=f"nearest: .*{near}"):
        retold(audit, target)
