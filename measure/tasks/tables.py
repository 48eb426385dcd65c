"""Puzzles as tables, a column of puzzles and one of solutions: which columns those are, and their boards as plain tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import pyarrow as pa

from unsettled.measure.errors import UserError
from unsettled.measure.support.later import Later
from unsettled.measure.support.limits import LARGEST_BOARD
from unsettled.measure.tasks.sudoku.boards import BLANK, SYMBOLS, Box

pc = Later("pyarrow.compute")  # who judges records reads no puzzles
CHUNK_ROWS = 16384
NOT_A_SYMBOL = 255
BOX_KEY = b"unsettled.box"

BLANKS = ".0*_-?"
TOKENS = np.full(256, NOT_A_SYMBOL, np.uint8)
TOKENS[[ord(symbol) for symbol in BLANKS]] = BLANK
for _digit, _symbol in enumerate(SYMBOLS, start=1):
    TOKENS[[ord(_symbol), ord(_symbol.lower())]] = _digit + 1


@dataclass(frozen=True)
class Chunk:
    """Consecutive puzzles of a source: tokens (n, cells), ``ids`` (n,), ``rating`` (n,), ``rows`` (n,) to say where."""

    inputs: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    rating: np.ndarray
    rows: np.ndarray
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, indices: np.ndarray) -> Chunk:
        inputs, labels, ids, rating, rows = (c[indices] for c in (self.inputs, self.labels, self.ids, self.rating, self.rows))
        return Chunk(inputs, labels, ids, rating, rows, None if self.groups is None else self.groups[indices])


def board_size(cells: int, *, where: object) -> int:
    """Side of a square board of that many cells."""
    size = isqrt(cells)
    if size * size != cells or size < 4:
        raise UserError(f"a board of {cells} cells is not square", where=where, hint="4×4 has 16, 6×6 has 36, 9×9 has 81")
    return size


#: What the columns of boards are called: by us and the published data, and in two sets of millions that Kaggle keeps.
LAYOUTS = (("question", "answer"), ("quizzes", "solutions"), ("puzzle", "solution"))
ROLES = ("question", "answer", "rating", "example_id")


def roles_of(names: list[str], named: Mapping[str, str], *, where: object, hint: str) -> dict[str, str]:
    """Which column of a table has which role: as ``named``, or by its usual name; rating and example_id may be absent.

    Raises:
        UserError: an unknown role, a column that is missing, or one that comes twice.
    """
    for role, column in named.items():
        if role not in ROLES:
            raise UserError(f"no column has the role {role!r}", hint="roles are " + ", ".join(ROLES))
        if column not in names:
            raise UserError(f"column {column} is missing", where=where, hint="there are " + ", ".join(names[:20]))
    usual = next((pair for pair in LAYOUTS if set(pair) <= set(names)), LAYOUTS[0])
    roles = {"question": usual[0], "answer": usual[1], "rating": "rating", "example_id": "example_id", **named}
    for role in ("question", "answer"):
        if roles[role] not in names:
            raise UserError(f"column {role} is missing", where=where, hint=hint)
    found = {role: column for role, column in roles.items() if column in names}
    if twice := [column for column in found.values() if names.count(column) > 1]:
        raise UserError(f"column {twice[0]} comes twice", where=where, hint=hint)
    return found


def parse_columns(text: str) -> dict[str, str]:
    """Columns as named on a command line: ``"question=quizzes,answer=solutions"``.

    Example:
        >>> parse_columns("question=quizzes,answer=solutions")
        {'question': 'quizzes', 'answer': 'solutions'}
    """
    pairs = [part.partition("=") for part in text.split(",") if part]
    if not pairs or any(not (role and sign and column) for role, sign, column in pairs):
        raise UserError(f"{text!r} does not name columns", hint="write question=quizzes,answer=solutions")
    return {role.strip(): column.strip() for role, _, column in pairs}


class TextTable:
    """What CSV and Parquet share: boards as columns of text or of lists of digits."""

    box: Box | None = None
    roles: dict[str, str]

    def __init__(self, path: Path) -> None:
        self.path = path

    def where(self, row: int) -> str:
        raise NotImplementedError

    def _boards(self, batch: pa.RecordBatch, name: str, rows: np.ndarray, cells: int | None) -> np.ndarray:
        """(n, cells) tokens of a text column; ``rows`` are the rows' numbers in the file, for messages."""
        column = batch.column(name)
        if pa.types.is_dictionary(column.type):  # one long text, repeated, would fill the memory when written out
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() if pa.types.is_string(column.type.value_type) else 0
            if (longest or 0) > 4 * LARGEST_BOARD:
                raise UserError(f"{name} has a text of {longest} bytes, the largest board has {LARGEST_BOARD}", where=self.where(rows[0]))
        if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_fixed_size_list(column.type):
            return self._digits(column, name, rows, cells)
        column = column.cast(pa.string())
        if len(column) and any(symbol.isspace() or symbol == "|" for symbol in column[0].as_py() or ""):  # a grid, a row a line
            column = pc.replace_substring_regex(column, r"[\s|]+", "")
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        if cells is None:
            cells = int(lengths[0])
            board_size(cells, where=self.where(rows[0]))
        if (wrong := np.flatnonzero(lengths != cells)).size:
            raise UserError(f"{name} has {lengths[wrong[0]]} cells, expected {cells}", where=self.where(rows[wrong[0]]))
        offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset :]
        text = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[len(column)]]
        tokens: np.ndarray = TOKENS[text].reshape(-1, cells)
        if (wrong := np.flatnonzero(tokens.ravel() == NOT_A_SYMBOL)).size:
            symbol = bytes(text[wrong[:1]]).decode("ascii", "backslashreplace")
            row, cell = divmod(int(wrong[0]), cells)
            raise UserError(
                f"{name} holds {symbol!r} at cell {cell + 1}", where=self.where(rows[row]), hint="write digits, and '.' or 0 for a blank"
            )
        return tokens

    def _digits(self, column: pa.Array, name: str, rows: np.ndarray, cells: int | None) -> np.ndarray:
        """(n, cells) tokens of a column of lists of digits, 0 for a blank."""
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        if cells is None:
            cells = int(lengths[0])
            board_size(cells, where=self.where(rows[0]))
        if (wrong := np.flatnonzero(lengths != cells)).size:
            raise UserError(f"{name} has {lengths[wrong[0]]} cells, expected {cells}", where=self.where(rows[wrong[0]]))
        digits = column.flatten()
        if not pa.types.is_integer(digits.type) or digits.null_count:
            raise UserError(f"{name} has cells that are not whole numbers", where=self.where(rows[0]))
        values = digits.to_numpy(zero_copy_only=False).astype(np.int64).reshape(-1, cells)
        if (wrong := np.flatnonzero(((values < 0) | (values > len(SYMBOLS))).any(axis=1))).size:
            raise UserError(f"{name} holds a number that is not a digit", where=self.where(rows[wrong[0]]), hint="0 is a blank")
        return np.asarray(values + 1, np.uint8)

    def _chunk(self, batch: pa.RecordBatch, rows: np.ndarray, cells: int | None) -> Chunk:
        batch = pa.RecordBatch.from_arrays([batch.column(column) for column in self.roles.values()], names=list(self.roles))
        inputs = self._boards(batch, "question", rows, cells)
        labels = self._boards(batch, "answer", rows, inputs.shape[1])
        names = batch.schema.names
        ids = self._ids(batch.column("example_id"), rows) if "example_id" in names else rows
        rating = self._ratings(batch.column("rating"), rows) if "rating" in names else np.full(len(rows), np.nan)
        return Chunk(inputs, labels, ids, rating, rows, self._ids(batch.column("group"), rows) if "group" in names else None)

    def _ids(self, column: pa.Array, rows: np.ndarray) -> np.ndarray:
        if not pa.types.is_integer(column.type) or column.null_count:
            raise UserError("example_id is not a whole number in every row", where=self.where(rows[0]))
        return np.asarray(column.to_numpy(zero_copy_only=False))

    def _ratings(self, column: pa.Array, rows: np.ndarray) -> np.ndarray:
        if not pa.types.is_string(column.type):
            return np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False))
        try:
            return np.asarray(pc.if_else(pc.equal(column, ""), "nan", column).cast(pa.float64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            for row, text in zip(rows, column.to_pylist(), strict=True):
                try:  # by the reader that refused it: Python takes "1_0" and a line's end for parts of a number
                    pa.scalar(text or "nan").cast(pa.float64())
                except pa.ArrowInvalid as error:
                    raise UserError(f"rating {text!r} is not a number", where=self.where(row)) from error
            raise
