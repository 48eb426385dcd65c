"""How records and side records are packed into Parquet: what compresses floats that have no digits in common."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def packing(schema: pa.Schema, *, level: int = 9) -> dict[str, Any]:
    """Options of pyarrow's Parquet writers for a table of this schema: zstd, floats split by byte, everything else by dictionary.

    Measured values hardly ever repeat, so that a dictionary of them is a second copy; their signs and exponents, put together
    byte by byte, compress (a record of 16 segments and 8 exponents becomes a quarter smaller).

    Args:
        level: of zstd; a higher one takes longer to write and no longer to read.

    >>> packing(pa.schema({"id": pa.int64(), "growth": pa.list_(pa.float64(), 8)}))["column_encoding"]
    {'growth.list.element': 'BYTE_STREAM_SPLIT'}
    """
    leaves = dict(_leaf(field) for field in schema)
    floats = {path: "BYTE_STREAM_SPLIT" for path, kind in leaves.items() if pa.types.is_floating(kind)}
    others = [path for path in leaves if path not in floats]
    options = {"compression": "zstd", "compression_level": level, "version": "2.6", "use_dictionary": others or False}
    return options | ({"column_encoding": floats} if floats else {})


def _leaf(field: pa.Field) -> tuple[str, pa.DataType]:
    """The Parquet path of a column's values, and their type."""
    path, kind = field.name, field.type
    while True:
        if isinstance(kind, pa.FixedShapeTensorType):
            kind = kind.storage_type
        if not (pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind)):
            return path, kind
        path, kind = f"{path}.list.element", kind.value_type
