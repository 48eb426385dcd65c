"""Loading a checkpoint, published or ours, without running anything in it; and its two fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.networks import ModelConfig, RecursiveModel, build
from unsettled.measure.networks.beside import CONFIG, Beside, own_config, published_config
from unsettled.measure.networks.files import WEIGHTS, checkpoint_file, checkpoint_tensors, digest_file
from unsettled.measure.networks.published import Which, infer_config, weights_of
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.support.files import validated, write_whole
from unsettled.measure.support.limits import check_network, check_tensors

INITIAL = ("H_init", "L_init")  # the official code keeps these in bfloat16


@dataclass(frozen=True)
class Checkpoint:
    """A loaded network in evaluation mode, float32 on the CPU, and what identifies it.

    ``bytes_digest`` is the sha256 of the file; ``tensors_digest`` that of the sorted names, shapes and float32
    values, so that a key prefix, a container or a re-save leaves it as it is. ``notes`` say what was taken for granted while it was
    read, ``segments`` how many its configuration evaluates (``halt_max_steps``), ``task`` of which task its training data are,
    ``weights`` whether they are averaged (known where the file names averaged ones).
    """

    model: RecursiveModel
    path: Path
    bytes_digest: str
    tensors_digest: str
    notes: tuple[str, ...] = ()
    segments: int | None = None
    task: str | None = None
    weights: Which | None = None

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
    path: Path | str,
    *,
    H_cycles: int | None = None,
    L_cycles: int | None = None,
    heads: int | None = None,
    prefix: int | None = None,
    weights: Which | None = None,
) -> Checkpoint:
    """Load a checkpoint from a path.

    Args:
        path: a file written by ``torch.save``, a `.safetensors` file or the index of its shards, or the folder that holds one of
            them. Beside it lies our `config.json`, the official `all_config.yaml`, or wandb's `config.yaml`.
        H_cycles, L_cycles, heads, prefix: structure that the tensors do not tell; they overrule the configuration.
        weights: ``"ema"`` or ``"raw"`` where the file holds averaged weights beside those of the last step.

    Raises:
        UserError: missing, truncated, of an unknown format, with missing or unexpected tensors (the first of each is
            named), with misshapen or non-finite ones, or with code instead of tensors (which is never run).
    """
    path = checkpoint_file(Path(path))
    found = weights_of(checkpoint_tensors(path), where=path, which=weights)
    state = found.state
    check_tensors(state, where=path)
    structure = {"H_cycles": H_cycles, "L_cycles": L_cycles, "heads": heads, "prefix": prefix}
    given = {name: value for name, value in structure.items() if value is not None}
    own = own_config(path)
    beside = Beside() if own is not None else published_config(path)
    config = _inferred(state, beside.arch, given, path) if own is None else validated(ModelConfig, {**own, **given}, path.with_name(CONFIG))
    check_network(config, where=path)
    with torch.device("meta"):
        _check_shapes(build(config).state_dict(), state, where=path)
    notes = (*found.notes, *beside.notes(config.architecture), *_stored(state))
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not spent on weights that are overwritten
        model = build(config)
    _fill(model, state, where=path)
    digests = digest_file(path), digest_tensors(model.state_dict())
    return Checkpoint(model.eval(), path, *digests, notes=notes, segments=beside.segments, task=beside.task, weights=found.which)


def save_checkpoint(model: RecursiveModel, folder: Path) -> None:
    """Write `model.safetensors` and `config.json` into a folder, each atomically, float32."""
    tensors = {name: value.detach().float().cpu().contiguous() for name, value in model.state_dict().items()}
    write_whole(folder / WEIGHTS, save(tensors), what="weights", make_folder=True)
    write_whole(folder / CONFIG, model.config.model_dump_json(indent=2) + "\n", what="configuration")


def digest_tensors(state: Mapping[str, Tensor]) -> str:
    """sha256 over the sorted names, shapes and float32 values of a bare state dict."""
    sha = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().float().cpu().contiguous()
        sha.update(f"{name}{tuple(value.shape)}".encode())
        sha.update(value.numpy().tobytes())
    return sha.hexdigest()


def _inferred(state: Mapping[str, Tensor], told: Mapping[str, Any], given: Mapping[str, Any], path: Path) -> ModelConfig:
    """The structure by the tensors, by what the configuration ``told``, and by what was ``given`` with the call."""
    arch = {**told, **{{"heads": "num_heads"}.get(name, name): value for name, value in given.items() if name != "prefix"}}
    try:
        return infer_config(state, arch, where=path, prefix=given.get("prefix"))
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise UserError(f"is not an HRM or a TRM: {str(error)[:80]} is missing or misshapen", where=path) from None


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


def _stored(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """A note on weights that were saved in another precision than that of the measurement."""
    kinds = sorted({str(value.dtype).removeprefix("torch.") for name, value in state.items() if name not in INITIAL} - {"float32"})
    return (f"the weights are stored as {', '.join(kinds)}, and measured as those values in float32",) if kinds else ()


def _fill(model: RecursiveModel, state: Mapping[str, Tensor], *, where: Path) -> None:
    for name, value in state.items():
        if not value.is_floating_point():
            raise UserError(f"tensor {name!r} has type {value.dtype}, expected floating point", where=where)
        if not torch.isfinite(value.float()).all():
            raise UserError(f"tensor {name!r} holds NaN or infinity", where=where)
    model.load_state_dict({name: value.float() for name, value in state.items()})
