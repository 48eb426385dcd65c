"""A wrong adapter is one line that names the member; a right one passes, whatever its latents."""

from __future__ import annotations

import collections
import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import load_network
from unsettled.measure.networks.check import check_network
from unsettled.measure.networks.protocol import Batch, Network
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

CELLS, WORDS, WIDTH = 5, 4, 6
WHERE = Path("my_net.py")


def batch(rows=3):
    tokens = torch.randint(0, WORDS, (rows, CELLS), generator=torch.Generator().manual_seed(3))
    return Batch(tokens, torch.zeros(rows, dtype=torch.long), np.arange(rows))


class Right(nn.Module):
    """A gated recurrent cell at every position, one latent."""

    latents = ("x",)
    confidence = None

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.mix, self.head = nn.Embedding(WORDS, WIDTH), nn.Linear(2 * WIDTH, WIDTH), nn.Linear(WIDTH, WORDS)
        self.eval().requires_grad_(requires_grad=False)

    def start(self, batch):
        return (torch.zeros(len(batch), CELLS, WIDTH),)

    def updates(self, batch):
        return [lambda state: (torch.tanh(self.mix(torch.cat((state[0], self.embed(batch.tokens)), dim=-1))),)] * 2

    def answer(self, state):
        return self.head(state[0])


class Two(Right):
    latents = ("slow", "fast")

    def start(self, batch):
        return (*super().start(batch), torch.ones(len(batch), WIDTH))

    def updates(self, batch):
        (step, _) = super().updates(batch)
        return [lambda state: (*step(state[:1]), torch.sin(state[1]) + state[0].mean(dim=1))]

    def confidence(self, state):
        return state[1].mean(dim=1)


class Noisy(Right):
    time_dependent = True

    def updates(self, batch):
        step = super().updates(batch)[0]
        return [lambda state, number: (step(state)[0] + 0.1 * batch.normal(number, CELLS, WIDTH),)] * 2


class Layer(Right):
    def forward(self, state):
        return (torch.tanh(state[0] + self.embed(torch.arange(CELLS) % WORDS)),)


class Layers(Right):
    def updates(self, batch):
        return nn.ModuleList([Layer(), Layer()])


@pytest.mark.parametrize("kind", [Right, Two, Noisy, Layers])
def test_a_right_adapter_passes(kind):
    assert isinstance(kind(), Network)
    check_network(kind(), batch(), where=WHERE, cells=CELLS)


def wrong(**members):
    return type("Wrong", (Right,), members)


def detached(self, batch):
    return [lambda state: (torch.tanh(self.mix(torch.cat((state[0].detach(), self.embed(batch.tokens)), dim=-1))),)]


def dropped(self, batch):
    return [lambda state: (nn.functional.dropout(state[0] + 1.0, 0.5, training=True),)]


def across(self, batch):
    return [lambda state: (torch.tanh(state[0] + self.embed(batch.tokens) - self.embed(batch.tokens).mean(dim=0, keepdim=True)),)]


def in_place(self, batch):
    def update(state):
        state[0].add_(1.0)
        return state

    return [update]


def across_later(self, batch):
    """All start alike, so that the first update subtracts the same of every example, whatever the batch."""
    (step, _) = Right.updates(self, batch)
    return [lambda state: (step(state)[0] - state[0].mean(dim=0, keepdim=True),)]


def ended(self, batch):
    raise SystemExit("bye")


def named(self, batch):
    return collections.namedtuple("Carry", "x")(torch.zeros(len(batch), CELLS, WIDTH))


def generated(self, batch):
    yield from Right.updates(self, batch)


