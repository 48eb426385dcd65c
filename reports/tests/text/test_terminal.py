"""The summary names every claim and reads at 80 columns, without colour, whatever the ledger holds."""

import math

import pytest
from rich.cells import cell_len

from unsettled.claims.verdict import Measurement, Outcome
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.text import harmless
from unsettled.reports.text.terminal import render, sentence


@pytest.fixture
def verdicts(make_verdict):
    return [
        make_verdict("UNVERIFIABLE", population="paper.trm", measured=None, reason="no record", command='pytest claims/ --record X -k "a"'),
        make_verdict(
            "UNVERIFIABLE",
            claim="trm.accuracy",
            stated="87.6%",
            population="paper.trm",
            measured=None,
            reason="no record",
            command='pytest claims/ --record X -k "b"',
        ),
        make_verdict(),
        make_verdict("DOES_NOT_TRANSFER", claim="trm.accuracy", stated="87.6%", reason="far " * 60),
        make_verdict("UNDERPOWERED", claim="early.trm.lambda1", reason="26 are too few"),
    ]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_claim_is_there_and_no_line_is_too_long(verdicts, make_audit, width):
    text = render(make_audit(verdicts), width=width)
    for verdict in verdicts:
        assert verdict.claim in text and verdict.stated in text and verdict.outcome.shown in text
    if width >= 80:
        assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text


def test_figures_stand_beside_the_claim(verdicts, make_audit):
    line = next(x for x in render(make_audit(verdicts)).splitlines() if "trm.lambda1.auc" in x and "0.9312" in x)
    assert line.split() == ["trm.lambda1.auc", "0.993", "0.9312", "[0.9101,", "0.9487]", "2,048"]


def test_percentages_are_measured_in_percent(make_verdict):
    share = Estimate(value=0.9312, low=0.9101, high=0.9487, n=2048)
    assert make_verdict(measured=Measurement(estimate=share, percent=True)).shown == "93.12% [91.01%, 94.87%]"
    assert make_verdict(measured=Measurement(estimate=Estimate(value=0.0, high=0.1))).shown == "0 [−∞, 0.1]"
    assert make_verdict(measured=Measurement(estimate=Estimate(value=math.nan))).shown == "–"


def test_what_did_not_transfer_and_what_would_decide_are_listed(verdicts, make_audit):
    text = render(make_audit(verdicts))
    assert "did not transfer (1)\n  trm.accuracy@reference.trm" in text
    assert "2 claims on paper.trm: nothing measured; decide with\n    pytest claims/ --checkpoint X\n" in text
    assert "1 claim INCONCLUSIVE, more puzzles may decide (--record NAME=PATH):\n  early.trm.lambda1@reference.trm" in text


def test_colour_only_when_asked(verdicts, make_audit):
    assert "\x1b[" in render(make_audit(verdicts), colour=True)


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "a\u202eb", "[bold]x[/bold] [/]", "\x07bell", "line\nbreak", ":smile:"])
def test_foreign_text_does_nothing(make_audit, make_verdict, hostile):
    text = render(make_audit([make_verdict(stated=hostile, reason=hostile, claim="c")]))
    assert harmless(hostile) in text
    assert all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        (["UNVERIFIABLE"], "Nothing was decided: this run says nothing about the paper."),
        ([], "No claim was judged."),
        (
            ["REPRODUCED", "REFUTED", "TRANSFERS", "DRIFTED"],
            "1 claim held and 1 failed on the paper's own populations; 1 of 1 transfer to other checkpoints; 1 drifted from the baseline.",
        ),
        (
            ["TRANSFERS", "DOES_NOT_TRANSFER", "ERROR"],
            "Nothing was decided on the paper's own populations; 1 of 2 transfer to other checkpoints; 1 could not be judged.",
        ),
    ],
)
def test_one_sentence(make_audit, make_verdict, outcomes, told):
    assert sentence(make_audit([make_verdict(o) for o in outcomes])) == told


def test_each_outcome_has_a_style(make_audit, make_verdict):
    text = render(make_audit([make_verdict(o, claim=f"c.{o}") for o in Outcome]), colour=True)
    assert all(f"c.{o}" in text for o in Outcome)


def test_uncaught_falsehood_and_differing_rows_are_shown(make_audit, make_verdict):
    audit = make_audit([make_verdict()])
    planted = audit.planted[0].model_copy(update={"outcome": "REPRODUCED"})
    rows = audit.remeasured[0].model_copy(update={"differing": ["example 5: outcome solved, now failed"]})
    text = render(audit.model_copy(update={"planted": (planted,), "remeasured": (rows,)}))
    assert "0 of 1 caught" in text and "NOT CAUGHT wrong-auc" in text
    assert "1 differ" in text and "example 5: outcome solved, now failed" in text
