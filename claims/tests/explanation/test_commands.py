"""`unsettled schema` and `unsettled why`: every fact of one verdict, and sample sizes that the judge confirms."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import pytest

from unsettled.claims.audit.known import KNOWN
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.explanation.pages import explain
from unsettled.claims.explanation.text import render
from unsettled.claims.explanation.turning import Asked, turning
from unsettled.claims.judgement.case import Case
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.claims.populations.inputs import read_inputs
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.fixtures.synthetic.records import TRM_FACTS, synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.commands.app import main
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record


@pytest.fixture
def unsettled(monkeypatch, capsys):
    """Runs the command line in this process: (exit code, standard output, standard error)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["unsettled", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code or 0, out, err

    return run


@pytest.fixture
def run(references):
    """A run of the shipped ledger on made-up references."""
    return Run(Settings(seed=0, inputs=read_inputs(references=references)))


def facts(page):
    """label → all its texts, joined."""
    labels = dict.fromkeys(fact.label for fact in page.facts)
    return {label: " | ".join(fact.text for fact in page.facts if fact.label == label) for label in labels}


def test_the_schema_knows_every_key_of_the_shipped_ledger(unsettled):
    code, out, _ = unsettled("schema")
    schema = json.loads(out)
    assert code == 0 and unsettled("schema", "--ledger")[0] == 2
    tables = tomllib.loads(PAPER.read_text(encoding="utf-8"))
    assert set(tables) <= set(schema["properties"])
    kinds = schema["properties"]["claim"]["items"]["discriminator"]["mapping"]
    for claim in tables["claim"]:
        definition = schema["$defs"][kinds[claim["kind"]].rsplit("/", 1)[-1]]
        assert set(claim) <= set(definition["properties"]) and set(definition["required"]) <= set(claim)
        assert "line" not in definition["properties"]


def test_a_page_for_the_claim_and_for_each_population(run):
    pages = explain(run, "trm.lambda1.auc")
    assert [page.title.split(" · ")[0] for page in pages] == ["trm.lambda1.auc", "paper.trm", "reference.trm"]
    claim, absent, measured = map(facts, pages)
    assert claim["printed"].startswith("0.993: any value in [0.9925, 0.9935]")
    assert "score = exponent" in claim["parameters"] and "Area under the ROC curve" in claim["definition"]
    assert "no checkpoint and no record" in absent["because"] and "measured" not in absent
    verdict = run.judge("trm.lambda1.auc@reference.trm")
    assert measured["verdict"].startswith(verdict.outcome.shown) and measured["because"] == verdict.reason
    assert measured["measured"].startswith(verdict.shown) and "negatives" in measured["counts"]
    assert measured["baseline"].count("AUC") == 3 and measured["λ₁ adds"].startswith(("+", "-"))
    record = run.pairs["trm.lambda1.auc@reference.trm"][1].record
    assert measured["weights"] == record.provenance.checkpoint_tensors and measured["record"] == record.digest()
    assert measured["reproduce with"] == verdict.command


def test_every_claim_and_some_checks_are_explained(run):
    ledger = run.ledger
    for item in (*ledger.claims, *ledger.checks[::6]):
        text = render(explain(run, item.id))
        assert "would change it" in text and "reproduce with" in text
        assert not re.search(r"\bnan\b|None|Traceback", text), text


def test_one_population_alone_and_names_that_do_not_exist(run):
    assert len(explain(run, "trm.lambda1.auc@reference.trm")) == 2
    with pytest.raises(UserError, match=r"nearest: trm\.lambda1\.auc"):
        explain(run, "trm.lamda1.auc")
    with pytest.raises(UserError, match=r"nearest: .*reference\.trm"):
        explain(run, "trm.lambda1.auc@reference.tm")
    with pytest.raises(UserError, match=r"paper\.hrm"):
        explain(run, "hrm.accuracy@elsewhere")


def test_a_mistake_is_one_line_and_exit_code_2(unsettled):
    code, out, err = unsettled("why", "no.such.claim")
    assert code == 2 and out == "" and err.startswith("error: no claim 'no.such.claim'") and err.count("\n") == 1
    code, _, err = unsettled("why", "trm.accuracy", "--ledger", "missing.toml")
    assert code == 2 and err.count("\n") == 1
    code, _, err = unsettled("why", "trm.accuracy", "--record", "nonsense")
    assert code == 2 and "NAME=VALUE" in err


def test_why_reads_at_eighty_columns_and_never_breaks_what_is_copied(unsettled, references):
    code, out, _ = unsettled("why", "matched.displacement.auc", "--references", references)
    assert code == 0 and "\x1b" not in out
    whole = re.compile(r"^  (?:weights|file|puzzles|record|reproduce with) ")
    assert all(len(line) <= 80 for line in out.splitlines() if not whole.match(line))
    assert any(line.startswith("  reproduce with") and f" --references {references} --claim matched." in line for line in out.splitlines())


def test_why_as_json_has_the_same_facts(unsettled, references):
    pages = json.loads(unsettled("why", "trm.lambda1.auc@reference.trm", "--references", references, "--json")[1])
    assert [page["title"].split(" · ")[0] for page in pages] == ["trm.lambda1.auc", "reference.trm"]
    assert {"verdict", "measured", "reproduce with"} <= {fact["label"] for fact in pages[1]["facts"]}


def test_a_record_that_is_brought_is_judged(unsettled, tmp_path, records, references):
    path = tmp_path / "mine.parquet"
    write_record(records["trm"], path)
    code, out, _ = unsettled("why", "trm.accuracy@paper.trm", "--record", f"paper.trm={path}", "--references", references)
    assert code == 0 and "REFUTED" in out and "400 puzzles" in out
    assert f"--record paper.trm={path}" in out.splitlines()[-1]


def test_foreign_text_is_shown_not_obeyed(tmp_path, unsettled, references):
    ledger = tmp_path / "evil.toml"
    words = "[red]Share[/red] of puzzles \\u001b[31m that [link=x]solves[/link]"
    ledger.write_text(ledger_text(("claim", claim_table(words="WORDS"))).replace("WORDS", words), encoding="utf-8")
    _, out, _ = unsettled("why", "some.claim", "--ledger", ledger, "--references", references)
    assert "[red]Share[/red]" in out and "[link=x]" in out and "\x1b" not in out


def test_digits_alone_are_explained_with_their_acknowledgement(run):
    page = facts(explain(run, "digits.hrm.updates.cycles", known=run.known)[0])
    assert page["verdict"].startswith("IMPOSSIBLE") and "96" in page["impossible"] and "64" in page["possible"]
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["known"]
    assert page["acknowledged"] == next(entry["reason"] for entry in known if entry["claim"] == "digits.hrm.updates.cycles")


FORM = {"test": "auc_above", "threshold": 0.93, "why": "made up"}
# what is claimed, the record, and where it is judged; each is undecided on the record as it is
UNDECIDED = {
    "share across an edge": (
        claim_table(form={"test": "share_above", "threshold": 0.48, "why": "made up"}),
        {"accuracy": 0.6, "n": 60},
        "reference.trm",
    ),
    "share below an edge": (
        claim_table(form={"test": "share_above", "threshold": 0.62, "why": "made up"}),
        {"accuracy": 0.6, "n": 60},
        "reference.trm",
    ),
    "area": (claim_table(kind="point", stated="0.9", statistic="auc", form=FORM), {"separation": 2.2, "n": 80}, "reference.trm"),
    "equivalence": (
        claim_table(kind="point", stated="≈ 0.5", statistic="auc", form={"test": "equivalent", "to": 0.5, "margin": 0.1, "why": "made up"}),
        {"separation": 0.0, "n": 60, "seed": 2},
        "reference.trm",
    ),
    "median": (
        claim_table(
            kind="point",
            stated="0.1",
            statistic="median_exponent",
            parameters={"of": "failures"},
            form={"test": "value_above", "threshold": 0.0255, "why": "made up"},
        ),
        {"n": 600},
        "reference.trm",
    ),
    "printed share, one large sample": (
        claim_table(stated="60%", smallest_contradiction=0.1, sample=100_000),
        {"accuracy": 0.6, "n": 80},
        "paper.trm",
    ),
    "printed share, a sample as small": (
        claim_table(stated="60%", smallest_contradiction=0.12, sample=400),
        {"accuracy": 0.6, "n": 80},
        "paper.trm",
    ),
    "printed area": (
        claim_table(kind="point", stated="0.92", statistic="auc", smallest_contradiction=0.04, sample=100_000, form=FORM),
        {"separation": 2.0, "n": 60},
        "paper.trm",
    ),
}


def _ledger(table):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.toml"
        path.write_text(ledger_text(("claim", table)), encoding="utf-8")
        return load_ledger(path)


def asked_of(table, record, where):
    """The verdict on one made-up claim and what would change it."""
    ledger = _ledger(table)
    population = stand_in(name=where, kind=where.split(".")[0], record=record)
    claim = ledger["some.claim"]
    verdict = judge(claim, population, ledger=ledger)
    form = Case(claim, population, verdict.mode).form
    return verdict, turning(Asked(claim=claim, verdict=verdict, form=form, rows=len(record)))


@pytest.mark.parametrize("name", UNDECIDED)
def test_the_sample_that_is_named_decides_and_a_smaller_one_does_not(name):
    """The same rows several times over keep every estimate: the judge must decide where the size is said to suffice."""
    table, settings, where = UNDECIDED[name]
    record = synthetic_record(**{"seed": 0, **settings})
    verdict, told = asked_of(table, record, where)
    assert verdict.outcome is Outcome.UNDERPOWERED, verdict.reason
    found = re.search(r"about n = ([\d,]+) in place of ([\d,]+).*: ([A-Z_]+)", told[0])
    assert found, told
    factor = int(found[1].replace(",", "")) / int(found[2].replace(",", ""))
    assert factor > 1.15, "a case that shows nothing"

    def many(times):
        ids = np.arange(len(record) * times)  # each as if it were another puzzle
        return record.take(ids % len(record)).replace(example_id=ids, group=ids)

    slack = 1.5 if name == "median" else 1.1  # an order statistic moves in steps
    enough = math.ceil(factor * slack)
    assert asked_of(table, many(enough), where)[0].outcome == found[3]
    short = math.floor(factor / slack)
    if short >= 1:
        assert asked_of(table, many(short), where)[0].outcome is Outcome.UNDERPOWERED


def test_no_size_decides_on_the_edge_or_against_a_small_printed_sample():
    record = synthetic_record(80, seed=0)
    edge = {"test": "share_above", "threshold": float(record.solved.mean()), "why": "made up"}
    assert "equals the threshold" in asked_of(claim_table(form=edge), record, "reference.trm")[1][0]
    small = claim_table(stated=f"{record.solved.mean():.0%}", smallest_contradiction=0.05, sample=100)
    assert "no practicable sample size" in asked_of(small, record, "paper.trm")[1][0]


def test_no_number_of_puzzles_is_named_where_the_lines_decide():
    """One hump of late displacement: the interval reaches over every line that could be drawn, which more puzzles do not narrow."""
    form = {"test": "share_below", "threshold": 0.5, "why": "made up"}
    table = claim_table(statistic="settled_share", parameters={"of": "failures"}, form=form)

    def one_hump(n):
        moves = 10.0 ** np.random.default_rng(0).normal(0.5, 1.0, n)[:, None] * np.ones(16)
        return synthetic_record(n, seed=0).replace(displacement_H=moves, displacement_L=moves)

    verdict, told = asked_of(table, one_hump(300), "reference.trm")
    assert verdict.outcome is Outcome.UNDERPOWERED and "most" in verdict.measured.estimate.counts
    assert any("lines between settled and unsettled" in line for line in told) and not any("in place of" in line for line in told)
    assert asked_of(table, one_hump(6000), "reference.trm")[0].outcome is Outcome.UNDERPOWERED


def one_hump(n, *, told, line):
    """One hump of late displacement; the exponent tells the outcome with a chance of ``told`` where the state moves less than ``line``."""
    random = np.random.default_rng(1)
    moves, solved = 10.0 ** random.normal(0.5, 1.0, n), random.random(n) < 0.5
    knows = np.where(moves < line, random.random(n) < told, random.random(n) < 0.5)
    growth = np.where(knows == solved, -1.0, 1.0)[:, None, None] + random.normal(0, 0.1, (n, 16, 1))
    steps = moves[:, None] * np.ones(16)
    return synthetic_record(n, seed=0).replace(displacement_H=steps, displacement_L=steps, solved=solved, growth=growth)


AREA = claim_table(
    kind="point",
    stated="0.9",
    statistic="matched_auc",
    parameters={"by": "displacement", "among": "unsettled", "bins": 5, "baselines": False},
    form={"test": "auc_above", "threshold": 0.6, "why": "made up"},
)


def test_no_number_of_puzzles_is_named_where_the_lines_decide_an_area():
    verdict, told = asked_of(AREA, one_hump(2000, told=0.95, line=3.0), "reference.trm")
    assert verdict.outcome is Outcome.UNDERPOWERED and verdict.measured.estimate.extra["most over the lines"] > 0.59
    assert any("lines between settled and unsettled: those that" in line for line in told) and not any(
        "in place of" in line for line in told
    )
    assert asked_of(AREA, one_hump(20_000, told=0.95, line=3.0), "reference.trm")[0].outcome is Outcome.UNDERPOWERED


def test_a_line_that_leaves_nothing_to_compare_is_told():
    record = one_hump(400, told=0.5, line=3.0)
    alike = record.replace(solved=record.solved | (record.displacement_H[:, 0] > 10.0))
    verdict, told = asked_of(AREA, alike, "reference.trm")
    assert verdict.outcome is Outcome.UNDERPOWERED and "no failure or no success is left to compare" in told[0]


def test_a_verdict_within_chance_says_so():
    table = claim_table(form={"test": "share_above", "threshold": 0.48, "why": "made up"})
    verdict, _ = asked_of(table, synthetic_record(400, accuracy=0.6, seed=0), "reference.trm")
    held = verdict.model_copy(update={"outcome": Outcome.UNDERPOWERED, "p_adjusted": 0.07})
    claim = _ledger(table)["some.claim"]
    form = {"claim": claim, "verdict": held, "form": claim.form, "rows": 400}
    assert any("0.07 among the claims judged on this network" in line for line in turning(Asked(**form)))


def test_how_many_without_a_case_exclude_a_rate_is_exact():
    table = claim_table(
        kind="existence",
        stated="qualitative",
        statistic="expansive_share",
        parameters={"of": "failures"},
        form={"test": "exists", "rate": 0.02, "why": "made up"},
    )
    calm = synthetic_record(100, seed=0)
    calm = calm.replace(growth=-np.abs(calm.growth) - 0.1)
    verdict, told = asked_of(table, calm, "reference.trm")
    needed = math.ceil(math.log(0.05) / math.log(0.98))
    assert verdict.outcome is Outcome.UNDERPOWERED and f"n = {needed:,}" in told[0]
    assert 0.98**needed <= 0.05 < 0.98 ** (needed - 1)


def test_counts_that_do_not_reject_are_those_that_the_judge_does_not_exclude():
    table = claim_table(stated="60%", smallest_contradiction=0.2, sample=200)
    record = synthetic_record(200, accuracy=0.6, seed=3)
    _, told = asked_of(table, record, "paper.trm")
    low, high = (int(x) for x in re.search(r"(\d+) to (\d+) of 200 do not reject", told[-1]).groups())
    for hits, refuted in ((low - 1, True), (low, False), (high, False), (high + 1, True)):
        solved = np.arange(200) < hits
        verdict, _ = asked_of(table, record.replace(solved=solved), "paper.trm")
        assert (verdict.outcome is Outcome.REFUTED) is refuted


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stated": "96.5%", "statistic": "least_mobile_failure", "parameters": {"failures": 50}}, "no sample size can be given"),
        ({"kind": "point", "stated": "16", "statistic": "segments"}, "a design choice"),
        ({"kind": "point", "stated": "512", "statistic": "hidden_size"}, "no sample size matters"),
        ({"kind": "point", "stated": "1", "statistic": "external", "parameters": {"needs": "something else"}}, "missing input"),
        ({"stated": "60.03%", "of": 50}, "other digits"),
    ],
)
def test_it_says_where_no_size_is_computed(changes, told):
    form = {"test": "not_applicable", "reason": "made up"}
    _, found = asked_of(claim_table(form=form, **changes), synthetic_record(60, facts=TRM_FACTS), "paper.trm")
    assert told in " ".join(found)


