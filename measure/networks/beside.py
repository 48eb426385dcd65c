"""The configuration that lies beside a checkpoint, as the official code, wandb and we ourselves write it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from unsettled.measure.errors import UserError
from unsettled.measure.support.limits import check_file

CONFIG = "config.json"
PUBLISHED = ("all_config.yaml", "config.yaml")
#: The classes that we rebuild, by the part of ``arch.name`` after the @.
KNOWN = {"HierarchicalReasoningModel_ACTV1": "hrm", "TinyRecursiveReasoningModel_ACTV1": "trm"}
TASK = re.compile(r"sudoku|maze|arc(?=[-_]?agi|[-_]?[12]|[-_]?concept)", re.IGNORECASE)


@dataclass(frozen=True)
class Beside:
    """What a configuration says: ``arch`` as it stands there, the depth of evaluation, and the task that its data are of."""

    arch: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    task: str | None = None

    @property
    def segments(self) -> int | None:
        """``halt_max_steps``, the number of segments that the official evaluation runs."""
        told = self.arch.get("halt_max_steps")
        return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else None

    def notes(self, architecture: str) -> tuple[str, ...]:
        """What to say of a network that was read as ``architecture`` by its tensors."""
        name = self.arch.get("name")
        if not isinstance(name, str):
            return ()
        known = KNOWN.get(name.split("@")[-1])
        called = f"arch.name is {name[:100]!r}"
        if known is None:
            return (f"{called}, which is not known here: the tensors fit a {architecture.upper()}, and it is measured as one",)
        if known != architecture:
            return (f"{called}, but the tensors are those of a {architecture.upper()}, and it is measured as one",)
        return ()


def own_config(path: Path) -> dict[str, Any] | None:
    """Our own configuration beside a checkpoint; None where there is none, or one of somebody else."""
    beside = path.with_name(CONFIG)
    if not beside.is_file():
        return None
    check_file(beside, "configuration")
    try:
        loaded = json.loads(beside.read_text("utf-8-sig"))
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"is not a JSON object: {error}", where=beside) from None
    if not isinstance(loaded, dict):
        raise UserError("is not a JSON object", where=beside)
    return loaded if "architecture" in loaded else None


def published_config(path: Path) -> Beside:
    """The ``arch`` section of ``all_config.yaml`` or ``config.yaml`` beside a checkpoint, also as wandb keeps it (``value:``).

    Raises:
        UserError: it is not plain YAML, or has no such section.
    """
    for name in PUBLISHED:
        beside = path.with_name(name)
        if beside.is_file():
            loaded = _plain_yaml(beside)
            arch = _value(loaded.get("arch", loaded)) if isinstance(loaded, dict) else None
            if not isinstance(arch, dict):
                raise UserError("has no arch section", where=beside)
            return Beside(arch, beside, _task_of(loaded))
    return Beside()


def _plain_yaml(path: Path) -> Any:
    check_file(path, "configuration")
    try:
        return yaml.safe_load(path.read_text("utf-8-sig"))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UserError("is not plain YAML", where=f"{path}:{mark.line + 1}" if mark else path) from None


def _value(entry: Any) -> Any:
    """What wandb keeps under ``value:`` with a description beside it."""
    return entry["value"] if isinstance(entry, dict) and "value" in entry else entry


def _task_of(loaded: Mapping[str, Any]) -> str | None:
    """The task that the training data's paths name, if they name one."""
    told = [_value(loaded.get(key)) for key in ("data_paths", "data_path")]
    found = {match.lower() for match in TASK.findall(" ".join(str(each)[:1000] for each in told if each))}
    return found.pop() if len(found) == 1 else None
