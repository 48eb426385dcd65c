"""Probes of a tiny network: what is filled in, what a radius of zero is, and what does not depend on the batch."""

from functools import partial

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.interrupted import Interrupted, stopping_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign.probes import disturbed, probe_disturbed, probe_unknown
from unsettled.measure.commands.app import main
from unsettled.measure.errors import UserError
from unsettled.measure.record.side import read_side
from unsettled.measure.tasks.sudoku.boards import BLANK, Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.sudoku.unknown import with_unknown
from unsettled.measure.tasks.write import write_parquet


@pytest.fixture(scope="module")
def puzzles():
    return generate(Box.parse("2x2"), 6, seed=3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"), "trm_mlp")


def test_one_open_cell_is_left_and_the_rest_is_the_solution(puzzles):
    filled = with_unknown(puzzles, 1, seed=5)
    left = filled.inputs == BLANK
    assert (left.sum(axis=1) == 1).all() and (puzzles.inputs[left] == BLANK).all()
    assert (filled.inputs[~left] == puzzles.labels[~left]).all() and (filled.ids == puzzles.ids).all()
    more = with_unknown(puzzles, 2, seed=5).inputs == BLANK
    assert (more[left]).all() and (more.sum(axis=1) == 2).all()
    one = with_unknown(puzzles.take(np.array([4])), 1, seed=5)
    assert (one.inputs[0] == filled.inputs[4]).all()  # the seed and the id decide, not the place
    with pytest.raises(UserError, match="cells open, not 17"):
        with_unknown(puzzles, 17)


def test_a_probe_of_filled_boards_keeps_every_segment(checkpoint, puzzles, tmp_path):
    side = probe_unknown(checkpoint, puzzles, tmp_path / "few_unknown.parquet", segments=3)
    kept = read_side(tmp_path / "few_unknown.parquet", kind="few_unknown")
    assert kept.digest() == side.digest() and side["solved_at"].shape == (6, 3) and (side["unknown"] == 1).all()


def test_a_radius_of_zero_leaves_start_and_state_as_they_are(checkpoint, puzzles, tmp_path):
    side = probe_disturbed(checkpoint, puzzles, tmp_path / "disturbed.parquet", radii=(0.0, 1.0), segments=2)
    assert (side["start_solved"][:, 0] == side["put_in"]).all()
    assert (side["held"] <= side["held_at_end"]).all() and not side["held"][side["put_in"] == 0].any()
    for wrong in ((0.1,), (0.0, -1.0), (0.0, 1.0, 1.0)):
        with pytest.raises(UserError, match="0 among them"):
            probe_disturbed(checkpoint, puzzles, tmp_path / "no.parquet", radii=wrong)


@pytest.mark.parametrize("probe", [partial(probe_unknown, segments=2), partial(probe_disturbed, radii=(0.0, 1.0), segments=2)])
def test_an_interrupted_probe_goes_on_where_it_stopped_and_ends_in_the_same_bytes(checkpoint, puzzles, tmp_path, probe):
    whole, out = tmp_path / "whole.parquet", tmp_path / "again.parquet"
    probe(checkpoint, puzzles, whole, batch=2)

    with pytest.raises(Interrupted):
        probe(checkpoint, puzzles, out, batch=2, advance=stopping_after(4))
    with pytest.raises(UserError, match="their seed differs"):
        probe(checkpoint, puzzles, out, batch=2, seed=9)
    resumed: list[int] = []
    probe(checkpoint, puzzles, out, batch=2, advance=resumed.append)
    assert resumed == [4, 2] and out.read_bytes() == whole.read_bytes() and not out.with_name("again.parquet.parts").exists()


# Fills the one open cell of a row, from wherever it starts.
OWN_NETWORK = """
class Net:
    latents, confidence, parameters = ("x",), None, lambda self: ()

    def start(self, batch):
        return (batch.tokens[..., None].float(),)

    def updates(self, batch):
        rows = batch.tokens.view(-1, 4, 4)
        missing = (10 - (rows - 1).sum(dim=2, keepdim=True)).expand_as(rows)
        target = (rows + (rows == 1) * missing).flatten(1)[..., None].float()
        return [lambda state: (state[0] + 0.9 * (target - state[0]),)]

    def answer(self, state):
        return state[0][..., 0].round().long().clamp(0, 5)

def build(checkpoint):
    return Net()
"""


def test_the_commands_take_a_network_of_ones_own(puzzles, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_parquet(with_unknown(puzzles, 1), tmp_path / "puzzles.parquet")
    (tmp_path / "my_net.py").write_text(OWN_NETWORK)
    (tmp_path / "weights.pt").write_bytes(b"nothing")
    long = ["follow", "--segments", "32", "--deep", "48", "--k", "1", "--controls", "1", "--starts", "1"]
    draws = ["policies", "--segments", "2", "--depth", "3", "--draws", "2", "--starts", "random,perturbed", "--exponents", "random"]
    for words in (["few-unknown", "--segments", "2"], ["disturb", "--radii", "0,3", "--segments", "2"], long, draws):
        given = [*words, "weights.pt", "puzzles.parquet", "--network", "my_net.py:build", "--batch", "4"]
        monkeypatch.setattr("sys.argv", ["unsettled", *given, "--out", f"{words[0]}.parquet"])
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code, capsys.readouterr().err
    assert read_side(tmp_path / "few-unknown.parquet", kind="few_unknown")["solved_at"].all()  # it knows the answer
    side = read_side(tmp_path / "disturb.parquet", kind="disturbed")
    assert side["put_in"].all() and side["start_solved"][:, 0].all() and side["held"][:, 0].all()
    assert side["held_at_end"].all() and not side["held"][:, 1].all()  # the noise is gone after the second segment, not the first
    assert side.provenance.model.adapter is not None
    side = read_side(tmp_path / "follow.parquet", kind="long")
    assert side["solved_at"].all() and side["start_solved"].all() and side.provenance.model.latents == ("x",)
    np.testing.assert_allclose(side["exponent"], np.log(0.1), rtol=0.01)  # what is left of a distance after an update
    assert np.isnan(side["halting_logit"]).all() and np.isnan(side["late_loss_mean"]).all()
    side = read_side(tmp_path / "policies.parquet", kind="restarts")
    assert side["random_solved"][..., -1].all() and np.isnan(side["perturbed_halting"]).all() and np.isnan(side["perturbed_growth"]).all()
    np.testing.assert_allclose(side["random_growth"], np.log(0.1), rtol=0.01)
    told = capsys.readouterr().out
    assert told.count("restarts − pruning, selected by displacement (") == 2 and "halting" not in told


def test_noise_is_of_the_radius_and_hangs_on_the_example_alone():
    state = (torch.randn(3, 40, 50), 5 * torch.randn(3, 40, 50))
    moved = disturbed(state, 0.5, np.array([7, 8, 9]), seed=1)
    for part, new in zip(state, moved, strict=True):
        size = part.square().flatten(1).mean(dim=1).sqrt()
        assert ((new - part).flatten(1).std(dim=1) / size).sub(0.5).abs().max() < 0.05
    alone = disturbed(tuple(part[2:] for part in state), 0.5, np.array([9]), seed=1)
    assert all(torch.equal(a[0], b[2]) for a, b in zip(alone, moved, strict=True))
