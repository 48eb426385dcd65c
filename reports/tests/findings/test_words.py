"""The words of the page of findings: figures come from the audit and the records, and a place that names nothing is one line."""

from pathlib import Path

import pytest

from unsettled.claims.audit.rivals import Rival
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.reports.findings.words import filled

WHERE = Path("findings.md")


@pytest.fixture
def audit(make_audit, make_verdict):
    other = make_verdict("DOES_NOT_TRANSFER", claim="a.claim", population="reference.trm")
    rival = Rival(name="krishna", title="Another", waiting=0, lines={}, verdicts=(other,))
    return make_audit([make_verdict(), make_verdict("UNDERPOWERED", claim="b.claim", measured=None)], rivals=(rival,))


def test_every_place_gets_its_figure(audit):
    records = {"trm-6x6": synthetic_record(200, accuracy=0.6, seed=1)}
    words = "One ({trm.lambda1.auc@trm}).\nTwo ({b.claim@trm}), three ({krishna:a.claim@trm}).\n{accuracy|trm-6x6}; {judged}; {others}."
    one, two, three = filled(words, audit, records, where=WHERE).splitlines()
    assert one == "One (0.931 \\[0.91, 0.949\\] ✓)."
    assert two == "Two (not measured ?), three (0.931 \\[0.91, 0.949\\] ✗)."
    solved = int(records["trm-6x6"].solved.sum())
    assert three.startswith(f"{solved / 2:.3g}% \\[")
    assert "2 verdicts, of which 1 hold, 1 are inconclusive; 1 verdict, of which 1 do not hold." in three


@pytest.mark.parametrize("place", ["no.claim@trm", "trm.lambda1.auc@nowhere", "accuracy|nowhere", "no column|trm-6x6"])
def test_a_place_that_names_nothing_is_told_with_its_line(audit, place):
    with pytest.raises(UserError, match=r"findings\.md:2: "):
        filled(f"words\n{{{place}}}", audit, {"trm-6x6": synthetic_record(20)}, where=WHERE)
