"""One measured value, one notation: every rendering of an audit shows each value alike, and none shows it another way."""

import csv
import io
import json
import re

import pytest

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.baseline import Baseline, lock
from unsettled.claims.audit.changes import changes
from unsettled.claims.audit.entries import PopulationEntry
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.explanation.pages import explain
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.pytest_fixtures import audit_of
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.record.parquet import write_record
from unsettled.measure.support.figures import number
from unsettled.reports.escaping import latex as latex_text
from unsettled.reports.escaping import markdown as markdown_text
from unsettled.reports.exchange import annotations, csv_table, latex, sarif
from unsettled.reports.html.claims import claims_of
from unsettled.reports.text import markdown, terminal

TOKEN = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?%?")


@pytest.fixture(scope="module", params=["synthetic", "shipped"])
def run(request, records, tmp_path_factory):
    """The paper judged on synthetic records, some of them as if they were the paper's own, and on the shipped ones."""
    if request.param == "shipped":
        return Run(Settings(seed=0))
    root = tmp_path_factory.mktemp("notation")
    for architecture, record in records.items():
        write_reference(root, record, name=f"reference.{architecture}", architecture=architecture)
        write_record(record, root / f"{architecture}.parquet")
    own = {"paper.trm": root / "trm.parquet", "paper.hrm": root / "hrm.parquet"}
    return Run(Settings(seed=0, inputs=Inputs(references=root, records=own, same_examples=frozenset({"paper.hrm"}))))


@pytest.fixture(scope="module")
def audit(run):
    """What was judged, after a trip through JSON, failures acknowledged by nobody."""
    verdicts = [run.judge(key).model_copy(update={"acknowledged": None}) for key in run.pairs]
    made = audit_of(verdicts, policy="strict", populations=tuple(map(PopulationEntry.of, run.populations)))
    return Audit.model_validate_json(made.model_dump_json())


def measured(audit):
    found = [v for v in audit.verdicts if v.measured and v.measured.estimate.defined]
    assert len(found) >= 40
    return found


def other_notations(verdict):
    """The value and its limits as nobody may show them: in percent where they are not, and the reverse."""
    estimate, percent = verdict.measured.estimate, verdict.measured.percent
    for x in (estimate.value, estimate.low, estimate.high):
        for digits in (4, 5, 6):
            text = number(x, digits) if percent else f"{number(100 * x, digits)}%"
            if len(text) >= 6:  # shorter ones are also thresholds and powers
                yield text


def test_every_rendering_shows_each_measured_value_in_the_one_notation(audit):
    text = terminal.render(audit, width=200, detailed=True)
    page = markdown.render(audit)
    table = latex.render(audit)
    rows = {f"{row['claim']}@{row['population']}": row for row in csv.DictReader(io.StringIO(csv_table.render(audit), newline=""))}
    groups, _ = claims_of(audit)
    html = {row.verdict.key: row for group in groups for row in group.rows}
    shortened = "more, in the audit" in page
    for verdict in measured(audit):
        shown = verdict.shown
        assert any(verdict.population in line and shown in line for line in text.splitlines()), verdict.key
        assert shortened or markdown_text(shown) in page
        assert latex_text(shown) in table
        assert rows[verdict.key]["measured"].removeprefix("'") == shown
        assert f"{html[verdict.key].value} {html[verdict.key].limits}".strip() == shown
        assert shown in verdict.reason, verdict.key
    results = json.loads(sarif.render(audit))["runs"][0]["results"]
    figures = {r["properties"]["key"]: r["properties"].get("measured") for r in results}
    assert {v.shown for v in measured(audit) if v.key in figures} == {text for text in figures.values() if text}
    problems = "\n".join(annotations.annotate(audit)).replace("%25", "%")
    assert all(v.shown in problems for v in measured(audit) if f"{v.outcome.shown} {v.key}::" in problems)


def test_no_sentence_shows_a_measured_value_in_another_notation(audit, run):
    for verdict in measured(audit):
        pages = explain(run, verdict.key)
        told = {fact.label: fact.text for fact in pages[-1].facts}
        assert told["measured"].startswith(verdict.shown)
        sentences = " ".join(told[label] for label in ("because", "criterion", "measured", "would change it") if label in told)
        tokens = set(TOKEN.findall(sentences))
        assert not tokens & set(other_notations(verdict)), (verdict.key, sentences)


def test_what_left_a_baseline_is_shown_in_the_notation_of_its_verdict(audit, run):
    for verdict in measured(audit)[::4]:
        claim, population = run.pairs[verdict.key]
        before = lock(verdict, claim, population).model_copy(update={"verdict": Outcome.DRIFTED})
        left = changes([verdict], Baseline(locked={verdict.key: before}))
        page = markdown.render(audit.model_copy(update={"verdicts": (verdict,), "changes": left}))
        assert f"| {markdown_text(f'DRIFTED {verdict.shown}')} | {markdown_text(f'{verdict.outcome.shown} {verdict.shown}')} |" in page
