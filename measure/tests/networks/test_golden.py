"""Our networks against the official implementations: the same numbers from the same weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from unsettled.measure.networks.checkpoints import load_checkpoint

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"
NETS = ("hrm", "trm_mlp", "trm_attention")
TOLERANCE = 1e-4


@pytest.fixture(params=NETS)
def net(request, tmp_path):
    """A golden checkpoint laid out as published: bare file, `all_config.yaml` beside it."""
    shutil.copy(GOLDEN / f"{request.param}.step_1000", tmp_path / "step_1000")
    shutil.copy(GOLDEN / f"{request.param}.json", tmp_path / "all_config.yaml")
    return load_checkpoint(tmp_path / "step_1000"), np.load(GOLDEN / f"{request.param}.npz")


def relative(ours: torch.Tensor, theirs: np.ndarray) -> float:
    """Largest difference, as a share of the largest official value."""
    theirs = torch.from_numpy(theirs)
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


@torch.no_grad()
def test_outputs_equal_the_official_ones(net, record_property):
    checkpoint, golden = net
    model = checkpoint.model
    state = model.initial_state(len(golden["inputs"]))
    embedded = model.embed(torch.from_numpy(golden["inputs"]))
    wanted = list(golden["segments"])
    worst = dict.fromkeys(("logits", "q_halt", "q_continue", "z_H_norm", "z_L_norm", "displacement"), 0.0)
    for segment in range(1, 17):
        before, state = state, model.segment(state, embedded)
        logits, q_halt, q_continue = model.read_out(state)
        norms = [part.flatten(1).norm(dim=1) for part in state]
        pairs = {
            "q_halt": (q_halt, golden["q_halt"][segment - 1]),
            "q_continue": (q_continue, golden["q_continue"][segment - 1]),
            "z_H_norm": (norms[0], golden["z_H_norm"][segment - 1]),
            "z_L_norm": (norms[1], golden["z_L_norm"][segment - 1]),
        }
        if segment in wanted:
            pairs["logits"] = (logits, golden["logits"][wanted.index(segment)])
        if segment > 1:
            moved = torch.stack([(a - b).flatten(1).norm(dim=1) for a, b in zip(state, before)]).norm(dim=0)
            pairs["displacement"] = (moved, golden["displacement"][segment - 2])
        for name, pair in pairs.items():
            worst[name] = max(worst[name], relative(*pair))
    worst["z_H_last"], worst["z_L_last"] = relative(state[0], golden["z_H_last"]), relative(state[1], golden["z_L_last"])
    print({name: f"{value:.1e}" for name, value in worst.items()})
    for name, value in worst.items():
        record_property(name, f"{value:.2e}")
        assert value < TOLERANCE, name


def test_inference_and_training_run_the_same_segment(net):
    checkpoint, golden = net
    model = checkpoint.model
    inputs = torch.from_numpy(golden["inputs"][:2])
    with torch.no_grad():
        plain = model.segment(model.initial_state(2), model.embed(inputs))
    graded = model.segment(model.initial_state(2), model.embed(inputs))
    assert graded[0].requires_grad and not plain[0].requires_grad
    for one, other in zip(
        plain, graded, strict=True
    ):  # what lies between the products is rounded elsewhere (`unsettled.measure.networks.fused`)
        torch.testing.assert_close(one, other.detach(), rtol=1e-5, atol=1e-5)
