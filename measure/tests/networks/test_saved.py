"""Checkpoints as people save them: containers, averages, shards, other configurations, each read for what it is, or named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.networks import tiny_model, write_published_checkpoint
from unsettled.measure.campaign.imported import checkpoint_beside
from unsettled.measure.commands import scale
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.networks.fit import fit
from unsettled.measure.record.parquet import read_record
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.maze.task import Maze
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.tokens import TokenTask

CASES = Path(__file__).parents[3] / "fixtures" / "cases"
PREFIX = "_orig_mod.model.inner."


def refusal(path: Path, **arguments) -> str:
    with pytest.raises(UserError) as caught:
        load_checkpoint(path, **arguments)
    assert "\n" not in str(caught.value) and "pydantic" not in str(caught.value)
    return str(caught.value)


def saved(name: str, *keys: str) -> dict[str, torch.Tensor]:
    """The tensors of a case under their bare names."""
    found = torch.load(name, weights_only=True, map_location="cpu")
    for key in keys:
        found = found[key]
    return {name.removeprefix(PREFIX): value for name, value in found.items()}


def assert_holds(loaded, state: dict[str, torch.Tensor]) -> None:
    own = loaded.model.state_dict()
    assert own.keys() == state.keys()
    for name, value in state.items():
        assert torch.equal(own[name], value.float()), name


def test_tensors_beside_the_weights_hide_nothing():
    """An RNG state and an optimiser lie at the top of the container, beside model_state_dict."""
    path = CASES / "01-container-with-rng-state" / "step_10.pt"
    assert_holds(load_checkpoint(path), saved(path, "model_state_dict"))


def test_safetensors_takes_the_configuration_that_lies_beside_it():
    config = load_checkpoint(CASES / "03-safetensors-beside-all-config" / "model.safetensors").config
    assert (config.H_cycles, config.L_cycles, config.heads, config.prefix) == (2, 2, 2, 1)


def test_float8_is_read_as_its_values_and_said():
    path = CASES / "04-float8" / "step_10"
    loaded = load_checkpoint(path)
    assert_holds(loaded, saved(path))
    assert loaded.notes == ("the weights are stored as float8_e4m3fn, and measured as those values in float32",)


@pytest.mark.parametrize(("which", "key"), [(None, "ema"), ("ema", "ema"), ("raw", "model")])
def test_which_of_two_sets_of_weights_is_said_and_can_be_chosen(which, key):
    path = CASES / "05-model-and-ema" / "step_10"
    loaded = load_checkpoint(path, weights=which)
    assert_holds(loaded, saved(path, key))
    assert not torch.equal(saved(path, "ema")["lm_head.weight"], saved(path, "model")["lm_head.weight"])
    taken, other = ("averaged", "raw") if key == "ema" else ("raw", "ema")
    assert f"takes the {taken} weights" in loaded.notes[0] and f"--weights {other}" in loaded.notes[0]


def test_an_average_of_parameters_alone_takes_the_buffers_from_the_raw_weights(tmp_path):
    model = write_published_checkpoint(tmp_path / "step_1", tiny_model("trm_mlp").config)
    raw = torch.load(tmp_path / "step_1", weights_only=True)
    shadow = {name: value + 1 for name, value in raw.items() if not name.endswith("_init")}
    torch.save({"model": raw, "ema": {"shadow": shadow}}, tmp_path / "step_1")
    own = load_checkpoint(tmp_path / "step_1").model.state_dict()
    assert torch.equal(own["lm_head.weight"], model.lm_head.weight + 1)
    assert torch.equal(own["H_init"], model.H_init.bfloat16().float())
    torch.save(raw, tmp_path / "step_1")
    assert "holds raw weights only" in refusal(tmp_path / "step_1", weights="ema")


def test_two_networks_in_one_state_dict_by_their_prefixes(tmp_path):
    write_published_checkpoint(tmp_path / "step_1", tiny_model("trm_mlp").config)
    raw = torch.load(tmp_path / "step_1", weights_only=True)
    torch.save(raw | {"ema." + name: 2 * value for name, value in raw.items()}, tmp_path / "step_1")
    for which, factor in (("ema", 2), ("raw", 1)):
        own = load_checkpoint(tmp_path / "step_1", weights=which).model.state_dict()
        assert torch.equal(own["q_head.bias"], factor * raw[PREFIX + "q_head.bias"])
    torch.save({"student": raw, "teacher": dict(raw)}, tmp_path / "step_1")
    assert "holds 2 networks: student._orig_mod.model.inner., teacher._orig_mod" in refusal(tmp_path / "step_1")


def test_a_puzzle_embedding_of_length_0_fills_the_tokens_that_it_needs():
    config = load_checkpoint(CASES / "07-puzzle-emb-len-0").config
    assert (config.architecture, config.prefix) == ("trm", 1)


def test_an_hrm_ignores_the_length_that_a_trm_is_given():
    """16 prefix tokens would be another network: its official forward pass has one."""
    config = load_checkpoint(CASES / "08-hrm-with-puzzle-emb-len-16").config
    assert (config.architecture, config.prefix) == ("hrm", 1)
    assert load_checkpoint(CASES / "08-hrm-with-puzzle-emb-len-16", prefix=3).config.prefix == 3  # as asked


@pytest.mark.parametrize(("told", "prefix"), [({}, 16), ({"puzzle_emb_len": 0}, 3), ({"puzzle_emb_len": 5}, 5)])
def test_the_prefix_of_an_embedding_over_several_tokens(told, prefix, tmp_path):
    config = tiny_model("hrm").config.model_copy(
        update={"architecture": "trm", "H_layers": 0, "puzzle_identifiers": 4, "embedding_width": 20, "prefix": prefix}
    )
    write_published_checkpoint(tmp_path / "step_1", config)
    arch = {"H_cycles": 2, "L_cycles": 2, "num_heads": 2, **told}
    (tmp_path / "all_config.yaml").write_text(json.dumps({"arch": arch}))
    assert load_checkpoint(tmp_path / "step_1").config.prefix == prefix
    (tmp_path / "all_config.yaml").write_text(json.dumps({"arch": {**arch, "puzzle_emb_len": 2}}))
    assert "a puzzle embedding that fills 3 tokens does not fit into a prefix of 2" in refusal(tmp_path / "step_1")


def test_the_depth_of_the_evaluation_is_read_and_said(tmp_path):
    folder = CASES / "09-halt-max-steps-8"
    assert load_checkpoint(folder).segments == 8 and load_checkpoint(CASES / "07-puzzle-emb-len-0").segments == 16
    assert checkpoint_beside(folder / "step_10_all_preds.0") == folder / "step_10"
    run = CliRunner().invoke(scale.app, ["import-preds", str(folder / "step_10_all_preds.0"), "--out", str(tmp_path / "r.parquet")])
    assert run.exit_code == 0, run.output
    assert "8 segments, as its configuration evaluates (halt_max_steps)" in run.stderr
    assert read_record(tmp_path / "r.parquet").provenance.segments == 8


def test_shards_are_joined_by_their_index(tmp_path):
    folder = shutil.copytree(CASES / "10-sharded-safetensors", tmp_path / "net")
    whole, named = load_checkpoint(folder), load_checkpoint(folder / "model.safetensors.index.json")
    assert whole.tensors_digest == named.tensors_digest and whole.bytes_digest == named.bytes_digest
    assert len(whole.model.state_dict()) == 11
    assert "is one of several shards (name their folder" in refusal(folder / "model-00001-of-00002.safetensors")
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert "1 of 2 shards are missing, first model-00002-of-00002.safetensors" in refusal(folder)
    index = folder / "model.safetensors.index.json"
    for text, told in (('{"weight_map": {"a": "../x"}}', "'../x' is not a file name"), ("[]", "is not an index"), ("{", "is not an index")):
        index.write_text(text)
        assert told in refusal(folder)


def test_a_pointer_of_git_lfs_is_named_as_such(tmp_path):
    assert "is a Git LFS pointer, not the file itself (fetch it with `git lfs pull`)" in refusal(CASES / "11-lfs-pointer")
    shutil.copy(CASES / "11-lfs-pointer" / "step_10", tmp_path / "model.safetensors")
    assert "is a Git LFS pointer" in refusal(tmp_path)


def test_the_configuration_of_wandb_is_read():
    config = load_checkpoint(CASES / "13-wandb-config").config
    assert (config.H_cycles, config.L_cycles, config.heads) == (2, 2, 2)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("recursive_reasoning.trm_singlez@Singlez", "which is not known here: the tensors fit a TRM"),
        ("recursive_reasoning.hrm@HierarchicalReasoningModel_ACTV1", "but the tensors are those of a TRM"),
        ("recursive_reasoning.trm@TinyRecursiveReasoningModel_ACTV1", ""),
    ],
)
def test_the_name_of_an_architecture_is_held_against_the_tensors(name, told, tmp_path):
    write_published_checkpoint(tmp_path / "step_1", tiny_model("trm_mlp").config)
    (tmp_path / "all_config.yaml").write_text(f"arch: {{H_cycles: 2, L_cycles: 2, name: {name}}}")
    notes = load_checkpoint(tmp_path / "step_1").notes
    assert told in notes[0] if told else not notes


def test_a_maze_network_is_not_measured_on_sudoku():
    """6 tokens are those of 4×4 Sudoku as well, and no tensor of a network with rotary positions tells its length."""
    loaded = load_checkpoint(CASES / "15-maze-network-read-as-4x4")
    assert loaded.config.any_length and loaded.config.prefix == 16
    with pytest.raises(UserError, match="the examples are sudoku, but its configuration names maze as what it was trained on"):
        fit(loaded.model, generate(Box(2, 2), 2, seed=0), trained_on=loaded.task)
    blank = np.ones((2, 30 * 30), np.uint8)
    fit(loaded.model, Examples.of(Maze((30, 30)), blank, blank), trained_on=loaded.task)
    assert loaded.config.cells == 900 and loaded.facts.tokens == 916
    states = loaded.model.initial_state(2)
    with torch.no_grad():
        assert loaded.model.read_out(loaded.model.segment(states, loaded.model.embed(torch.from_numpy(blank))))[0].shape == (2, 900, 6)


@pytest.mark.parametrize("structure", ["trm_attention", "trm_mlp"])
def test_the_length_is_read_off_token_mixing_or_learned_positions(structure, tmp_path):
    """A maze of 30×30 has 6 tokens, as 4×4 Sudoku has: it was read as one with 884 tokens before the board."""
    config = tiny_model(structure).config.model_copy(update={"cells": 900, "prefix": 16})
    write_published_checkpoint(tmp_path / "step_1", config)
    loaded = load_checkpoint(tmp_path / "step_1").config
    assert (loaded.cells, loaded.prefix, loaded.any_length) == (900, 16, False)


def test_examples_that_do_not_fit_are_refused_with_both_shapes():
    mixed, turned = tiny_model("trm_mlp"), tiny_model("hrm")
    with pytest.raises(UserError, match=r"^the puzzles are 6×6, the checkpoint reads 4×4 \(8 tokens against 6\)$"):
        fit(mixed, generate(Box(2, 3), 2, seed=0))
    ones = np.ones((2, 25), np.uint8)
    with pytest.raises(UserError, match=r"^the mazes are 5×5, the checkpoint reads 4×4 \(6 tokens against 6\)$"):
        fit(mixed, Examples.of(Maze((5, 5)), ones, ones))
    with pytest.raises(UserError, match=r"^the examples are 5×5, the checkpoint reads 4×4 \(5 tokens against 6\)$"):
        fit(turned, Examples.of(TokenTask(5, (25,)), ones, ones))  # its configuration fixes the length, though no tensor does
    ours = Examples.of(TokenTask(5, (16,)), ones[:, :16], ones[:, :16], identifiers=np.array([0, 1]))
    with pytest.raises(UserError, match="a puzzle has identifier 1, the checkpoint has embeddings for 0 to 0"):
        fit(mixed, ours)
    fit(mixed, ours.take(slice(0, 1)))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pth", "net.ckpt", "step_7.pt"])
def test_a_folder_with_one_file_of_weights(name, tmp_path):
    folder = shutil.copytree(CASES / "17-folder-pytorch-model-bin", tmp_path / "net")
    (folder / "pytorch_model.bin").rename(folder / name)
    assert load_checkpoint(folder).path.name == name
    shutil.copy(folder / name, folder / ("other_" + name))
    if name.startswith("step_"):  # the surer name wins
        assert load_checkpoint(folder).path.name == name
    elif name in ("weights.pth", "net.ckpt"):
        assert "2 candidate checkpoints" in refusal(folder)


def test_rotary_tables_that_were_saved_are_not_taken_for_weights(tmp_path):
    write_published_checkpoint(tmp_path / "step_1", tiny_model("hrm").config)
    plain = load_checkpoint(tmp_path / "step_1").tensors_digest
    state = torch.load(tmp_path / "step_1", weights_only=True)
    for name in ("rotary_emb.cos_cached", "rotary_emb.sin_cached", "L_level.layers.0.self_attn.rotary_emb.inv_freq"):
        state[PREFIX + name] = torch.zeros(3)
    torch.save(state, tmp_path / "step_1")
    assert load_checkpoint(tmp_path / "step_1").tensors_digest == plain


def test_a_refused_global_is_named(tmp_path):
    write_published_checkpoint(tmp_path / "step_1", tiny_model("trm_mlp").config)
    torch.save({"model": torch.load(tmp_path / "step_1", weights_only=True), "path": Path("x")}, tmp_path / "step_1")
    told = refusal(tmp_path / "step_1")
    assert "which is code and not a tensor: it is not loaded" in told and "pathlib" in told


def test_whole_numbers_and_a_mixture_of_types(tmp_path):
    write_published_checkpoint(tmp_path / "step_1", tiny_model("trm_mlp").config)
    state = torch.load(tmp_path / "step_1", weights_only=True)
    save_file({name: value.half() for name, value in state.items()}, tmp_path / "model.safetensors")
    assert "stored as float16" in load_checkpoint(tmp_path / "model.safetensors").notes[0]
    state[PREFIX + "q_head.bias"] = torch.zeros(2, dtype=torch.int8)
    torch.save(state, tmp_path / "step_1")
    assert "has type torch.int8, expected floating point" in refusal(tmp_path / "step_1")
