"""A side record: what an intervention measured beyond a record, one Parquet file with arrays by puzzle and its own provenance.

A record holds one rollout per puzzle. Restarts, long rollouts and the like lie beside it, each in a file named after its kind
(``restarts.parquet``); nobody needs them all. Reading one needs no torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from unsettled.measure.columns.streamed import flat_to_numpy
from unsettled.measure.columns.table import open_table, readable
from unsettled.measure.errors import UserError
from unsettled.measure.record.packing import packing
from unsettled.measure.record.provenance import Provenance, version_in
from unsettled.measure.record.seal import write_sealed
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.facts import ModelFacts
from unsettled.measure.support.files import validated, whole_file

SIDE_VERSION = 1
SIDE_KEY = b"unsettled.side"

Setting = bool | int | float | str | list[int] | list[float] | list[str] | None


class SideProvenance(BaseModel):
    """Where a side record comes from. No timestamps: measuring twice gives the same bytes.

    ``kind`` names what was done; ``puzzles_digest`` is that of the puzzles measured here (``puzzles`` of them), which may be
    fewer than the record's; ``settings`` are those of the intervention.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    side_version: int = SIDE_VERSION
    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    model: ModelFacts
    checkpoint_bytes: str
    checkpoint_tensors: str
    puzzles_digest: str
    puzzles: int
    settings: dict[str, Setting]
    versions: dict[str, str]
    commit: str = "unknown"


@dataclass(frozen=True, eq=False)
class SideRecord:
    """Arrays by name, each with N puzzles along its first axis; ``example_id`` (N,) is always among them.

    Raises:
        UserError: an array has another length, a type that Arrow holds no arrays of, or ``example_id`` is missing.
    """

    columns: Mapping[str, np.ndarray]
    provenance: SideProvenance

    def __post_init__(self) -> None:
        if "example_id" not in self.columns:
            raise UserError("a side record needs the column example_id")
        for name, array in self.columns.items():
            if array.ndim < 1 or len(array) != len(self):
                raise UserError(f"side column {name} has shape {array.shape}, expected {len(self)} rows")
            if array.dtype.kind not in "iuf":
                raise UserError(f"side column {name} has type {array.dtype}, expected integers or floats", hint="uint8 for yes and no")

    def __len__(self) -> int:
        return len(self.columns["example_id"])

    @property
    def example_id(self) -> np.ndarray:
        """(N,) the examples of the rows."""
        return self.columns["example_id"]

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of that name. Raises UserError that names the kind when there is none."""
        try:
            return self.columns[name]
        except KeyError:
            raise UserError(f"this {self.provenance.kind} record has no column {name!r}", hint="measure it again") from None

    def digest(self) -> str:
        """sha256 of all columns and of the provenance: equal for equal measurements."""
        sha = hashlib.sha256(self.provenance.model_dump_json().encode())
        for name in sorted(self.columns):
            array = self.columns[name]
            sha.update(f"{name}{array.dtype}{array.shape}".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()


def joined(parts: list[SideRecord], provenance: SideProvenance) -> SideRecord:
    """The rows of several side records of the same columns, in order, as one with a provenance of its own."""
    return SideRecord({name: np.concatenate([part[name] for part in parts]) for name in parts[0].columns}, provenance)


def write_side(side: SideRecord, path: Path | str, *, fingerprint: str | None = None) -> None:
    """Write a side record whole or not at all, sealed for the fingerprint. Equal ones give equal bytes. Raises UserError."""
    path = Path(path)
    table = pa.table({name: _tensors(array) for name, array in side.columns.items()})
    table = table.replace_schema_metadata({SIDE_KEY: side.provenance.model_dump_json().encode()})
    with whole_file(path, what="side record", make_folder=True) as file:
        write_sealed(table, file, fingerprint=fingerprint, **packing(table.schema, level=19))


def check_source(
    found: Provenance | SideProvenance, checkpoint_tensors: str, *, what: str, where: object = None, hint: str | None = None
) -> None:
    """Raise UserError unless a record or a side record (``what``) was measured on the checkpoint of that digest."""
    if found.checkpoint_tensors != checkpoint_tensors:
        raise UserError(f"{what} was measured on another checkpoint", where=where, hint=hint)


@bounded("table")
def read_side(path: Path | str, *, kind: str | None = None) -> SideRecord:
    """Read a side record, of that ``kind`` if one is named. Raises UserError for a missing, truncated or foreign file."""
    path = Path(path)
    with open_table(path, missing="no such side record") as file, readable(path):
        table = file.read(use_threads=False)  # it is small, and an audit has every core at work when it reads one
        names = table.column_names
    raw = (table.schema.metadata or {}).get(SIDE_KEY)
    if raw is None:
        raise UserError("not a side record: it carries no such provenance", where=path)
    version = version_in(raw, "side_version", where=path)
    if version != SIDE_VERSION:
        raise UserError(f"side record of version {version}, this program reads {SIDE_VERSION}", where=path, hint="measure it again")
    provenance = validated(SideProvenance, raw, path, what="provenance is malformed")
    if kind not in (None, provenance.kind):
        raise UserError(f"a side record of {provenance.kind!r}, expected {kind!r}", where=path)
    try:
        return SideRecord({name: _array(table.column(name)) for name in names}, provenance)
    except UserError as error:
        raise UserError(error.what, where=path) from None


def _tensors(array: np.ndarray) -> pa.Array:
    array = np.ascontiguousarray(array)
    return pa.array(array) if array.ndim == 1 else pa.FixedShapeTensorArray.from_numpy_ndarray(array)


def _array(column: pa.ChunkedArray) -> np.ndarray:
    array = column.combine_chunks()
    tensors = isinstance(array.type, pa.FixedShapeTensorType)
    found: np.ndarray = array.to_numpy_ndarray() if tensors else flat_to_numpy(array)
    return found
