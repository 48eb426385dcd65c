"""A record from a foreign table of examples: what the table tells is judged, what it does not tell says so.

The columns of a table hold values after the last segment (or, of displacement, the mean over the last few), exponents over the whole
rollout, or one value a segment, as a list or as several columns. Nothing is guessed and nothing is filled in.
"""

from __future__ import annotations

import hashlib
import platform
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.record.foreign_map import Named, TableMap, as_list, read_map
from unsettled.measure.record.foreign_table import ForeignTable, number, outcome, read_table, whole
from unsettled.measure.record.provenance import Imported, Provenance, commit_of_program, version_of
from unsettled.measure.record.record import Record, columns_of, is_optional, lacking_column
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.support.files import digest_of

UNKNOWN = "unknown"


def import_table(path: Path | str, map_path: Path | str) -> Record:
    """The record of a table by its map (see `measure/IMPORT.md`).

    Raises:
        UserError: a missing column, a value that does not fit, an id twice, rollouts of several lengths; with ``file:line``.
    """
    path, map_path = Path(path), Path(map_path)
    told, table = read_map(map_path), read_table(path)
    segments = _segments(told, table, map_path)
    parts: dict[str, np.ndarray] = {}
    late: dict[str, int] = {}
    parts["example_id"] = _ids(told, table)
    parts |= _by_example(told, table)
    for name, values in _by_segment(told, table, segments, map_path).items():
        parts[name] = values
        if values.ndim == 1:
            late[name] = told.late_window if name.startswith("displacement_") else 1
    if any(window > segments for window in late.values()):
        raise UserError(f"late_window {told.late_window} is longer than the rollouts of {segments} segments", where=map_path)
    exponents = _exponents(told, table, segments)
    if exponents is not None:
        parts["growth"], late["growth"] = exponents, segments
    parts["solved"] = parts["solved_at"] if parts["solved_at"].ndim == 1 else parts["solved_at"][:, -1]
    columns = columns_of(told.latents)
    absent = [name for name in columns if name not in parts and name != "group" and not is_optional(name)]
    provenance = Provenance(
        model=_facts(told),
        checkpoint_bytes=UNKNOWN,
        checkpoint_tensors=UNKNOWN,
        puzzles_digest=UNKNOWN,
        puzzles=len(table),
        segments=segments,
        exponents=0 if exponents is None else exponents.shape[1],
        tangent_seed=0,
        qr_every=1,
        dtype=told.dtype,
        device=UNKNOWN,
        batch=0,
        versions={"python": platform.python_version(), **{name: version_of(name) for name in ("numpy", "pyarrow")}},
        commit=commit_of_program(),
        task=told.task,
        imported=Imported(
            source=f"{told.source} ({path.name})",
            files={file.name: digest_of(file) for file in (path, map_path)},
            absent=absent,
            last_segment=[name for name, window in late.items() if window == 1],
            late={name: window for name, window in late.items() if window > 1},
        ),
    )
    held: dict[str, Any] = {name: values.astype(columns[name][0]) for name, values in parts.items()}
    for name, window in late.items():
        held[name] = lacking_column(name, len(table), provenance, last=held[name], window=window)
    held |= {name: lacking_column(name, len(table), provenance) for name in absent}
    return Record(**held, provenance=provenance)


def _facts(told: TableMap) -> ModelFacts:
    """What the map says of the network; 0 where it says nothing."""
    return ModelFacts(
        architecture=told.network,
        variant="imported",
        hidden_size=0,
        tokens=0,
        parameters=0,
        updates_per_segment=told.updates_per_segment or 0,
        H_cycles=0,
        L_cycles=0,
        latents=told.latents,
    )


def _segments(told: TableMap, table: ForeignTable, where: Path) -> int:
    """Length of the rollouts: the map's, that of a column, or that of what is given by segment. Raises UserError where they differ."""
    found = {} if told.segments is None else {"the map": told.segments}
    if told.columns.segments is not None:
        depths = table.parsed(told.columns.segments, whole, "a number of segments")
        if (other := np.flatnonzero(depths != depths[0])).size:
            told_apart = f"rollouts of {depths[0]} and of {depths[other[0]]} segments: a record has one length"
            raise UserError(told_apart, where=table.places(int(other[0])), hint="split the table by length")
        found[f"column {told.columns.segments!r}"] = int(depths[0])
    for name, named in told.columns.by_segment().items():
        if (length := _length(named, table)) is not None:
            found[f"what {name} holds"] = length
    if not found:
        raise UserError("nothing tells how long the rollouts are", where=where, hint="segments = 16, or a column of [columns] segments")
    if len(set(found.values())) > 1:
        raise UserError("the rollouts have two lengths: " + ", ".join(f"{length} by {who}" for who, length in found.items()), where=where)
    segments = next(iter(found.values()))
    if segments < 1:
        raise UserError(f"rollouts of {segments} segments", where=where)
    return segments


