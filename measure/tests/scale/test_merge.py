"""Merging proves: every puzzle once, in order, one measurement; anything else is refused, and nothing is half-written."""

from __future__ import annotations

import json

import filelock
import numpy as np
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record import writer as writing
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.record import Record
from unsettled.measure.record.writer import record_writer
from unsettled.measure.scale.manifest import Manifest, digest_ids, shard_path
from unsettled.measure.scale.merge import merge


@pytest.fixture(scope="module")
def whole():
    record = synthetic_record(23, segments=3, k=2)
    return record.replace(example_id=np.arange(100, 123))


def scatter(record: Record, folder, shards: int) -> Manifest:
    """The record as ``shards`` ranks would have left it."""
    manifest = Manifest(
        shards=shards, ids=digest_ids(record.example_id), puzzles=tuple(f"{s:064}" for s in range(shards)), provenance=record.provenance
    )
    folder.mkdir()
    (folder / "campaign.json").write_text(manifest.model_dump_json())
    for shard in range(shards):
        part = record.take(np.arange(shard, len(record), shards)).replace(provenance=manifest.provenance_of(shard))
        write_record(part, shard_path(folder, shard, shards))
    return manifest


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 23])
@pytest.mark.parametrize("group", [1, 4, 5, 4096])
def test_rows_come_back_in_the_order_of_the_puzzles(whole, tmp_path, monkeypatch, shards, group):
    monkeypatch.setattr("unsettled.measure.scale.merge.ROW_GROUP", group)
    monkeypatch.setattr(writing, "ROW_GROUP", group)
    scatter(whole, tmp_path / "s", shards)
    merge(tmp_path / "s", tmp_path / "r")
    assert read_record(tmp_path / "r").digest() == whole.digest()
    sizes = [pq.ParquetFile(tmp_path / "r").metadata.row_group(i).num_rows for i in range(-(-23 // group))]
    assert sum(sizes) == 23 and set(sizes[:-1]) <= {group}
    before = (tmp_path / "r").read_bytes()
    merge(tmp_path / "s", tmp_path / "r")
    assert (tmp_path / "r").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r", "s"]


def replace_shard(folder, shard, shards, change):
    path = shard_path(folder, shard, shards)
    write_record(change(read_record(path)), path)


def provenance(**changes):
    return lambda record: record.replace(provenance=record.provenance.model_copy(update=changes))


def ids(function):
    return lambda record: record.replace(example_id=function(record.example_id))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (provenance(tangent_seed=1), "shard-00001.*its tangent_seed differs"),
        (provenance(checkpoint_tensors="1" * 64), "its checkpoint_tensors differs"),
        (provenance(puzzles_digest="1" * 64), "its puzzles_digest differs"),
        (provenance(dtype="float64"), "its dtype differs"),
        (provenance(versions={"torch": "0"}), "its versions differs"),
        (lambda r: r.take(np.arange(len(r) - 1)), "holds 7 rows, its shard has 8"),
        (ids(lambda a: np.where(a == 104, 100, a)), "example 100 is there 2 times"),
        (ids(lambda a: np.where(a == 104, 999, a)), "other examples than the puzzle set"),
        (ids(lambda a: a[::-1]), "in another order"),
    ],
)
def test_what_does_not_fit_is_refused(whole, tmp_path, change, told):
    scatter(whole, tmp_path / "s", 3)
    replace_shard(tmp_path / "s", 1, 3, change)
    with pytest.raises(UserError, match=told):
        merge(tmp_path / "s", tmp_path / "r")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"]


def test_missing_and_damaged_shards(whole, tmp_path):
    scatter(whole, tmp_path / "s", 3)
    path = shard_path(tmp_path / "s", 1, 3)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=r"shard-00001.*not a readable Parquet file"):
        merge(tmp_path / "s", tmp_path / "r")
    path.write_bytes(content[:40] + bytes(200) + content[240:])
    with pytest.raises(UserError, match="shard-00001"):
        merge(tmp_path / "s", tmp_path / "r")
    path.unlink()
    with pytest.raises(UserError, match="1 of 3 shards are not finished, first shard 1"):
        merge(tmp_path / "s", tmp_path / "r")
    with pytest.raises(UserError, match="no measurement was begun here"):
        merge(tmp_path, tmp_path / "r")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s"]


def test_a_manifest_that_lies(whole, tmp_path):
    scatter(whole, tmp_path / "s", 3)
    path = tmp_path / "s" / "campaign.json"
    kept = json.loads(path.read_text())
    for change, told in (({"shards": 0}, "shards"), ({"version": 2}, "version"), ({"more": 1}, "more")):
        path.write_text(json.dumps(kept | change))
        with pytest.raises(UserError, match=f"campaign.json: {told}"):
            merge(tmp_path / "s", tmp_path / "r")
    path.write_text(json.dumps(kept | {"puzzles": kept["puzzles"][:1]}))
    with pytest.raises(UserError, match=r"campaign.json"):
        merge(tmp_path / "s", tmp_path / "r")


def test_the_lock_is_gone_before_it_is_released(whole, tmp_path, monkeypatch):
    """A third writer must never lock a file of the same name while a second holds the removed one."""

    seen = []
    release = filelock.FileLock._release

    def watched(self):
        seen.append((tmp_path / "r.lock").exists())
        release(self)

    monkeypatch.setattr(filelock.FileLock, "_release", watched)
    scatter(whole, tmp_path / "s", 2)
    merge(tmp_path / "s", tmp_path / "r")
    assert seen == [False]


def test_a_writer_that_fails_leaves_what_was_there(whole, tmp_path):
    (tmp_path / "r").write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), record_writer(tmp_path / "r", whole.provenance) as writer:
        writer.add(whole)
        raise ZeroDivisionError
    assert (tmp_path / "r").read_bytes() == b"before" and not list(tmp_path.glob("*.partial"))
