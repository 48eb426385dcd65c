"""Puzzles in CSV: a column of puzzles, one of solutions, and a rating if there is one; plain, compressed or in UTF-16."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.opened import DAMAGED, compression_of, open_bytes
from unsettled.measure.tasks.tables import Chunk, TextTable, pc, roles_of

BLOCK_BYTES = 1 << 18  # of CSV; pyarrow reads some 32 blocks ahead
_BROKEN = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


class CsvTable(TextTable):
    """CSV with a column of puzzles, one of solutions and, if known, ``rating``; plain, compressed or in UTF-16."""

    def __init__(self, path: Path, columns: Mapping[str, str] | None = None) -> None:
        super().__init__(path)
        try:
            with open_bytes(path) as file:
                head = file.read(BLOCK_BYTES)
        except DAMAGED as error:
            raise UserError(f"cannot be read as CSV: {error}", where=path) from None
        self.quoted = b'"' in head  # a field may then go over several lines
        self.names = next(csv.reader(head.decode("utf-8-sig", "replace").splitlines()), [])
        self.roles = roles_of(self.names, columns or {}, where=f"{path}:1", hint="header: source,question,answer,rating")

    def where(self, row: int) -> str:
        return f"{self.path}[{row}]" if self.quoted else f"{self.path}:{row + 2}"  # the header is line 1

    def _batches(self) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
        """Record batches without blank lines, and the number of each row counted with them."""
        first = 0
        kind = compression_of(self.path)
        plain = kind in (None, "gzip") and not self._wide()
        try:
            with pa.input_stream(str(self.path), compression=kind) if plain else open_bytes(self.path) as stream:
                reader = pyarrow.csv.open_csv(
                    stream,
                    read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                    parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False, newlines_in_values=self.quoted),
                    convert_options=pyarrow.csv.ConvertOptions(
                        column_types={name: pa.string() for name in self.names if name != self.roles.get("example_id")},
                        strings_can_be_null=False,
                    ),
                )
                for read in reader:
                    rows = np.arange(first, first + read.num_rows)
                    first += read.num_rows
                    question, answer = (read.column(self.roles[role]) for role in ("question", "answer"))
                    kept = ~pc.and_(pc.equal(question, ""), pc.equal(answer, "")).to_numpy(zero_copy_only=False)
                    batch = read if kept.all() else read.filter(pa.array(kept))
                    if batch.num_rows:
                        yield batch, rows[kept]
        except DAMAGED as error:
            # told by the message: pyarrow prints a traceback when it is to hand over a row that is not UTF-8
            if broken := _BROKEN.search(str(error)):
                raise UserError(f"has {broken[3]} columns, expected {broken[2]}", where=f"{self.path}:{broken[1]}") from error
            raise UserError(f"cannot be read as CSV: {error}", where=self.path) from error

    def _wide(self) -> bool:
        """Whether the text is in UTF-16, which arrow does not read."""
        with self.path.open("rb") as file:
            return file.read(2) in (b"\xff\xfe", b"\xfe\xff")

    def count(self) -> int:
        return sum(len(rows) for _, rows in self._batches())

    def __iter__(self) -> Iterator[Chunk]:
        cells = None
        for batch, rows in self._batches():
            chunk = self._chunk(batch, rows, cells)
            cells = chunk.inputs.shape[1]
            yield chunk
