"""Files made to harm: each is refused in one line, quickly, before it is expanded, and nothing in it runs."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from unsettled.claims.audit.audit import read_audit
from unsettled.claims.audit.baseline import read_baseline
from unsettled.claims.audit.known import load_known
from unsettled.claims.ledger.load import load_ledger
from unsettled.fixtures.synthetic.networks import tiny_checkpoint, tiny_model, write_published_checkpoint
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.record.parquet import METADATA_KEY, read_record, to_table
from unsettled.measure.support import limits
from unsettled.measure.tasks.read import read_puzzles

QUESTION, ANSWER = "....4.3......2.1", "2314413214233241"


def refusal(read, path) -> str:
    with pytest.raises(UserError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def published(tmp_path):
    """A sound checkpoint in the published format, with its configuration beside it."""
    write_published_checkpoint(tmp_path / "step_1", tiny_model("trm_mlp").config)
    return tmp_path / "step_1"


def test_planted_code_in_nested_containers_never_runs(tmp_path):
    class Planted:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    for number, thing in enumerate(({"model": {"state_dict": {"model": Planted()}}}, [[Planted()]], ({"a": (Planted(),)},))):
        torch.save(thing, tmp_path / f"step_{number}")
        assert "not loaded" in refusal(load_checkpoint, tmp_path / f"step_{number}")
    assert not (tmp_path / "ran").exists()


def test_devices_folders_and_sparse_files(tmp_path):
    assert "holds no checkpoint" in refusal(load_checkpoint, tmp_path)
    refusal(load_checkpoint, Path("/dev/zero"))
    for read in (load_ledger, load_known, read_audit, read_baseline):
        assert "not a regular file" in refusal(read, Path("/dev/zero"))
    for name, read in (
        ("step_1", load_checkpoint),
        ("model.safetensors", load_checkpoint),
        ("l", load_ledger),
        ("a", read_audit),
        ("b", read_baseline),
    ):
        with (tmp_path / name).open("wb") as file:
            file.truncate(1 << 40)
        assert "1,099,511,627,776 bytes" in refusal(read, tmp_path / name)


def test_a_tensor_that_claims_more_than_its_file_holds(published):
    state = torch.load(published, weights_only=True)
    name = next(name for name in state if name.endswith("lm_head.weight"))
    state[name] = torch.zeros(1).expand(6, 10**12)
    torch.save(state, published)
    assert "claims more numbers than the file holds" in refusal(load_checkpoint, published)


@pytest.mark.parametrize(
    "header",
    [
        {"lm_head.weight": {"dtype": "F32", "shape": [1 << 40, 4], "data_offsets": [0, 16]}},
        {name: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} for name in ("lm_head.weight", "b")},
        {"lm_head.weight": {"dtype": "F32", "shape": [-1, 2], "data_offsets": [0, 16]}},
    ],
    ids=["shape", "overlap", "negative"],
)
def test_safetensors_with_a_lying_header(tmp_path, header):
    text, path = json.dumps(header).encode(), tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    refusal(load_checkpoint, path)
    path.write_bytes(struct.pack("<Q", 1 << 63) + text)
    refusal(load_checkpoint, path)


LAUGHS = "a0: &a0 [x,x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)) + "arch: *a29\n"


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        "arch: " + "[" * 2000,
        "arch: {H_cycles: 2001-99-99}",
        "arch: {H_cycles: 2, L_cycles: .nan}",
        "arch: {? [a] : 2}",
        "arch: {H_cycles: 1000000000000, L_cycles: 2}",
        "arch: !!python/object/apply:os.system [id]",
    ],
    ids=["laughs", "deep", "date", "nan", "list as key", "cycles", "code"],
)
def test_hostile_configurations(published, text):
    published.with_name("all_config.yaml").write_text(text)
    refusal(load_checkpoint, published)


@pytest.mark.parametrize("name", ["hidden_size", "cells", "vocabulary", "inner", "token_inner", "puzzle_identifiers", "heads"])
def test_widths_beyond_all_measure(tmp_path, name):
    """torch cannot even state such a shape: it was an OverflowError within a TypeError."""
    loaded = tiny_checkpoint(tmp_path, "trm_mlp")
    config = json.loads((tmp_path / "config.json").read_text()) | {name: 10**30}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert f"{name} is 1,000" in refusal(load_checkpoint, loaded.path) and "at most" in refusal(load_checkpoint, loaded.path)


@pytest.mark.parametrize(
    "text", ["a=" + "[" * 100_000, "a=" + "9" * 5000, "[[known]]\nclaim=nan\n", "\0"], ids=["deep", "digits", "nan", "nul"]
)
def test_hostile_ledgers(tmp_path, text):
    (tmp_path / "l.toml").write_text(text)
    refusal(load_ledger, tmp_path / "l.toml")
    refusal(load_known, tmp_path / "l.toml")


@pytest.mark.parametrize(
    "text", ["[" * 200_000, '{"schema_version":' + "9" * 5000 + "}", '{"schema_version":NaN}', "[]"], ids=["deep", "digits", "nan", "list"]
)
def test_hostile_audits_and_baselines(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    refusal(read_audit, tmp_path / "a.json")
    refusal(read_baseline, tmp_path / "a.json")


def changed_record(path: Path, **provenance) -> Path:
    table = to_table(synthetic_record(50, segments=3, k=2))
    kept = json.loads(table.schema.metadata[METADATA_KEY]) | provenance
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(kept).encode()}), path)
    return path


@pytest.mark.parametrize("segments", [10**9, 10**30, 0, -1, 4])
def test_a_record_whose_provenance_lies(tmp_path, segments):
    refusal(read_record, changed_record(tmp_path / "r.parquet", segments=segments))


@pytest.mark.parametrize("version", [0, 3, "1", None])
def test_a_record_of_another_schema_is_refused_with_its_reason(tmp_path, version):
    told = refusal(read_record, changed_record(tmp_path / "r.parquet", schema_version=version))
    assert "schema version" in told and "measure it again" in told


def test_records_with_gaps_other_types_and_ragged_lists(tmp_path):
    table, path = to_table(synthetic_record(50, segments=3, k=2)), tmp_path / "r.parquet"
    growth = table.schema.get_field_index("growth")
    for column, name, values in (
        (0, "example_id", pa.array(["x"] * 50)),
        (0, "example_id", pa.array([None] * 50, pa.int64())),
        (growth, "growth", pa.array([[[1.0]]] * 50)),
        (growth, "growth", pa.array([None] * 50, table.schema.types[growth])),
    ):
        pq.write_table(table.set_column(column, name, values), path)
        assert name in refusal(read_record, path)


def test_parquet_bombs(tmp_path, monkeypatch):
    path = tmp_path / "bomb.parquet"
    long = "1" * 5_000_000  # 16,384 times this is 82 GB, from a file of half a megabyte
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(16_384, np.int32)), [long]).cast(pa.dictionary(pa.int32(), pa.string()))
    pq.write_table(pa.table({"question": column, "answer": column}), path)
    assert path.stat().st_size < 2_000_000 and "5000000 bytes" in refusal(read_puzzles, path)
    monkeypatch.setattr(limits, "MOST_ROWS", 49)
    assert "declares 50 rows, at most 49" in refusal(read_record, changed_record(tmp_path / "r.parquet"))


@pytest.mark.parametrize(
    "change", [{"example_id": ["a"]}, {"example_id": pa.array([None], pa.int64())}, {"question": [[1]]}, {"rating": pa.array([[1]])}]
)
def test_puzzles_of_other_types(tmp_path, change):
    pq.write_table(pa.table({"question": [QUESTION], "answer": [ANSWER]} | change), tmp_path / "p.parquet")
    refusal(read_puzzles, tmp_path / "p.parquet")


def test_columns_that_come_twice(tmp_path):
    pq.write_table(pa.table([[QUESTION], [ANSWER], [ANSWER]], names=["question", "answer", "answer"]), tmp_path / "p.parquet")
    (tmp_path / "p.csv").write_text(f"question,answer,question\n{QUESTION},{ANSWER},{QUESTION}\n")
    for name in ("p.parquet", "p.csv"):
        assert "comes twice" in refusal(read_puzzles, tmp_path / name)


@pytest.mark.parametrize("shape", ["(99999999999, 16)", "(-1, 16)", "(True, 16)", "(1, 16", "'a'"])
@pytest.mark.parametrize("kind", ["|u1", "|O"])
def test_npy_headers_that_lie_and_objects(tmp_path, shape, kind):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    np.save(tmp_path / "all__labels.npy", np.zeros((1, 16), np.uint8))
    (tmp_path / "all__inputs.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(16))
    refusal(read_puzzles, tmp_path)


@pytest.mark.parametrize(
    "text",
    ['{"sets":["../../x"]}', '{"sets":["a\\u0000b"]}', '{"sets":["' + "x" * 5000 + '"]}', "[" * 100_000],
    ids=["out", "nul", "long", "deep"],
)
def test_metadata_of_puzzles_names_files_in_its_folder_alone(tmp_path, text):
    for name in ("inputs", "labels"):
        np.save(tmp_path / f"all__{name}.npy", np.zeros((1, 16), np.uint8))
    (tmp_path / "dataset.json").write_text(text)
    refusal(read_puzzles, tmp_path)
