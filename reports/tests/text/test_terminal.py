"""The summary names every claim and reads at 80 columns, without colour, whatever the ledger holds."""

import math

import pytest
from rich.cells import cell_len

from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.claims.verdict import Measurement, Outcome
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.text import harmless
from unsettled.reports.headline import sentence
from unsettled.reports.text.terminal import render


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
    text = render(make_audit(verdicts), width=width, detailed=True)
    for verdict in verdicts:
        assert verdict.claim in text and verdict.stated in text and verdict.outcome.shown in text
    if width >= 80:
        assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text


def test_figures_stand_beside_the_population_below_the_claim(verdicts, make_audit):
    lines = render(make_audit(verdicts), detailed=True).splitlines()
    place = lines.index("trm.lambda1.auc  0.993")
    assert lines[place + 1 : place + 3] == [
        "  λ₁ separates",
        "  ✓ reference.trm           TRANSFERS         0.9312 [0.9101, 0.9487]   2,048",
    ]
    assert lines[place + 3] == "    because"


def test_the_overview_has_a_row_a_claim_and_a_mark_a_population(verdicts, make_audit, make_verdict):
    other = make_verdict("UNDERPOWERED", population="reference.hrm")
    lines = render(make_audit([*verdicts, other]), width=60).splitlines()
    rows = {line.split()[0]: line.split()[-2:] for line in lines if line.startswith("  ") and line.rstrip()[-1:] in "✓✗?"}
    assert rows["trm.lambda1.auc"] == ["✓", "?"] and rows["trm.accuracy"][-1] == "✗"
    assert "✓ holds, ✗ does not hold, ? inconclusive" in lines
    assert "a reference.trm (2,048)  b reference.hrm (2,048)" in lines


def test_a_claim_that_was_judged_nowhere_has_no_row_and_is_named_once(make_audit, make_verdict):
    nowhere = make_verdict("UNVERIFIABLE", claim="paper.alone", population="paper.trm", measured=None, reason="no record")
    text = render(make_audit([make_verdict(), nowhere]))
    assert "measured on none of these: paper.alone" in text and text.count("paper.alone") == 1


def test_a_wide_terminal_shows_rounded_values_in_the_grid(verdicts, make_audit):
    line = next(line for line in render(make_audit(verdicts), width=120).splitlines() if "trm.lambda1.auc" in line)
    assert line.endswith("✓ 0.931") and "λ₁ separates" in line


def test_the_digits_come_before_the_grid_and_failures_after_them(make_audit, make_verdict):
    digits = make_verdict("IMPOSSIBLE", claim="digits.sum", mode="arithmetic", population="paper.trm", measured=None, reason="3 is not 4")
    audit = make_audit([make_verdict(), make_verdict("REFUTED", claim="b", reason="excluded")], arithmetic=(digits,))
    text = render(audit)
    order = [
        text.index(part) for part in ("printed digits that cannot hold (1, 0 acknowledged)", "3 is not 4", "failed (1)", "excluded", "¶2")
    ]
    assert order == sorted(order)


def test_many_failures_are_counted_after_the_first(make_audit, make_verdict):
    text = render(make_audit([make_verdict("REFUTED", claim=f"claim.{number}") for number in range(20)]))
    assert "failed (20)" in text and "… and 12 more (-v)" in text


def test_todays_ledger_fits_a_screen_and_a_half_of_fifty_rows(make_audit, make_verdict):
    ledger = load_ledger(PAPER)
    audit = make_audit(
        [make_verdict(claim=c.id, locator=c.locator, words=c.words, population=f"reference.{n}") for c in ledger.claims for n in range(9)]
    )
    assert len(render(audit, width=80).splitlines()) <= 75


def test_percentages_are_measured_in_percent(make_verdict):
    share = Estimate(value=0.9312, low=0.9101, high=0.9487, n=2048)
    assert make_verdict(measured=Measurement(estimate=share, percent=True)).shown == "93.12% [91.01%, 94.87%]"
    assert make_verdict(measured=Measurement(estimate=Estimate(value=0.0, high=0.1))).shown == "0 [−∞, 0.1]"
    assert make_verdict(measured=Measurement(estimate=Estimate(value=math.nan))).shown == "–"


def test_what_would_decide_is_told(verdicts, make_audit):
    text = render(make_audit(verdicts))
    assert "paper.trm: 2 claims, nothing measured; decide with\n  pytest claims/ --checkpoint X\n" in text
    assert " ".join(text.split()).endswith("all on one verdict: unsettled why CLAIM@POPULATION --audit FILE")


def test_colour_only_when_asked(verdicts, make_audit):
    assert "\x1b[" in render(make_audit(verdicts), colour=True)


@pytest.mark.parametrize("hostile", ["\x1b[31mred", "a\u202eb", "[bold]x[/bold] [/]", "\x07bell", "line\nbreak", ":smile:"])
def test_foreign_text_does_nothing(make_audit, make_verdict, hostile):
    text = render(make_audit([make_verdict(stated=hostile, reason=hostile, words=hostile, claim="c")]), detailed=True)
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
    text = render(make_audit([make_verdict(o, claim=f"c.{o}") for o in Outcome]), colour=True, detailed=True)
    assert all(f"c.{o}" in text for o in Outcome)


def test_uncaught_falsehood_and_differing_rows_are_shown(make_audit, make_verdict):
    audit = make_audit([make_verdict()])
    planted = audit.planted[0].model_copy(update={"outcome": "REPRODUCED"})
    rows = audit.remeasured[0].model_copy(update={"differing": ["example 5: outcome solved, now failed"]})
    found = audit.model_copy(update={"planted": (planted,), "remeasured": (rows,)})
    text = render(found)
    assert "caught: 0 of 1" in text and "NOT CAUGHT: the planted wrong-auc" in text
    assert "DIFFERS: 1 re-measured row of" in text and "example 5: outcome solved, now failed" in " ".join(text.split())
    text = render(found, detailed=True)
    assert "0 of 1 caught" in text and "NOT CAUGHT wrong-auc" in text


def test_more_populations_than_a_line_holds_are_counted(make_audit, make_verdict):
    many = [make_verdict(("TRANSFERS", "DOES_NOT_TRANSFER")[n % 2], population=f"p{n}") for n in range(41)]
    lines = render(make_audit(many), width=80).splitlines()
    assert any(line.startswith("  trm.lambda1.auc") and line.endswith("✓21 ✗20") for line in lines)
    assert max(map(cell_len, lines)) <= 80 and len(lines) < 30


def test_a_baseline_that_holds_is_said(verdicts, make_audit):
    assert "baseline: no deviation (5 verdicts)" in render(make_audit(verdicts, compared=5))
    assert "no deviation" not in render(make_audit(verdicts)) + render(make_audit(verdicts, compared=5, drift=("accuracy drifted",)))
