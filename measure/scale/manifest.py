"""The folder of one measurement by several processes: what it fixes, where its shards lie, and whether one belongs to it.

Shard s of S holds puzzles s, s + S, s + 2S, … Nothing is exchanged while measuring: a process may die and be started
again alone, and goes on where it stopped. `campaign.json` fixes S and the whole measurement at the first start. Ranks
deal the shards out among themselves by number, so that more or fewer of them than before can finish the same folder.
`unsettled.measure.scale.run` measures them, `unsettled.measure.scale.merge` makes one record of them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_provenance
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import validated
from unsettled.measure.tasks.examples import Examples

MANIFEST = "campaign.json"


class Manifest(BaseModel):
    """What `campaign.json` fixes.

    Attributes:
        shards: into how many shards the puzzles are dealt.
        ids: sha256 of all example ids (int64, little-endian) in their order.
        puzzles: digest of each shard's puzzle set.
        provenance: of the whole record, without its noise.
        fingerprint: of what else decides its rows (`unsettled.measure.campaign.fingerprint`); an earlier version wrote none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int = Field(default=1, ge=1, le=1)
    shards: int = Field(ge=1)
    ids: str
    puzzles: tuple[str, ...]
    provenance: Provenance
    fingerprint: str | None = None

    @model_validator(mode="after")
    def _dealt(self) -> Self:
        if not len(self.puzzles) == self.shards <= self.provenance.puzzles:
            raise ValueError("a shard needs a puzzle, and a digest of its puzzles")
        return self

    def rows(self, shard: int) -> int:
        """How many puzzles a shard holds."""
        return len(range(shard, self.provenance.puzzles, self.shards))

    def provenance_of(self, shard: int) -> Provenance:
        """What the record of a shard must say of itself, but for its noise."""
        return self.provenance.model_copy(update={"puzzles_digest": self.puzzles[shard], "puzzles": self.rows(shard)})


def digest_ids(ids: np.ndarray) -> str:
    """sha256 of example ids (N,) in their order."""
    return hashlib.sha256(np.ascontiguousarray(ids, dtype="<i8").tobytes()).hexdigest()


def part_of(puzzles: Examples, shard: int, shards: int) -> Examples:
    """The puzzles of one shard."""
    return puzzles.take(np.arange(shard, len(puzzles), shards))


def shard_path(folder: Path, shard: int, shards: int) -> Path:
    """Where the record of a shard lies."""
    return folder / f"shard-{shard:05d}-of-{shards:05d}.parquet"


@bounded("text")
def read_manifest(folder: Path) -> Manifest:
    """What `campaign.json` says. Raises UserError when it is missing or malformed."""
    path = folder / MANIFEST
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("no measurement was begun here", where=folder, hint="begin one with `python -m unsettled.measure`") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    return validated(Manifest, raw, path)


def check_shard(path: Path, manifest: Manifest, shard: int) -> Provenance:
    """The provenance of a shard's record. Raises UserError when it is not what the manifest says."""
    found, expected = read_provenance(path), manifest.provenance_of(shard)
    for name in Provenance.model_fields:
        if name != "noise" and getattr(found, name) != getattr(expected, name):
            raise UserError(f"is of another measurement: its {name} differs", where=path, hint="remove it and measure it again")
    return found
