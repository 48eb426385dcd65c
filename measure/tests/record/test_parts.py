"""A record in parts is the record: the same rows in the same order, whether they are read at once or as they are used."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.columns import streamed
from unsettled.measure.columns.streamed import StreamedColumn
from unsettled.measure.commands.records import app
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.parts import parts_of, split
from unsettled.measure.record.record import held

RECORD = synthetic_record(1000, segments=6, k=2, seed=3)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("record") / "whole.parquet"
    write_record(RECORD, path)
    return path


@pytest.fixture(scope="module")
def folder(whole, tmp_path_factory):
    out = tmp_path_factory.mktemp("parts")
    split(whole, out, rows=301)
    return out


@pytest.mark.parametrize("in_memory", [0, 1 << 28])
def test_parts_are_the_record(folder, in_memory, monkeypatch):
    monkeypatch.setattr(streamed, "PIECE_ROWS", 97)
    found = read_record(folder, in_memory=in_memory)
    assert found.digest() == RECORD.digest() and found.provenance == RECORD.provenance
    assert [pq.ParquetFile(part).metadata.num_rows for part in parts_of(folder)] == [301, 301, 301, 97]


def test_parts_of_parts_and_of_one(folder, tmp_path):
    split(folder, tmp_path / "again", rows=5000)
    assert [path.name for path in parts_of(tmp_path / "again")] == ["part-000000.parquet"]
    assert read_record(tmp_path / "again").digest() == RECORD.digest()
    with pytest.raises(UserError, match="holds parts of a record already"):
        split(folder, tmp_path / "again")


def test_the_command(whole, tmp_path):
    said = CliRunner().invoke(app, ["parts", str(whole), "--out", str(tmp_path / "p"), "--rows", "600"])
    assert said.exit_code == 0 and said.output.startswith("2 parts in ")
    assert read_record(tmp_path / "p").digest() == RECORD.digest()


def test_a_part_that_lacks_or_is_of_another_measurement(whole, tmp_path):
    split(whole, tmp_path, rows=400)
    (tmp_path / "part-000001.parquet").unlink()
    with pytest.raises(UserError, match="holds 600 rows, its provenance says 1000"):
        read_record(tmp_path)
    write_record(RECORD.replace(provenance=RECORD.provenance.model_copy(update={"tangent_seed": 99})), tmp_path / "part-000001.parquet")
    with pytest.raises(UserError, match="a part with other provenance than part-000000") as refused:
        read_record(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / "part-000001.parquet"))


def test_rows_that_stay_on_disk(folder, monkeypatch):
    """A large choice of rows is read as it is used, and is the same to the last bit."""
    monkeypatch.setattr(streamed, "PIECE_ROWS", 97)
    monkeypatch.setattr(streamed, "TAKEN_BYTES", 0)
    rows = np.flatnonzero(np.random.default_rng(1).random(1000) < 0.4)
    large, small = read_record(folder, in_memory=0).take(rows), RECORD.take(rows)
    assert isinstance(large.growth, StreamedColumn) and isinstance(large.example_id, StreamedColumn)
    assert large.digest() == small.digest()
    for of in (lambda r: r.late_displacement(part="joint"), lambda r: r.exponents(), lambda r: r.solved_at[r.solved]):
        np.testing.assert_array_equal(of(large), of(small))
    assert isinstance(read_record(folder, in_memory=0).take(rows[::-1]).growth, np.ndarray)


def test_the_first_of_each_group(tmp_path, monkeypatch):
    monkeypatch.setattr(streamed, "TAKEN_BYTES", 0)
    groups = np.random.default_rng(2).integers(0, 300, 1000)
    record = RECORD.replace(group=groups)
    split_from = tmp_path / "r.parquet"
    write_record(record, split_from)
    split(split_from, tmp_path / "p", rows=128)
    large = read_record(tmp_path / "p", in_memory=0)
    first = np.sort([np.flatnonzero(groups == group)[0] for group in np.unique(groups)])
    assert large.clusters == record.clusters == len(first)
    assert large.independent() is large.independent() and large.independent().digest() == record.take(first).digest()
    assert RECORD.independent() is RECORD and all(len(getattr(large.independent(), name)) == len(first) for name in held(record))