def _length(named: Named, table: ForeignTable) -> int | None:
    return table.width(named) if isinstance(named, str) else len(named)


def _ids(told: TableMap, table: ForeignTable) -> np.ndarray:
    """Ids as they are where they are whole numbers, the row where there are none, else 63 bits of the text's sha256."""
    name = told.columns.example_id
    if name is None:
        return np.arange(len(table))
    ids = _labels(table, name)
    first: dict[int, int] = {}
    for row, identity in enumerate(ids.tolist()):
        if identity in first:
            what = f"example {table.column(name)[row]!r} comes twice, first at {table.places(first[identity])}"
            raise UserError(what, where=table.places(row), hint="a row of a record is one example; its runs are not independent")
        first[identity] = row
    return ids


def _labels(table: ForeignTable, name: str) -> np.ndarray:
    """Whole numbers as they are, texts, in Unicode's composed form, by 63 bits of their sha256. Raises UserError for an empty one."""
    values = table.column(name)
    try:
        numbers = [whole(value) for value in values]
        if all(-(2**63) <= value < 2**63 for value in numbers):
            return np.array(numbers, np.int64)
    except (ValueError, TypeError, OverflowError):
        pass
    for row, value in enumerate(values):
        if value is None or not str(value).strip():
            raise UserError(f"column {name!r} is empty here", where=table.places(row))
    texts = [unicodedata.normalize("NFC", str(value)).encode() for value in values]
    return np.array([int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1 for text in texts], np.int64)


def _by_example(told: TableMap, table: ForeignTable) -> dict[str, np.ndarray]:
    """Group, rating, givens and token accuracy, as far as they are named."""
    found, columns = {}, told.columns
    if columns.group is not None:
        found["group"] = _labels(table, columns.group)
    if columns.rating is not None:
        found["rating"] = _single(table, columns.rating, number, "a number")
    if columns.givens is not None:
        found["givens"] = _single(table, columns.givens, whole, "a number of cells")
    if columns.token_accuracy is not None:
        found["token_accuracy"] = _single(table, columns.token_accuracy, number, "a share of cells")
        _within(table, columns.token_accuracy, found["token_accuracy"], 0, 1)
    return found


def _single(table: ForeignTable, name: str, parse: Any, what: str) -> np.ndarray:
    if table.width(name) is not None:
        raise UserError(f"column {name!r} holds lists, expected {what}", where=table.places(0))
    return table.parsed(name, parse, what)


def _within(table: ForeignTable, name: str, values: np.ndarray, low: float, high: float) -> None:
    """Raises UserError at the first value outside; NaN is missing."""
    with np.errstate(invalid="ignore"):
        outside = ((values < low) | (values > high)).reshape(len(values), -1).any(axis=1)
    if outside.any():
        row = int(outside.argmax())
        raise UserError(f"column {name!r} holds {np.ravel(values[row])[0]:g}, outside {low:g} to {high:g}", where=table.places(row))


def _by_segment(told: TableMap, table: ForeignTable, segments: int, where: Path) -> dict[str, np.ndarray]:
    """What a rollout has after every segment: (N, S) where the table tells it so, else (N,) after the last."""
    latent = told.latent or told.latents[0]
    of = {"solved": "solved_at", "valid": "valid_at", "halting": "halting_logit"}
    found = {}
    for name, named in told.columns.by_segment().items():
        yes = name in ("solved", "valid")
        parse, what = (outcome, "yes or no") if yes else (whole, "a count") if name == "conflicts" else (number, "a number")
        parsed = [table.parsed(column, parse, what) for column in as_list(named)]
        if isinstance(named, list) and any(values.ndim > 1 for values in parsed):
            raise UserError(f"columns.{name} names several columns, one of which holds lists", where=where)
        values = parsed[0] if isinstance(named, str) else np.stack(parsed, axis=1)
        if name in ("displacement", "norm"):
            _within(table, as_list(named)[0], values, 0, np.inf)
        if name == "halting" and told.halting_is == "probability":
            _within(table, as_list(named)[0], values, 0, 1)
            with np.errstate(divide="ignore"):
                values = np.log(values) - np.log1p(-values)
        found[of.get(name, name if name == "conflicts" else f"{name}_{latent}")] = values
    assert all(values.ndim == 1 or values.shape[1] == segments for values in found.values())
    return found


def _exponents(told: TableMap, table: ForeignTable, segments: int) -> np.ndarray | None:
    """(N, k) mean growth per segment over the whole rollout, in nats."""
    named = told.columns.exponents
    if named is None:
        return None
    parsed = [table.parsed(column, number, "an exponent") for column in as_list(named)]
    values = parsed[0] if isinstance(named, str) and parsed[0].ndim == 2 else np.stack([np.ravel(v) for v in parsed], axis=1)
    per: float = told.updates_per_segment or 1
    return np.asarray(values * (per if told.unit == "update" else 1.0), np.float64)
