"""The record on disk: lossless, same bytes for same content, and one clear line for every file that is none."""

from __future__ import annotations

import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.errors import UserError
from unsettled.measure.record import provenance
from unsettled.measure.record.parquet import METADATA_KEY, read_provenance, read_record, to_table, write_record
from unsettled.measure.record.record import concatenate, held


@pytest.fixture
def record():
    made = synthetic_record(40, segments=5, k=3)
    growth = made.growth.copy()
    growth[0, 0, 2], growth[1, 1, 0] = -np.inf, np.nan
    return made.replace(growth=growth)


def test_a_folder_stands_for_the_record_in_it(tmp_path):
    with pytest.raises(UserError, match=r"the folder holds no record.parquet \(name a record\)"):
        read_record(tmp_path)
    write_record(synthetic_record(5), tmp_path / "record.parquet")
    assert len(read_record(tmp_path)) == read_provenance(tmp_path).puzzles == 5


def test_a_record_survives_the_disk_and_writes_the_same_bytes(record, tmp_path):
    write_record(record, tmp_path / "a.parquet")
    again = read_record(tmp_path / "a.parquet")
    for name in held(record):
        np.testing.assert_array_equal(getattr(again, name), getattr(record, name))
    assert again.provenance == record.provenance and again.digest() == record.digest()
    write_record(again, tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_record_without_exponents_survives_too(tmp_path):
    made = synthetic_record(7, segments=4, k=2)
    bare = made.replace(growth=made.growth[:, :, :0])
    write_record(bare, tmp_path / "r.parquet")
    assert read_record(tmp_path / "r.parquet").growth.shape == (7, 4, 0)


def test_exponents_are_views_with_a_time_base(record):
    record = synthetic_record(40, segments=5, k=3)
    per_segment = record.exponents(unit="segment")
    np.testing.assert_allclose(per_segment, record.growth.mean(axis=1))
    np.testing.assert_allclose(record.exponents(unit="update") * 21, per_segment)
    np.testing.assert_allclose(record.exponents(unit="segment", first=1, last=3), record.growth[:, 1:3].mean(axis=1))
    for window in ((3, 3), (-1, 2), (0, 6)):
        with pytest.raises(UserError, match=r"is not within the 5 segments|first is -1"):
            record.exponents(first=window[0], last=window[1])


def test_late_displacement_and_rows(record):
    np.testing.assert_allclose(record.late_displacement(window=2), record.displacement_H[:, 3:].mean(axis=1))
    joint = np.hypot(record.displacement_H, record.displacement_L)[:, 1:].mean(axis=1)
    np.testing.assert_allclose(record.late_displacement(part="joint"), joint)
    with pytest.raises(UserError, match="late window of 6"):
        record.late_displacement(window=6)
    halves = concatenate([record.take(np.arange(20)), record.take(np.arange(20, 40))])
    assert halves.digest() == record.digest()
    with pytest.raises(UserError, match="tangent_seed differs"):
        concatenate([record, synthetic_record(40, segments=5, k=3, seed=1)])


def test_wrong_columns_are_named(record):
    with pytest.raises(UserError, match="column solved has type int64"):
        record.replace(solved=record.solved.astype(int))
    with pytest.raises(UserError, match="column givens"):
        record.replace(givens=record.givens[:3])


def test_files_that_are_no_record(record, tmp_path):
    path = tmp_path / "r.parquet"

    def told() -> str:
        with pytest.raises(UserError) as caught:
            read_record(path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
        return str(caught.value)

    assert "no such record" in told()
    write_record(record, path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "not a readable Parquet file" in told()
    pq.write_table(pa.table({"x": [1]}), path)
    assert "column 'example_id' is missing" in told()
    table = to_table(record)
    pq.write_table(table.replace_schema_metadata({}), path)
    assert "no provenance" in told()
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: b'{"schema_version": 99}'}), path)
    assert "schema version 99" in told()
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: b'{"schema_version": 1}'}), path)
    assert "provenance is malformed" in told()
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: b"{"}), path)
    assert "provenance is malformed" in told()


