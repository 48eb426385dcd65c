"""The published checkpoint format: where the network's tensors lie in what was saved, and the structure that they tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.networks.config import ModelConfig
from unsettled.measure.support.files import first_problem

ANCHOR = "lm_head.weight"
PREFIX_TOKENS = 16  # of a TRM whose configuration does not say
CONTAINERS_DEEP = 6
AVERAGED = re.compile(r"(^|[._])(ema|shadow|averaged)([._]|$)")
DERIVED = re.compile(r"(^|\.)(rotary_emb\.|n_averaged$|.*(cos_cached|sin_cached|inv_freq)$)")  # computed, not learned

Which = Literal["ema", "raw"]


@dataclass(frozen=True)
class Weights:
    """The tensors of one network under their bare names, and what is worth saying about how they were found.

    ``which`` they are: known where the file names averaged ones, None where it holds one kind without a name.
    """

    state: dict[str, Tensor]
    notes: tuple[str, ...] = ()
    which: Which | None = None


def weights_of(loaded: Any, *, where: object, which: Which | None = None) -> Weights:
    """The tensors of the network in what a file holds, whatever containers, key prefixes and other tensors are around them.

    Args:
        loaded: mappings of names to tensors, or to further mappings.
        which: averaged (``"ema"``) or ``"raw"`` weights where a file holds both; the averaged ones by default, as they are
            what the official TRM is evaluated with.

    Raises:
        UserError: it holds no network, several ones, or not the kind that was asked for.
    """
    found = dict(_networks(loaded, (), set()))
    if not found:
        if not isinstance(loaded, Mapping) or not loaded:
            raise UserError("holds no state dict", where=where, hint="save it as torch.save(model.state_dict(), path)")
        names = ", ".join(sorted(map(str, loaded))[:3])
        raise UserError(f"has no {ANCHOR!r} under any prefix (it begins with {names[:120]})", where=where)
    kinds: dict[Which, list[str]] = {"ema": [], "raw": []}
    for name in found:
        kinds["ema" if AVERAGED.search(name) else "raw"].append(name)
    for names_of_kind in kinds.values():
        if len(names_of_kind) > 1:
            raise UserError(f"holds {len(names_of_kind)} networks: {', '.join(names_of_kind)}", where=where, hint="save one of them alone")
    taken = which or ("ema" if kinds["ema"] else "raw")
    if not kinds[taken]:
        there = "raw" if taken == "ema" else "averaged"
        raise UserError(f"holds {there} weights only", where=where, hint="leave --weights away")
    state, notes = _learned(found[kinds[taken][0]]), []
    if kinds["ema"] and kinds["raw"]:
        other: Which = "raw" if taken == "ema" else "ema"
        notes.append(f"takes the {_called(taken, kinds)}, not the {_called(other, kinds)} beside them (--weights {other} takes those)")
        if taken == "ema":  # an average of parameters lacks the buffers
            state = {**_learned(found[kinds["raw"][0]]), **state}
    return Weights(state, tuple(notes), taken if kinds["ema"] else None)


def _called(kind: Which, kinds: Mapping[Which, list[str]]) -> str:
    return f"{'averaged' if kind == 'ema' else 'raw'} weights ({kinds[kind][0].rstrip('.') or 'top level'})"


def _networks(thing: Any, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Every network in nested mappings: the name that stands before its tensors, and these under their bare names."""
    if not isinstance(thing, Mapping) or id(thing) in seen or len(path) > CONTAINERS_DEEP:
        return
    seen.add(id(thing))
    tensors = {name: value for name, value in thing.items() if isinstance(name, str) and isinstance(value, Tensor)}
    prefixes = [name[: -len(ANCHOR)] for name in tensors if name == ANCHOR or name.endswith("." + ANCHOR)]
    for prefix in prefixes:
        inner = [other for other in prefixes if len(other) > len(prefix)]  # of other networks under a longer name
        own = {n: v for n, v in tensors.items() if n.startswith(prefix) and not any(n.startswith(other) for other in inner)}
        yield ".".join((*path, prefix)), {name.removeprefix(prefix): value for name, value in own.items()}
    for name, value in thing.items():
        yield from _networks(value, (*path, str(name)), seen)


