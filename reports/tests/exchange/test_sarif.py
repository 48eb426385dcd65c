"""SARIF is valid by its schema, holds problems only, and points at claims in the ledger; annotations say the same."""

import json
from pathlib import Path

import fastjsonschema
import pytest

from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.fixtures.faults.hostile import HOSTILE
from unsettled.reports.exchange.annotations import SHOWN, annotate, guard
from unsettled.reports.exchange.sarif import render
from unsettled.reports.problems import DIFFERS, UNCAUGHT, level_of, problems
from unsettled.reports.renderings import Context

SCHEMAS = Path(__file__).parents[3] / "fixtures" / "schemas"
ALL = (
    "REPRODUCED",
    "CONSISTENT",
    "TRANSFERS",
    "REFUTED",
    "DOES_NOT_TRANSFER",
    "IMPOSSIBLE",
    "UNDERPOWERED",
    "UNVERIFIABLE",
    "DRIFTED",
    "ERROR",
)


@pytest.fixture(scope="module")
def validate():
    """The official schema; a document that breaks it raises."""
    return fastjsonschema.compile(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))


@pytest.fixture
def context():
    """The shipped ledger, from the folder of the repository."""
    return Context(root=PAPER.parents[1], ledger=load_ledger())


def run_of(audit, context):
    return json.loads(render(audit, context))["runs"][0]


def test_every_outcome_is_valid(make_audit, make_verdict, context, validate):
    verdicts = [make_verdict(o, population=f"p.{o}", measured=None if o == "UNVERIFIABLE" else make_verdict().measured) for o in ALL]
    planted = make_audit([make_verdict()]).planted[0].model_copy(update={"outcome": "REPRODUCED"})
    validate(json.loads(render(make_audit(verdicts, planted=(planted,)), context)))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_valid(name, make_audit, make_verdict, validate):
    text = HOSTILE[name]
    audit = make_audit([make_verdict("REFUTED", claim=text, words=text, reason=text, acknowledged=text)])
    validate(json.loads(render(audit.model_copy(update={"ledger": audit.ledger.model_copy(update={"path": text})}), Context())))


def test_the_schema_would_notice(make_audit, make_verdict, context, validate):
    log = json.loads(render(make_audit([make_verdict("REFUTED")]), context))
    log["runs"][0]["results"][0]["level"] = "grave"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(log)


def test_only_problems_are_results_and_each_names_its_rule(make_audit, make_verdict, context):
    run = run_of(make_audit([make_verdict(o, population=f"p.{o}") for o in ALL]), context)
    told = {result["properties"]["outcome"]: result["level"] for result in run["results"]}
    assert told == {"REFUTED": "error", "IMPOSSIBLE": "error", "DRIFTED": "error", "ERROR": "error", "DOES_NOT_TRANSFER": "note"}
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is False


def test_results_and_annotations_point_at_the_claim(make_audit, make_verdict, context):
    audit = make_audit([make_verdict("REFUTED")])
    audit = audit.model_copy(update={"ledger": audit.ledger.model_copy(update={"path": "claims/paper.toml"})})
    line = context.ledger["trm.lambda1.auc"].line
    assert PAPER.read_text().splitlines()[line - 1] == "[[claim]]" and PAPER.read_text().splitlines()[line] == 'id = "trm.lambda1.auc"'
    where = run_of(audit, context)["results"][0]["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("claims/paper.toml", line)
    (told,) = annotate(audit, context)
    assert told.startswith(f"::error file=claims/paper.toml,line={line},title=REFUTED trm.lambda1.auc@reference.trm::")


def test_acknowledged_contradictions_are_suppressed_warnings(make_audit, make_verdict, context):
    audit = make_audit([make_verdict("REFUTED", acknowledged="the authors were told")])
    (result,) = run_of(audit, context)["results"]
    assert result["level"] == "warning"
    assert result["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "the authors were told"}]
    (told,) = annotate(audit, context)
    assert told.startswith("::warning ") and told.endswith("%0Aacknowledged: the authors were told")


def test_identity_of_a_result_does_not_hang_on_its_figures(make_audit, make_verdict, context):
    prints = [
        run_of(make_audit([make_verdict("REFUTED", reason=reason, population=p)]), context)["results"][0]["partialFingerprints"]
        for reason, p in (("a", "x"), ("b", "x"), ("a", "y"))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_the_harness_s_own_faults_are_problems(make_audit, make_verdict, context):
    audit = make_audit([make_verdict()])
    planted = audit.planted[0].model_copy(update={"outcome": "REPRODUCED"})
    rows = audit.remeasured[0].model_copy(update={"differing": ["example 5: other"]})
    found = problems(audit.model_copy(update={"planted": (planted,), "remeasured": (rows,)}), context)
    assert [(p.level, p.rule) for p in found] == [("error", UNCAUGHT), ("error", DIFFERS)]


@pytest.mark.parametrize(
    ("outcome", "policy", "level"), [("UNDERPOWERED", "strict", "error"), ("UNDERPOWERED", "draft", None), ("TRANSFERS", "strict", None)]
)
def test_policy_decides_what_is_a_problem(make_verdict, outcome, policy, level):
    assert level_of(make_verdict(outcome), policy) == level


def test_no_more_annotations_than_are_shown(make_audit, make_verdict, context):
    lines = annotate(make_audit([make_verdict("REFUTED", claim=f"c{i}") for i in range(30)]), context)
    assert len(lines) == SHOWN and lines[-1] == f"::error title=and more::{30 - SHOWN + 1} more are in the summary"


def test_nobody_can_guess_the_guard():
    stop, resume = guard()
    assert stop == f"::stop-commands::{resume.strip(':')}" and len(resume) > 32
    assert guard() != guard()
