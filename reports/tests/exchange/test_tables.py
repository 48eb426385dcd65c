"""Claims as LaTeX and CSV, and the badges: the figures of the audit, nothing lost."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest

from unsettled.claims.verdict import Measurement
from unsettled.measure.statistics.estimate import Estimate
from unsettled.reports.exchange import badge, latex
from unsettled.reports.exchange import csv_table as table_csv


def rows_of(audit):
    return list(csv.DictReader(io.StringIO(table_csv.render(audit), newline="")))


def test_csv_keeps_every_digit_and_leaves_out_what_is_none(make_audit, make_verdict):
    measured = Measurement(estimate=Estimate(value=-0.1 / 3, high=0.1, n=2048))
    rows = rows_of(make_audit([make_verdict(measured=measured), make_verdict("UNVERIFIABLE", claim="b", measured=None)]))
    assert (float(rows[0]["value"]), rows[0]["low"], rows[0]["n"]) == (-0.1 / 3, "", "2048")
    assert rows[0]["measured"] == "'-0.03333 [−∞, 0.1]"
    assert (rows[1]["claim"], rows[1]["value"], rows[1]["verdict"]) == ("b", "", "UNVERIFIABLE")


@pytest.mark.parametrize("stated", ["+0.103", "-0.5", "52.6%", "2,048"])
def test_csv_leaves_plain_numbers_alone(make_audit, make_verdict, stated):
    assert rows_of(make_audit([make_verdict(stated=stated)]))[0]["stated"] == stated


@pytest.mark.parametrize("stated", ["=1", "+1+1", "-cmd", "@x", " =1", "\uff1d1"])
def test_csv_defuses_formulas(make_audit, make_verdict, stated):
    assert rows_of(make_audit([make_verdict(stated=stated)]))[0]["stated"] == f"'{stated}"


def test_latex_has_a_row_for_each_measured_claim(make_audit, make_verdict):
    text = latex.render(make_audit([make_verdict(), make_verdict("REFUTED", claim="b_c", stated="52.6%", measured=None)]))
    rows = [line for line in text.splitlines() if line.startswith("{") and line.endswith(r"\\")]
    assert rows == [
        r"{trm.\allowbreak{}lambda1.\allowbreak{}auc} & {0.993} & {0.9312 [0.9101, 0.9487]} & {2,048} & {transfers}\\",
        r"{b\_c} & {52.6\%} & {\textendash{}} & {} & {refuted$^{\ast}$}\\",
    ]


def test_latex_gathers_what_nothing_was_measured_for(make_audit, make_verdict):
    claims = [make_verdict("UNVERIFIABLE", claim=c, population="paper.trm", measured=None) for c in ("a", "b")]
    assert r"\raggedright 2 claims, nothing measured: a, b}\\" in latex.render(make_audit(claims))


def test_latex_shows_the_minus_of_numbers():
    assert latex.latex("-0.155 [-1, 2] a-b x--y") == "$-$0.155 [$-$1, 2] a-b x-{}-y"


@pytest.mark.parametrize(
    ("outcomes", "message", "colour"),
    [
        (["REPRODUCED", "CONSISTENT"], "2 of 2 hold", "brightgreen"),
        (["REPRODUCED", "REFUTED", "TRANSFERS"], "1 failure, 1 of 2 hold, 1 of 1 transfer", "red"),
        (["TRANSFERS", "DOES_NOT_TRANSFER"], "1 of 2 transfer", "yellow"),
        (["UNVERIFIABLE"], "none decided", "lightgrey"),
        (["DRIFTED"], "1 failure", "red"),
        ([], "none decided", "lightgrey"),
    ],
)
def test_badges_say_what_failed_first(make_audit, make_verdict, outcomes, message, colour):
    audit = make_audit([make_verdict(o, claim=o) for o in outcomes], planted=(), remeasured=())
    assert json.loads(badge.render_endpoint(audit)) == {"schemaVersion": 1, "label": "claims", "message": message, "color": colour}
    drawn = ElementTree.fromstring(badge.render_svg(audit))
    assert drawn.get("aria-label") == f"claims: {message}"
    texts = [e for e in drawn.iter() if e.tag.endswith("}text")]
    assert [e.text for e in texts] == ["claims", message]
    assert int(drawn.get("width")) >= sum(int(e.get("textLength")) for e in texts)
    assert re.fullmatch("#[0-9a-f]{3,6}", drawn.findall(".//{*}rect")[-1].get("fill"))
