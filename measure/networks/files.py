"""Which file of a folder is the checkpoint, and its tensors, without running anything in it: torch, safetensors, whole or in shards."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import struct
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.support.files import digest_of
from unsettled.measure.support.limits import check_file
from unsettled.measure.support.pointers import refuse_pointer

WEIGHTS = "model.safetensors"
INDEX = ".index.json"
#: What a folder's only checkpoint may be called, the surest names first.
NAMES = (r"(step_|checkpoint).*", r"(pytorch_)?model\.(bin|pt|pth|ckpt)", r".*\.(safetensors|pt|pth|ckpt|bin)")
_SHARD = re.compile(r".*-\d{5}-of-\d{5}\.\w+")
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
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


def checkpoint_file(path: Path) -> Path:
    """The checkpoint that a path names: the file itself, or the only one of a folder; of shards, their index.

    Raises:
        UserError: nothing there, or several candidates.
    """
    if not path.is_dir():
        if not path.is_file():
            raise UserError("no such checkpoint", where=path)
        if _SHARD.fullmatch(path.name):
            raise UserError("is one of several shards", where=path, hint=f"name their folder, {path.parent}")
        return path
    if (path / WEIGHTS).is_file():
        return path / WEIGHTS
    there = sorted(p for p in path.iterdir() if p.is_file() and "_all_preds." not in p.name)  # those are what evaluate writes
    groups = [[p for p in there if p.name.endswith(INDEX)]]
    groups += [[p for p in there if re.fullmatch(name, p.name) and not _SHARD.fullmatch(p.name)] for name in NAMES]
    files: list[Path] = next((group for group in groups if group), [])
    if len(files) == 1:
        return files[0]
    names = ", ".join(p.name for p in files)
    raise UserError(
        f"folder holds {len(files)} candidate checkpoints ({names})" if files else "the folder holds no checkpoint",
        where=path,
        hint="name the checkpoint file itself",
    )


def checkpoint_tensors(path: Path) -> Any:
    """What a checkpoint file holds, as it was saved; of an index, the tensors of all its shards."""
    check_file(path, "checkpoint")
    refuse_pointer(path)
    if path.name.endswith(INDEX):
        return _joined(path)
    if path.suffix == ".safetensors":
        return _safetensors(path)
    return read_tensors(path, "checkpoint", hint="save it as torch.save(model.state_dict(), path)")


def digest_file(path: Path) -> str:
    """sha256 of a file; of an index, that of the digests of its shards in the order of their names."""
    if path.name.endswith(INDEX):
        return hashlib.sha256("".join(digest_file(shard) for shard in _shards(path)).encode()).hexdigest()
    return digest_of(path)


def read_tensors(path: Path, what: str, *, hint: str = "") -> Any:
    """What a file written by `torch.save` holds; nothing in it runs. Raises UserError, calling the file ``what``."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of archives that torch.jit wrote, which are refused all the same
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError("no such file", where=path) from None
    except pickle.UnpicklingError as error:
        named = _GLOBAL.search(str(error))
        other = f"{named[1][:100]}, which is code and not a tensor" if named else "something other than tensors"
        raise UserError(f"{what} is damaged, or holds {other}: it is not loaded", where=path, hint=hint) from None
    except _FOREIGN as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{what} is truncated, or its format is not supported: {detail[:120]}", where=path) from None


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError, MemoryError, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise UserError(f"checkpoint is truncated, or its format is not supported: {error}", where=path) from None


def _shards(index: Path) -> list[Path]:
    """The files that an index names, all in its own folder."""
    try:
        loaded = json.loads(index.read_text("utf-8-sig"))
        names = sorted({str(name) for name in loaded["weight_map"].values()})
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise UserError("is not an index of shards", where=index, hint="it holds a weight_map of tensors to files") from None
    if strange := [name for name in names if not name or Path(name).name != name or "\0" in name]:
        raise UserError(f"shard {strange[0][:60]!r} is not a file name", where=index)
    shards = [index.with_name(name) for name in names]
    if missing := [shard.name for shard in shards if not shard.is_file()]:
        raise UserError(f"{len(missing)} of {len(shards)} shards are missing, first {missing[0]}", where=index)
    return shards


def _joined(index: Path) -> Mapping[str, Any]:
    joined: dict[str, Any] = {}
    for shard in _shards(index):
        check_file(shard, "checkpoint")
        refuse_pointer(shard)
        read: Callable[[Path], Any] = _safetensors if shard.suffix == ".safetensors" else lambda path: read_tensors(path, "shard")
        part = read(shard)
        if not isinstance(part, Mapping):
            raise UserError("holds no tensors by name", where=shard)
        if twice := joined.keys() & part.keys():
            raise UserError(f"tensor {min(map(str, twice))!r} is in another shard as well", where=shard)
        joined.update(part)
    return joined
