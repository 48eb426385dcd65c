"""Files written whole or not at all, their digests, and data checked against a model: the one home of each, for every wing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import TypeAdapter, ValidationError

from unsettled.measure.errors import UserError
from unsettled.measure.support.kinds import OTHER, kind_of, refuse_other

T = TypeVar("T")
_REPOSITORY = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def whole_file(path: Path, *, what: str = "file", make_folder: bool = False, only_new: bool = False) -> Iterator[BinaryIO]:
    """A file to write that takes its name when the context ends well; otherwise what was there before stays.

    It is written under a name that nobody can guess, created exclusively: no link that lies there is followed, and two
    writers of one file never mix. The folder is not flushed: a power cut may lose what a kill does not.

    Args:
        path: the file to write. A link of that name is replaced, not followed.
        what: names the file in the message.
        make_folder: whether to make the folder that it lies in.
        only_new: leave a file alone that is there by the end (another writer was faster), and say nothing.

    Raises:
        UserError: it cannot be written (a full disk, a folder that is missing or denied), ``path`` is a device, or a file of another kind.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with whole_file(folder / "a.txt") as file:
    ...     _ = file.write(b"whole")
    >>> [each.name for each in folder.iterdir()]
    ['a.txt']
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UserError("is not a regular file", where=path)
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as file:
                yield file
            if only_new:
                _name_unless_taken(partial, path)
            else:
                refuse_other(path, kind_of(partial), what=what)
                partial.replace(path)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
    except OSError as error:
        other = error.filename not in (None, str(partial), str(path), str(path.parent))
        raise UserError(f"cannot write the {what}: {error.strerror or error}", where=error.filename if other else path) from None


def _name_unless_taken(partial: Path, path: Path) -> None:
    """Give a finished file its name unless there is one: a hard link fails there. Without hard links the last writer wins."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        return
    except (OSError, NotImplementedError):  # a file system, or a system, without hard links
        if not path.exists():
            partial.replace(path)


def write_whole(path: Path, data: bytes | str, *, what: str = "file", make_folder: bool = False, only_new: bool = False) -> None:
    """Write bytes, or text as UTF-8, as `whole_file` does. Raises UserError."""
    with whole_file(path, what=what, make_folder=make_folder, only_new=only_new) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


def check_target(path: Path, *, what: str, named: str | Path | None = None) -> None:
    """See, before anything is measured, that a file which is no Parquet can be written there.

    Args:
        path: the file that will be written. what: begins the message. named: the path as it was given.

    Raises:
        UserError: a folder has that name, the folder that it lies in is missing or read-only, or a Parquet file would be lost.
    """
    shown = Path(named or path)
    if path.is_dir():
        raise UserError(f"the {what} cannot be written: a folder of that name is there", where=shown)
    if not path.parent.is_dir():
        raise UserError(f"the {what} cannot be written: no such folder", where=shown.parent)
    if not os.access(path.parent, os.W_OK):
        raise UserError(f"the {what} cannot be written: the folder is read-only", where=shown.parent)
    refuse_other(path, OTHER, what=what)


def remove_abandoned(path: Path) -> None:
    """Remove what killed writers of a file left beside it. Only for who is its sole writer (`unsettled.measure.support.lock`)."""
    named = re.compile(re.escape(f".{path.name}.") + r"[0-9a-f]{16}\.partial")
    for beside in path.parent.iterdir():
        if named.fullmatch(beside.name):
            beside.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal. Raises UserError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None


def short_path(path: Path) -> str:
    """A path as it is stored and printed: relative to the repository or to the working folder where it lies in one."""
    path = path.resolve()
    for root in (_REPOSITORY, Path.cwd().resolve()):
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return path.as_posix()


def first_problem(error: ValidationError) -> tuple[str, str]:
    """The key, with dots, and what is wrong with it, of the first problem of a validation; the key is empty for the whole."""
    problem = error.errors(include_url=False)[0]
    return ".".join(map(str, problem["loc"])), problem["msg"].removeprefix("Value error, ")


def validated(model: type[T] | TypeAdapter[T], data: Any, where: object, *, what: str = "", hint: str | None = None) -> T:
    """Data as a model, or the first problem in one line.

    Args:
        model: a pydantic model, or an adapter of another type.
        data: JSON as bytes or text, or Python objects.
        where: the file that they are from.
        what: begins the message, e.g. "not an audit".
        hint: how to mend it.

    Raises:
        UserError: ``where: what: key: problem (hint)``.

    >>> validated(TypeAdapter(dict[str, int]), '{"a": "b"}', "numbers.json")
    Traceback (most recent call last):
    unsettled.measure.errors.UserError: numbers.json: a: Input should be a valid integer, unable to parse string as an integer
    """
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_json(data) if isinstance(data, (bytes, str)) else adapter.validate_python(data)
    except ValidationError as error:
        raise UserError(": ".join(filter(None, (what, *first_problem(error)))), where=where, hint=hint) from None
