"""`unsettled statistics`, `init` and `plan`: from a manuscript to a ledger that somebody confirms."""

import json
import re

import pytest
from typer.testing import CliRunner

from unsettled.claims.catalogue.own import load_statistics
from unsettled.claims.catalogue.registered import STATISTICS
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.commands import app
from unsettled.claims.ledger.load import json_schema, load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record

MANUSCRIPT = """# Networks that "rest"

Our network solves 61.5% of the puzzles; the AUC of its exponent is 0.97, less than 5% of failures settle, not one of 40
failures rests, and scores lie between 0.2 and 0.4. It has 4 layers.
"""
OWN = """
from unsettled.claims import statistic
from unsettled.claims.catalogue.parameters import Nothing
from unsettled.measure import proportion

@statistic("made_up_{n}", Nothing, limits=(0, 1))
def made_up(record, parameters):
    \"\"\"Share of examples that are right at the second segment.\"\"\"
    return proportion(int(record.solved_at[:, 1].sum()), len(record))
"""


@pytest.fixture
def run():
    def invoke(*arguments):
        return CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)

    return invoke


def test_every_number_becomes_a_draft_that_loads_and_that_nothing_judges(run, tmp_path):
    (tmp_path / "paper.md").write_text(MANUSCRIPT)
    done = run("init", tmp_path / "paper.md", "--out", tmp_path / "ledger.toml")
    assert done.exit_code == 0 and "6 drafts" in done.output
    ledger = load_ledger(tmp_path / "ledger.toml")
    assert [claim.stated for claim in ledger.claims] == ["61.5%", "0.97", "< 5%", "0 of 40", "0.2–0.4", "4"]
    guessed = ["accuracy", "auc", "settled_share", "settled_share", "external", "external"]
    assert [claim.statistic for claim in ledger.claims] == guessed
    assert all(claim.draft for claim in ledger.claims) and ledger.paper.manuscript == "paper.md"
    verdict = judge(ledger.claims[0], Population(name="paper.network", kind="paper", record=synthetic_record(60)), ledger=ledger)
    assert verdict.outcome == "UNVERIFIABLE" and "nobody has confirmed" in verdict.reason


def test_a_ledger_is_never_replaced_and_a_text_without_numbers_is_refused(run, tmp_path):
    (tmp_path / "paper.md").write_text("No number at all.\n")
    with pytest.raises(UserError, match="prints no number"):
        run("init", tmp_path / "paper.md", "--out", tmp_path / "new.toml")
    (tmp_path / "new.toml").write_text("mine")
    with pytest.raises(UserError, match="there is a file of that name"):
        run("init", tmp_path / "paper.md", "--out", tmp_path / "new.toml")
    assert (tmp_path / "new.toml").read_text() == "mine"


def test_statistics_are_listed_told_and_given_as_json(run):
    listed = run("statistics").output
    assert all(re.search(rf"^  {name}\b", listed, re.MULTILINE) for name in STATISTICS)
    assert "percentile      number | null" in run("statistics", "settled_share").output
    told = json.loads(run("statistics", "settled_share", "--json").output)
    assert told["limits"] == [0, 1] and told["parameters"]["window"] == {"takes": "integer", "default": 4, "required": False}
    assert {each["name"] for each in json.loads(run("statistics", "--json").output)} == set(STATISTICS)
    with pytest.raises(UserError, match="nearest: settled_share"):
        run("statistics", "setled_share")


def test_the_schema_asks_for_the_parameters_of_the_named_statistic():
    schema = json_schema()["$defs"]["Share"]
    assert schema["properties"]["statistic"]["enum"] == sorted(STATISTICS)
    asked = {rule["if"]["properties"]["statistic"]["const"]: rule["then"]["properties"]["parameters"] for rule in schema["allOf"]}
    assert asked.keys() == set(STATISTICS) and asked["failures_per"]["required"] == ["of"]


def test_a_statistic_of_ones_own_is_run_once_listed_and_judged(run, tmp_path, monkeypatch):
    monkeypatch.setattr("unsettled.claims.catalogue.registry.STATISTICS", STATISTICS)
    path = tmp_path / "own.py"
    path.write_text(OWN.format(n=1))
    try:
        assert load_statistics([path]) == ["made_up_1"] and load_statistics([path]) == []
        assert "right at the second segment" in run("statistics", "made_up_1", "--statistics", path).output
    finally:
        STATISTICS.pop("made_up_1", None)


@pytest.mark.parametrize(
    ("text", "told"),
    [("x = 1", "registers no statistic"), ("raise ValueError('no')", "fails as it is run: ValueError: no"), (None, "no such file")],
)
def test_a_file_of_statistics_that_is_none_is_one_line(tmp_path, text, told):
    path = tmp_path / "own.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=told):
        load_statistics([path])


def test_a_plan_is_made_from_a_pilot(run, tmp_path):
    write_record(synthetic_record(200, settled_failures=0.2), tmp_path / "pilot.parquet")
    (tmp_path / "none").mkdir()
    done = run("plan", "--record", f"pilot={tmp_path / 'pilot.parquet'}", "--references", tmp_path / "none", "--json")
    sized = {each["claim"]: each["examples"] for each in json.loads(done.output)}
    assert len(sized["trm.accuracy"]) == 1 and sized["trm.accuracy"][0] > 200
