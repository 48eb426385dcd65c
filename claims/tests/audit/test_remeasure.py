"""Measuring a population for an audit: kept between runs, and never blocked by what another version left behind."""

from dataclasses import replace

import numpy as np
import pytest

from unsettled.claims.audit import boards, whole
from unsettled.claims.audit.boards import boards_of
from unsettled.claims.audit.remeasure import verify_sample
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.whole import measure_population
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

SETTINGS = {"k": 1, "segments": 2, "batch": 4}


@pytest.fixture
def population(tmp_path):
    weights = tiny_checkpoint(tmp_path / "net", "trm_mlp").path
    write_parquet(generate(Box(2, 2), 8, seed=1), tmp_path / "puzzles.parquet")
    return Population(name="my", kind="user", checkpoint=weights, puzzles=tmp_path / "puzzles.parquet")


def test_what_was_measured_is_used_again(population, tmp_path):
    path = measure_population(population, tmp_path, changes=SETTINGS)
    before = path.stat().st_mtime_ns
    assert measure_population(population, tmp_path, changes=SETTINGS) == path and path.stat().st_mtime_ns == before
    assert len(read_record(path)) == 8


def test_what_is_damaged_or_replaced_is_measured_again(population, tmp_path):
    """A replaced file was judged as fresh, and a truncated one failed for ever."""
    path = measure_population(population, tmp_path, changes=SETTINGS)
    whole, digest = path.read_bytes(), read_record(path).digest()
    path.write_bytes(whole[: len(whole) // 2])
    assert measure_population(population, tmp_path, changes=SETTINGS) == path and read_record(path).digest() == digest
    forged = read_record(path)
    write_record(forged.replace(solved=~forged.solved), path)
    assert measure_population(population, tmp_path, changes=SETTINGS) == path and read_record(path).digest() == digest
    other = measure_population(population, tmp_path, changes={**SETTINGS, "segments": 3})
    path.write_bytes(other.read_bytes())
    path.with_name(path.name + ".sha256").write_bytes(other.with_name(other.name + ".sha256").read_bytes())
    assert measure_population(population, tmp_path, changes=SETTINGS) == path and read_record(path).digest() == digest


def test_boards_are_kept_until_something_that_they_depend_on_changes(population, tmp_path, monkeypatch):
    ran = []

    def counting(population, *, each):
        ran.append(each)
        return boards_of(population, each=each)

    monkeypatch.setattr(boards, "boards_of", counting)
    measured = population.with_record(measure_population(population, tmp_path, changes=SETTINGS))
    first = boards.kept_boards_of(measured, folder=tmp_path / "kept", each=1)
    assert first.examples and boards.kept_boards_of(measured, folder=tmp_path / "kept", each=1) == first and ran == [1]
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert boards.kept_boards_of(measured, folder=tmp_path / "kept", each=1) == first and ran == [1, 1]
    other = replace(measured, record=measured.record.replace(solved=~measured.record.solved))
    boards.kept_boards_of(other, folder=tmp_path / "kept", each=1)
    boards.kept_boards_of(measured, folder=tmp_path / "kept", each=2)
    assert ran == [1, 1, 1, 2]
    assert boards.kept_boards_of(measured, folder=kept / "no folder", each=1) == first and ran == [1, 1, 1, 2, 1]


def test_another_version_of_the_program_measures_again(population, tmp_path, monkeypatch):
    path = measure_population(population, tmp_path, changes=SETTINGS)
    monkeypatch.setattr(whole, "version_of_program", lambda: "99")
    assert measure_population(population, tmp_path, changes=SETTINGS) != path


def test_rows_of_what_was_measured_earlier_are_measured_again(population, tmp_path):
    path = measure_population(population, tmp_path, changes=SETTINGS)
    inputs = Inputs(checkpoints={"my": population.checkpoint}, puzzles={"my": population.puzzles}, references=tmp_path / "none")
    run = Run(Settings(seed=1, inputs=inputs)).with_records({"my": path})
    assert [p.name for p in run.verifiable()] == ["my"] and len(run.verifiable()[0].record) == 8


def test_parts_of_another_version_are_measured_again(population, tmp_path):
    path = measure_population(population, tmp_path, changes=SETTINGS)
    record = read_record(path)
    stale = record.provenance.model_copy(update={"commit": "another", "noise": None})
    parts = path.with_name(path.name + ".parts")
    parts.mkdir()
    write_record(record.take(slice(0, 4)).replace(provenance=stale), parts / "part-000000.parquet")
    path.unlink()
    assert measure_population(population, tmp_path, changes=SETTINGS) == path
    assert read_record(path).digest() == record.digest() and not parts.exists()


def test_a_record_of_puzzles_with_several_solutions_is_measured_again_as_it_was(population, tmp_path):
    puzzles = generate(Box(2, 2), 6, seed=1)
    write_parquet(puzzles.changed(inputs=np.where(np.arange(16) < 4, puzzles.labels, 1).astype(np.uint8)), population.puzzles)
    with pytest.raises(UserError, match="6 of 6 puzzles have more than one solution"):
        measure_population(population, tmp_path, changes=SETTINGS)
    path = measure_population(population, tmp_path, changes=SETTINGS | {"several": "valid"})
    again = population.with_record(path)
    assert again.record.provenance.by_rule and verify_sample(again, rows=3, seed=0).stands and boards_of(again).examples
    assert measure_population(again, tmp_path, changes={}) == path
