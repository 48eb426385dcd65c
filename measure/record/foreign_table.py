"""A foreign per-example table as columns of values, from CSV, JSON, JSON lines or Parquet, each row with its place."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow.parquet as pq

from unsettled.measure.columns.table import open_table, readable
from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.tasks.opened import DAMAGED, open_bytes, open_text

TRUE = frozenset(("true", "yes", "t", "y", "1", "1.0", "correct", "right", "solved", "success"))
FALSE = frozenset(("false", "no", "f", "n", "0", "0.0", "incorrect", "wrong", "failed", "unsolved", "failure"))
# The square of a larger number is infinite.
LARGEST = 1e150
MISSING = frozenset(("", "na", "n/a", "nan", "null", "none"))
LARGEST_FIELD = 1 << 24


@dataclass(frozen=True)
class ForeignTable:
    """Rows of values by column name. ``places`` says where each row stands, as ``file:line`` or ``file[row]``."""

    path: Path
    columns: dict[str, list[Any]]
    places: Callable[[int], str]
    header: str

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def column(self, name: str) -> list[Any]:
        """The values of a column. Raises UserError that lists the names that there are."""
        try:
            return self.columns[name]
        except KeyError:
            there = ", ".join(list(self.columns)[:12])
            raise UserError(f"column {name!r} is missing", where=self.header, hint=f"it has {there[:200]}") from None

    def width(self, name: str) -> int | None:
        """Length of the lists of a column; None for a column of single values. Raises UserError where they differ."""
        lengths = [len(value) if isinstance(value, list) else None for value in self.column(name)]
        for row, length in enumerate(lengths):
            if length != lengths[0]:
                raise UserError(f"column {name!r} has lists of different lengths", where=self.places(row))
        return lengths[0] if lengths else None

    def parsed(self, name: str, parse: Callable[[Any], Any], what: str) -> np.ndarray:
        """A column through ``parse``, (N,) or (N, length). Raises UserError with the place of the first value that it refuses."""
        found = []
        for row, value in enumerate(self.column(name)):
            try:
                found.append([parse(entry) for entry in value] if isinstance(value, list) else parse(value))
            except (ValueError, TypeError, OverflowError):
                raise UserError(f"column {name!r} holds {str(value)[:40]!r}, not {what}", where=self.places(row)) from None
        self.width(name)
        values = np.array(found)
        if values.dtype.kind == "f" and (huge := (np.abs(values) > LARGEST) & np.isfinite(values)).any():
            row = int(huge.reshape(len(values), -1).any(axis=1).argmax())
            raise UserError(f"column {name!r} holds a number beyond {LARGEST:g}, whose square is none", where=self.places(row))
        return values


def outcome(value: Any) -> bool:
    """Yes or no as tables write it. Raises ValueError."""
    text = str(value).strip().lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError(value)


def number(value: Any) -> float:
    """A number; NaN for what is missing. Raises ValueError."""
    if value is None or (isinstance(value, str) and value.strip().lower() in MISSING):
        return math.nan
    if isinstance(value, bool) or (isinstance(value, str) and "_" in value):  # Python would read 1_0 as 10
        raise ValueError(value)
    return float(value)


def whole(value: Any) -> int:
    """A whole number. Raises ValueError."""
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,19}\s*", value):
        return int(value)  # beyond 2⁵³ a float has not all of its digits
    found = number(value)
    if not math.isfinite(found) or not found.is_integer():
        raise ValueError(value)
    return int(value) if isinstance(value, int) else int(found)


@bounded("table")
def read_table(path: Path) -> ForeignTable:
    """Read a table from what its first bytes say it is: Parquet, JSON, JSON lines, else CSV with commas, semicolons or tabs.

    Raises:
        UserError: missing or damaged, rows of several lengths, or no rows.
    """
    if not path.is_file():
        raise UserError("no such table", where=path)
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1"
    try:
        table = _parquet(path) if parquet else _json(path) if _begins(path) in (b"{", b"[") else _csv(path)
    except DAMAGED as error:
        raise UserError(f"cannot be read as a table: {str(error).splitlines()[0] if str(error) else error!r}", where=path) from None
    if not len(table):
        raise UserError("holds no rows", where=path)
    return table


def _begins(path: Path) -> bytes:
    """The first byte of a text that is no white space."""
    with open_bytes(path) as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _parquet(path: Path) -> ForeignTable:
    with open_table(path, missing="no such table") as file, readable(path):
        table = file.read()
    assert isinstance(file, pq.ParquetFile)
    return ForeignTable(
        path, {name: table.column(name).to_pylist() for name in table.column_names}, lambda row: f"{path}[{row}]", str(path)
    )


def _json(path: Path) -> ForeignTable:
    with open_text(path) as file:
        text = file.read()
    try:
        found = json.loads(text)
    except RecursionError:
        raise UserError("is nested too deeply", where=path) from None
    except ValueError as error:
        if (lines := _json_lines(text, path)) is not None:
            return lines
        raise UserError(f"is not JSON: {getattr(error, 'msg', error)}", where=f"{path}:{getattr(error, 'lineno', 1)}") from None
    if isinstance(found, dict) and all(isinstance(column, list) for column in found.values()) and found:
        lengths = {name: len(column) for name, column in found.items()}
        if len(set(lengths.values())) > 1:
            raise UserError(f"its columns have different lengths: {lengths}"[:300], where=path)
        return ForeignTable(path, found, lambda row: f"{path}[{row}]", str(path))
    if isinstance(found, dict) and "example_id" not in found:
        found = [{"id": key} | value for key, value in found.items() if isinstance(value, dict)]
    rows = found if isinstance(found, list) else [found]
    return _of_rows(path, rows, lambda row: f"{path}[{row}]")


def _json_lines(text: str, path: Path) -> ForeignTable | None:
    """The rows of JSON lines; None where the first line is not JSON by itself."""
    rows, lines = [], []
    for line, entry in enumerate(text.splitlines(), start=1):
        if not entry.strip():
            continue
        try:
            rows.append(json.loads(entry))
        except (ValueError, RecursionError) as error:
            if not rows:
                return None
            raise UserError(f"is not JSON: {getattr(error, 'msg', error)}", where=f"{path}:{line}") from None
        lines.append(line)
    return _of_rows(path, rows, lambda row: f"{path}:{lines[row]}")


def _of_rows(path: Path, rows: list[Any], places: Callable[[int], str]) -> ForeignTable:
    """A table of objects; what a row lacks is missing there."""
    for row, value in enumerate(rows):
        if not isinstance(value, dict):
            raise UserError("is not an object of one example", where=places(row))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return ForeignTable(path, {name: [row.get(name) for row in rows] for name in names}, places, places(0) if rows else str(path))


def _csv(path: Path) -> ForeignTable:
    lines: list[int] = []
    with open_text(path) as file:
        csv.field_size_limit(LARGEST_FIELD)
        reader = csv.reader(_plain(file, path), delimiter=_delimiter(path))
        try:
            header = next(reader, [])
            if not header:
                raise UserError("holds no rows", where=path)
            if len(set(header)) < len(header) or not any(header):
                raise UserError(f"a column comes twice, or has no name: {', '.join(header)[:120]}", where=f"{path}:1")
            values: list[list[str]] = [[] for _ in header]
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise UserError(f"has {len(row)} columns, expected {len(header)}", where=f"{path}:{reader.line_num}")
                lines.append(reader.line_num)
                for column, value in zip(values, row, strict=True):
                    column.append(value)
        except csv.Error as error:
            raise UserError(f"is not CSV: {error}", where=f"{path}:{reader.line_num}") from None
    return ForeignTable(path, dict(zip(header, values, strict=True)), lambda row: f"{path}:{lines[row]}", f"{path}:1")


def _plain(file: IO[str], path: Path) -> Iterable[str]:
    for number, line in enumerate(file, start=1):
        if "\0" in line:
            raise UserError("holds a zero byte, so it is not a text table", where=f"{path}:{number}")
        yield line


def _delimiter(path: Path) -> str:
    """Whatever the first line holds most of."""
    with open_text(path) as file:
        first = next(islice(file, 1), "")
    return max(",;\t", key=first.count)
