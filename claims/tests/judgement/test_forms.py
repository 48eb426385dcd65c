"""What transfers to another network is a form: it holds with its whole interval on one side of its thresholds, and not before."""

import math
from dataclasses import replace

import pytest

from unsettled.claims.judgement.evidence import ALPHA
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.asking import FORM, LETTERS, interval
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion

# --- transfer: the whole interval on one side ----------------------------------------------------------------------

FORMS = [
    ({"test": "auc_above", "threshold": 0.5}, [(0.51, 0.6, "T"), (0.4, 0.6, "U"), (0.5, 0.6, "U"), (0.3, 0.5, "D"), (0.3, 0.4, "D")]),
    ({"test": "share_above", "threshold": 0.5}, [(0.51, 0.6, "T"), (0.4, 0.6, "U"), (0.3, 0.4, "D")]),
    ({"test": "share_below", "threshold": 0.5}, [(0.51, 0.6, "D"), (0.4, 0.6, "U"), (0.3, 0.4, "T")]),
    ({"test": "value_above", "threshold": -1.0}, [(-0.9, 0.6, "T"), (-2, 0.6, "U"), (-3, -2, "D")]),
    ({"test": "value_below", "threshold": -1.0}, [(-0.9, 0.6, "D"), (-2, 0.6, "U"), (-3, -2, "T")]),
    ({"test": "difference_positive"}, [(0.1, 0.6, "T"), (-0.1, 0.6, "U"), (-0.6, -0.1, "D"), (-0.6, 0.0, "D")]),
    (
        {"test": "equivalent", "to": 0.5, "margin": 0.05},
        [(0.46, 0.54, "T"), (0.4, 0.54, "U"), (0.46, 0.6, "U"), (0.4, 0.6, "U"), (0.56, 0.6, "D"), (0.4, 0.44, "D")],
    ),
]


@pytest.mark.parametrize(("form", "low", "high", "letter"), [(form, *case) for form, cases in FORMS for case in cases], ids=str)
def test_a_form_holds_only_with_the_whole_interval_on_its_side(ask, measuring, form, low, high, letter):
    measuring(interval(low, high))
    verdict = ask("transfer", form=form | {"why": "because"})
    assert verdict.outcome is LETTERS[letter] and verdict.mode == "transfer"
    own = ask("replicate", kind="direction", stated="qualitative", form=form | {"why": "because"})
    mirrored = {"T": Outcome.CONSISTENT, "D": Outcome.REFUTED, "U": Outcome.UNDERPOWERED}
    assert own.outcome is mirrored[letter] and (own.p_value <= ALPHA) == (letter == "D")


def test_existence_needs_one_case_and_absence_needs_a_sample(ask, measuring):
    form = {"test": "exists", "rate": 0.01, "why": "one is enough"}
    for hits, n, outcome, p in ((1, 10, "TRANSFERS", None), (0, 298, "UNDERPOWERED", 0.99**298), (0, 299, "DOES_NOT_TRANSFER", 0.99**299)):
        measuring(proportion(hits, n))
        verdict = ask("transfer", form=form)
        assert verdict.outcome == outcome and verdict.p_value == (p and pytest.approx(p))
    measuring(proportion(0, 5))
    assert ask(kind="existence", stated="qualitative", form=form).outcome is Outcome.REFUTED


def test_agreement_that_a_network_without_the_behaviour_would_meet_is_not_green(ask, measuring):
    form = {"test": "share_below", "threshold": 0.5, "why": "few"}
    for extra, value, outcome in (
        ({}, 0.1, "TRANSFERS"),
        ({"vacuous": "none at rest"}, 0.1, "UNDERPOWERED"),
        ({}, 0.9, "DOES_NOT_TRANSFER"),
        ({"vacuous": "none at rest"}, 0.9, "DOES_NOT_TRANSFER"),
    ):
        measuring(replace(interval(value - 0.05, value + 0.05), extra=extra))
        verdict = ask("transfer", form=form)
        assert verdict.outcome == outcome
        assert ("agreement is no evidence: none at rest" in verdict.reason) == bool(extra)


# --- edges ---------------------------------------------------------------------------------------------------------

BETWEEN = {"test": "equivalent", "to": 0.5, "margin": 0.25, "why": "because"}


@pytest.mark.parametrize(
    ("low", "high", "letter", "words"),
    [
        (0.25, 0.5, "U", "contains the threshold 25%"),
        (0.26, 0.75, "U", "contains the threshold 75%"),
        (0.25, 0.75, "U", "contains the threshold 25% and 75%"),
        (0.2, 0.8, "U", "contains the threshold 25% and 75%"),
        (0.1, 0.25, "D", "lies entirely below 25%"),
        (0.75, 0.9, "D", "lies entirely above 75%"),
        (0.26, 0.74, "T", "lies entirely"),
        (math.nan, 0.5, "U", "no confidence interval is available"),
        (0.3, math.nan, "U", "no confidence interval is available"),
    ],
)
def test_an_interval_that_touches_a_threshold_contains_it_and_one_that_ends_there_lies_beyond(ask, measuring, low, high, letter, words):
    measuring(Estimate(value=0.5 if math.isnan(low + high) else (low + high) / 2, low=low, high=high, n=9, counts={"successes": 1}))
    verdict = ask("transfer", form=BETWEEN)
    assert verdict.outcome is LETTERS[letter] and words in verdict.reason


@pytest.mark.parametrize(
    ("least", "most", "own", "elsewhere", "words"),
    [
        (1, 2, "CONSISTENT", "TRANSFERS", "at least one case observed"),
        (0, 2, "UNDERPOWERED", "UNDERPOWERED", "inconclusive, it depends on the threshold"),
        (0, 0, "REFUTED", "DOES_NOT_TRANSFER", "no case observed; its probability at a rate of 5% is 0.0059"),
    ],
)
def test_a_case_must_be_one_under_every_threshold_and_none_none_under_any(ask, measuring, least, most, own, elsewhere, words):
    hits = proportion(1 if most else 0, 100)
    measuring(replace(hits, counts=dict(hits.counts) | {"least": least, "most": most}))
    told = {"kind": "existence", "stated": "qualitative", "form": {"test": "exists", "rate": 0.05, "why": "one is enough"}}
    here, there = ask("replicate", **told), ask("transfer", **told)
    assert (here.outcome, there.outcome) == (own, elsewhere) and words in here.reason and words in there.reason
    assert here.p_value == pytest.approx(1.0 if most else 0.95**100) and there.p_value == (None if most else pytest.approx(0.95**100))


@pytest.mark.parametrize(
    ("least", "most", "outcome"),
    [(0.55, 0.7, "REPRODUCED"), (0.45, 0.7, "UNDERPOWERED"), (0.5, 0.7, "UNDERPOWERED"), (0.6, 0.6, "REPRODUCED")],
)
def test_a_form_must_hold_for_every_line_of_one_hump(ask, measuring, least, most, outcome):
    found = proportion(60, 100)
    measuring(replace(found, counts=dict(found.counts) | {"least": int(100 * least), "most": int(100 * most)}))
    verdict = ask(kind="direction", stated="qualitative", form=FORM)
    assert verdict.outcome == outcome and verdict.noise == 0.0, verdict.reason
    assert ("inconclusive" in verdict.reason) == (outcome == "UNDERPOWERED")
