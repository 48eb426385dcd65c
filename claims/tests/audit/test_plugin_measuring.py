"""The plugin where it measures: rows again, a checkpoint once, in workers of pytest-xdist and in a second process."""

import json

import numpy as np
import pytest

from unsettled.claims.audit import sharing
from unsettled.claims.audit.ahead import Ahead
from unsettled.claims.audit.audit import read_audit
from unsettled.claims.audit.sampling import sample_rows
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import discover
from unsettled.claims.tests.audit.inner import BAD, GOOD, PLUGINS
from unsettled.fixtures.synthetic.audits import write_ledger, write_tiny_reference
from unsettled.fixtures.synthetic.forked import python_m_pytest
from unsettled.measure.record.parquet import read_record, write_record


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder with one reference that can be measured again."""
    root = tmp_path_factory.mktemp("tiny")
    write_tiny_reference(root)
    return root


def test_workers_share_the_seed_and_the_controller_writes_one_audit(pytester, folder, tiny, monkeypatch):
    write_ledger(folder / "my.toml", GOOD | BAD)
    words = [
        *PLUGINS,
        "--ledger",
        "my.toml",
        "--record",
        "my=r.parquet",
        "--same-examples",
        "my",
        "--references",
        str(tiny),
        "--remeasure-rows",
        "3",
        "-v",
    ]
    # without others' plugins in each of three processes, and torch in one of them: rows are measured again in one file
    given = ("-p", "xdist", *words, "-n", "2", "--dist", "loadfile")
    result = python_m_pytest(folder, *given, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert result.returncode == 1 and "1 failed, 10 passed" in result.stdout, result.stdout + result.stderr
    found = read_audit(folder / "audit.json")
    assert [v.key for v in found.verdicts] == ["right@my", "wrong@my"]
    reference = next(p for p in discover(Inputs(references=tiny), load_ledger(folder / "my.toml")) if p.kind == "reference")
    drawn = sample_rows(reference, rows=3, seed=found.seed)
    assert [r.examples for r in found.remeasured] == [[], reference.record.example_id[drawn].tolist()]
    assert found.remeasured[0].reason == "the audit was not given its checkpoint"
    told = " ".join(result.stdout.split())
    assert "3 rows of 1 record re-measured: all as recorded" in told and "NOT RE-MEASURED: my (" in told
    assert f"seed {found.seed}" in result.stdout
    assert {p.name for p in found.planted} >= {"turned-outcome", "raised-exponents", "raised-displacement", "lowered-halting", "wrong-auc"}
    assert found.complete
    written = (folder / "audit.json").read_bytes()
    shared = []

    class Taking(Ahead):
        def take(self, name):
            value = super().take(name)
            shared.extend([name] if value is not None else [])
            return value

    monkeypatch.setattr(sharing, "Ahead", Taking)
    monkeypatch.setattr(sharing, "can_share", lambda: True)
    pytester.runpytest_inprocess(*words, "--audit-seed", str(found.seed))
    assert shared, "a second process found something"
    assert (folder / "audit.json").read_bytes() == written, "one process and its fork write the same audit, byte for byte"


def test_changed_record_is_noticed(pytester, folder, tiny):
    write_ledger(folder / "my.toml", GOOD)
    root = folder / "changed"
    write_tiny_reference(root)
    path = root / "reference.tiny" / "record.parquet"
    record = read_record(path)
    write_record(record.replace(growth=record.growth + 0.5 * (np.arange(len(record)) == 4)[:, None, None]), path)
    result = pytester.runpytest_inprocess(
        *PLUGINS, "--ledger", "my.toml", "--references", str(root), "--remeasure-rows", "12", "-k", "test_rows"
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*1 of 12 re-measured rows differ beyond their own noise:*", "*example 4: exponents by*"])
    assert json.loads((folder / "audit.json").read_text())["remeasured"][0]["differing"][0].startswith("example 4")


def test_checkpoint_is_measured_once_and_judged(pytester, folder, tiny):
    write_ledger(folder / "my.toml", {"none": ("share", "accuracy", "0%")})
    options = (
        *PLUGINS[:4],
        "--ledger",
        "my.toml",
        "--references",
        "none",
        "--checkpoint",
        f"my={tiny / 'reference.tiny'}",
        "--puzzles",
        str(tiny / "reference.tiny" / "puzzles.parquet"),
        "--same-examples",
        "my",
        "--measure",
        "limit=5",
        "--measure",
        "segments=2",
        "-k",
        "test_claim",
    )
    times = []
    for _ in range(2):
        result = pytester.runpytest_inprocess(*options)
        assert result.ret == 0
        (path,) = (folder / ".pytest_cache").rglob("my-*.parquet")
        times.append(path.stat().st_mtime_ns)
    assert times[0] == times[1]
    assert len(read_record(path)) == 5
    assert read_audit(folder / "audit.json").verdicts[0].outcome == "REPRODUCED"


def test_remeasuring_all_compares_every_row(pytester, folder, tiny):
    write_ledger(folder / "my.toml", GOOD)
    result = pytester.runpytest_inprocess(*PLUGINS, "--ledger", "my.toml", "--references", str(tiny), "--remeasure", "-k", "test_rows")
    assert result.ret == 0
    (rows,) = read_audit(folder / "audit.json").remeasured
    assert (len(rows.examples), rows.of, rows.differing) == (12, 12, [])
