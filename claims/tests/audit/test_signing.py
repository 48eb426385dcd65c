"""A signature holds for one audit and what it was made from, and for nothing that was changed since."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from unsettled.claims.audit.audit import read_audit, write_audit
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.summary import audit_of
from unsettled.claims.populations.inputs import Inputs
from unsettled.fixtures.synthetic.audits import write_ledger
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record

signing = pytest.importorskip("unsettled.claims.audit.signing", reason="the extra `sign` is not installed")
commands = pytest.importorskip("unsettled.claims.audit.commands")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_record(synthetic_record(100), tmp_path / "r.parquet")
    (tmp_path / "none").mkdir()
    write_ledger(tmp_path / "my.toml", {"right": ("share", "accuracy", "60%")})
    inputs = Inputs(references=tmp_path / "none", records={"my": tmp_path / "r.parquet"})
    run = Run(Settings(seed=1, ledger=tmp_path / "my.toml", inputs=inputs))
    write_audit(audit_of(run, {"verdict": [run.judge(key) for key in run.pairs]}), tmp_path / "audit.json")
    assert invoke("sign", "audit.json", "--key", "key.pem", "--new-key").exit_code == 0
    return tmp_path


def invoke(*words):
    return CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False)


def checked(*more):
    return invoke("verify", "audit.json", "--key", "key.pub", "--ledger", "my.toml", *more)


def test_what_was_signed_verifies(place):
    done = checked()
    assert done.exit_code == 0 and "1 verdict on ledger" in done.output
    assert (place / "key.pem").stat().st_mode & 0o077 == 0
    statement = json.loads(signing._envelope(place / "audit.sig.json").payload)
    assert statement["subject"][0]["name"] == "audit.json" and set(statement["predicate"]["populations"]) == {"my"}


@pytest.mark.parametrize("what", ["audit", "reason", "signature", "key", "ledger", "record"])
def test_what_was_changed_does_not(place, what):
    if what == "audit":
        found = read_audit(place / "audit.json")
        write_audit(found.model_copy(update={"seed": found.seed + 1}), place / "audit.json")
    elif what == "reason":  # which no digest of what it was made from tells
        found = read_audit(place / "audit.json")
        altered = tuple(verdict.model_copy(update={"reason": "another"}) for verdict in found.verdicts)
        write_audit(found.model_copy(update={"verdicts": altered}), place / "audit.json")
    elif what == "signature":
        envelope = json.loads((place / "audit.sig.json").read_text())
        envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
        (place / "audit.sig.json").write_text(json.dumps(envelope))
    elif what == "key":
        signing.new_key(place / "other.pem")
        shutil.copy(place / "other.pub", place / "key.pub")
    elif what == "ledger":
        write_ledger(place / "my.toml", {"right": ("share", "accuracy", "61%")})
    else:
        write_record(synthetic_record(100, seed=9), place / "r.parquet")
    done = checked()
    assert done.exit_code == 1 and {"reason": "not the audit that was signed"}.get(what, what) in done.output


@pytest.mark.parametrize("name", ["audit.sig.json", "key.pub"])
def test_what_is_no_signature_or_key_is_one_line(place, name):
    (place / name).write_text("{}")
    with pytest.raises(UserError):
        checked()


def test_a_key_never_takes_the_place_of_another(place):
    before = (place / "key.pem").read_bytes()
    with pytest.raises(UserError):
        signing.new_key(place / "key.pem")
    assert (place / "key.pem").read_bytes() == before
