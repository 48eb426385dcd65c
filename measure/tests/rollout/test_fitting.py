"""A network made ready: what is read off a user's own, how many exponents it has, and where and in what type it computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.rollout.fitting import dimensions, fitted, placed
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

PUZZLES = generate(Box(2, 2), 3, seed=3)


class Net(nn.Module):
    """Two latents of unlike shapes: (5 tokens, 4) and (2, 3)."""

    latents = ("x", "y")
    confidence = None

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.register_buffer("steps", torch.tensor(3))

    def start(self, batch):
        return torch.ones(len(batch), 5, 4) * self.scale, torch.ones(len(batch), 2, 3) * self.scale

    def updates(self, batch):
        return [lambda state: (state[0] * self.scale, torch.tanh(state[1]))] * 3

    def answer(self, state):
        return torch.nn.functional.one_hot(torch.zeros(len(state[0]), 16, dtype=torch.long), 6) + state[0][:, :1, :1]


def adapted(model=None):
    where = Path("my_net.py")
    return Adapted(
        model or Net(), name="mine", source=where, path=where, adapter_digest="a", bytes_digest="b", tensors_digest="c", parameters=1
    )


def test_what_a_record_keeps_is_read_off_the_state():
    facts = fitted(adapted(), PUZZLES).facts
    assert (facts.hidden_size, facts.tokens, facts.updates_per_segment, facts.latents) == (4, 5, 3, ("x", "y"))
    assert (facts.architecture, facts.variant, facts.H_cycles, facts.L_cycles, facts.adapter) == ("mine", "own", 0, 0, "a")
    assert not facts.grows and dimensions(adapted(), PUZZLES) == 26
    growing = Net()
    growing.grows = True
    assert fitted(adapted(growing), PUZZLES).facts.grows
    with pytest.raises(UserError, match="empty"):
        fitted(adapted(), PUZZLES.take(np.arange(0)))


def test_a_published_network_stays_itself(tmp_path):
    checkpoint = tiny_checkpoint(tmp_path, "trm_mlp")
    assert fitted(checkpoint, PUZZLES) is checkpoint and dimensions(checkpoint, PUZZLES) == 2 * 17 * 8
    with pytest.raises(UserError):
        fitted(checkpoint, generate(Box(2, 3), 1, seed=0))


def test_it_is_copied_only_where_type_or_place_differ():
    model = Net()
    assert placed(model, dtype="float32", device="cpu") is model
    double = placed(model, dtype="float64", device="cpu")
    assert (
        double is not model
        and (double.scale.dtype, double.steps.dtype) == (torch.float64, torch.int64)
        and model.scale.dtype == torch.float32
    )
    assert placed(model, dtype="float32", device="meta").scale.device.type == "meta"
    plain = object()
    assert placed(plain, dtype="float32", device="cpu") is plain
    for dtype, device in (("float64", "cpu"), ("float32", "meta")):
        with pytest.raises(UserError, match=f"cannot be moved to {dtype} on {device}"):
            placed(plain, dtype=dtype, device=device)