WRONG = {
    "latent that never changes": (
        wrong(
            updates=lambda self, batch: [lambda state: (state[0], state[0].mean(dim=1))],
            latents=("x", "y"),
            start=lambda self, batch: (torch.zeros(len(batch), CELLS, WIDTH), torch.ones(len(batch), WIDTH)),
        ),
        "never change the latent 'x'",
    ),
    "detached carry": (wrong(updates=detached), "detach the state"),
    "answer of the input": (wrong(answer=lambda self, state: torch.ones(len(state[0]), CELLS, WORDS)), "answer does not depend"),
    "dropout": (wrong(updates=dropped), "another state each time"),
    "examples that see each other": (wrong(updates=across), "depend on the others"),
    "examples that see each other later": (wrong(updates=across_later), "depend on the others"),
    "a program that ends itself": (wrong(updates=ended), "updates failed: SystemExit: bye"),
    "a named tuple": (wrong(start=named), "start returned Carry, not a tuple of tensors"),
    "a generator": (wrong(updates=generated), "updates returned generator"),
    "nothing": (wrong(updates=lambda self, batch: None), "updates returned NoneType"),
    "another type": (wrong(updates=lambda self, batch: [lambda state: (state[0].double(),)]), r"from float32 \(3, 5, 6\) into float64"),
    "a sparse state": (wrong(start=lambda self, batch: (torch.eye(len(batch), 5).to_sparse(),)), "a sparse tensor as 'x'"),
    "a state without numbers": (wrong(start=lambda self, batch: (torch.zeros(len(batch), 5, device="meta"),)), "a meta tensor as 'x'"),
    "an answer of NaN": (wrong(answer=lambda self, state: self.head(state[0]) * torch.nan), "answer returned NaN"),
    "latents of one name": (
        wrong(latents=("x", "x"), start=lambda self, batch: (torch.zeros(len(batch), 5), torch.zeros(len(batch), 5))),
        "latents names 'x' twice",
    ),
    "latents without a name": (wrong(latents=("",)), r"latents is \('',\)"),
    "latents by number": (wrong(latents=(1,)), r"latents is \(1,\)"),
    "in place": (wrong(updates=in_place), "in place"),
    "another shape": (wrong(updates=lambda self, batch: [lambda state: (state[0][:, 1:],)]), "from .* into"),
    "a lone tensor": (wrong(start=lambda self, batch: torch.zeros(len(batch), CELLS, WIDTH)), "start returned Tensor, not a tuple"),
    "too many latents": (wrong(latents=("x", "y")), "start returned 1 tensors, latents names 2"),
    "answer of another size": (wrong(answer=lambda self, state: self.head(state[0])[:, 1:]), "answer returned"),
    "confidence of another size": (wrong(confidence=lambda self, state: state[0].mean(dim=-1)), "confidence returned"),
    "no updates": (wrong(updates=lambda self, batch: []), "updates returned no functions"),
    "an error of torch": (
        wrong(updates=lambda self, batch: [lambda state: (state[0] @ torch.ones(3, 3),)]),
        "updates failed: RuntimeError",
    ),
    "through numpy": (
        wrong(updates=lambda self, batch: [lambda state: (torch.from_numpy(np.sin(state[0].numpy() + 1)),)]),
        "updates: the step leaves torch",
    ),
    "NaN": (wrong(updates=lambda self, batch: [lambda state: (state[0] / 0.0,)]), "NaN or infinity in 'x'"),
}


