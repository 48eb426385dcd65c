"""The record of one network on one set of examples: its columns as arrays, with its provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from unsettled.measure.columns.absent import AbsentColumn, ScalelessColumn
from unsettled.measure.columns.streamed import StreamedColumn, foresee
from unsettled.measure.errors import UserError
from unsettled.measure.record.movement import Moving
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.support.counts import at_least

if TYPE_CHECKING:
    import pandas

Kind = tuple[str, int]

# name → (numpy type, how many trailing axes); S segments, k exponents. Columns of OPTIONAL may be absent.
BY_EXAMPLE: dict[str, Kind] = {
    "example_id": ("int64", 0),
    "group": ("int64", 0),
    "givens": ("int16", 0),
    "rating": ("float64", 0),
    "solved": ("bool", 0),
    "token_accuracy": ("float64", 0),
    "solved_at": ("bool", 1),
    "valid_at": ("bool", 1),
}
BY_LATENT = ("displacement", "norm", "angle", "update_cosine")
BY_SEGMENT: dict[str, Kind] = {"halting_logit": ("float64", 1), "conflicts": ("int16", 1), "growth": ("float64", 2)}
OPTIONAL = ("group", "givens", "rating", "valid_at", "angle", "update_cosine", "halting_logit", "conflicts")
OF_THE_TASK = ("givens", "valid_at", "conflicts")


def columns_of(latents: Sequence[str] = ("H", "L")) -> dict[str, Kind]:
    """The columns of a record of a network with these latents, in their order."""
    by_latent: dict[str, Kind] = {f"{name}_{latent}": ("float64", 1) for name in BY_LATENT for latent in latents}
    return BY_EXAMPLE | by_latent | BY_SEGMENT


def is_optional(name: str) -> bool:
    """Whether a record may lack a column."""
    return name in OPTIONAL or name.startswith(("angle_", "update_cosine_"))


class Record(Moving):
    """Per-example measurements as numpy arrays: N examples, S segments, k exponents.

    Columns are attributes. By example: ``example_id``, ``group`` (examples of one group are not independent), ``rating``, ``givens``,
    ``solved``, ``token_accuracy``. By segment (N, S): ``solved_at``, ``valid_at`` (right by the task's rule, whatever the label),
    ``conflicts``, ``halting_logit`` (the confidence), and for every latent X ``displacement_X`` = ‖z(s) − z(s−1)‖₂ (the first from the
    initial state),
    ``norm_X`` = ‖z(s)‖₂, ``angle_X`` between z(s−1) and z(s) in radians, ``update_cosine_X`` between successive updates (NaN at the first).
    ``growth[n, s, i]`` is Σ log|R_ii| over segment s in nats, QR order, −inf kept.
    What `unsettled measure` finds of a network that ran in float32 or bfloat16 has 24 significant bits (`precision`).

    A column by segment is a `unsettled.measure.columns.streamed.StreamedColumn` in a record that is too large for memory, and any column
    that a record lacks is a `unsettled.measure.columns.absent.AbsentColumn`; both are used like arrays. A network whose latents have
    other names answers to ``_H`` with its first and to ``_L`` with its second latent.

    Raises:
        UserError: a column that no record may lack is missing, or one has another type or shape.
    """

    provenance: Provenance
    example_id: np.ndarray
    group: np.ndarray
    givens: np.ndarray
    rating: np.ndarray
    solved: np.ndarray
    token_accuracy: np.ndarray
    solved_at: np.ndarray
    valid_at: np.ndarray
    displacement_H: np.ndarray
    displacement_L: np.ndarray
    norm_H: np.ndarray
    norm_L: np.ndarray
    halting_logit: np.ndarray
    conflicts: np.ndarray
    growth: np.ndarray

    def __init__(self, *, provenance: Provenance, **arrays: Any) -> None:
        columns = columns_of(provenance.model.latents)
        if unknown := arrays.keys() - columns.keys():
            raise UserError(f"a record has no column {min(unknown)}")
        if "example_id" not in arrays:
            raise UserError("column example_id is missing")
        rows = len(arrays["example_id"])
        arrays.setdefault("group", arrays["example_id"])
        for name, (kind, axes) in columns.items():
            array = arrays.setdefault(name, None)
            if array is None:
                if not is_optional(name):
                    raise UserError(f"column {name} is missing")
                array = arrays[name] = lacking_column(name, rows, provenance)
            if array.dtype != np.dtype(kind) or array.ndim != axes + 1 or len(array) != rows:
                raise UserError(
                    f"column {name} has type {array.dtype} and shape {array.shape}, expected {kind} with {axes + 1} axes and {rows} rows"
                )
        self.__dict__.update({name: arrays[name] for name in columns}, provenance=provenance, _known={})

    def __getattr__(self, name: str) -> Any:
        """A column of the first latent under ``_H``, of the second under ``_L``; absent where there is none."""
        quantity, _, latent = name.rpartition("_")
        if quantity not in BY_LATENT or latent not in ("H", "L") or "provenance" not in self.__dict__:
            raise AttributeError(name)
        latents = self.provenance.model.latents
        if latent == "H" or len(latents) > 1:
            return getattr(self, f"{quantity}_{latents[latent == 'L']}")
        shape = (len(self), self.segments)
        return AbsentColumn(name, "float64", shape, why=f"the network has one latent alone, {latents[0]}", hint=None)

    def __len__(self) -> int:
        return len(self.example_id)

    @property
    def columns(self) -> dict[str, Kind]:
        """Its columns, absent ones included: name → (numpy type, trailing axes)."""
        return columns_of(self.provenance.model.latents)

    @property
    def segments(self) -> int:
        return int(self.solved_at.shape[1])

    @property
    def k(self) -> int:
        return int(self.growth.shape[2])

    @property
    def clusters(self) -> int:
        """How many groups of dependent examples there are."""
        return self.once("clusters", lambda: _distinct(np.sort(self.group)))

    def exponents(self, *, unit: Literal["update", "segment"] = "update", first: int = 0, last: int | None = None) -> np.ndarray:
        """Finite-time Lyapunov exponents (QR, Benettin) over segments [first, last), shape (N, k).

        Args:
            unit: time base: nats per state update (sub-update) or nats per segment.
            first, last: the window in segments; all of them by default.

        Raises:
            UserError: the window is empty or leaves the record.
        """
        first, last = at_least(0, first, "first"), self.segments if last is None else at_least(1, last, "last")
        if not first < last <= self.segments:
            raise UserError(f"window [{first}, {last}) is not within the {self.segments} segments of the record")
        window = self.growth[:, first:last]
        # the same sums as ``sum(axis=1)`` gives, four times as fast; of one exponent alone numpy adds them in another order
        total = np.einsum("nsk->nk", window) if isinstance(window, np.ndarray) and self.k > 1 else window.sum(axis=1)
        found: np.ndarray = total / (last - first)
        if unit == "update":
            found /= self.provenance.model.updates_per_segment
        return found

    def take(self, indices: np.ndarray) -> Record:
        """The rows at ``indices`` (positions or a boolean mask), provenance unchanged."""
        places = np.arange(len(self))[indices]
        taken = {
            name: column.taken(places) if isinstance(column := getattr(self, name), StreamedColumn) else column[indices]
            for name in self.columns
        }
        return Record(**taken, provenance=self.provenance)

    def independent(self) -> Record:
        """One example of each group of dependent ones, the first, in their order; the record itself where no two depend on each other."""
        if self.clusters == len(self):
            return self
        return self.once("independent", lambda: self.take(np.sort(np.unique(self.group, return_index=True)[1])))

    def replace(self, *, provenance: Provenance | None = None, **arrays: Any) -> Record:
        """A copy with some columns, or the provenance, replaced."""
        kept = {name: getattr(self, name) for name in self.columns}
        copy = Record(**(kept | arrays), provenance=provenance or self.provenance)
        if provenance is None and not any(name.startswith("norm_") for name in arrays):
            copy._known |= self.known_of_norms()
        return copy

    def known_of_norms(self) -> dict[Any, Any]:
        """What was found of the norms alone: it is known of every record that has the same."""
        return {key: known for key, known in self._known.items() if isinstance(key, tuple) and key[0] == "grows"}

    def without_scaleless(self) -> Record:
        """The record without raw displacement where there is no scale of rest; relative displacement and angles are kept."""
        latents = [latent for latent in self.provenance.model.latents if self.grows(part=latent) and self._is_held(latent)]
        return self.once("without scaleless", lambda: self._without_lengths(latents)) if latents else self

    def _without_lengths(self, latents: Sequence[str]) -> Record:
        why = "the norm of the state grows through the whole rollout, so that there is no scale of rest"
        hint = 'judge scale = "relative" or "angle"'
        names = [f"displacement_{latent}" for latent in latents]
        columns: dict[str, Any] = {name: ScalelessColumn(name, getattr(self, name), why=why, hint=hint) for name in names}
        return self.replace(**columns)

    def _is_held(self, latent: str) -> bool:
        return not any(isinstance(getattr(self, f"{quantity}_{latent}"), AbsentColumn) for quantity in ("displacement", "norm"))

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

        held = {name: getattr(self, name) for name in self.columns}
        held = {name: column for name, column in held.items() if not isinstance(column, AbsentColumn)}
        growth = held.pop("growth", None)
        ids = held.pop("example_id")
        if not by_segment:
            last = {
                name: column.last
                for name in self.columns
                if isinstance(column := getattr(self, name), AbsentColumn) and column.last is not None and name != "growth"
            }
            columns = {name: np.asarray(column[:, -1] if self.columns[name][1] else column) for name, column in held.items()} | last
            if growth is not None or getattr(self.growth, "window", 0) == self.segments:
                columns |= {f"exponent_{i + 1}": column for i, column in enumerate(self.exponents().T)}
            return pandas.DataFrame(columns, index=pandas.Index(ids, name="example_id"))
        columns = {name: np.asarray(column).reshape(-1) for name, column in held.items() if self.columns[name][1]}
        if growth is not None:
            columns |= {f"growth_{i + 1}": np.asarray(growth[:, :, i]).reshape(-1) for i in range(self.k)}
        index = pandas.MultiIndex.from_product([ids, range(1, self.segments + 1)], names=["example_id", "segment"])
        return pandas.DataFrame(columns, index=index)

    def digest(self) -> str:
        """sha256 of all columns and of the provenance: equal for equal measurements.

        Of a record that is too large for memory it reads all, and with it what is asked most of single examples: asked for first, it
        costs least.
        """
        return self.once("digest", self._digest)

    def _digest(self) -> str:
        foresee(self.displacement(), lambda _: self.late_displacement(window=min(4, self.segments)))
        for column in (self.norm(), self.halting_logit):
            foresee(column, lambda held: held[:, -1])
        foresee(self.growth, lambda _: self.exponents(unit="segment"))
        sha = hashlib.sha256(self.provenance.model_dump_json().encode())
        for name in self.columns:
            column = getattr(self, name)
            if name == "group" and np.array_equal(column, self.example_id):  # it says nothing that the ids do not
                continue
            for piece in [column] if isinstance(column, np.ndarray) else column.pieces():
                sha.update(np.ascontiguousarray(piece).data)
        return sha.hexdigest()


def _distinct(ordered: np.ndarray) -> int:
    """How many different values there are among sorted ones."""
    return min(1, len(ordered)) + int((ordered[1:] != ordered[:-1]).sum())


def lacking_column(name: str, rows: int, provenance: Provenance, *, last: np.ndarray | None = None, window: int = 1) -> AbsentColumn:
    """What stands for a column that a record lacks, or of which it knows the mean over its last segments alone."""
    kind, axes = columns_of(provenance.model.latents)[name]
    shape = (rows, provenance.segments, provenance.exponents)[: axes + 1]
    why, hint = _why(name, provenance)
    return AbsentColumn(name, kind, shape, why=why, hint=hint, last=last, window=window)


def _why(name: str, provenance: Provenance) -> tuple[str, str | None]:
    """Why a record lacks a column, and how to get it where that is possible."""
    if provenance.imported:
        return f"it was imported from {provenance.imported.source}", "measure it with `unsettled measure`"
    if name in OF_THE_TASK and not (name == "valid_at" and provenance.schema_version == 1):
        return f"the task {provenance.task} has none", None
    if name == "halting_logit":
        return "the network tells no confidence", None
    return "it was measured by an earlier version", "measure it again with `unsettled measure`"


def held(record: Record) -> list[str]:
    """Names of the columns that a record does hold."""
    return [name for name in record.columns if not isinstance(getattr(record, name), AbsentColumn)]


def concatenate(records: list[Record]) -> Record:
    """Rows of several records of the same measurement, in order. Raises UserError when provenances differ."""
    first = records[0]
    for other in records[1:]:
        if other.provenance != first.provenance:
            names = [f for f in Provenance.model_fields if getattr(other.provenance, f) != getattr(first.provenance, f)]
            raise UserError(f"records of different measurements cannot be joined: {names[0]} differs")
    return Record(**{name: np.concatenate([getattr(r, name) for r in records]) for name in held(first)}, provenance=first.provenance)
