"""The record of one checkpoint on one set of examples: its columns as arrays, with its provenance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.errors import UserError
from unsettled.measure.record.provenance import Provenance

if TYPE_CHECKING:
    import pandas

# name → (numpy type, how many trailing axes); S segments, k exponents.
COLUMNS: dict[str, tuple[str, int]] = {
    "example_id": ("int64", 0),
    "givens": ("int16", 0),
    "rating": ("float64", 0),
    "solved": ("bool", 0),
    "token_accuracy": ("float64", 0),
    "solved_at": ("bool", 1),
    "displacement_H": ("float64", 1),
    "displacement_L": ("float64", 1),
    "norm_H": ("float64", 1),
    "norm_L": ("float64", 1),
    "halting_logit": ("float64", 1),
    "conflicts": ("int16", 1),
    "growth": ("float64", 2),
}


@dataclass(frozen=True)
class Record:
    """Per-example measurements as numpy arrays: N puzzles, S segments, k exponents.

    Columns by segment are `unsettled.measure.columns.streamed.StreamedColumn` in a record that is too large for memory, and
    `unsettled.measure.columns.absent.AbsentColumn` where an imported record lacks them; both are used like arrays.

    ``growth[n, s, i]`` is Σ log|R_ii| over segment s in nats, QR order, −inf kept. ``displacement_*[n, s]`` is
    ‖z(s) − z(s−1)‖₂ over segment s (the first starts at the initial state); ``norm_*`` is ‖z‖₂ after it.
    """

    example_id: np.ndarray
    givens: np.ndarray
    rating: np.ndarray
    solved: np.ndarray
    token_accuracy: np.ndarray
    solved_at: np.ndarray
    displacement_H: np.ndarray
    displacement_L: np.ndarray
    norm_H: np.ndarray
    norm_L: np.ndarray
    halting_logit: np.ndarray
    conflicts: np.ndarray
    growth: np.ndarray
    provenance: Provenance

    def __post_init__(self) -> None:
        rows = len(self.example_id)
        for name, (kind, axes) in COLUMNS.items():
            array = getattr(self, name)
            if array.dtype != np.dtype(kind) or array.ndim != axes + 1 or len(array) != rows:
                raise UserError(
                    f"column {name} has type {array.dtype} and shape {array.shape}, expected {kind} with {axes + 1} axes and {rows} rows"
                )

    def __len__(self) -> int:
        return len(self.example_id)

    @property
    def segments(self) -> int:
        return self.solved_at.shape[1]

    @property
    def k(self) -> int:
        return self.growth.shape[2]

    def exponents(self, *, unit: Literal["update", "segment"] = "update", first: int = 0, last: int | None = None) -> np.ndarray:
        """Finite-time Lyapunov exponents (QR, Benettin) over segments [first, last), shape (N, k).

        Args:
            unit: time base: nats per state update (sub-update) or nats per segment.
            first, last: the window in segments; all of them by default.

        Raises:
            UserError: the window is empty or leaves the record.
        """
        last = self.segments if last is None else last
        if not 0 <= first < last <= self.segments:
            raise UserError(f"window [{first}, {last}) is not within the {self.segments} segments of the record")
        per_segment = self.growth[:, first:last].sum(axis=1) / (last - first)
        return per_segment / self.provenance.model.updates_per_segment if unit == "update" else per_segment

    def displacement(self, part: Literal["H", "L", "joint"] = "H") -> np.ndarray:
        """Per-segment displacement, shape (N, S): of z_H, of z_L, or of both jointly."""
        if part == "joint":
            return np.hypot(self.displacement_H, self.displacement_L)
        return self.displacement_H if part == "H" else self.displacement_L

    def late_displacement(self, *, part: Literal["H", "L", "joint"] = "H", window: int = 4) -> np.ndarray:
        """Mean displacement over the last ``window`` segments, shape (N,)."""
        if not 1 <= window <= self.segments:
            raise UserError(f"a late window of {window} does not fit the {self.segments} segments of the record")
        return self.displacement(part)[:, -window:].mean(axis=1)

    def take(self, indices: np.ndarray) -> Record:
        """The rows at ``indices`` (positions or a boolean mask), provenance unchanged."""
        return replace(self, **{name: getattr(self, name)[indices] for name in COLUMNS})

    def replace(self, **changes: Any) -> Record:
        """A copy with some columns, or the provenance, replaced."""
        return replace(self, **changes)

    def to_pandas(self, *, by_segment: bool = False) -> pandas.DataFrame:
        """The record as a DataFrame, to explore it with what you know.

        Args:
            by_segment: a row for each example and segment (counted from 1) instead of a row an example.

        Returns:
            Indexed by ``example_id``. A row an example: the columns of the record, of those by segment their value after the last
            one, and ``exponent_1`` … ``exponent_k`` over the whole rollout, in nats per state update. A row a segment, indexed by
            ``(example_id, segment)``: the columns by segment, and ``growth_1`` … ``growth_k`` in nats per segment. What an imported
            record lacks is left out.

        >>> from unsettled.measure import synthetic_record
        >>> frame = synthetic_record(200, seed=1).to_pandas()
        >>> frame.groupby("solved")["exponent_1"].median().round(3).to_dict()
        {False: 0.027, True: 0.0}
        """
        import pandas  # noqa: PLC0415 - half a second that no reader of a record should wait for

        held = {name: getattr(self, name) for name in COLUMNS}
        held = {name: column for name, column in held.items() if not isinstance(column, AbsentColumn)}
        growth = held.pop("growth", None)
        ids = held.pop("example_id")
        if not by_segment:
            last = {
                name: column.last for name in COLUMNS if isinstance(column := getattr(self, name), AbsentColumn) and column.last is not None
            }
            columns = {name: np.asarray(column[:, -1] if COLUMNS[name][1] else column) for name, column in held.items()} | last
            if growth is not None:
                columns |= {f"exponent_{i + 1}": column for i, column in enumerate(self.exponents().T)}
            return pandas.DataFrame(columns, index=pandas.Index(ids, name="example_id"))
        columns = {name: np.asarray(column).reshape(-1) for name, column in held.items() if COLUMNS[name][1]}
        if growth is not None:
            columns |= {f"growth_{i + 1}": np.asarray(growth[:, :, i]).reshape(-1) for i in range(self.k)}
        index = pandas.MultiIndex.from_product([ids, range(1, self.segments + 1)], names=["example_id", "segment"])
        return pandas.DataFrame(columns, index=index)

    def digest(self) -> str:
        """sha256 of all columns and of the provenance: equal for equal measurements."""
        sha = hashlib.sha256(self.provenance.model_dump_json().encode())
        for name in COLUMNS:
            column = getattr(self, name)
            for piece in [column] if isinstance(column, np.ndarray) else column.pieces():
                sha.update(np.ascontiguousarray(piece).tobytes())
        return sha.hexdigest()


def lacking_column(name: str, rows: int, provenance: Provenance, *, last: np.ndarray | None = None) -> AbsentColumn:
    """What stands for a column that an imported record lacks, or knows after the last segment alone."""
    kind, axes = COLUMNS[name]
    shape = (rows, provenance.segments, provenance.exponents)[: axes + 1]
    return AbsentColumn(name, kind, shape, why=f"it was imported from {provenance.imported.source}", last=last)


def concatenate(records: list[Record]) -> Record:
    """Rows of several records of the same measurement, in order. Raises UserError when provenances differ."""
    first = records[0]
    for other in records[1:]:
        if other.provenance != first.provenance:
            names = [f for f in Provenance.model_fields if getattr(other.provenance, f) != getattr(first.provenance, f)]
            raise UserError(f"records of different measurements cannot be joined: {names[0]} differs")
    columns = {f.name: np.concatenate([getattr(r, f.name) for r in records]) for f in fields(first) if f.name in COLUMNS}
    return Record(**columns, provenance=first.provenance)
