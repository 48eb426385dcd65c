"""A locked ledger: a claim whose figure, form or statistic changed since is another one, and the audit says so."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.ledger.commands import lock_
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.lock import declared_before, lock
from unsettled.claims.populations.inputs import Inputs
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.declared import read_declared
from unsettled.measure.record.parquet import read_record, write_record

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def ledger_of(folder, **changes):
    path = folder / "ledger.toml"
    path.write_text(ledger_text(("claim", claim_table(**changes))))
    return load_ledger(path)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"words": "The same in other words"}, True),
        ({"stated": "61.0%"}, False),
        ({"smallest_contradiction": 0.2}, False),
        ({"form": {"test": "share_above", "threshold": 0.5, "why": "afterwards"}}, False),
    ],
)
def test_what_decides_a_verdict_makes_a_claim_another_one(tmp_path, changes, same):
    declared = lock(ledger_of(tmp_path), at=WHEN)
    assert declared.at == "2026-01-02T03:04:05Z"
    (claim,) = ledger_of(tmp_path, **changes).claims
    assert declared_before(claim, declared) is same and declared_before(claim, None) is None


def test_the_record_carries_it_and_the_verdict_says_it(tmp_path):
    ledger = ledger_of(tmp_path)
    record = synthetic_record(80)
    provenance = record.provenance.model_copy(update={"declared": lock(ledger, at=WHEN)})
    write_record(record.replace(provenance=provenance), tmp_path / "r.parquet")
    assert read_record(tmp_path / "r.parquet").provenance.declared == provenance.declared
    (tmp_path / "none").mkdir()
    inputs = Inputs(references=tmp_path / "none", records={ledger.claims[0].population: tmp_path / "r.parquet"})
    settings = Settings(seed=0, ledger=ledger.path, inputs=inputs)
    (verdict,) = [Run(settings).judge(key) for key in Run(settings).pairs if key.startswith("some.claim@")]
    assert verdict.declared is True
    ledger_of(tmp_path, stated="12.0%")
    assert Run(replace(settings)).judge(verdict.key).declared is False


def test_a_record_without_it_says_nothing_and_its_bytes_are_as_before(tmp_path):
    assert b"declared" not in synthetic_record(20).provenance.model_dump_json().encode()


@pytest.mark.parametrize("text", ["", "{}", '{"source": "x", "at": "now", "entries": {}}'])
def test_what_is_no_lock_is_one_line(tmp_path, text):
    (tmp_path / "lock.json").write_text(text)
    with pytest.raises(UserError):
        read_declared(tmp_path / "lock.json")


def test_an_earlier_lock_of_the_same_ledger_keeps_its_time_and_nothing_else_is_written_over(tmp_path, capsys):
    """The time is what a lock is for: the command given again put the present one in its place, in any file that was named."""
    ledger_of(tmp_path)
    path, out = tmp_path / "ledger.toml", tmp_path / "ledger.lock.json"
    out.write_text(lock(load_ledger(path), at=WHEN).model_dump_json())
    lock_(path)
    assert read_declared(out).at == "2026-01-02T03:04:05Z" and "locked anew" not in capsys.readouterr().err
    ledger_of(tmp_path, stated="12.0%")
    lock_(path)
    assert read_declared(out).at > "2026-01-02T03:04:05Z" and "locked at 2026-01-02T03:04:05Z; it is locked anew" in capsys.readouterr().err
    before = path.read_text()
    with pytest.raises(UserError, match="not what `unsettled lock` writes"):
        lock_(path, out=path)
    assert path.read_text() == before
