"""Git LFS pointers: what lies in place of a file that was not fetched, named as such instead of as damaged."""

from __future__ import annotations

from pathlib import Path

from unsettled.measure.errors import UserError

_START = b"version https://git-lfs"


def refuse_pointer(path: Path) -> None:
    """Raises UserError for a pointer; anything else passes."""
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(_START)) == _START:
                raise UserError("is a Git LFS pointer, not the file itself", where=path, hint="fetch it with `git lfs pull`")
