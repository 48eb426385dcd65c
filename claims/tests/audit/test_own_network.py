"""A network of a user's own in an audit: measured through its adapter, re-measured through it, and refused where the two do not fit."""

from __future__ import annotations

import shlex
from fnmatch import fnmatch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from typer.main import get_command

from unsettled.claims.audit.audit import read_audit
from unsettled.claims.audit.placebos import PLACEBOS
from unsettled.claims.catalogue.registered import SIDE_KINDS, MissingInput
from unsettled.claims.judgement.noise_band import under_noise
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.sides import find_side
from unsettled.claims.tests.audit.inner import PLUGINS
from unsettled.fixtures.synthetic.audits import write_ledger
from unsettled.measure import load_network, measure, median, read_examples, read_record
from unsettled.measure.campaign.noise import FloorOfSample
from unsettled.measure.commands.app import build

ADAPTER = """
import torch
from torch import nn

class Net(nn.Module):
    latents, confidence = ("x",), None
    def __init__(self):
        super().__init__()
        self.embed, self.mix, self.head = nn.Embedding(4, 5), nn.Linear(5, 5), nn.Linear(5, 4)
    def start(self, batch):
        return (torch.zeros_like(self.embed(batch.tokens)),)
    def updates(self, batch):
        return [lambda state: (torch.tanh(self.mix(state[0]) + self.embed(batch.tokens)),)] * 2
    def answer(self, state):
        return self.head(state[0])

def build(checkpoint):
    net = Net()
    net.load_state_dict(torch.load(checkpoint, weights_only=True))
    return net
"""
EXAMPLES = 8
BROUGHT = ("--network", "my=net.py:build", "--checkpoint", "my=net.pt", "--puzzles", "my=data.parquet")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An adapter, its checkpoint, examples of plain tokens of which it answers half, a record, and a ledger that says so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none").mkdir()
    (tmp_path / "net.py").write_text(ADAPTER)
    namespace = {}
    exec(ADAPTER, namespace)
    torch.manual_seed(0)
    torch.save(namespace["Net"]().state_dict(), tmp_path / "net.pt")
    inputs = np.random.default_rng(0).integers(0, 4, (EXAMPLES, 3))
    pq.write_table(pa.table({"inputs": inputs.tolist(), "labels": inputs.tolist()}), tmp_path / "data.parquet")
    network = load_network("net.py:build", "net.pt")
    with torch.no_grad():
        state = network.model.start(batch := type("B", (), {"tokens": torch.from_numpy(inputs)}))
        for update in network.model.updates(batch) * 3:
            state = update(state)
        labels = network.model.answer(state).argmax(-1).numpy()
    labels[EXAMPLES // 2 :, 0] = (labels[EXAMPLES // 2 :, 0] + 1) % 4
    pq.write_table(pa.table({"inputs": inputs.tolist(), "labels": labels.tolist()}), tmp_path / "data.parquet")
    measure(network, read_examples("data.parquet").examples, "r.parquet", k=1, segments=3, batch=4)
    ledger = write_ledger(tmp_path / "my.toml", {"right": ("share", "accuracy", "50.0%")})
    ledger.write_text(ledger.read_text().replace('architecture = "trm"\n', ""))
    return tmp_path


def audited(*options):
    return pytest.main([*PLUGINS, "--ledger", "my.toml", "--references", "none", "--same-examples", "my", *options])


def test_its_claims_are_judged_on_what_is_measured_through_the_adapter(folder):
    how = ("--measure", "segments=3", "--measure", "k=1", "--measure", "batch=4")
    assert audited(*BROUGHT, *how, "-k", "right and my") == 0
    found = read_audit(folder / "audit.json")
    assert [(v.key, v.outcome, v.measured.estimate.value) for v in found.verdicts] == [("right@my", "REPRODUCED", 0.5)]
    assert found.populations[0].architecture == "net.py:build" and "--network my=net.py:build" in found.verdicts[0].command


def test_rows_of_its_record_are_measured_again_through_the_adapter(folder):
    assert audited("--record", "my=r.parquet", *BROUGHT, "--remeasure-rows", "5", "-k", "rows") == 0
    found = read_audit(folder / "audit.json")
    assert [(len(r.examples), r.of, r.stands) for r in found.remeasured] == [(5, EXAMPLES, True)]
    assert all(planted.caught for planted in found.planted) and found.planted


def test_another_network_behind_the_same_record_is_found(folder):
    (folder / "net.py").write_text(ADAPTER.replace("torch.tanh(", "torch.tanh(0.5 * "))
    assert audited("--record", "my=r.parquet", *BROUGHT, "-k", "test_rows") == 1
    assert not read_audit(folder / "audit.json").remeasured[0].stands


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--record", "my=r.parquet", *BROUGHT[2:]), "my: the record was measured through net.py:build, * (add --network my=*)"),
        (BROUGHT[:2], "--network my has no checkpoint (add --checkpoint my=PATH)"),
        (("--network", "my=net.py"), "'net.py' does not name a function in a file*"),
        (("--network", "my=nowhere.py:build"), "nowhere.py: no such adapter"),
        ((*BROUGHT, "--cycles", "my=1,2"), "--cycles my is of an HRM or a TRM*"),
        ((*BROUGHT, "--measure", "several=some"), "--measure several is 'some' (one of refuse, valid)"),
    ],
)
def test_what_does_not_fit_is_one_line(folder, capfd, options, told):
    assert audited(*options) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1) and fnmatch(err, f"error: {told}\n")


def test_a_record_of_other_examples_is_refused(folder, capfd):
    table = pq.read_table("data.parquet").to_pydict()
    pq.write_table(pa.table({"inputs": table["labels"], "labels": table["inputs"]}), "data.parquet")
    assert audited("--record", "my=r.parquet", *BROUGHT, "-k", "test_rows") == 1
    assert "the record was measured on other examples" in capfd.readouterr().out


def test_the_paper_s_claims_that_hold_of_any_network_concern_one_of_ones_own():
    ledger = load_ledger()
    transferable = [claim for claim in ledger.claims if ledger.concerns(claim, "my", None)]
    assert [c for c in ledger.claims if ledger.concerns(c, "my", "net.py:build")] == transferable
    assert len([c for c in ledger.claims if ledger.concerns(c, "my", "hrm")]) < len(transferable)


@pytest.mark.parametrize("kind", sorted(SIDE_KINDS))
def test_the_command_for_what_is_missing_names_the_adapter(folder, kind):
    with pytest.raises(MissingInput) as missing:
        find_side(kind, record=read_record("r.parquet"), record_path=folder / "r.parquet")
    words = shlex.split(missing.value.command or "")
    assert words[0] == "unsettled" and words[-2:] == ["--network", "net.py:build"]
    assert "network" in {parameter.name for parameter in get_command(build()).commands[words[1]].params}


def test_one_latent_without_confidence_has_noise_and_placebos(folder):
    network, examples = load_network("net.py:build", "net.pt"), read_examples("data.parquet").examples
    measure(network, examples, "noisy.parquet", k=1, segments=3, batch=4, noise=FloorOfSample(network, examples, rows=4))
    record = read_record("noisy.parquet")
    assert set(record.provenance.noise.quantiles) == {"exponents", "displacement"}
    assert len(under_noise(lambda r: median(r.displacement()[:, -1]), record)) == 8
    for placebo in PLACEBOS.values():
        assert len(placebo(record)) == EXAMPLES
