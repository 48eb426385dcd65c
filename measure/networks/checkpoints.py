"""Loading a checkpoint, published or ours, without running anything in it; and its two fingerprints."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.networks import ModelConfig, RecursiveModel, build
from unsettled.measure.networks.published import bare_state, infer_config
from unsettled.measure.record.record import ModelFacts
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.limits import check_file, check_network, check_tensors

WEIGHTS, CONFIG = "model.safetensors", "config.json"
PUBLISHED_CONFIGS = ("all_config.yaml", "config.yaml")


@dataclass(frozen=True)
class Checkpoint:
    """A loaded network in evaluation mode, float32 on the CPU, and what identifies it.

    ``bytes_digest`` is the sha256 of the file; ``tensors_digest`` that of the sorted names, shapes and float32
    values, so that a key prefix, a container or a re-save leaves it as it is.
    """

    model: RecursiveModel
    path: Path
    bytes_digest: str
    tensors_digest: str

    @property
    def config(self) -> ModelConfig:
        return self.model.config

    @property
    def facts(self) -> ModelFacts:
        """What a record keeps about the network."""
        config = self.config
        return ModelFacts(
            architecture=config.architecture,
            variant=config.mixing,
            hidden_size=config.hidden_size,
            tokens=config.tokens,
            parameters=self.model.parameter_count,
            updates_per_segment=config.updates_per_segment,
            H_cycles=config.H_cycles,
            L_cycles=config.L_cycles,
        )


@bounded("checkpoint")
def load_checkpoint(
    path: Path | str, *, H_cycles: int | None = None, L_cycles: int | None = None, heads: int | None = None, prefix: int | None = None
) -> Checkpoint:
    """Load a checkpoint from a path.

    Args:
        path: a file written by ``torch.save(model.state_dict())`` (`all_config.yaml` is read if it lies beside
            it), a `.safetensors` file with our `config.json` beside it, or the folder that holds either.
        H_cycles, L_cycles, heads, prefix: structure that the tensors do not tell; they overrule the configuration.

    Raises:
        UserError: missing, truncated, of a foreign format, with missing or unexpected tensors (the first of each is
            named), with misshapen or non-finite ones, or with code instead of tensors (which is never run).
    """
    path = _file_of(Path(path))
    check_file(path, "checkpoint")
    arguments = {"H_cycles": H_cycles, "L_cycles": L_cycles, "num_heads": heads, "puzzle_emb_len": prefix}
    given = {name: value for name, value in arguments.items() if value is not None}
    if path.suffix == ".safetensors":
        state = bare_state(_read_safetensors(path), where=path)
        check_tensors(state, where=path)
        config = _own_config(path, state, given)
    else:
        state = bare_state(read_tensors(path, "checkpoint", hint="save it as torch.save(model.state_dict(), path)"), where=path)
        check_tensors(state, where=path)
        config = _inferred(state, {**_published_arch(path), **given}, path)
    check_network(config, where=path)
    with torch.device("meta"):
        _check_shapes(build(config).state_dict(), state, where=path)
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not spent on weights that are overwritten
        model = build(config)
    _fill(model, state, where=path)
    return Checkpoint(model.eval(), path, _digest_file(path), digest_tensors(model.state_dict()))


def save_checkpoint(model: RecursiveModel, folder: Path) -> None:
    """Write `model.safetensors` and `config.json` into a folder, each atomically, float32."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().float().cpu().contiguous() for name, value in model.state_dict().items()}
    save_file(tensors, folder / (WEIGHTS + ".partial"))
    (folder / (CONFIG + ".partial")).write_text(model.config.model_dump_json(indent=2) + "\n")
    for name in (WEIGHTS, CONFIG):
        os.replace(folder / (name + ".partial"), folder / name)


def digest_tensors(state: Mapping[str, Tensor]) -> str:
    """sha256 over the sorted names, shapes and float32 values of a bare state dict."""
    sha = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().float().cpu().contiguous()
        sha.update(f"{name}{tuple(value.shape)}".encode())
        sha.update(value.numpy().tobytes())
    return sha.hexdigest()


