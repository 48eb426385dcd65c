"""Changed bytes end in a result or in one clear line, for every reader that needs no report; see `unsettled.fixtures.fuzz`."""

from __future__ import annotations

import os
import random
import tempfile
import time
from pathlib import Path

import pytest

from unsettled.fixtures.fuzz import fuzz, mutated, scratch
from unsettled.fixtures.fuzz_readers import Reader, readers
from unsettled.measure.errors import UserError

INPUTS = 20


def test_a_few_inputs_for_every_reader():
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        every = readers(Path(folder))
        assert len({reader.name for reader in every}) == len(every) >= 19
        for reader in every:
            found = fuzz(reader, seconds=20, inputs=INPUTS, seed=1)
            assert found.inputs == INPUTS and found.refused + found.results == INPUTS, found
            assert not found.others and found.refused, f"{reader.name}: {found.others}"


def careless(data: bytes) -> None:
    kind = sum(data) % 5
    if kind == 0:
        raise UserError("refused")
    if kind == 2:
        raise KeyError(len(data))
    if kind == 1:
        os.write(2, b"Exception ignored in: nothing\n")
    if kind == 3:
        os.abort()


def test_the_harness_notices_what_a_careless_reader_does(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"\x08" * 8)
    found = fuzz(Reader("careless", path, lambda: careless(path.read_bytes())), seconds=20, inputs=200)
    assert found.inputs == 200 and found.died and found.refused and found.results > 0
    assert any("SIGABRT" in what for what in found.others) and any("KeyError" in what for what in found.others)
    assert any("printed: 'Exception ignored" in what for what in found.others)
    assert path.read_bytes() == b"\x08" * 8
    for what, seed in found.others.items():
        if "SIGABRT" in what or "KeyError" in what:  # the seed makes the input again
            again = mutated(b"\x08" * 8, random.Random(seed))
            assert sum(again) % 5 == (3 if "SIGABRT" in what else 2)


def test_a_reader_that_never_ends_costs_one_input(tmp_path, monkeypatch):
    import unsettled.fixtures.fuzz

    monkeypatch.setattr(unsettled.fixtures.fuzz, "LONGEST", 0.05)
    path = tmp_path / "f"
    path.write_bytes(b"a")

    def slow() -> None:
        while path.read_bytes()[:1] > b"a":
            time.process_time()

    found = fuzz(Reader("slow", path, slow), seconds=20, inputs=20)
    assert found.inputs == 20 and found.died and list(found.others) == ["longer than 0 s"]


@pytest.mark.parametrize("text", [b"name = '\xff'\n", b"batch = " + b"9" * 5000, b"a = " + b"[" * 3000])
def test_recipes_that_are_no_text_or_too_deep(tmp_path, text):
    from unsettled.fixtures.training.recipe import load_recipe

    (tmp_path / "r.toml").write_bytes(text)
    with pytest.raises(UserError, match="not (valid|readable) TOML"):
        load_recipe(tmp_path / "r.toml")


def test_a_side_record_whose_column_has_no_readable_name(tmp_path):
    from unsettled.measure.record.side import read_side

    side = next(reader for reader in readers(tmp_path) if reader.name == "side record").file
    data = side.read_bytes()
    side.write_bytes(data.replace(b"example_id", b"ex\xffmple_id"))
    with pytest.raises(UserError, match="not a readable Parquet file"):
        read_side(side)


def test_a_heading_of_many_digits_costs_no_time(tmp_path):
    """A pattern with two ways to read a digit took seconds for forty of them, twice as many for each more."""
    from unsettled.claims.manuscript import read_manuscript

    (tmp_path / "draft.md").write_text("# " + "9" * 4000 + "A paper\n\n## 2.1. Results\n\nIt is 0.5.\n")
    start = time.process_time()
    found = read_manuscript(tmp_path / "draft.md")
    assert time.process_time() - start < 2.0
    assert [number.text for number in found.numbers][-1] == "0.5" and "2.1" not in found.clean


def test_a_pickle_that_ends_within_a_length(tmp_path):
    from unsettled.measure.networks.checkpoints import read_tensors

    (tmp_path / "step_1").write_bytes(b"\x80\x02X\x05\x00")
    with pytest.raises(UserError, match="evaluation is truncated or of a foreign format"):
        read_tensors(tmp_path / "step_1", "evaluation")


@pytest.mark.parametrize("declared", [5, 603_979_778])
def test_a_large_record_whose_columns_are_not_as_wide_as_declared(tmp_path, declared):
    import pyarrow.parquet as pq

    from unsettled.fixtures.synthetic import synthetic_record
    from unsettled.measure.record.record import METADATA_KEY, read_record, write_record

    path = tmp_path / "r.parquet"
    write_record(synthetic_record(6, segments=2, k=1), path)
    table = pq.read_table(path)
    told = table.schema.metadata[METADATA_KEY].replace(b'"exponents":1,', b'"exponents":%d,' % declared)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, METADATA_KEY: told}), path)
    with pytest.raises(UserError, match=f"growth holds 2 × 1 numbers a row, not 2 × {declared:,}"):
        read_record(path, in_memory=0)


@pytest.mark.parametrize("rating", ["1_0", '"1\n"', "\u0661", "1e", " "])
def test_ratings_that_python_reads_and_arrow_does_not(tmp_path, rating):
    from unsettled.fixtures.fuzz_readers import CSV
    from unsettled.measure.tasks.read import read_puzzles

    (tmp_path / "p.csv").write_text(CSV.replace(",0\n", f",{rating}\n"))
    with pytest.raises(UserError, match="rating .* is no number"):
        read_puzzles(tmp_path / "p.csv")


def test_a_broken_row_that_is_no_text_prints_nothing_but_its_error(tmp_path, capfd):
    from unsettled.fixtures.fuzz_readers import CSV
    from unsettled.measure.tasks.read import read_puzzles

    (tmp_path / "p.csv").write_bytes(CSV.encode() + b"ma\xccde,1\n")
    with pytest.raises(UserError, match="p.csv:3: has 2 columns, expected 4"):
        read_puzzles(tmp_path / "p.csv")
    assert capfd.readouterr() == ("", "")
