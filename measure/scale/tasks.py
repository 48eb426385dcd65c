"""Tasks in a process that was started for them: what it makes ready, and the function that it reads once for all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from unsettled.measure.networks.adapter import module_of
from unsettled.measure.support.memory import keep_freed_memory


def ready(own: list[Path], number: int, device: str) -> None:
    """Run the files of users' own networks, so that such a network can be read; on "cuda", share the GPUs one by one by ``number``."""
    keep_freed_memory()
    if device == "cuda":
        torch.cuda.set_device(number % torch.cuda.device_count())
    for path in own:
        module_of(path)


def do(path: Path, given: Any) -> Any:
    """The function that a file of the starter's holds, of one task."""
    return _read(path)(given)


@lru_cache(maxsize=1)
def _read(path: Path) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] = pickle.loads(path.read_bytes())
    return found
