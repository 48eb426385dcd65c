"""Measuring a population for an audit: kept between runs, and never blocked by what another version left behind."""

import pytest

from unsettled.claims.audit.remeasure import measure_population
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box, generate

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