@pytest.mark.parametrize(("kind", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_adapter_is_one_line_that_names_the_member(kind, told):
    with pytest.raises(UserError, match=told) as caught:
        check_network(kind(), batch(), where=WHERE, cells=CELLS)
    assert "\n" not in str(caught.value) and str(caught.value).startswith("my_net.py")


ADAPTER = """
import torch

class Net:
    latents, confidence = ("x",), None
    def start(self, batch): return (torch.zeros(len(batch), 5, 4),)
    def updates(self, batch): return [lambda state: (state[0] + 1,)]
    def answer(self, state): return state[0]

def build(checkpoint):
    return Net()

def breaks(checkpoint):
    return torch.ones(2) @ torch.ones(3)

def lacks(checkpoint):
    return object()
"""


@pytest.mark.parametrize(
    ("adapter", "told"),
    [
        ("my_net.py:breaks", r"my_net.py:14: breaks failed: RuntimeError"),
        ("my_net.py:lacks", "what lacks returned has no 'latents'"),
        ("my_net.py:other", "has no function 'other'"),
        ("my_net.py", "does not name a function in a file"),
        ("none.py:build", "none.py: no such adapter"),
        ("bad.py:build", "bad.py:2: is not valid Python"),
    ],
)
def test_what_is_wrong_with_the_file_is_told_with_its_line(tmp_path, monkeypatch, adapter, told):
    monkeypatch.chdir(tmp_path)
    Path("my_net.py").write_text(ADAPTER)
    Path("bad.py").write_text("\ndef build(:\n")
    Path("weights.pt").write_bytes(b"x")
    with pytest.raises(UserError, match=told):
        load_network(adapter, "weights.pt")


def test_a_network_of_ones_own_is_identified_by_its_file_and_its_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my_net.py").write_text(ADAPTER)
    Path("weights.pt").write_bytes(b"x")
    one = load_network("my_net.py:build", "weights.pt")
    Path("my_net.py").write_text(ADAPTER + "\n")
    other = load_network("my_net.py:build", "weights.pt")
    assert one.bytes_digest == other.bytes_digest and one.adapter_digest != other.adapter_digest


def test_what_lies_beside_the_adapter_is_found_by_whatever_path_the_file_is_named(tmp_path, monkeypatch):
    folder, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    (folder / "part").mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "my_net.py").write_text(f"import beside_it, part.below_it, not_beside_it\n{ADAPTER}")
    for place in (folder / "beside_it.py", folder / "part" / "below_it.py", elsewhere / "not_beside_it.py", folder / "weights.pt"):
        place.write_text("x = 1\n")
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.syspath_prepend(elsewhere)
    for named in (folder, tmp_path / "link"):
        for name in ("beside_it", "part.below_it", "part", "not_beside_it"):
            sys.modules.pop(name, None)
        found = dict(load_network(f"{named / 'my_net.py'}:build", folder / "weights.pt").neighbours)
        assert list(found) == ["beside_it", "part.below_it"]
        assert found["beside_it"] == hashlib.sha256(b"x = 1\n").hexdigest()


def test_noise_hangs_on_the_example_and_the_update_alone():
    whole, part = batch(3), batch(3)
    part = Batch(part.tokens[1:], part.identifiers[1:], part.ids[1:])
    assert torch.equal(whole.normal(4, 2)[1:], part.normal(4, 2)) and not torch.equal(whole.normal(4, 2), whole.normal(5, 2))


LATE = """
import torch
class Net(torch.nn.Module):
    latents, confidence = ("x",), None
    def start(self, batch): return (torch.ones(len(batch.ids), 4) * batch.tokens[:, :1],)
    def updates(self, batch):
        if len(batch.ids) == 4:
            raise IndexError("only three")
        return [lambda state: (torch.sin(state[0] + 1),)]
    def answer(self, state): return state[0][:, :1, None] * torch.arange(6.0) + torch.zeros(1, 16, 6)
def build(checkpoint): return Net()
"""


@pytest.mark.parametrize("more", [[], ["--noise-rows", "4", "--batch", "8"]], ids=["rows", "noise"])
def test_what_a_network_raises_while_it_is_measured_is_one_line_as_well(unsettled, tmp_path, more):
    """It was a traceback: only what the first few examples raise was told."""
    (tmp_path / "late.py").write_text(LATE)
    (tmp_path / "weights").write_text("none")
    write_parquet(generate(Box(2, 2), 7 if more else 4, seed=5), tmp_path / "puzzles.parquet")
    code, _, told = unsettled(
        "measure", "--network", f"{tmp_path}/late.py:build", tmp_path / "weights", tmp_path / "puzzles.parquet",
        "--out", tmp_path / "out", "--k", "0", "--segments", "2", *more,
    )  # fmt: skip
    line = told.splitlines()[-1]
    assert code == 2 and "late.py:8: the network failed: IndexError: only three" in line and "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import sys\nsys.exit('usage: train.py --lr')\n", "net.py:2: cannot be imported: SystemExit: usage: train.py --lr"),
        ("def build(checkpoint):\n    raise SystemExit(3)\n", "net.py:2: build failed: SystemExit: 3"),
        ("def build(checkpoint): return None\0", "net.py: is not valid Python"),
    ],
)
def test_a_script_that_ends_itself_or_is_none_is_one_line(tmp_path, text, line):
    (tmp_path / "net.py").write_text(text)
    with pytest.raises(UserError, match=re.escape(line)):
        load_network(f"{tmp_path}/net.py:build", tmp_path)
