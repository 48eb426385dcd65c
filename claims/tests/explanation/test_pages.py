"""One verdict in full: a page for the claim and for each population, with every fact; and names that do not exist."""

from __future__ import annotations

import re
import tomllib

import pytest

from unsettled.claims.audit.explained import explained
from unsettled.claims.audit.known import KNOWN
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.explanation.pages import explain
from unsettled.claims.explanation.text import render
from unsettled.claims.populations.inputs import read_inputs
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.errors import UserError


@pytest.fixture
def run(references):
    """A run of the shipped ledger on made-up references."""
    return Run(Settings(seed=0, inputs=read_inputs(references=references)))


def facts(page):
    """label → all its texts, joined."""
    labels = dict.fromkeys(fact.label for fact in page.facts)
    return {label: " | ".join(fact.text for fact in page.facts if fact.label == label) for label in labels}


def test_a_page_for_the_claim_and_for_each_population(run):
    pages = explain(run, "trm.lambda1.auc")
    assert [page.title.split(" · ")[0] for page in pages] == ["trm.lambda1.auc", "paper.trm", "reference.trm"]
    claim, absent, measured = map(facts, pages)
    assert claim["printed"].startswith("0.993: any value in [0.9925, 0.9935]")
    assert "score = exponent" in claim["parameters"] and "Area under the ROC curve" in claim["definition"]
    assert "no checkpoint and no record" in absent["because"] and "measured" not in absent
    verdict = run.judge("trm.lambda1.auc@reference.trm")
    assert measured["verdict"].startswith(verdict.outcome.shown) and measured["because"] == verdict.reason
    assert measured["measured"].startswith(verdict.shown) and "negatives" in measured["counts"]
    assert measured["baseline"].count("AUC") == 3 and measured["λ₁ adds"].startswith(("+", "-"))
    record = run.pairs["trm.lambda1.auc@reference.trm"][1].record
    assert measured["weights"] == record.provenance.checkpoint_tensors and measured["record"] == record.digest()
    assert measured["reproduce with"] == verdict.command


def test_every_claim_and_some_checks_are_explained(run):
    ledger = run.ledger
    for item in (*ledger.claims, *ledger.checks[::6]):
        text = render(explain(run, item.id))
        assert "would change it" in text and "reproduce with" in text
        assert not re.search(r"\bnan\b|None|Traceback", text), text


def test_what_another_process_judged_is_explained_without_judging_it_again(run, monkeypatch):
    """But for what drifted from the baseline, whose page is of what it came to."""
    verdict = run.judge("trm.lambda1.auc@reference.trm")
    sent = Verdict.model_validate_json(verdict.model_dump_json())
    wanted = explained(run, verdict)
    judged = []
    monkeypatch.setattr(Run, "judge", lambda self, key: judged.append(key) or verdict)
    assert explained(run, sent) == wanted and not judged
    drifted = sent.model_copy(update={"outcome": Outcome.DRIFTED, "reason": "was REPRODUCED"})
    assert explained(run, drifted) == wanted and judged == [verdict.key]


def test_one_population_alone_and_names_that_do_not_exist(run):
    assert len(explain(run, "trm.lambda1.auc@reference.trm")) == 2
    with pytest.raises(UserError, match=r"nearest: trm\.lambda1\.auc"):
        explain(run, "trm.lamda1.auc")
    with pytest.raises(UserError, match=r"nearest: .*reference\.trm"):
        explain(run, "trm.lambda1.auc@reference.tm")
    with pytest.raises(UserError, match=r"paper\.hrm"):
        explain(run, "hrm.accuracy@elsewhere")


def test_digits_alone_are_explained_with_their_acknowledgement(run):
    page = facts(explain(run, "digits.hrm.updates.cycles", known=run.known)[0])
    assert page["verdict"].startswith("IMPOSSIBLE") and "96" in page["impossible"] and "64" in page["possible"]
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["known"]
    assert page["acknowledged"] == next(entry["reason"] for entry in known if entry["claim"] == "digits.hrm.updates.cycles")
