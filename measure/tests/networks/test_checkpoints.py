"""Loading checkpoints: every published way of saving one, both fingerprints, and one clear line for each bad file."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from unsettled.fixtures.synthetic.networks import OFFICIAL
from unsettled.measure.errors import UserError
from unsettled.measure.networks import build
from unsettled.measure.networks.checkpoints import load_checkpoint, save_checkpoint

GOLDEN = Path(__file__).parents[3] / "fixtures" / "golden"


def golden_state(name: str = "trm_mlp") -> dict[str, torch.Tensor]:
    state = torch.load(GOLDEN / f"{name}.step_1000", weights_only=True)
    return {key.removeprefix("_orig_mod.model.inner."): value for key, value in state.items()}


@pytest.fixture
def save(tmp_path):
    """Save an object as a published checkpoint with its configuration beside it; returns the path."""

    def write(thing: object, *, name: str = "trm_mlp") -> Path:
        torch.save(thing, tmp_path / "step_1000")
        shutil.copy(GOLDEN / f"{name}.json", tmp_path / "all_config.yaml")
        return tmp_path / "step_1000"

    return write


def refusal(path: Path, **arguments: int) -> str:
    with pytest.raises(UserError) as caught:
        load_checkpoint(path, **arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("prefix", ["", "inner.", "model.inner.", "_orig_mod.model.inner.", "module.model.inner."])
@pytest.mark.parametrize("container", [None, "model", "model_state_dict", "state_dict"])
def test_prefix_and_container_leave_the_identity_of_the_tensors(save, prefix, container):
    state = {prefix + key: value for key, value in golden_state().items()}
    loaded = load_checkpoint(save({container: state, "step": 7} if container else state))
    assert loaded.tensors_digest == load_checkpoint(save(golden_state())).tensors_digest


def test_another_last_digit_is_another_identity(save):
    changed = golden_state()
    changed["lm_head.weight"][0, 0] += 1e-6
    assert load_checkpoint(save(changed)).tensors_digest != load_checkpoint(save(golden_state())).tensors_digest


def test_bfloat16_buffers_and_our_own_format_keep_the_identity(save, tmp_path):
    state = golden_state()
    state["H_init"] = state["H_init"].bfloat16()
    published = load_checkpoint(save(state))
    save_checkpoint(published.model, tmp_path / "ours")
    ours = load_checkpoint(tmp_path / "ours")
    assert ours.tensors_digest == published.tensors_digest and ours.bytes_digest != published.bytes_digest
    assert ours.config == published.config


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("trm_mlp", {"H_cycles": 3, "L_cycles": 6}),
        ("trm_attention", {"H_cycles": 3, "L_cycles": 4, "heads": 4}),
        ("hrm", {"H_cycles": 2, "L_cycles": 2, "heads": 4}),
    ],
)
def test_structure_is_read_off_the_tensors(name, arguments, save, tmp_path):
    with_config = load_checkpoint(save(golden_state(name), name=name))
    (tmp_path / "all_config.yaml").unlink()
    alone = load_checkpoint(tmp_path / "step_1000", **arguments).config
    assert alone.any_length == (name != "trm_mlp")  # only token mixing tells the length; the golden configuration does too
    assert alone.model_copy(update={"any_length": False}) == with_config.config
    told = refusal(tmp_path / "step_1000")
    assert "H_cycles" in told and "--h-cycles" in told
    assert ("--heads" in told) == (name != "trm_mlp")


def test_learned_positions_are_recognised(save):
    state = golden_state("hrm")
    state["embed_pos.embedding_weight"] = torch.zeros(82, 64)
    config = load_checkpoint(save(state, name="hrm")).config
    assert config.positions == "learned" and config.prefix == 1


def test_the_official_sizes_have_the_published_parameter_counts():
    hrm, mlp = OFFICIAL["hrm"], OFFICIAL["trm_mlp"]
    attention = mlp.model_copy(update={"mixing": "attention", "positions": "rope", "heads": 8, "token_inner": 0})
    with torch.device("meta"):
        counts = [build(config).parameter_count for config in (hrm, mlp, attention)]
    assert counts == [27_275_266, 5_028_866, 6_828_034]


def test_missing_and_unexpected_tensors_are_named(save):
    state = golden_state()
    del state["L_level.layers.1.mlp.down_proj.weight"]
    state["L_level.layers.1.mlp.downproj.weight"] = torch.zeros(3)
    told = refusal(save(state))
    assert "1 tensors missing, first 'L_level.layers.1.mlp.down_proj.weight'" in told
    assert "unexpected, first 'L_level.layers.1.mlp.downproj.weight'" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.update({"lm_head.weight": torch.full((11, 64), float("nan"))}), "'lm_head.weight' holds NaN"),
        (lambda s: s.update({"q_head.bias": torch.zeros(3)}), "'q_head.bias' has shape (3,), expected (2,)"),
        (lambda s: s.update({"q_head.bias": torch.zeros(2, dtype=torch.int64)}), "type torch.int64"),
        (lambda s: s.pop("lm_head.weight"), "has no 'lm_head.weight' under any prefix"),
        (lambda s: s.clear(), "holds no state dict"),
    ],
)
def test_wrong_tensors_are_named(save, change, told):
    state = golden_state()
    change(state)
    assert told in refusal(save(state))


def test_missing_truncated_and_foreign_files(save, tmp_path):
    assert "no such checkpoint" in refusal(tmp_path / "nothing")
    whole = save(golden_state()).read_bytes()
    for size in (0, 10, 1000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "step_1000").write_bytes(whole[:size])
        refusal(tmp_path / "step_1000")
    (tmp_path / "step_1000").write_text("certainly not a checkpoint")
    refusal(tmp_path / "step_1000")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    assert "truncated, or its format is not supported" in refusal(tmp_path / "model.safetensors")


def test_code_in_a_checkpoint_is_never_run(tmp_path, save):
    class Planted:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    for thing in (Planted(), {"model": Planted()}, {**golden_state(), "extra": Planted()}):
        assert "not loaded" in refusal(save(thing))
    (tmp_path / "step_1000").write_bytes(pickle.dumps(Planted(), protocol=2))
    refusal(tmp_path / "step_1000")
    assert not (tmp_path / "ran").exists()


def test_bad_configurations(save, tmp_path):
    path = save(golden_state())
    for text, told in (("arch: [", "all_config.yaml:1"), ("arch: !!python/object:os.system {}", "not plain YAML"), ("3", "no arch")):
        (tmp_path / "all_config.yaml").write_text(text)
        assert told in refusal(path)
    (tmp_path / "all_config.yaml").unlink()
    save_checkpoint(load_checkpoint(path, H_cycles=3, L_cycles=6).model, tmp_path / "ours")
    config = json.loads((tmp_path / "ours" / "config.json").read_text())
    (tmp_path / "ours" / "config.json").write_text(json.dumps({**config, "hidden_size": "wide"}))
    assert "hidden_size" in refusal(tmp_path / "ours")
    (tmp_path / "ours" / "config.json").write_text("{")
    assert "not a JSON object" in refusal(tmp_path / "ours")


def test_a_folder_with_several_candidates_asks_which(save, tmp_path):
    shutil.copy(save(golden_state()), tmp_path / "step_2000")
    assert "2 candidate checkpoints (step_1000, step_2000)" in refusal(tmp_path)
