"""`unsettled schema`, `unsettled why` and `unsettled check-text`: what they print, their exit codes, and what they need."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

from unsettled.claims.ledger.load import PAPER
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.record.parquet import write_record


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
