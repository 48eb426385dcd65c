"""Rows of claims: what each tells, and its strip of digits, form, interval and value."""

from __future__ import annotations

import math

import pytest

from unsettled.claims.audit.explained import explained
from unsettled.claims.audit.summary import audit_of
from unsettled.claims.explanation.facts import Fact
from unsettled.claims.verdict import Measurement
from unsettled.measure.statistics.estimate import Estimate
from unsettled.reports.html.claims import claims_of
from unsettled.reports.html.strip import natural, span_of, strip, zoomed


def test_rows_tell_what_why_tells(judged, verdicts):
    audit = audit_of(judged, {"verdict": verdicts})
    found, definitions = claims_of(audit)
    rows = {row.verdict.key: row for group in found for row in group.rows}
    assert rows.keys() == {verdict.key for verdict in verdicts}
    row = rows["trm.lambda1.auc@reference.trm"]
    facts = [fact for _, facts in row.sections for fact in facts]
    labels = [fact.label for fact in facts]
    assert {"question", "criterion", "measured", "power", "baseline", "λ₁ adds", "would change it", "weights", "record"} <= set(labels)
    assert labels.count("baseline") == 3
    assert row.commands == (row.verdict.command, "unsettled why trm.lambda1.auc@reference.trm --audit audit.json")
    definition = next(d for d in definitions if d.identity == row.definition)
    assert {"where", "printed", "denominator", "definition", "smallest effect", "other checkpoints"} <= {f.label for f in definition.facts}
    assert len(definitions) == len({verdict.claim for verdict in verdicts})


def test_without_its_ledger_a_row_tells_what_its_verdict_knows(verdicts, make_audit):
    found, definitions = claims_of(make_audit(verdicts))
    row = next(row for group in found for row in group.rows if row.verdict.measured)
    assert {"criterion", "measured"} <= {fact.label for _, facts in row.sections for fact in facts}
    assert all(definition.facts for definition in definitions)


def test_a_row_draws_digits_form_interval_and_value_where_they_are(judged, make_verdict):
    span = span_of(make_verdict(), explained(judged, judged.judge("trm.lambda1.auc@reference.trm")))
    assert span.stated == (0.9925, 0.9935) and span.wanted == (0.9, math.inf) and span.limits == (0, 1)
    assert (span.value, span.low, span.high) == (0.9312, 0.9101, 0.9487)
    near, far = natural(span), zoomed(span)
    assert (near.low, near.high) == (0, 1) and near(0.5) == pytest.approx(150)
    assert far.low < 0.9 and 0.9935 < far.high <= 1  # never beyond where values can lie
    drawn = str(strip(span, "held"))
    assert 'class="wanted"' in drawn and 'class="digits"' in drawn and "whisker held" in drawn and 'aria-hidden="true"' in drawn


@pytest.mark.parametrize("stated", ["0.993", "qualitative", "0 of 254", "≤ 1.17%", "2,048 to 8,192", "<script>", "~0.5%", "-1e300"])
@pytest.mark.parametrize(
    "measured", [None, (0.5, 0.5, 0.5), (0.5, math.nan, math.nan), (-3.0, math.nan, 2.0), (1e9, -1e9, 2e9), (math.nan, math.nan, math.nan)]
)
def test_every_combination_of_figures_can_be_drawn(make_verdict, stated, measured):
    figures = measured and dict(zip(("value", "low", "high"), measured, strict=True))
    found = figures and Measurement(estimate=Estimate(**figures, n=3))
    span = span_of(make_verdict(stated=stated, measured=found), None)
    drawn = str(strip(span, "open"))
    assert "nan" not in drawn and "inf" not in drawn
    assert drawn.count("<path") >= 1


@pytest.mark.parametrize("family", ["held", "fell", "open"])
def test_families_differ_by_shape_and_not_by_colour_alone(make_verdict, family):
    drawn = str(strip(span_of(make_verdict(), None), family))
    assert ("<circle" in drawn) == (family != "fell")


def test_the_page_tells_what_a_claim_took_for_granted(make_audit, make_verdict):
    verdict = make_verdict()
    audit = make_audit([verdict], definitions={verdict.claim: (Fact("assumed", "segments count from one"),)})
    (definition,) = claims_of(audit)[1]
    assert definition.facts == (Fact("assumed", "segments count from one"),)
