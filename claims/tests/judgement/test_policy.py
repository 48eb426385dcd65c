"""What pytest reports of each verdict, under each policy."""

import pytest

from unsettled.claims.judgement.policy import POLICIES, fate
from unsettled.claims.verdict import Outcome

# outcome → report under (draft, strict)
EXPECTED = {
    "REPRODUCED": ("passed", "passed"),
    "CONSISTENT": ("passed", "passed"),
    "TRANSFERS": ("passed", "passed"),
    "REFUTED": ("failed", "failed"),
    "DOES_NOT_TRANSFER": ("xfailed", "xfailed"),
    "IMPOSSIBLE": ("failed", "failed"),
    "UNDERPOWERED": ("skipped", "failed"),
    "UNVERIFIABLE": ("skipped", "failed"),
    "DRIFTED": ("failed", "failed"),
    "ERROR": ("error", "error"),
}


def test_every_outcome_has_a_fate():
    assert set(EXPECTED) == set(Outcome)


@pytest.mark.parametrize("outcome", EXPECTED)
def test_fate_by_policy(make_verdict, outcome):
    found = tuple(fate(make_verdict(outcome), POLICIES[name]).report for name in ("draft", "strict"))
    assert found == EXPECTED[outcome]


@pytest.mark.parametrize(("outcome", "draft"), [("REFUTED", "xfailed"), ("IMPOSSIBLE", "xfailed")])
def test_acknowledged_contradiction_is_expected_but_not_when_strict(make_verdict, outcome, draft):
    verdict = make_verdict(outcome, acknowledged="told")
    assert fate(verdict, POLICIES["draft"]).report == draft
    assert fate(verdict, POLICIES["strict"]).report == "failed"
    assert "told" in fate(verdict, POLICIES["draft"]).message


@pytest.mark.parametrize(("outcome", "report"), [("REPRODUCED", "failed"), ("UNVERIFIABLE", "skipped"), ("REFUTED", "failed")])
def test_stale_acknowledgement_fails_what_would_pass(make_verdict, outcome, report):
    assert fate(make_verdict(outcome), POLICIES["draft"], stale="told").report == report


def test_message_is_harmless(make_verdict):
    assert fate(make_verdict(reason="a\x1b[31mb", measured=None), POLICIES["draft"]).message == "TRANSFERS: a\\x1b[31mb"


def test_the_figures_come_first_because_pytest_cuts_its_short_lines(make_verdict):
    message = fate(make_verdict("REFUTED", reason="because"), POLICIES["draft"]).message
    assert message == "0.993 stated, 0.9312 [0.9101, 0.9487] measured: REFUTED: because"