def _learned(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the buffers that are computed from the structure (rotary tables), which some keep beside the weights."""
    return {name: value for name, value in state.items() if not DERIVED.match(name)}


def layer_count(state: Mapping[str, Tensor], level: str) -> int:
    """Number of blocks of ``L_level`` or ``H_level``; 0 when the level is absent."""
    stem = f"{level}.layers."
    numbers = {name.removeprefix(stem).split(".")[0] for name in state if name.startswith(stem)}
    return len(numbers)


def infer_config(state: Mapping[str, Tensor], arch: Mapping[str, Any], *, where: object, prefix: int | None = None) -> ModelConfig:
    """The structure of a network from its tensors and from what its configuration adds.

    Vocabulary and widths are read off the tensors, and the number of cells where token mixing or learned positions fix it. Else
    it is ``seq_len`` of the configuration, or that of the examples which the network meets (``any_length``).

    Args:
        state: bare state dict.
        arch: the `arch` section of `all_config.yaml`, or arguments under the same names; may be empty. Needed
            from it: `H_cycles`, `L_cycles`, and `num_heads` for attention, which no tensor tells.
        prefix: number of prefix tokens, if it is known better.

    Raises:
        UserError: a needed tensor or argument is missing, named with the argument that supplies it.
    """
    try:
        vocabulary, hidden = state[ANCHOR].shape
        mixed = "L_level.layers.0.mlp_t.gate_up_proj.weight" in state
        inner = state["L_level.layers.0.mlp.down_proj.weight"].shape[1]
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(f"is not an HRM or a TRM: {error} is missing or misshapen", where=where) from None
    hrm = any(name.startswith("H_level.") for name in state)
    needed = {"H_cycles": "--h-cycles", "L_cycles": "--l-cycles"} | ({} if mixed else {"num_heads": "--heads"})
    if absent := [name for name in needed if arch.get(name) is None]:
        raise UserError(
            f"the tensors do not tell {', '.join(absent)}",
            where=where,
            hint="put its all_config.yaml beside it, or pass " + ", ".join(needed[name] for name in absent),
        )
    identifiers, width = state["puzzle_emb.weights"].shape if "puzzle_emb.weights" in state else (0, 0)
    filled = -(-width // hidden)  # tokens that an embedding fills
    tokens = token_inner = None
    if mixed:
        token_inner, tokens = state["L_level.layers.0.mlp_t.down_proj.weight"].shape[::-1]
    elif "embed_pos.embedding_weight" in state:
        tokens = state["embed_pos.embedding_weight"].shape[0]
    if prefix is None:
        told = arch.get("puzzle_emb_len")
        if hrm or not identifiers:
            prefix = filled
        elif told is not None:
            prefix = told or filled
        else:
            # that of a Sudoku of this vocabulary where it leaves one or the usual number of tokens, else the usual number
            left = tokens - (vocabulary - 2) ** 2 if tokens is not None else -1
            prefix = left if left in (filled, PREFIX_TOKENS) else PREFIX_TOKENS
    cells = tokens - prefix if tokens is not None else arch.get("seq_len")
    try:
        return ModelConfig(
            architecture="hrm" if hrm else "trm",
            hidden_size=hidden,
            cells=cells if cells is not None else _sudoku_cells(vocabulary),
            any_length=cells is None,
            vocabulary=vocabulary,
            prefix=prefix,
            H_cycles=arch["H_cycles"],
            L_cycles=arch["L_cycles"],
            H_layers=layer_count(state, "H_level"),
            L_layers=layer_count(state, "L_level"),
            heads=1 if mixed else arch["num_heads"],
            mixing="mlp_t" if mixed else "attention",
            positions="learned" if "embed_pos.embedding_weight" in state else "none" if mixed else arch.get("pos_encodings", "rope"),
            inner=inner,
            token_inner=token_inner or 0,
            puzzle_identifiers=identifiers,
            embedding_width=0 if width == hidden else width,
            rope_base=arch.get("rope_theta", 10000.0),
            epsilon=arch.get("rms_norm_eps", 1e-5),
        )
    except ValidationError as error:
        raise UserError(": ".join(filter(None, ("its structure makes no sense", *first_problem(error)))), where=where) from None


def _sudoku_cells(vocabulary: int) -> int:
    """What a network of any length is taken to read until it meets its examples: the Sudoku of its vocabulary, if there is one."""
    size = vocabulary - 2
    return size * size if 4 <= size <= 25 else 1
