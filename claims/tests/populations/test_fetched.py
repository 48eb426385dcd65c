"""Fetched checkpoints in an audit: found by themselves, UNVERIFIABLE with the command that helps, judged once measured."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.sampling import affordable_rows, cost_of_row
from unsettled.claims.populations.fetched import fetched_populations
from unsettled.claims.populations.inputs import Inputs
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.hub.registry import entry_of, record_path
from unsettled.measure.record.parquet import write_record
from unsettled.measure.support.files import digest_of

NAME, PUZZLES = "trm-mlp-alphaxiv", "sudoku-extreme"


def put(folder, name, content=b"weights"):
    """What `unsettled fetch` leaves of an entry."""
    entry, path = entry_of(name), folder / "trusted.json"
    for file in entry.files:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / file).write_bytes(content)
    kept = json.loads(path.read_text()) if path.exists() else {}
    files = {file: digest_of(folder / name / file) for file in entry.files}
    path.write_text(json.dumps(kept | {name: {"repo": entry.repo, "commit": "0" * 40, "files": files}}))
    return folder / name / entry.main_file


def record_of(path, **changes):
    record = synthetic_record(300, separation=4.0, seed=1)
    return record.replace(provenance=record.provenance.model_copy(update={"checkpoint_bytes": digest_of(path), **changes}))


def test_nothing_fetched_nothing_found(tmp_path):
    assert list(fetched_populations(tmp_path / "none")) == []


def test_a_checkpoint_alone_says_what_to_do_and_is_not_measured_on_the_spot(tmp_path):
    path = put(tmp_path, NAME)
    (found,) = fetched_populations(tmp_path)
    assert found.name == f"hub.{NAME}" and found.architecture == "trm" and not found.measurable
    assert found.command.startswith(f"unsettled fetch {PUZZLES} && unsettled measure {path} ")
    puzzles = put(tmp_path, PUZZLES)
    (found,) = fetched_populations(tmp_path)
    assert found.command.startswith(f"unsettled measure {path} {puzzles} --out {record_path(NAME, tmp_path)} --limit 2048")
    assert found.command.endswith("--h-cycles=3 --l-cycles=6"), "no configuration lies beside this one"


def test_its_claims_stop_being_unverifiable_once_it_is_measured(tmp_path):
    path = put(tmp_path, NAME)
    put(tmp_path, PUZZLES)
    settings = Settings(seed=0, inputs=Inputs(fetched=tmp_path, references=tmp_path / "none"))
    keys = [key for key in Run(settings).pairs if key.endswith(f"@hub.{NAME}")]
    before, after = Run(settings), None
    transfers = [key for key in keys if "no other checkpoint" not in before.judge(key).reason]
    assert transfers and all(before.judge(key).outcome == "UNVERIFIABLE" for key in keys)
    assert all("get it with `unsettled measure" in before.judge(key).reason for key in transfers)
    write_record(record_of(path), record_path(NAME, tmp_path))
    after = Run(settings)
    outcomes = {after.judge(key).outcome for key in transfers}
    assert outcomes & {"TRANSFERS", "DOES_NOT_TRANSFER"} and "ERROR" not in outcomes
    assert after.judge(f"trm.lambda1.auc@hub.{NAME}").outcome == "TRANSFERS"
    assert not after.to_measure()


def test_rows_that_take_a_minute_are_measured_again_only_when_asked_for(tmp_path):
    write_record(record_of(put(tmp_path, NAME)), record_path(NAME, tmp_path))
    put(tmp_path, PUZZLES)
    settings = Settings(seed=0, inputs=Inputs(fetched=tmp_path, references=tmp_path / "none"))
    (population,) = Run(settings).shipped[-1:]
    network = population.record.provenance.model
    assert population.measurable and affordable_rows(cost_of_row(network, population.record)) == 0
    dishonest = network.model_copy(update={"parameters": 10**10})
    forged = population.record.replace(provenance=population.record.provenance.model_copy(update={"model": dishonest}))
    assert cost_of_row(network, forged) == cost_of_row(network, population.record), "the record is not asked what its network costs"
    assert [p.name for p in Run(replace(settings, rows=1)).verifiable()] == [f"hub.{NAME}"]


def test_files_that_were_changed_and_records_of_something_else_are_not_used(tmp_path):
    path = put(tmp_path, NAME)
    puzzles = put(tmp_path, PUZZLES)
    write_record(record_of(path, checkpoint_bytes="1" * 64), record_path(NAME, tmp_path))
    (found,) = fetched_populations(tmp_path)
    assert found.record is None and "of another checkpoint" in found.missing
    for changed in (path, puzzles):
        put(tmp_path, NAME), put(tmp_path, PUZZLES)
        changed.write_bytes(b"other")
        (found,) = fetched_populations(tmp_path)
        assert found.record is None and "was changed" in found.missing and str(changed) in found.missing


def test_what_a_user_brings_under_that_name_goes_before_it(tmp_path):
    path = put(tmp_path, NAME)
    own = tmp_path / "own.parquet"
    write_record(record_of(path), own)
    inputs = Inputs(records={f"hub.{NAME}": own}, fetched=tmp_path, references=tmp_path / "none")
    names = [p.name for p in Run(Settings(seed=0, inputs=inputs)).populations]
    assert names.count(f"hub.{NAME}") == 1


@pytest.mark.parametrize("content", ["{", '{"x": 1}'])
def test_a_damaged_trust_file_is_told(tmp_path, content):
    put(tmp_path, NAME)
    (tmp_path / "trusted.json").write_text(content)
    (found,) = fetched_populations(tmp_path)
    assert found.record is None and "trusted.json" in found.missing
