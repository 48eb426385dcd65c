"""The ledgers of other papers: every one is read, its printed digits are possible, and it says what it took for granted."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.explanation.pages import explain
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.load import PAPER, load_ledger

PAPERS = sorted((PAPER.parent / "papers").glob("*.toml"))
LEDGERS = [path for path in PAPERS if path.stem != "contradictions"]


def test_the_four_are_there():
    assert [path.stem for path in LEDGERS] == ["dissecting-hrm", "efstathiou-balwani", "krishna", "ren-liu"]


@pytest.mark.parametrize("path", LEDGERS, ids=lambda path: path.stem)
def test_a_ledger_says_where_each_claim_stands_and_why_its_form_is_what_it_is(path):
    ledger = load_ledger(path)
    for claim in ledger.claims:
        assert claim.locator.startswith(("abstract", "excerpt", "digest")) and claim.form.why
        assert isinstance(claim.form, NotApplicable) or claim.denominator
    assert all(verdict.outcome.value in ("CONSISTENT", "REPRODUCED") for verdict in arithmetic(ledger).verdicts)


def test_figures_are_kept_as_they_are_printed():
    def stated(name):
        return {claim.id: claim.stated for claim in load_ledger(Path(PAPER.parent / "papers" / f"{name}.toml")).claims}

    krishna, rival = stated("krishna"), stated("ren-liu")
    assert (krishna["solved_later.attention"], krishna["solved_later.mlp"], krishna["never_lost"]) == ("69.4%", "68.4%", "859 of 875")
    assert (rival["accuracy"], rival["gain.relabelling"], rival["accuracy.guesses"]) == ("54.5%", "18.2%", "96.9%")
    assert stated("dissecting-hrm")["cosine.failure"] == ".97"


def test_what_was_taken_for_granted_is_told_and_not_asked_of_every_claim():
    ledger = load_ledger(PAPER.parent / "papers" / "krishna.toml")
    run = SimpleNamespace(ledger=ledger, pairs={})
    told = {fact.label: fact.text for fact in explain(run, "never_lost")[0].facts}
    assert told["assumed"].startswith("875 is 87.5 % of 1,000")
    assert "assumed" not in {fact.label for fact in explain(run, "accuracy.mlp.16")[0].facts}
