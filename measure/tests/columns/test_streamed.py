"""A record that is read as it is used says the same as one in memory, to the last bit, and reads no more than it must."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import otsu_band
from unsettled.measure.analysis.capture_exponent import before_capture_in
from unsettled.measure.analysis.settling import enter_and_stay, settled_failures
from unsettled.measure.analysis.summary import summarise
from unsettled.measure.columns import streamed
from unsettled.measure.columns.streamed import StreamedColumn, foresee
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import LARGE_FLAT, read_record, write_record
from unsettled.measure.record.record import held
from unsettled.measure.statistics.early import early_auc


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    record = synthetic_record(1000, segments=12, k=3, seed=1)
    growth = record.growth.copy()
    growth[7, 3, 1], growth[8, 2, 0] = -np.inf, np.nan
    path = tmp_path_factory.mktemp("record") / "r.parquet"
    write_record(record.replace(growth=growth), path)
    return path


@pytest.fixture(params=[37, 999, 4096])
def pair(path, request, monkeypatch):
    monkeypatch.setattr(streamed, "PIECE_ROWS", request.param)
    return read_record(path), read_record(path, in_memory=0)


def same(one, other):
    assert isinstance(other, np.ndarray), type(other)
    assert one.dtype == other.dtype and one.shape == other.shape
    np.testing.assert_array_equal(one, other)


def test_columns_are_streamed_only_when_they_are_large(path):
    whole, large = read_record(path), read_record(path, in_memory=0)
    for name in held(whole):
        axes = whole.columns[name][1]
        assert isinstance(getattr(whole, name), np.ndarray)
        assert isinstance(getattr(large, name), StreamedColumn if axes or name in LARGE_FLAT else np.ndarray)
    assert len(large) == 1000 and large.segments == 12 and large.k == 3


USES = {
    "exponents": lambda r: r.exponents(unit="update"),
    "a window": lambda r: r.exponents(unit="segment", first=2, last=7),
    "late": lambda r: r.late_displacement(part="H"),
    "late joint": lambda r: r.late_displacement(part="joint", window=2),
    "last halting": lambda r: r.halting_logit[:, -1],
    "over norm": lambda r: np.asarray(r.displacement_H / r.norm_H),
    "relative": lambda r: np.log10(r.displacement("joint"))[:, 1:].max(axis=1),
    "ever": lambda r: r.solved_at.any(axis=1),
    "first": lambda r: r.solved_at.argmax(axis=1),
    "backwards": lambda r: (~r.solved_at[:, ::-1]).argmax(axis=1),
    "left": lambda r: (r.solved_at[:, :-1] & ~r.solved_at[:, 1:]).sum(axis=1),
    "leading": lambda r: r.growth[:, :, 0].sum(axis=1),
    "mean of all": lambda r: r.growth.sum(axis=(1, 2)),
    "rows": lambda r: r.growth[np.array([3, 999, 3, 0])],
    "a mask": lambda r: r.displacement_H[r.solved],
    "a row": lambda r: np.asarray(r.growth[5]),
    "a cell": lambda r: np.asarray(r.displacement_H[np.array([5, 1]), 2]),
    "moved by row": lambda r: (r.growth + np.arange(1000.0)[:, None, None])[:, 0, 0],
    "moved from the left": lambda r: np.maximum(r.displacement_L - np.arange(1000.0)[:, None] * r.norm_L, 0.0).sum(axis=1),
    "over all rows": lambda r: np.asarray(np.nanmean(np.asarray(r.growth), axis=0)),
    "largest of a column": lambda r: np.asarray(r.displacement_H.max(axis=0)),
}


@pytest.mark.parametrize("use", USES)
def test_every_use_gives_the_same_bits(pair, use):
    same(*(USES[use](record) for record in pair))


def test_products_of_matrices_agree_but_for_their_order_of_summation(pair):
    one, other = (record.displacement_H @ np.linspace(-1, 1, 12) for record in pair)
    np.testing.assert_allclose(other, one, rtol=1e-13)


def test_statistics_and_summaries_agree(pair):
    def estimates(record):
        band = otsu_band(record)
        yield settled_failures(record, band)
        yield enter_and_stay(record, band, among="successes")
        for score in ("exponent", "spectrum_mean", "displacement", "halting"):
            yield early_auc(
                growth=record.growth[np.arange(9, 1000)],
                displacement=record.displacement_H[np.arange(9, 1000)],
                halting_logit=record.halting_logit[np.arange(9, 1000)],
                solved_at=record.solved_at[np.arange(9, 1000)],
                score=score,
            )
        for unsolved, later in (("at", "end"), ("throughout", "ever")):
            yield early_auc(
                growth=record.growth,
                displacement=record.displacement("H"),
                halting_logit=record.halting_logit,
                solved_at=record.solved_at,
                score="displacement",
                unsolved=unsolved,
                later=later,
            )
        for lead in (None, (2, 5)):
            yield before_capture_in(record, window=3, lead=lead)

    whole, large = pair
    for one, other in zip(estimates(whole), estimates(large), strict=True):
        assert one.defined and vars(one) == vars(other)
    assert summarise(whole) == summarise(large)


def test_no_more_than_a_number_a_row_is_in_memory_at_a_landmark(path, monkeypatch):
    record, read, passes = read_record(path, in_memory=0), [], []
    whole, pieces = streamed.ColumnFile.read, streamed.ColumnFile.pieces
    monkeypatch.setattr(streamed.ColumnFile, "read", lambda self, column: read.append(column.shape[1:]) or whole(self, column))
    monkeypatch.setattr(streamed.ColumnFile, "pieces", lambda self, names: passes.extend(names) or pieces(self, names))
    assert before_capture_in(record, window=3).defined
    assert {"growth", "solved_at"} == set(passes) and all(shape == () for shape in read)


def test_digests_and_copies_agree(pair, tmp_path):
    whole, large = pair
    assert whole.digest() == large.digest()
    assert large.take(np.arange(5)).digest() == whole.take(np.arange(5)).digest()
    write_record(large, tmp_path / "copy")
    assert read_record(tmp_path / "copy").digest() == whole.digest()


def test_only_what_is_needed_is_read_and_only_once(path, monkeypatch):
    read = []
    pieces = streamed.ColumnFile.pieces
    monkeypatch.setattr(streamed.ColumnFile, "pieces", lambda self, names: read.append(sorted(names)) or pieces(self, names))
    record = read_record(path, in_memory=0)
    assert read == [["example_id"]]  # whether one is there twice
    read.clear()
    first = record.late_displacement(part="joint")
    second = record.late_displacement(part="joint")
    assert read == [["displacement_H", "displacement_L"]] and first is not None
    same(first, second)
    record.exponents(), record.exponents()
    assert read[1:] == [["growth"]]
    moved = record.replace(growth=record.growth + np.ones((1000, 1, 1)))
    same(moved.growth[:, 0, 0], record.growth[:, 0, 0] + 1), same(moved.growth[:, 0, 0], record.growth[:, 0, 0] + 1)


def test_what_is_foreseen_is_read_in_the_same_pass(path, monkeypatch):
    read = []
    pieces = streamed.ColumnFile.pieces
    record, whole = read_record(path, in_memory=0), read_record(path)
    monkeypatch.setattr(streamed.ColumnFile, "pieces", lambda self, names: read.append(names) or pieces(self, names))
    uses = (lambda held: held[:, 3], lambda held: held[:, 4:].mean(axis=1))
    for moves in (record.displacement_H, whole.displacement_H):
        foresee(moves, *uses)
    assert not read
    for use in uses:
        same(use(whole.displacement_H), use(record.displacement_H))
    assert read == [["displacement_H"]]
    foresee(record.displacement_H, *uses)  # known already
    same(whole.displacement_H[:, 5], record.displacement_H[:, 5])
    assert len(read) == 2


def test_what_is_asked_most_comes_with_the_digest_and_what_is_noted_with_any_look_at_the_column(path, monkeypatch):
    read = []
    pieces = streamed.ColumnFile.pieces
    monkeypatch.setattr(streamed.ColumnFile, "pieces", lambda self, names: read.append(names) or pieces(self, names))
    record, whole = read_record(path, in_memory=0), read_record(path)
    assert record.digest() == whole.digest()
    assert sum(names == ["growth"] for names in read) == 1
    read.clear()
    same(whole.late_displacement(), record.late_displacement()), same(whole.exponents(), record.exponents())
    same(whole.halting_logit[:, -1], record.halting_logit[:, -1]), same(whole.norm_H[:, -1], record.norm_H[:, -1])
    assert not read
    foresee(record.norm_L, lambda norms: norms[:, 3])
    same(whole.norm_L[:, :2], np.asarray(record.norm_L[:, :2]))  # read whole, and not remembered
    same(whole.norm_L[:, 3], record.norm_L[:, 3])
    assert read == [["norm_L"]]


def test_a_column_that_is_read_in_pieces_is_not_held_whole(path, tmp_path, monkeypatch):
    monkeypatch.setattr(streamed, "PIECE_ROWS", 50)
    pq.write_table(pq.read_table(path), tmp_path / "r", row_group_size=50)
    moves, before = read_record(tmp_path / "r", in_memory=0).displacement_H, pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in moves.pieces()]
    assert len(held) == 20 and max(held) < 1000 * 12 * 8 / 2


def test_what_is_remembered_is_bounded_and_not_written_to(path, monkeypatch):
    monkeypatch.setattr(streamed, "REMEMBERED_BYTES", 20_000)
    record = read_record(path, in_memory=0)
    for segment in range(12):
        kept = record.displacement_H[:, segment]
    assert sum(array.nbytes for array in record.displacement_H._file._kept.values()) <= 20_000
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 0


@pytest.mark.parametrize("part", [slice(None), slice(1, None), slice(3, 11), slice(0, 0)])
def test_lists_and_truth_values_are_read_as_arrow_reads_them_wherever_a_column_begins(part):
    shape, fixed = (12, 3, 2), pa.list_(pa.list_(pa.bool_(), 2), 3)
    values = np.random.default_rng(1).random(shape) < 0.4
    for kind in (fixed, pa.list_(pa.list_(pa.bool_())), pa.list_(pa.list_(pa.bool_()), 3)):
        column = pa.array(values.tolist(), kind)[part.start or 0 : part.stop]
        assert streamed.listed(column).equals(column.flatten())
        assert streamed.flat_to_numpy(column.flatten().flatten()).tolist() == values[part].ravel().tolist()
    assert streamed.to_numpy(pa.array(values.tolist(), fixed)[part.start or 0 : part.stop], "bool").tolist() == values[part].tolist()


def test_warnings_are_silenced_as_where_it_was_written(path):
    record = read_record(path, in_memory=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        quiet = np.log10(record.displacement_H - record.displacement_H)
    assert np.isneginf(quiet[:, 0]).all()


def test_a_file_that_breaks_off(path, tmp_path):
    content = bytearray(path.read_bytes())
    group = pq.ParquetFile(path).metadata.row_group(0)
    names = [group.column(i).path_in_schema for i in range(group.num_columns)]
    column = group.column(next(i for i, name in enumerate(names) if name.startswith("growth")))
    content[column.data_page_offset : column.data_page_offset + 4000] = bytes(4000)
    (tmp_path / "r").write_bytes(content)
    record = read_record(tmp_path / "r", in_memory=0)
    assert len(record.late_displacement()) == 1000
    with pytest.raises(UserError, match="not a readable Parquet file"):
        record.exponents()