def _file_of(path: Path) -> Path:
    if path.is_dir():
        if (path / WEIGHTS).is_file():
            return path / WEIGHTS
        named = (p for p in path.iterdir() if p.is_file() and p.name.startswith(("step_", "checkpoint")))
        files = sorted(p for p in named if "_all_preds." not in p.name)  # what evaluate writes beside them
        if len(files) == 1:
            return files[0]
        names = ", ".join(p.name for p in files)
        raise UserError(
            f"folder holds {len(files)} candidate checkpoints" + (f" ({names})" if files else ""),
            where=path,
            hint="name the checkpoint file itself",
        )
    if not path.is_file():
        raise UserError("no such checkpoint", where=path)
    return path


#: What `torch.load` was seen to raise for files that are damaged, or none of its own.
_FOREIGN = (
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    AttributeError,
    TypeError,
    LookupError,
    ArithmeticError,
    MemoryError,
    AssertionError,
    struct.error,
)


def read_tensors(path: Path, what: str, *, hint: str = "") -> Any:
    """What a file written by `torch.save` holds; nothing in it runs. Raises UserError, calling the file ``what``."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError("no such file", where=path) from None
    except pickle.UnpicklingError:
        said = f"{what} is damaged, or holds something other than tensors, which is not loaded"
        raise UserError(said, where=path, hint=hint) from None
    except _FOREIGN as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{what} is truncated or of a foreign format: {detail[:120]}", where=path) from None


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, MemoryError, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"checkpoint is truncated or of a foreign format: {error}", where=path) from None


def _own_config(path: Path, state: Mapping[str, Tensor], given: Mapping[str, Any]) -> ModelConfig:
    beside = path.with_name(CONFIG)
    if not beside.is_file():
        return _inferred(state, given, path)
    check_file(beside, "configuration")
    try:
        return ModelConfig.model_validate({**json.loads(beside.read_text()), **_own_names(given)})
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{'.'.join(map(str, first['loc'])) or 'config'}: {first['msg']}", where=beside) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"is not a JSON object: {error}", where=beside) from None


def _inferred(state: Mapping[str, Tensor], arch: Mapping[str, Any], path: Path) -> ModelConfig:
    try:
        return infer_config(state, arch, where=path)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise UserError(f"is no HRM or TRM: {str(error)[:80]} is missing or misshapen", where=path) from None


def _own_names(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {"num_heads": "heads", "puzzle_emb_len": "prefix"}
    return {names.get(name, name): value for name, value in given.items()}


def _published_arch(path: Path) -> dict[str, Any]:
    for name in PUBLISHED_CONFIGS:
        beside = path.with_name(name)
        if beside.is_file():
            check_file(beside, "configuration")
            try:
                loaded = yaml.safe_load(beside.read_text())
            except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
                mark = getattr(error, "problem_mark", None)
                where = f"{beside}:{mark.line + 1}" if mark else beside
                raise UserError("is not plain YAML", where=where) from None
            arch = loaded.get("arch", loaded) if isinstance(loaded, dict) else None
            if not isinstance(arch, dict):
                raise UserError("has no arch section", where=beside)
            return arch
    return {}


def _check_shapes(wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], *, where: Path) -> None:
    """Raises UserError unless the tensors are those of the network; ``wanted`` may hold shapes alone."""
    missing = sorted(set(wanted) - set(state))
    unexpected = sorted(set(state) - set(wanted))
    if missing or unexpected:
        parts = [f"{len(missing)} tensors missing, first {missing[0]!r}"] if missing else []
        parts += [f"{len(unexpected)} unexpected, first {unexpected[0]!r}"] if unexpected else []
        raise UserError("; ".join(parts), where=where)
    for name, value in state.items():
        if value.shape != wanted[name].shape:
            shapes = f"{tuple(value.shape)}, expected {tuple(wanted[name].shape)}"
            raise UserError(f"tensor {name!r} has shape {shapes}", where=where)


def _fill(model: RecursiveModel, state: Mapping[str, Tensor], *, where: Path) -> None:
    for name, value in state.items():
        if not value.is_floating_point():
            raise UserError(f"tensor {name!r} has type {value.dtype}, expected floating point", where=where)
        if not torch.isfinite(value).all():
            raise UserError(f"tensor {name!r} holds NaN or infinity", where=where)
    model.load_state_dict({name: value.float() for name, value in state.items()})


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