def test_check_text_by_its_exit_codes(unsettled, tmp_path):
    ledger, draft = tmp_path / "ledger.toml", tmp_path / "draft.md"
    ledger.write_text(ledger_text(("claim", claim_table())), encoding="utf-8")
    draft.write_text("The share of puzzles that are solved is 60.0%.\n", encoding="utf-8")
    code, out, err = unsettled("check-text", draft, "--ledger", ledger)
    assert (code, out) == (0, "") and "every number is bound" in err
    assert unsettled("check-text", draft, "--ledger", ledger, "--json")[:2] == (0, "[]\n")
    draft.write_text("The share of puzzles that are solved is 60.1%.\n", encoding="utf-8")
    code, out, _ = unsettled("check-text", draft, "--ledger", ledger)
    assert code == 1 and out.startswith(f"{draft}:1:41: differs: 60.1%") and out.count("\n") == 1
    (finding,) = json.loads(unsettled("check-text", draft, "--ledger", ledger, "--json")[1])
    assert (finding["kind"], finding["line"], finding["column"]) == ("differs", 1, 41)
    assert unsettled("check-text", tmp_path / "none.md", "--ledger", ledger)[0] == 2
    assert unsettled("check-text", ledger)[0] == 2


def test_importing_costs_nothing_and_explaining_needs_no_torch(tmp_path):
    write_reference(tmp_path / "references", synthetic_record(60))
    code = "import sys, unsettled.claims.commands\nprint([m for m in ('torch', 'numpy', 'pandas', 'pydantic') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert told.stdout == "[]\n", told.stderr
    code = (
        "import sys, unsettled.claims.commands\n"
        "from typer.testing import CliRunner\n"
        f"asked = ['why', 'trm.lambda1.auc', '--references', {str(tmp_path / 'references')!r}]\n"
        "r = CliRunner().invoke(unsettled.claims.commands.app, asked)\n"
        "print(r.exit_code, 'reference.trm' in r.output, 'torch' in sys.modules)"
    )
    told = fresh(code)
    assert told.stdout == "0 True False\n", told.stderr
