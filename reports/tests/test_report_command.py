"""`unsettled report` renders an audit from its file alone."""

import pytest
from typer.testing import CliRunner

from unsettled.claims.audit.audit import write_audit
from unsettled.claims.audit.entries import LedgerEntry, PopulationEntry
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import discover
from unsettled.fixtures.synthetic.audits import write_ledger
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.errors import UserError
from unsettled.measure.support.files import digest_of
from unsettled.reports.commands import app


@pytest.fixture
def folder(tmp_path, monkeypatch, make_audit, make_verdict):
    """A working folder with a ledger, a reference, and the audit of both."""
    monkeypatch.chdir(tmp_path)
    ledger = write_ledger(tmp_path / "my.toml", {"some.claim": ("share", "accuracy", "60%")})
    write_reference(tmp_path / "references", synthetic_record(40), name="reference.trm")
    populations = tuple(PopulationEntry.of(p) for p in discover(Inputs(references=tmp_path / "references"), load_ledger(ledger)))
    audit = make_audit(
        [make_verdict("REFUTED", claim="some.claim")],
        populations=populations,
        ledger=LedgerEntry(path="my.toml", digest=digest_of(ledger), title="A paper", claims=1),
    )
    write_audit(audit, tmp_path / "audit.json")
    return tmp_path, audit


def run(*arguments):
    return CliRunner().invoke(app, ["report", "audit.json", *arguments], catch_exceptions=False)


def test_reports_are_those_of_the_run(folder):
    result = run("--out", "a.md", "--out", "a.sarif")
    assert result.exit_code == 0
    assert [line.split(",")[0] for line in result.stdout.splitlines()] == ["a.md", "a.sarif"]
    assert "note:" not in result.output


def test_baseline_is_compared(folder):
    root, _ = folder
    (root / "b.json").write_text(
        '{"schema_version": 1, "locked": {"some.claim@reference.trm": {"verdict": "TRANSFERS", "value": 0.5, "low": null, "high": null,'
        ' "noise": 0, "fingerprints": {}, "bar": {}}}}'
    )
    run("--out", "a.md", "--baseline", "b.json")
    assert "| some.claim | reference.trm | TRANSFERS 0.5 | REFUTED 0.9312" in (root / "a.md").read_text()


@pytest.mark.parametrize(("out", "told"), [("a.docx", "no rendering"), ("nowhere/a.md", "no such folder")])
def test_bad_names_write_nothing(folder, out, told):
    before = sorted(folder[0].iterdir())
    with pytest.raises(UserError, match=told):
        run("--out", "good.md", "--out", out)
    assert sorted(folder[0].iterdir()) == before
