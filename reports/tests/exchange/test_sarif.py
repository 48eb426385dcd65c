"""SARIF is valid by its schema, holds problems only, and points at claims in the ledger; annotations say the same."""

import json
from pathlib import Path

import fastjsonschema
import pytest

from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.fixtures.faults.hostile import HOSTILE
from unsettled.fixtures.synthetic.valid import OUTCOMES
from unsettled.reports.exchange.annotations import SHOWN, annotate, guard
from unsettled.reports.exchange.sarif import render
from unsettled.reports.problems import DIFFERS, UNCAUGHT, level_of, problems

SCHEMAS = Path(__file__).parents[3] / "fixtures" / "schemas"


@pytest.fixture(scope="module")
def validate():
    """The official schema; a document that breaks it raises."""
    return fastjsonschema.compile(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()))


def run_of(audit):
    return json.loads(render(audit))["runs"][0]


def test_every_outcome_is_valid(make_audit, make_verdict, validate):
    verdicts = [make_verdict(o, population=f"p.{o}", measured=None if o == "UNVERIFIABLE" else make_verdict().measured) for o in OUTCOMES]
    planted = make_audit([make_verdict()]).planted[0].model_copy(update={"outcome": "REPRODUCED"})
    validate(json.loads(render(make_audit(verdicts, planted=(planted,)))))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_valid(name, make_audit, make_verdict, validate):
    text = HOSTILE[name]
    audit = make_audit([make_verdict("REFUTED", claim=text, words=text, reason=text, acknowledged=text)])
    validate(json.loads(render(audit.model_copy(update={"ledger": audit.ledger.model_copy(update={"path": text})}))))


def test_the_schema_would_notice(make_audit, make_verdict, validate):
    log = json.loads(render(make_audit([make_verdict("REFUTED")])))
    log["runs"][0]["results"][0]["level"] = "grave"
    with pytest.raises(fastjsonschema.JsonSchemaException):
        validate(log)


def test_only_problems_are_results_and_each_names_its_rule(make_audit, make_verdict):
    run = run_of(make_audit([make_verdict(o, population=f"p.{o}") for o in OUTCOMES]))
    told = {result["properties"]["outcome"]: result["level"] for result in run["results"]}
    assert told == {"REFUTED": "error", "IMPOSSIBLE": "error", "DRIFTED": "error", "ERROR": "error"}
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert run["invocations"][0]["executionSuccessful"] is False


def test_results_and_annotations_point_at_the_claim(make_audit, make_verdict):
    audit = make_audit([make_verdict("REFUTED")])
    line = load_ledger()["trm.lambda1.auc"].line
    ledger = audit.ledger.model_copy(update={"file": "claims/paper.toml", "lines": {"trm.lambda1.auc": line}})
    audit = audit.model_copy(update={"ledger": ledger})
    assert PAPER.read_text().splitlines()[line - 1] == "[[claim]]" and PAPER.read_text().splitlines()[line] == 'id = "trm.lambda1.auc"'
    where = run_of(audit)["results"][0]["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("claims/paper.toml", line)
    (told,) = annotate(audit)
    assert told.startswith(f"::error file=claims/paper.toml,line={line},title=REFUTED trm.lambda1.auc@reference.trm::")


def test_what_is_acknowledged_or_does_not_transfer_opens_no_alert(make_audit, make_verdict):
    """Code scanning opens one for every result: it ignores suppressions, and takes a note for an alert."""
    run = run_of(make_audit([make_verdict("REFUTED", acknowledged="the authors were told"), make_verdict("DOES_NOT_TRANSFER", claim="b")]))
    assert run["results"] == [] and run["properties"]["acknowledged"] == 1
    assert run["properties"]["counts"]["DOES_NOT_TRANSFER"] == 1


def test_acknowledged_contradictions_are_annotated_as_warnings(make_audit, make_verdict):
    audit = make_audit([make_verdict("REFUTED", acknowledged="the authors were told")])
    (told,) = annotate(audit)
    assert told.startswith("::warning ") and told.endswith("%0Aacknowledged: the authors were told")


def test_identity_of_a_result_does_not_hang_on_its_figures(make_audit, make_verdict):
    prints = [
        run_of(make_audit([make_verdict("REFUTED", reason=reason, population=p)]))["results"][0]["partialFingerprints"]
        for reason, p in (("a", "x"), ("b", "x"), ("a", "y"))
    ]
    assert prints[0] == prints[1] != prints[2]


def test_the_harness_s_own_faults_are_problems(make_audit, make_verdict):
    audit = make_audit([make_verdict()])
    planted = audit.planted[0].model_copy(update={"outcome": "REPRODUCED"})
    rows = audit.remeasured[0].model_copy(update={"differing": ["example 5: other"]})
    found = problems(audit.model_copy(update={"planted": (planted,), "remeasured": (rows,)}))
    assert [(p.level, p.rule) for p in found] == [("error", UNCAUGHT), ("error", DIFFERS)]


@pytest.mark.parametrize(
    ("outcome", "policy", "level"), [("UNDERPOWERED", "strict", "error"), ("UNDERPOWERED", "draft", None), ("TRANSFERS", "strict", None)]
)
def test_policy_decides_what_is_a_problem(make_verdict, outcome, policy, level):
    assert level_of(make_verdict(outcome), policy) == level


def test_no_more_annotations_than_are_shown(make_audit, make_verdict):
    lines = annotate(make_audit([make_verdict("REFUTED", claim=f"c{i}") for i in range(30)]))
    assert len(lines) == SHOWN and lines[-1] == f"::error title=and more::{30 - SHOWN + 1} more are in the summary"


def test_nobody_can_guess_the_guard():
    stop, resume = guard()
    assert stop == f"::stop-commands::{resume.strip(':')}" and len(resume) > 32
    assert guard() != guard()
