"""Files are written whole or not at all, under names that nobody else has; what lies beside them stays."""

from __future__ import annotations

import io
import os
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel, TypeAdapter

from unsettled.measure.errors import UserError
from unsettled.measure.support.files import check_target, digest_of, remove_abandoned, short_path, validated, whole_file, write_whole

_file = io.BytesIO()
pq.write_table(pa.table({"a": [1]}), _file)
TABLE = _file.getvalue()


def test_a_target_is_refused_before_anything_is_measured(tmp_path, monkeypatch):
    check_target(tmp_path / "a.json", what="audit")
    (tmp_path / "folder").mkdir()
    for path, told in (("folder", "folder: .*a folder of that name is there"), ("no/a", "no: the audit cannot be written: no such folder")):
        with pytest.raises(UserError, match=told):
            check_target(tmp_path / path, what="audit", named=path)
    (tmp_path / "record").write_bytes(TABLE)
    with pytest.raises(UserError, match="record: the audit would take the place of a Parquet table"):
        check_target(tmp_path / "record", what="audit")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(UserError, match="here: the audit cannot be written: the folder is read-only"):
        check_target(tmp_path / "a.json", what="audit", named="here/a.json")


def test_a_planted_link_is_neither_followed_nor_in_the_way(tmp_path):
    precious, out = tmp_path / "precious", tmp_path / "audit.json"
    precious.write_text("mine")
    out.with_name("audit.json.partial").symlink_to(precious)
    write_whole(out, "new")
    assert precious.read_text() == "mine" and out.read_text() == "new"


def test_a_link_of_the_final_name_is_replaced_and_not_followed(tmp_path):
    precious, out = tmp_path / "precious", tmp_path / "audit.json"
    precious.write_text("mine")
    out.symlink_to(precious)
    write_whole(out, "new")
    assert precious.read_text() == "mine" and out.read_text() == "new" and not out.is_symlink()


def test_a_name_that_is_taken_is_never_written_through(tmp_path, monkeypatch):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    monkeypatch.setattr("secrets.token_hex", lambda count: "0" * 16)
    (tmp_path / f".a.{'0' * 16}.partial").symlink_to(precious)
    with pytest.raises(UserError, match="a: cannot write the file: File exists"):
        write_whole(tmp_path / "a", "new")
    assert precious.read_text() == "mine"


def test_two_writers_of_one_file_never_leave_a_mixture(tmp_path):
    out, texts = tmp_path / "a", ["x" * 300_000, "y" * 100_000]
    seen = set()

    def writing(text):
        for _ in range(40):
            write_whole(out, text)
            seen.add(out.read_text())

    writers = [threading.Thread(target=writing, args=(text,)) for text in texts]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert seen <= set(texts) and [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_fails_leaves_the_older_file_and_nothing_else(tmp_path):
    write_whole(tmp_path / "a", "older")
    with pytest.raises(ValueError, match="midway"), whole_file(tmp_path / "a") as file:
        file.write(b"half")
        raise ValueError("midway")
    assert (tmp_path / "a").read_text() == "older" and [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(
    "name, told",
    [("nowhere/a", r"nowhere.a: cannot write the report: No such file"), ("folder", "folder: cannot write the report: Is a dir")],
)
def test_what_cannot_be_written_names_the_file(tmp_path, name, told):
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=told):
        write_whole(tmp_path / name, "a", what="report")
    write_whole(tmp_path / "made" / "a", "a", make_folder=True)


def test_a_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe: is not a regular file"):
        write_whole(tmp_path / "pipe", "a")


@pytest.mark.parametrize("links", [True, False])
def test_of_two_who_begin_the_first_one_counts(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr("pathlib.Path.hardlink_to", lambda self, target: (_ for _ in ()).throw(PermissionError("no hard links here")))
    for text in ("first", "second"):
        write_whole(tmp_path / "a", text, only_new=True)
    assert (tmp_path / "a").read_text() == "first" and [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path):
    left = [f".a.{'0' * 16}.partial", f".b.{'0' * 16}.partial", ".a.mine.partial", "a.partial"]
    for name in left:
        (tmp_path / name).touch()
    remove_abandoned(tmp_path / "a")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(left[1:])


def test_digests_and_short_paths(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"abc")
    assert digest_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(UserError, match="nowhere: cannot be read"):
        digest_of(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    assert short_path(tmp_path / "a") == "a" and short_path(tmp_path.parent) == tmp_path.parent.as_posix()


class Point(BaseModel):
    x: int


def test_data_is_a_model_or_one_line():
    assert validated(Point, b'{"x": 1}', "f").x == validated(Point, {"x": 1}, "f").x == 1
    for data, told in (
        ({"x": "a"}, "f: not a point: x: Input"),
        ("{", "f: not a point: Invalid JSON"),
        ({}, "f: not a point: x: Field req"),
    ):
        with pytest.raises(UserError, match=told):
            validated(Point, data, "f", what="not a point")
    assert validated(TypeAdapter(list[int]), "[1]", "f") == [1]


@pytest.mark.parametrize(
    ("there", "written", "told"),
    [
        (b"[paper]\n", TABLE, "a file of another kind"),
        (TABLE, b"{}", "a Parquet table"),
        (b"old", b"new", None),
        (b"", TABLE, None),
        (TABLE[:-4], b"{}", None),  # the beginning of a table is no loss
        (TABLE, TABLE, None),
    ],
)
def test_no_file_takes_the_place_of_one_of_another_kind(tmp_path, there, written, told):
    path = tmp_path / "file"
    path.write_bytes(there)
    if told is None:
        write_whole(path, written)
        assert path.read_bytes() == written
        return
    with pytest.raises(UserError, match=f"the report would take the place of {told}"):
        write_whole(path, written, what="report")
    assert path.read_bytes() == there and [each.name for each in tmp_path.iterdir()] == ["file"]
