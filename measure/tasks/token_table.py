"""Plain tokens in Parquet: the list columns ``inputs`` and ``labels``, and what else a table may tell of its examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from unsettled.measure.errors import UserError
from unsettled.measure.support.later import Later
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.published import check_tokens
from unsettled.measure.tasks.tokens import TokenTask

pc = Later("pyarrow.compute")


def has_tokens(path: Path) -> bool:
    """Whether a file is Parquet with both columns."""
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return False
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError, ValueError):
        return False
    return {"inputs", "labels"} <= set(names)


def read_token_table(path: Path) -> Examples:
    """Parquet with ``inputs`` and ``labels`` as lists of one length; ``example_id``, ``group``, ``rating``, ``alternatives`` if there.

    ``unsettled.vocabulary`` and ``unsettled.ignore_label_id`` in the metadata tell the number of tokens and the label that is not counted.

    Raises:
        UserError: lists of different lengths, gaps, or a token that the vocabulary does not have.
    """
    table = pq.read_table(path)
    inputs, labels = (_lists(table, name, path) for name in ("inputs", "labels"))
    if inputs.shape != labels.shape:
        raise UserError(f"inputs {inputs.shape} and labels {labels.shape} do not belong together", where=path)
    facts = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items() if key.startswith(b"unsettled.")}
    vocabulary = int(facts.get("unsettled.vocabulary", 1 + max(int(inputs.max(initial=0)), int(labels.max(initial=0)))))
    ignore = facts.get("unsettled.ignore_label_id")
    known = {name: table.column(name).to_numpy() for name in ("group", "rating") if name in table.column_names}
    alternatives = (
        _lists(table, "alternatives", path).reshape(len(inputs), -1, inputs.shape[1]) if "alternatives" in table.column_names else None
    )
    check_tokens(inputs, labels, vocabulary, path)
    return Examples.of(
        TokenTask(vocabulary, (inputs.shape[1],), None if ignore is None else int(ignore)),
        inputs,
        labels,
        table.column("example_id").to_numpy() if "example_id" in table.column_names else None,
        groups=known.get("group"),
        rating=known.get("rating"),
        alternatives=alternatives,
    )


def _lists(table: pa.Table, name: str, path: Path) -> NDArray[np.integer]:
    """(N, length) of a list column whose lists have one length. Raises UserError for any other column."""
    column = table.column(name).combine_chunks()
    if not (pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type)) or not pa.types.is_integer(column.type.value_type):
        raise UserError(f"column {name} does not hold lists of whole numbers", where=path)
    flat = column.flatten().to_numpy(zero_copy_only=False)
    if column.null_count or not len(column) or len(flat) % len(column) or len(set(pc.list_value_length(column).to_pylist())) > 1:
        raise UserError(f"column {name} has lists of different lengths, or gaps", where=path)
    return np.asarray(flat).reshape(len(column), -1)
