"""The map of a foreign table: which of its columns is what, and what the table does not say of itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from unsettled.measure.errors import UserError
from unsettled.measure.support.files import first_problem
from unsettled.measure.support.limits import check_file

Name = Annotated[str, Field(min_length=1, max_length=200)]
# one column, or one column a segment (of the exponents: one an exponent)
Named = Name | Annotated[list[Name], Field(min_length=1, max_length=10_000)]


class MappedColumns(BaseModel):
    """Names of the table's columns, by what they hold; only ``solved`` must be there."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    solved: Named
    example_id: Name | None = None
    group: Name | None = None
    rating: Name | None = None
    givens: Name | None = None
    token_accuracy: Name | None = None
    valid: Named | None = None
    conflicts: Named | None = None
    halting: Named | None = None
    displacement: Named | None = None
    norm: Named | None = None
    angle: Named | None = None
    exponents: Named | None = None
    segments: Name | None = None

    def by_segment(self) -> dict[str, Named]:
        """What a rollout has after every segment, as far as it is named."""
        names = ("valid", "conflicts", "halting", "displacement", "norm", "angle")
        return {"solved": self.solved} | {name: found for name in names if (found := getattr(self, name)) is not None}


class TableMap(BaseModel):
    """What `unsettled import` is told of a table.

    Attributes:
        source: where it is from, for the record's provenance.
        network: "hrm", "trm", or any name of the network that was measured.
        task: what the examples are of.
        segments: length of the rollouts, where no column and no list tells.
        updates_per_segment: state updates that a segment makes; needed for exponents, whose ``unit`` is per update or per segment.
        late_window: a single column of displacement is the mean over so many last segments.
        halting_is: what a column of halting holds.
        latent: name of the latent of displacement, norm and angle.
        dtype: number type of the rollouts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    columns: MappedColumns
    source: Name = "a foreign table"
    network: Name = "unknown"
    task: Literal["sudoku", "maze", "arc", "tokens"] = "tokens"
    segments: Annotated[int, Field(ge=1, le=100_000)] | None = None
    updates_per_segment: Annotated[int, Field(ge=1, le=10_000)] | None = None
    unit: Literal["update", "segment"] = "update"
    late_window: Annotated[int, Field(ge=1, le=100_000)] = 1
    halting_is: Literal["logit", "probability"] = "logit"
    latent: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,19}$")] | None = None
    dtype: Literal["float64", "float32", "bfloat16", "float16"] = "float32"

    @model_validator(mode="after")
    def _exponents_have_their_unit(self) -> Self:
        if self.columns.exponents is not None and self.updates_per_segment is None:
            raise ValueError("updates_per_segment is needed to tell nats per update from nats per segment")
        return self

    @property
    def latents(self) -> tuple[str, ...]:
        """Names of the latents: those of HRM and TRM, else the one that is named."""
        if self.network in ("hrm", "trm"):
            return ("H", "L")
        return (self.latent or "z",)


def read_map(path: Path) -> TableMap:
    """Read and check a map. Raises UserError with ``file:line`` of the first problem."""
    check_file(path, "ledger")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {getattr(error, 'strerror', None) or error}", where=path) from None
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what = str(error)
        line = re.search(r"at line (\d+)", what)
        raise UserError(
            f"not valid TOML: {what.split(' (at ', 1)[0]}", where=f"{path}:{line[1] if line else text.count(chr(10)) + 1}"
        ) from None
    try:
        found = TableMap.model_validate(told)
    except ValidationError as error:
        key, problem = first_problem(error)
        hint = "a map names at least [columns] solved" if key in ("columns", "columns.solved") else None
        raise UserError(f"{key}: {problem}" if key else problem, where=f"{path}:{line_of(text, key)}", hint=hint) from None
    if found.latent is not None and found.latent not in found.latents:
        raise UserError("latent: an HRM and a TRM have the latents H and L", where=f"{path}:{line_of(text, 'latent')}")
    return found


def line_of(text: str, key: str) -> int:
    """The line on which a key with dots is given in TOML, or its table begins; 1 where it is not."""
    lines, names = text.splitlines(), [part for part in key.split(".") if not part.isdecimal()]
    while names:
        for number, line in enumerate(lines, start=1):
            if re.match(rf"\s*(\[\s*{re.escape('.'.join(names))}\s*\]|{re.escape(names[-1])}\s*=)", line):
                return number
        names.pop()
    return 1


def as_list(named: Named) -> list[str]:
    """The columns of an entry."""
    return [named] if isinstance(named, str) else named


def told(found: TableMap) -> dict[str, Any]:
    """A map as JSON, for a provenance."""
    return found.model_dump(mode="json", exclude_none=True)
