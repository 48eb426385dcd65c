"""An output that is whole and of the very same measurement is taken as it is; anything else is measured."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign import run
from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.finished import TAKEN, IfWhole
from unsettled.measure.campaign.noise import FloorOfSample
from unsettled.measure.campaign.probes import probe_disturbed, probe_unknown
from unsettled.measure.campaign.spectrum import SpectrumSettings, measure_spectrum
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import load_network
from unsettled.measure.policies.gather import gather
from unsettled.measure.policies.plan import Plan
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.side import read_side, write_side
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

PUZZLES = generate(Box(2, 2), 6, seed=5)
PLAN = Plan(draws=2, segments=1, depth=1, starts=("symmetry",), exponents=())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("finished") / "net", "trm_mlp")


@pytest.fixture
def measured(checkpoint, tmp_path):
    """Measures into one file, and says how many rows were measured: none where it was taken as it was."""

    def rows(network=checkpoint, puzzles=PUZZLES, *, again=False, out=tmp_path / "out", **settings):
        lines, counted = [], []

        def here(measure, tasks):
            for number, given in tasks:
                counted.append(len(given))
                yield number, measure(given)

        how = IfWhole(again=again, tell=lines.append)
        run.measure(network, puzzles, out, if_whole=how, workers=here, **{"k": 1, "segments": 2, "batch": 4, **settings})
        assert lines == ([] if counted else [f"{out} {TAKEN}"]) and not out.with_name("out.parts").exists()
        return sum(counted)

    return rows


def test_a_whole_record_is_taken_and_measured_again_where_asked(measured, tmp_path):
    assert measured() == 6 and measured() == 0
    before = (tmp_path / "out").read_bytes()
    assert measured(again=True) == 6 and (tmp_path / "out").read_bytes() == before


@pytest.mark.parametrize(
    "changed", [{"k": 0}, {"segments": 1}, {"seed": 1}, {"batch": 3}, {"dtype": "float64"}, {"qr_every": 2}, {"noise_seed": 3}], ids=str
)
def test_any_other_setting_is_measured(measured, changed):
    assert measured() == 6 and measured(**changed) == 6


@pytest.mark.parametrize(
    "changed",
    [
        PUZZLES.take(slice(0, 5)),
        PUZZLES.take(np.array([1, 0, 2, 3, 4, 5])),
        PUZZLES.changed(rating=np.arange(6.0)),
        PUZZLES.changed(groups=np.zeros(6, np.int64)),
    ],
    ids=["fewer", "other order", "ratings", "groups"],
)
def test_other_examples_are_measured(measured, changed):
    assert measured() == 6 and measured(puzzles=changed) == len(changed)


def test_other_weights_structure_noise_and_versions_are_measured(measured, checkpoint, monkeypatch):
    assert measured() == 6 and measured(replace(checkpoint, tensors_digest="0")) == 6
    config = checkpoint.model.config.model_copy(update={"epsilon": 1e-4})
    other = replace(checkpoint, model=type(checkpoint.model)(config))
    other.model.load_state_dict(checkpoint.model.state_dict())
    assert measured() == 6 and measured(replace(other, model=other.model.eval())) == 6
    assert measured(noise=FloorOfSample(checkpoint, PUZZLES, rows=2)) == 6
    assert measured(noise=FloorOfSample(checkpoint, PUZZLES, rows=2)) == 0
    assert measured(noise=FloorOfSample(checkpoint, PUZZLES, rows=1)) == 6 and measured() == 6
    monkeypatch.setattr("unsettled.measure.campaign.fingerprint.version_of_program", lambda: "99")
    assert measured() == 6
    monkeypatch.setattr("unsettled.measure.record.provenance.commit_of_program", lambda: "0" * 40)
    assert measured() == 6 and measured() == 0


def flipped(out):
    content = bytearray(out.read_bytes())
    content[200] ^= 1  # among the packed values, where Parquet has no sum of its own
    out.write_bytes(content)


def rewritten(out):
    """An honest table with one outcome edited, written by pyarrow with all metadata that the file had."""
    table = pq.read_table(out)
    solved = [not value for value in table.column("solved").to_pylist()]
    edited = table.set_column(table.column_names.index("solved"), "solved", [solved])
    kept = pq.read_metadata(out).metadata
    pq.write_table(edited.replace_schema_metadata({key: value for key, value in kept.items() if key != b"ARROW:schema"}), out)


def without_seal(out):
    write_record(read_record(out), out)


def forged_provenance(out):
    record = read_record(out)
    write_record(record.replace(provenance=record.provenance.model_copy(update={"tangent_seed": 7})), out, fingerprint="not this one")


@pytest.mark.parametrize(
    "spoil",
    [
        flipped,
        rewritten,
        without_seal,
        forged_provenance,
        lambda out: out.write_bytes(out.read_bytes()[:-20]),
        lambda out: out.write_bytes(b""),
    ],
    ids=["flipped", "rewritten", "unsealed", "forged", "truncated", "empty"],
)
def test_a_damaged_or_edited_file_is_not_taken(measured, tmp_path, spoil):
    out = tmp_path / "out"
    measured()
    before = out.read_bytes()
    spoil(out)
    assert out.read_bytes() != before
    assert measured() == 6 and out.read_bytes() == before


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (lambda out, network: out.write_text("id,solved\n1,1\n"), "a file of another kind"),
        (lambda out, network: write_parquet(PUZZLES, out), "a Parquet table"),
        (lambda out, network: probe_unknown(network, PUZZLES, out, segments=1), "a few_unknown record"),
    ],
    ids=["text", "puzzles", "side record"],
)
def test_a_file_of_another_kind_is_neither_taken_nor_lost(measured, checkpoint, tmp_path, write, what):
    """`--out puzzles.parquet` once wrote the record over the puzzles."""
    out = tmp_path / "out"
    write(out, checkpoint)
    before = out.read_bytes()
    with pytest.raises(UserError, match=f"out: the record would take the place of {what}"):
        measured()
    assert out.read_bytes() == before and not out.with_name("out.parts").exists()


@pytest.mark.parametrize("kind", ["spectrum", "few-unknown", "disturb", "policies"])
def test_side_records_are_taken_alike(checkpoint, tmp_path, kind):
    lines, out = [], tmp_path / "side"

    def call(seed=0, again=False):
        before, how = len(lines), IfWhole(again=again, tell=lines.append)
        if kind == "spectrum":
            side = measure_spectrum(checkpoint, PUZZLES, out, SpectrumSettings(segments=2, most=2, seed=seed), if_whole=how)
        elif kind == "policies":
            side = gather(checkpoint, PUZZLES, out, PLAN.model_copy(update={"seed": seed}), if_whole=how)
        else:
            probe = probe_unknown if kind == "few-unknown" else probe_disturbed
            side = probe(checkpoint, PUZZLES, out, segments=2, seed=seed, if_whole=how)
        return side.digest(), len(lines) > before

    first, taken = call()
    assert not taken and call() == (first, True) and lines == [f"{out} {TAKEN}"]
    assert call(again=True) == (first, False) and not call(seed=1)[1]
    assert call() == (first, False)
    flipped(out)
    assert call() == (first, False)


def test_policies_of_an_earlier_version_or_commit_are_taken_where_nothing_else_differs(checkpoint, tmp_path, monkeypatch):
    lines, out = [], tmp_path / "side"
    gather(checkpoint, PUZZLES, out, PLAN)
    write_side(read_side(out), out)
    monkeypatch.setattr("unsettled.measure.record.provenance.commit_of_program", lambda: "0" * 40)
    gather(checkpoint, PUZZLES, out, PLAN, if_whole=IfWhole(tell=lines.append))
    assert lines == [f"{out} {TAKEN}"]


ADAPTER = """
from beside import Net
def build(checkpoint):
    return Net()
"""
BESIDE = """
import torch
class Net:
    latents = ("z",)
    def start(self, batch): return (torch.ones(len(batch.inputs), 4),)
    def updates(self, batch): return [lambda state: (state[0] * {factor},)]
    def answer(self, state): return torch.zeros(len(state[0]), 16, 11) + state[0][:, :1, None]
    def confidence(self, state): return None
"""


def test_code_beside_an_adapter_and_a_checkpoint_that_is_a_folder_are_told_apart(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(ADAPTER)
    (tmp_path / "weights").mkdir()

    def told(factor, weights="a"):
        sys.modules.pop("beside", None)
        (tmp_path / "beside.py").write_text(BESIDE.format(factor=factor))
        (tmp_path / "weights" / "w").write_text(weights)
        return fingerprint_of(load_network(f"{tmp_path}/net.py:build", tmp_path / "weights"), PUZZLES)

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert len({told(0.5), told(0.25), told(0.25, "more")}) == 3
