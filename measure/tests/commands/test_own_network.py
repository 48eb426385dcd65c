"""The page on a network of one's own, as a reader would follow it: its file becomes a record, from the command line and from Python."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from unsettled.measure import load_network, measure, read_examples, read_record
from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.write import write_parquet

PAGE = Path(__file__).parents[2] / "OWN_NETWORK.md"
FILE, CELL, PYTHON = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_net.py").write_text(FILE)
    write_parquet(generate(Box(3, 3), 5, seed=0), tmp_path / "puzzles.parquet")
    namespace = {}
    exec(compile(FILE, "my_net.py", "exec"), namespace)
    torch.manual_seed(0)
    torch.save(namespace["Net"]().state_dict(), tmp_path / "weights.pt")
    return tmp_path


@pytest.mark.parametrize("file", [FILE, CELL])
def test_the_files_on_the_page_are_short(file):
    code = [line for line in file.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(code) <= 25


def test_the_page_s_commands_make_a_record(place, unsettled):
    command = ("measure", "--network", "my_net.py:build", "weights.pt", "puzzles.parquet", "--out", "my.parquet", "--segments", 3, "--k", 2)
    code, out, _ = unsettled(*command)
    assert code == 0 and "my_net.py:build own" in out
    record = read_record("my.parquet")
    facts = record.provenance.model
    assert facts.latents == ("x",) and facts.updates_per_segment == 4 and facts.adapter and record.growth.shape == (5, 3, 2)
    assert (record.displacement_H == record.displacement("x")).all() and np.isfinite(record.growth).all()
    assert (record.angle_x > 0).all() and np.isnan(record.update_cosine_x[:, 0]).all()
    with pytest.raises(UserError, match="tells no confidence"):
        record.halting_logit.mean()
    with pytest.raises(UserError, match="one latent alone"):
        record.displacement_L.mean()


def test_the_deep_equilibrium_cell_of_the_page_is_measured(place):
    (place / "my_deq.py").write_text(CELL)
    namespace = {}
    exec(compile(CELL, "my_deq.py", "exec"), namespace)
    torch.save(namespace["Net"]().state_dict(), "cell.pt")
    measure(load_network("my_deq.py:build", "cell.pt"), read_examples("puzzles.parquet").examples, "deq.parquet", segments=3, k=1)
    assert read_record("deq.parquet").provenance.model.updates_per_segment == 1


def test_python_on_the_page_gives_the_same_record(place, unsettled):
    assert "load_network" in PYTHON
    for path, segments in (("a.parquet", 2), ("b.parquet", 2)):
        measure(load_network("my_net.py:build", "weights.pt"), read_examples("puzzles.parquet").examples, path, segments=segments, k=1)
    assert Path("a.parquet").read_bytes() == Path("b.parquet").read_bytes()


def test_a_wrong_adapter_is_one_line_and_nothing_is_written(place, unsettled):
    (place / "my_net.py").write_text(FILE.replace("(x,) = state", "x = state[0].detach()"))
    code, _, err = unsettled("measure", "--network", "my_net.py:build", "weights.pt", "puzzles.parquet", "--out", "my.parquet", "--k", 1)
    assert code == 2 and err.count("\n") <= 3 and "updates detach the state" in err and not Path("my.parquet").exists()


def test_examples_of_another_length_are_refused(place, unsettled):
    write_parquet(generate(Box(2, 3), 4, seed=0), place / "small.parquet")
    code, _, err = unsettled("measure", "--network", "my_net.py:build", "weights.pt", "small.parquet", "--out", "my.parquet", "--k", 1)
    assert code == 2 and "start failed" in err and "my_net.py:" in err


def test_no_module_of_the_adapter_is_left_on_the_path(place):
    before = list(sys.path)
    load_network("my_net.py:build", "weights.pt")
    assert sys.path == before


@pytest.mark.parametrize("option", [("--heads", 2), ("--h-cycles", 1), ("--l-cycles", 1), ("--weights", "raw")])
def test_what_is_said_of_a_checkpoint_is_refused_where_a_builder_chooses(place, unsettled, option):
    code, _, err = unsettled("measure", "--network", "my_net.py:build", "weights.pt", "puzzles.parquet", "--out", "no.parquet", *option)
    assert code == 2 and f"{option[0]} says nothing of a network that --network builds" in err and not (place / "no.parquet").exists()
