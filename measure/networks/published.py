"""The published checkpoint format: key prefixes, and the structure that the tensors and `all_config.yaml` tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.networks.config import ModelConfig

CONTAINERS = ("model", "model_state_dict", "state_dict")
ANCHOR = "lm_head.weight"
PREFIX_TOKENS = {"hrm": 1, "trm": 16}


def bare_state(loaded: Any, *, where: object) -> dict[str, Tensor]:
    """The state dict under its bare names, whatever container and key prefix it was saved with.

    Raises:
        UserError: it is no mapping of names to tensors, or holds no `lm_head.weight`.
    """
    while isinstance(loaded, Mapping) and not any(isinstance(value, Tensor) for value in loaded.values()):
        inner = [loaded[name] for name in CONTAINERS if name in loaded]
        if not inner:
            break
        loaded = inner[0]
    if not isinstance(loaded, Mapping) or not loaded:
        raise UserError("holds no state dict", where=where, hint="save it as torch.save(model.state_dict(), path)")
    strange = [name for name, value in loaded.items() if not isinstance(name, str) or not isinstance(value, Tensor)]
    if strange:
        raise UserError(f"entry {strange[0]!r} is not a named tensor", where=where)
    anchors = [name for name in loaded if name == ANCHOR or name.endswith("." + ANCHOR)]
    if len(anchors) != 1:
        found = ", ".join(sorted(loaded)[:3])
        raise UserError(f"has no single {ANCHOR!r} under any prefix (it begins with {found})", where=where)
    prefix = anchors[0][: -len(ANCHOR)]
    return {name.removeprefix(prefix): value for name, value in loaded.items()}


def layer_count(state: Mapping[str, Tensor], level: str) -> int:
    """Number of blocks of ``L_level`` or ``H_level``; 0 when the level is absent."""
    stem = f"{level}.layers."
    numbers = {name.removeprefix(stem).split(".")[0] for name in state if name.startswith(stem)}
    return len(numbers)


def infer_config(state: Mapping[str, Tensor], arch: Mapping[str, Any], *, where: object) -> ModelConfig:
    """The structure of a network from its tensors and from what its configuration adds.

    Args:
        state: bare state dict.
        arch: the `arch` section of `all_config.yaml`, or arguments under the same names; may be empty. Needed
            from it: `H_cycles`, `L_cycles`, and `num_heads` for attention, which no tensor tells.

    Raises:
        UserError: a needed tensor or argument is missing, named with the argument that supplies it.
    """
    try:
        vocabulary, hidden = state[ANCHOR].shape
        mixing = "mlp_t" if "L_level.layers.0.mlp_t.gate_up_proj.weight" in state else "attention"
        inner = state["L_level.layers.0.mlp.down_proj.weight"].shape[1]
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(f"is no HRM or TRM: {error} is missing or misshapen", where=where) from None
    architecture = "hrm" if any(name.startswith("H_level.") for name in state) else "trm"
    needed = {"H_cycles": "--h-cycles", "L_cycles": "--l-cycles"}
    if mixing == "attention":
        needed["num_heads"] = "--heads"
    absent = [name for name in needed if arch.get(name) is None]
    if absent:
        raise UserError(
            f"the tensors do not tell {', '.join(absent)}",
            where=where,
            hint="put its all_config.yaml beside it, or pass " + ", ".join(needed[name] for name in absent),
        )
    cells = (vocabulary - 2) ** 2
    identifiers = state["puzzle_emb.weights"].shape[0] if "puzzle_emb.weights" in state else 0
    token_inner = 0
    if mixing == "mlp_t":
        token_inner, tokens = state["L_level.layers.0.mlp_t.down_proj.weight"].shape[::-1]
        prefix = tokens - cells
    elif "embed_pos.embedding_weight" in state:
        prefix = state["embed_pos.embedding_weight"].shape[0] - cells
    else:
        prefix = arch.get("puzzle_emb_len", PREFIX_TOKENS[architecture] if identifiers else 0)
    if "embed_pos.embedding_weight" in state:
        positions = "learned"
    else:
        positions = "none" if mixing == "mlp_t" else arch.get("pos_encodings", "rope")
    try:
        return ModelConfig(
            architecture=architecture,
            hidden_size=hidden,
            cells=cells,
            vocabulary=vocabulary,
            prefix=prefix,
            H_cycles=arch["H_cycles"],
            L_cycles=arch["L_cycles"],
            H_layers=layer_count(state, "H_level"),
            L_layers=layer_count(state, "L_level"),
            heads=arch["num_heads"] if mixing == "attention" else 1,
            mixing=mixing,
            positions=positions,
            inner=inner,
            token_inner=token_inner,
            puzzle_identifiers=identifiers,
            rope_base=arch.get("rope_theta", 10000.0),
            epsilon=arch.get("rms_norm_eps", 1e-5),
        )
    except ValueError as error:
        detail = str(error).splitlines()
        raise UserError(f"its structure makes no sense: {' '.join(detail[1:3])}", where=where) from None
