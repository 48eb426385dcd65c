"""Spectrum records: each column against its definition on dense Jacobians, resumption, and networks of one's own."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.interrupted import Interrupted, stopping_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.campaign.spectrum import SpectrumSettings, measure_spectrum
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.linearised import flat, linearised
from unsettled.measure.record.side import read_side
from unsettled.measure.rollout.rollout import batch_of
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

BOARDS = generate(Box(2, 2), 5, seed=0)
SETTINGS = SpectrumSettings(segments=3, at=(1, 3), batch=2, tolerance=1e-8)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("net"), "trm_mlp")


@pytest.fixture(scope="module")
def side(checkpoint, tmp_path_factory):
    return measure_spectrum(checkpoint, BOARDS, tmp_path_factory.mktemp("out") / "spectrum.parquet", SETTINGS)


def test_columns_are_those_of_dense_jacobians(checkpoint, side):
    model = tiny_checkpoint(checkpoint.path.parent, "trm_mlp").model.double()
    updates = model.updates(model.embed(batch_of(BOARDS).tokens))
    states = [model.initial_state(5)]
    for _ in range(3):
        states.append(model.segment(states[-1], model.embed(batch_of(BOARDS).tokens)))
    last, before, earlier = (flat(state) for state in (states[3], states[2], states[1]))
    jacobian = linearised(updates, states[3])
    dense = jacobian.forward(torch.eye(jacobian.size, dtype=torch.float64).expand(5, -1, -1)).mT
    moved, old = last - before, before - earlier
    gain = (dense @ moved[..., None])[..., 0].norm(dim=1) / moved.norm(dim=1)
    wanted = {
        "gain": gain,
        "displacement": moved.norm(dim=1) / last.norm(dim=1),
        "update_cosine": (moved * old).sum(dim=1) / moved.norm(dim=1) / old.norm(dim=1),
        "sigma": torch.linalg.svdvals(dense)[:, 0],
        "radius": torch.linalg.eigvals(dense).abs().amax(dim=1),
    }
    for name, values in wanted.items():
        assert np.allclose(side[name][:, -1], values.detach().numpy(), rtol=1e-5), name
    assert side["sigma"].shape == (5, 2) and side["gain"].shape == (5, 3) and side.provenance.settings["at"] == [1, 3]
    assert np.isnan(side["update_cosine"][:, 0]).all() and (side["radius_residual"] < 1e-7).all()
    assert np.allclose(np.hypot(side["eigenvalue_real"], side["eigenvalue_imag"]), side["radius"], rtol=1e-6)
    record = measure_rows(checkpoint, BOARDS, k=0, segments=3, dtype="float64")
    assert (record.solved_at == side["solved_at"].astype(bool)).all()


def test_an_interrupted_measurement_goes_on_where_it_stopped(checkpoint, side, tmp_path):
    out = tmp_path / "again.parquet"
    with pytest.raises(Interrupted):
        measure_spectrum(checkpoint, BOARDS, out, SETTINGS, advance=stopping_after(4))
    with pytest.raises(UserError, match="their at differs"):
        measure_spectrum(checkpoint, BOARDS, out, SpectrumSettings(segments=3, batch=2))
    resumed: list[int] = []
    again = measure_spectrum(checkpoint, BOARDS, out, SETTINGS, advance=resumed.append)
    assert resumed == [4, 1] and again.digest() == side.digest() == read_side(out, kind="spectrum").digest()


def test_a_radius_that_needs_more_products_is_missing_and_not_wrong(checkpoint, tmp_path):
    few = measure_spectrum(checkpoint, BOARDS, tmp_path / "few.parquet", SpectrumSettings(segments=1, most=2, tolerance=1e-10))
    assert np.isnan(few["radius"]).all() and (few["radius_residual"] > 1e-10).all() and np.isfinite(few["eigenvalue_real"]).all()


NET = """
import torch
class Net(torch.nn.Module):
    latents, confidence, time_dependent = ("x",), None, True
    def start(self, batch): return (torch.ones(len(batch), 16, 6, dtype=torch.float64),)
    def updates(self, batch):
        noise = lambda n: batch.normal(n, 16, 6).double()
        return [lambda state, n: (0.5 * (1 + n) * state[0] + noise(n),)] * 2
    def answer(self, state): return state[0]
def build(checkpoint): return Net()
"""


def test_a_clock_is_that_of_the_next_segment(tmp_path, unsettled):
    """Update n multiplies by (n + 1)/2: after two segments of two updates the next one multiplies by 5/2 · 6/2."""
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "none.pt").write_bytes(b"x")
    write_parquet(BOARDS, tmp_path / "boards.parquet")
    command = ["spectrum", tmp_path / "none.pt", tmp_path / "boards.parquet", "--network", f"{tmp_path}/net.py:build"]
    code, out, _ = unsettled(*command, "--segments", 2, "--at", "all", "--out", tmp_path / "spectrum.parquet")
    assert code == 0 and "0 of 10 radii" in out
    side = read_side(tmp_path / "spectrum.parquet", kind="spectrum")
    for name in ("radius", "sigma", "gain"):
        assert np.allclose(side[name], [[3.0, 7.5]] * 5), name


@pytest.mark.parametrize("wrong", ["0", "1,1", "5", "first"])
def test_segments_that_are_not_there_are_one_line(checkpoint, tmp_path, unsettled, wrong):
    write_parquet(BOARDS, tmp_path / "boards.parquet")
    command = ["spectrum", checkpoint.path.parent, tmp_path / "boards.parquet", "--out", tmp_path / "s.parquet", "--segments", 4]
    code, _, err = unsettled(*command, "--at", wrong)
    assert code == 2 and "error: " in err and not (tmp_path / "s.parquet").exists()
