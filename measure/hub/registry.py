"""Published checkpoints and puzzles by name: where they come from, where they lie once fetched, and that they stay the same.

What is fetched is only ever stored and hashed. A digest that is not known beforehand is trusted at the first fetch, kept in
``trusted.json``, and checked whenever the files are used; so is the commit, where no revision is pinned.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import digest_of, validated, write_whole

CACHE_VARIABLE = "UNSETTLED_CACHE"
REGISTRY = Path(__file__).with_name("hub.toml")
COMMIT = re.compile(r"[0-9a-f]{40}")
# Part of a path on this machine: no folders, no hidden files.
PLAIN_NAME = r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$"
SHA256 = r"^([0-9a-f]{64})?$"


class HubEntry(BaseModel):
    """One published thing.

    ``files`` maps file names to sha256, empty where it is not known; the first is what is loaded. ``structure`` is what
    the tensors do not tell and no configuration beside them does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    repo: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
    repo_type: Literal["model", "dataset"] = "model"
    revision: str = "main"
    kind: Literal["checkpoint", "puzzles"]
    architecture: Literal["hrm", "trm"] | None = None
    title: str
    files: dict[str, str] = Field(min_length=1)
    structure: dict[str, int] = {}

    @field_validator("files")
    @classmethod
    def _plain(cls, files: dict[str, str]) -> dict[str, str]:
        for name, digest in files.items():
            if not re.fullmatch(PLAIN_NAME, name) or not re.fullmatch(SHA256, digest):
                raise ValueError(f"{name!r} = {digest!r} is not a file name and its sha256")
        return files

    @property
    def main_file(self) -> str:
        """The checkpoint or the puzzles themselves."""
        return next(iter(self.files))


class Trusted(BaseModel):
    """What was found at the first fetch: the commit, and each file's sha256."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    repo: str
    commit: str
    files: dict[str, str]


@cache
def registry(path: Path = REGISTRY) -> dict[str, HubEntry]:
    """The known entries by name. Raises UserError for a malformed registry."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read: {error}", where=path) from None
    return validated(TypeAdapter(dict[str, HubEntry]), entries, path)


def entry_of(name: str) -> HubEntry:
    """The entry of that name. Raises UserError that lists the known ones."""
    try:
        return registry()[name]
    except KeyError:
        raise UserError(f"nothing known is called {name!r}", hint="one of " + ", ".join(registry())) from None


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where fetched things lie: ``UNSETTLED_CACHE``, else this user's cache folder (``~/.cache/unsettled`` on Linux)."""
    given = environment.get(CACHE_VARIABLE)
    return Path(given).expanduser() if given else platformdirs.user_cache_path("unsettled")


def trust_path(folder: Path) -> Path:
    """The file that holds what is trusted."""
    return folder / "trusted.json"


@bounded("text")
def read_trust(folder: Path) -> dict[str, Trusted]:
    """What is trusted, by name; empty before the first fetch. Raises UserError when the file is malformed."""
    path = trust_path(folder)
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    return validated(TypeAdapter(dict[str, Trusted]), raw, path, hint="remove it to trust anew what is fetched next")


def write_trust(folder: Path, name: str, trusted: Trusted) -> None:
    """Keep what is trusted of one entry, whole or not at all."""
    path = trust_path(folder)
    everything = read_trust(folder) | {name: trusted}
    write_whole(path, json.dumps({n: t.model_dump() for n, t in sorted(everything.items())}, indent=1) + "\n")


def expected_digests(name: str, folder: Path) -> dict[str, str]:
    """The sha256 that each file of an entry must have; empty where none is known yet. The registry's go before trust."""
    entry, trusted = entry_of(name), read_trust(folder).get(name)
    found = trusted.files if trusted is not None and trusted.repo == entry.repo else {}
    return {file: digest or found.get(file, "") for file, digest in entry.files.items()}


def fetched_file(name: str, folder: Path) -> Path | None:
    """The main file of an entry, when all its files were fetched and are still what they were; None when not fetched.

    Raises:
        UserError: a file was changed since.
    """
    expected = expected_digests(name, folder)
    paths = {file: folder / name / file for file in expected}
    if not all(path.is_file() for path in paths.values()) or not all(expected.values()):
        return None
    for file, path in paths.items():
        check_digest(path, expected[file])
    return paths[entry_of(name).main_file]


def check_digest(path: Path, expected: str) -> None:
    """Raises UserError unless a file has that sha256."""
    found = digest_of(path)
    if found != expected:
        raise UserError(f"its sha256 is {found}, not {expected}", where=path, hint="remove it and fetch it again if you do not know why")


def measure_command(name: str, folder: Path) -> str:
    """The command that measures a fetched checkpoint on the fetched puzzles, into the record that the audit finds."""
    entry, puzzles = entry_of(name), folder / "sudoku-extreme" / entry_of("sudoku-extreme").main_file
    cycles = [f"--{key.replace('_', '-').lower()}={value}" for key, value in entry.structure.items()]
    parts = [folder / name / entry.main_file, puzzles, "--out", record_path(name, folder), "--limit", 2048, "--sample-seed", 0]
    return shlex.join(["unsettled", "measure", *map(str, parts), "--batch", "32", "--noise-rows", "64", *cycles])


def record_path(name: str, folder: Path) -> Path:
    """Where the record of a fetched checkpoint is looked for."""
    return folder / name / "record.parquet"
