"""TOML with line numbers: find the table behind a validation error and say it in one line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from unsettled.measure.errors import UserError
from unsettled.measure.support.limits import check_file

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*(?:\"([^\"]+)\"|'([^']+)'|([A-Za-z0-9_-]+))\s*[.=]")
_LONG = re.compile(r'"""|\'\'\'')


class LocatedToml:
    """A parsed TOML file that knows on which line each table and key stands."""

    def __init__(self, path: Path | str) -> None:
        """Read and parse. Raises UserError (file:line) when the file is absent, not UTF-8 or not TOML."""
        self.path = Path(path)
        check_file(self.path, "ledger")
        try:
            text = self.path.read_bytes().decode("utf-8-sig")  # a byte order mark, as some editors write one, is not text
        except FileNotFoundError:
            raise UserError("no such file", where=self.path) from None
        except OSError as error:
            raise UserError(f"cannot be read: {error.strerror or error}", where=self.path) from None
        except UnicodeDecodeError as error:
            raise UserError(f"not UTF-8 text (byte {error.start})", where=self.path) from None
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
            line = int(found[1]) if found else len(text.splitlines())
            what = str(error).split(" (at ")[0]
            raise UserError(f"not valid TOML: {what}", where=f"{self.path}:{line}") from None
        except (RecursionError, ValueError) as error:  # thousands of brackets, or of digits
            raise UserError(f"not readable TOML: {str(error)[:80]}", where=self.path) from None
        self._lines: dict[tuple[str | int, ...], int] = {}
        self._scan(text)

    def _scan(self, text: str) -> None:
        """Record the line of each header and key; array tables are counted as they appear."""
        counts: dict[str, int] = {}
        here: tuple[str | int, ...] = ()
        inside = False
        for number, line in enumerate(text.splitlines(), start=1):
            was_inside, inside = inside, inside ^ (len(_LONG.findall(line)) % 2 == 1)
            if was_inside:
                continue
            if header := _HEADER.match(line):
                here = self._resolve(header[1] == "[[", header[2], counts)
                self._lines.setdefault(here, number)
            elif key := _KEY.match(line):
                self._lines.setdefault((*here, next(filter(None, key.groups()))), number)

    @staticmethod
    def _resolve(array: bool, name: str, counts: dict[str, int]) -> tuple[str | int, ...]:
        """The path of a header: ``[[claim]]`` is ("claim", i), ``[claim.form]`` is ("claim", i, "form")."""
        parts = [part.strip().strip("\"'") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', name)]
        if array:
            counts[".".join(parts)] = counts.get(".".join(parts), -1) + 1
        path: list[str | int] = []
        for depth, part in enumerate(parts, start=1):
            path.append(part)
            index = counts.get(".".join(parts[:depth]))
            if index is not None:
                path.append(index)
        return tuple(path)

    def line(self, *path: str | int) -> int:
        """The line of a table or key, or that of the nearest enclosing table that is known; 1 if none is."""
        while path and path not in self._lines:
            if (*path, 0) in self._lines:  # an array of tables: its first
                return self._lines[(*path, 0)]
            path = path[:-1]
        return self._lines.get(path, 1)

    def where(self, *path: str | int) -> str:
        """``file:line`` of a table or key."""
        return f"{self.path}:{self.line(*path)}"

    def refuse(self, error: ValidationError, *prefix: str | int) -> UserError:
        """The first problem of a validation as one line; ``prefix`` is the path of the validated table."""
        problem = error.errors(include_url=False)[0]
        named = [part for part in problem["loc"] if not str(part).startswith("function-")]
        path = self._follow(prefix, named)
        name = ".".join(str(part) for part in path[len(prefix) :])
        message = problem["msg"].removeprefix("Value error, ")
        hint = _HINTS.get(problem["type"])
        if problem["type"] == "extra_forbidden":
            message = f"unknown key {named[-1]!r}"
        elif problem["type"] == "missing":
            message = f"key {named[-1]!r} is missing"
        elif problem["type"] == "union_tag_not_found":
            message = f"key {problem['ctx']['discriminator']} is missing"
        elif problem["type"] == "union_tag_invalid":
            tag = problem["ctx"]
            path = (*path, tag["discriminator"].strip("'"))
            message = f"{tag['discriminator']} {tag['tag']!r} is none of {tag['expected_tags']}".replace("'", "")
        elif name:
            message = f"{name}: {message[:1].lower()}{message[1:]}"
        label = self._label(prefix)
        return UserError(f"{label}{message}", where=self.where(*path), hint=hint)

    def _follow(self, prefix: tuple[str | int, ...], named: list[str | int]) -> tuple[str | int, ...]:
        """Drop the tags that a discriminated union puts into a location: keep what names a key or an item."""
        here: Any = self.data
        for part in prefix:
            here = here[part]
        path = list(prefix)
        for part in named:
            known = part in here if isinstance(here, dict) else isinstance(here, list) and isinstance(part, int)
            if known:
                here = here[part]
                path.append(part)
        return tuple(path)

    def _label(self, prefix: tuple[str | int, ...]) -> str:
        """The id of the table, if it has one: "claim 'trm.accuracy': "."""
        here: Any = self.data
        for part in prefix:
            here = here[part]
        name = here.get("id", here.get("name")) if isinstance(here, dict) else None
        return f"{prefix[0]} {name!r}: " if prefix and isinstance(name, str) else ""


_HINTS = {
    "extra_forbidden": "remove it, or see `unsettled schema` for the keys of this table",
    "union_tag_not_found": "add it; `unsettled schema` prints what each table needs",
    "missing": "add it; `unsettled schema` prints what each table needs",
    "string_type": "put the printed digits in quotes: trailing zeros matter",
}
