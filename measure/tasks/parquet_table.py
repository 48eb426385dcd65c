"""Puzzles in Parquet: a column of puzzles and one of solutions, in one file or in the parts of a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from unsettled.measure.errors import UserError
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.tables import BOX_KEY, CHUNK_ROWS, Chunk, TextTable, roles_of


class ParquetTable(TextTable):
    """Parquet with a column of puzzles and one of solutions: ours, or any with those two; in one file, or in the parts of a folder."""

    def __init__(self, paths: Sequence[Path], columns: Mapping[str, str] | None = None) -> None:
        super().__init__(paths[0])
        self.paths, self.files = paths, []
        for path in paths:
            try:
                plain = pq.read_schema(path)
                self.roles = roles_of(plain.names, columns or {}, where=path, hint="it needs question and answer")
                if "group" in plain.names and pa.types.is_integer(plain.field("group").type):
                    self.roles["group"] = "group"
                boards = [self.roles["question"], self.roles["answer"]]
                texts = [name for name, kind in zip(plain.names, plain.types, strict=True) if name in boards and pa.types.is_string(kind)]
                self.files.append(pq.ParquetFile(path, read_dictionary=texts))
            except (pa.ArrowException, OSError, ValueError, KeyError) as error:
                raise UserError("is truncated, or not a Parquet file", where=path) from error
        box = (self.files[0].schema_arrow.metadata or {}).get(BOX_KEY)
        self.box = Box.parse(box.decode("utf-8", "replace")) if box else None

    def where(self, row: int) -> str:
        for path, file in zip(self.paths, self.files, strict=True):
            if row < file.metadata.num_rows:
                return f"{path}[{row}]"
            row -= file.metadata.num_rows
        raise IndexError(row)

    def count(self) -> int:
        return sum(int(file.metadata.num_rows) for file in self.files)

    def __iter__(self) -> Iterator[Chunk]:
        first, cells = 0, None if self.box is None else self.box.cells
        for path, file in zip(self.paths, self.files, strict=True):
            try:
                for batch in file.iter_batches(CHUNK_ROWS, columns=list(self.roles.values()), use_threads=False):
                    rows = np.arange(first, first + batch.num_rows)
                    first += batch.num_rows
                    chunk = self._chunk(batch, rows, cells)
                    cells = chunk.inputs.shape[1]
                    yield chunk
            except (pa.ArrowException, OSError) as error:
                raise UserError(f"cannot be read as Parquet: {error}", where=path) from error
