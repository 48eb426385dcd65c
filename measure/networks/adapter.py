"""A network of one's own: `--network my_net.py:build` runs that file because the user names it; a checkpoint is never run.

``build(checkpoint)`` is given the path of the checkpoint and returns an object with the five members of
`unsettled.measure.networks.protocol.Network`.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar, cast

from torch import nn

from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import digest_tensors
from unsettled.measure.networks.protocol import MEMBERS, Network
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.support.files import digest_of

Given = TypeVar("Given")
Done = TypeVar("Done")

# What a user's file is called as a module, before its own name.
MODULE = "unsettled_adapter_"


@dataclass(frozen=True)
class Adapted:
    """A user's network, and what identifies it.

    ``source`` is the adapter's file, ``path`` the checkpoint. ``adapter_digest`` is the sha256 of the adapter's file, ``bytes_digest`` of
    the checkpoint's; ``tensors_digest`` is over the sorted names, shapes and float32 values of the parameters and buffers, the empty
    digest for an object that is not a `torch.nn.Module`. ``neighbours`` are what else decides what it computes, name by name: the files
    beside the adapter that were imported (sha256), and those of a checkpoint that is a folder (size and time of change).
    """

    model: Network
    name: str
    source: Path
    path: Path
    adapter_digest: str
    bytes_digest: str
    tensors_digest: str
    parameters: int
    neighbours: tuple[tuple[str, str], ...] = ()
    known: ModelFacts | None = None
    # segments of its own evaluation, and which weights it took: an adapter tells neither
    segments: int | None = None
    weights: None = None

    @property
    def facts(self) -> ModelFacts:
        """What a record keeps about the network; known once it was tried on examples (`unsettled.measure.rollout.fitting.fitted`)."""
        if self.known is None:
            raise ValueError("the network has not been tried on examples")
        return self.known


def load_network(adapter: str, checkpoint: Path | str) -> Adapted:
    """The network that ``FILE.py:FUNCTION`` builds from a checkpoint, in evaluation mode.

    Raises:
        UserError: no such file or function, a function that fails (with the line that failed), or an object that lacks a member.
    """
    file, separator, function = adapter.rpartition(":")
    if not separator or not function.isidentifier():
        raise UserError(f"{adapter!r} does not name a function in a file", hint="write it as my_net.py:build")
    path, checkpoint = Path(file), Path(checkpoint)
    for needed, what in ((path, "adapter"), (checkpoint, "checkpoint")):
        if not needed.exists():
            raise UserError(f"no such {what}", where=needed)
    builder = getattr(module_of(path), function, None)
    if not callable(builder):
        raise UserError(f"has no function {function!r}", where=path, hint=f"def {function}(checkpoint): … return the network")
    try:
        model = builder(checkpoint)
    except (Exception, SystemExit) as error:
        raise failed(f"{function} failed", error, path) from error
    lacking = [member for member in MEMBERS if not hasattr(model, member)]
    if lacking:
        raise UserError(
            f"what {function} returned has no {lacking[0]!r}", where=path, hint=f"a network has the members {', '.join(MEMBERS)}"
        )
    if isinstance(model, nn.Module):
        model.eval().requires_grad_(requires_grad=False)
    return Adapted(
        model=cast(Network, model),
        name=f"{path.name}:{function}",
        source=path,
        path=checkpoint,
        adapter_digest=digest_of(path),
        bytes_digest=digest_of(checkpoint) if checkpoint.is_file() else "",
        tensors_digest=digest_tensors(model.state_dict() if isinstance(model, nn.Module) else {}),
        parameters=sum(p.numel() for p in model.parameters()) if isinstance(model, nn.Module) else 0,
        neighbours=(*_imported_from(path), *_files_in(checkpoint)),
    )


def _imported_from(path: Path) -> list[tuple[str, str]]:
    """The modules imported from the folder of an adapter, or one below it, with their sha256; not what is installed, nor this program."""
    own, found = path.resolve(), []
    within = str(own.parent).rstrip(os.sep) + os.sep
    real = cache(os.path.realpath)  # thousands of modules lie in a few hundred folders
    for name, module in list(sys.modules.items()):
        folder, _, file = (getattr(module, "__file__", None) or "").rpartition(os.sep)
        if not folder or name == "__main__" or name.split(".")[0] == "unsettled" or not (real(folder) + os.sep).startswith(within):
            continue
        at = Path(real(folder), file)
        if at != own and "site-packages" not in at.parts and at.is_file():
            found.append((name, digest_of(at)))
    return sorted(found)


def _files_in(checkpoint: Path) -> list[tuple[str, str]]:
    """The files of a checkpoint that is a folder: name, and size and time of change, for they may be large."""
    files = sorted(file for file in checkpoint.rglob("*") if file.is_file()) if checkpoint.is_dir() else []
    return [(str(file.relative_to(checkpoint)), f"{(told := file.stat()).st_size} {told.st_mtime_ns}") for file in files]


def failed(what: str, error: BaseException, path: Path) -> UserError:
    """What a user's code raised, in one line that names the last line of the user's file that it went through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).resolve() == path.resolve()]
    where = f"{path}:{lines[-1]}" if lines else path
    return UserError(f"{what}: {type(error).__name__}: {_line(error)}", where=where)


def blamed(error: BaseException) -> UserError | None:
    """What a user's network raised long after it was tried, in one line that names the line of the user's file; None of any other code."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if str(frame.f_globals.get("__name__", "")).startswith(MODULE):
            return UserError(f"the network failed: {type(error).__name__}: {_line(error)}", where=f"{frame.f_code.co_filename}:{line}")
    return None


def blaming(measure: Callable[[Given], Done], given: Given) -> Done:
    """``measure(given)``. Raises UserError for what a user's network raises in it: where it does, as no other process sees the line."""
    try:
        return measure(given)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        if (told := blamed(error)) is None:
            raise
        raise told from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def module_of(path: Path) -> ModuleType:
    """The user's file as a module of its own name, which finds its neighbours as a script would."""
    spec = spec_from_file_location(MODULE + path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError("is not a Python file", where=path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.append(str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(f"is not valid Python: {error.msg}", where=f"{path}:{error.lineno}" if error.lineno else path) from None
    except (Exception, SystemExit) as error:  # a script that ends itself when it is imported
        raise failed("cannot be imported", error, path) from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module