def test_an_unwritable_place_is_one_line(record, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write the record"):
        write_record(record, tmp_path / "file" / "r.parquet")


def test_a_data_frame_has_a_row_an_example_or_a_row_a_segment():
    record = synthetic_record(20, segments=4, k=2)
    frame = record.to_pandas()
    assert len(frame) == 20 and (frame.index == record.example_id).all() and frame["solved"].dtype == bool
    np.testing.assert_array_equal(frame["displacement_L"], record.displacement_L[:, -1])
    np.testing.assert_allclose(frame[["exponent_1", "exponent_2"]].to_numpy(), record.exponents(unit="update"))
    long = record.to_pandas(by_segment=True)
    assert len(long) == 80 and "solved" not in long
    np.testing.assert_array_equal(long["growth_2"].unstack("segment").to_numpy(), record.growth[:, :, 1])


def test_a_data_frame_of_an_imported_record_leaves_out_what_it_lacks():
    record = synthetic_record(5, segments=2, k=1)
    lacking = {
        "growth": lacking_column_of(record, "growth"),
        "conflicts": lacking_column_of(record, "conflicts", last=record.conflicts[:, -1]),
    }
    frame = record.replace(**lacking).to_pandas()
    assert "exponent_1" not in frame and list(frame["conflicts"]) == list(record.conflicts[:, -1])
    assert "conflicts" not in record.replace(**lacking).to_pandas(by_segment=True)


def lacking_column_of(record, name, *, last=None):
    return AbsentColumn(name, getattr(record, name).dtype, getattr(record, name).shape, why="a test", last=last)


def test_rows_that_repeat_are_refused(tmp_path):
    record = synthetic_record(10, segments=2, k=1)
    write_record(record.take(np.repeat(np.arange(10), 2)), tmp_path / "r.parquet")
    with pytest.raises(UserError, match=r"r\.parquet: example 0 is there 2 times: a row of a record is one example"):
        read_record(tmp_path / "r.parquet")


@pytest.mark.parametrize("in_memory", [0, 1 << 28])
def test_a_record_holds_the_rows_that_its_provenance_says(tmp_path, in_memory):
    write_record(synthetic_record(10, segments=2, k=1).take(np.arange(9)), tmp_path / "r.parquet")
    with pytest.raises(UserError, match="holds 9 rows, its provenance says 10"):
        read_record(tmp_path / "r.parquet", in_memory=in_memory)
    assert len(read_record(tmp_path / "r.parquet", part=True)) == 9


def test_the_commit_of_a_changed_program_says_so(tmp_path, monkeypatch):
    def git(*words):
        done = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(done, check=True, capture_output=True, text=True).stdout.strip()

    program = tmp_path / "measure" / "record" / "provenance.py"
    program.parent.mkdir(parents=True)
    program.write_text("a = 1\n")
    (tmp_path / "notes.md").write_text("one\n")
    asked = provenance.commit_of_program.__wrapped__
    monkeypatch.setattr(provenance, "__file__", str(program))
    assert asked() == "unknown"
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        git(*words)
    assert asked() == git("rev-parse", "HEAD")
    (tmp_path / "notes.md").write_text("two\n")
    assert asked() == git("rev-parse", "HEAD"), "what is no program changes no measurement"
    program.write_text("a = 2\n")
    assert asked() == git("rev-parse", "HEAD") + "+changes"
    git("add", ".")
    assert asked() == git("rev-parse", "HEAD") + "+changes"


def test_two_records_are_compared_without_torch(tmp_path):
    for name in ("a", "b"):
        write_record(synthetic_record(10, segments=2, k=1), tmp_path / name)
    program = (
        "import sys; from unsettled.measure.commands.app import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = fresh(program, "diff", tmp_path / "a", tmp_path / "b")
    assert not done.returncode, done.stderr
