"""One measurement by several processes: a folder that fixes who measures what, and one record a shard.

Shard s of S holds puzzles s, s + S, s + 2S, … Nothing is exchanged while measuring: a process may die and be started
again alone, and goes on where it stopped. `campaign.json` fixes S and the whole measurement at the first start. Ranks
deal the shards out among themselves by number, so that more or fewer of them than before can finish the same folder.
`measure.merge` makes one record of it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from measure.campaign import Advance, Settings, measure, provenance_of
from measure.checkpoints import Checkpoint
from measure.errors import UserError
from measure.noise import FLOOR_PASSES, floor_of_sample
from measure.puzzles import PuzzleSet
from measure.record import Provenance, read_provenance

MANIFEST = "campaign.json"


class Campaign(BaseModel):
    """What `campaign.json` fixes.

    Attributes:
        shards: into how many shards the puzzles are dealt.
        ids: sha256 of all example ids (int64, little-endian) in their order.
        puzzles: digest of each shard's puzzle set.
        provenance: of the whole record, without its noise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int = Field(default=1, ge=1, le=1)
    shards: int = Field(ge=1)
    ids: str
    puzzles: tuple[str, ...]
    provenance: Provenance

    def rows(self, shard: int) -> int:
        """How many puzzles a shard holds."""
        return len(range(shard, self.provenance.puzzles, self.shards))

    def provenance_of(self, shard: int) -> Provenance:
        """What the record of a shard must say of itself, but for its noise."""
        return self.provenance.model_copy(update={"puzzles_digest": self.puzzles[shard], "puzzles": self.rows(shard)})


def digest_ids(ids: np.ndarray) -> str:
    """sha256 of example ids (N,) in their order."""
    return hashlib.sha256(np.ascontiguousarray(ids, dtype="<i8").tobytes()).hexdigest()


def part_of(puzzles: PuzzleSet, shard: int, shards: int) -> PuzzleSet:
    """The puzzles of one shard."""
    return puzzles.take(np.arange(shard, len(puzzles), shards))


def shard_path(folder: Path, shard: int, shards: int) -> Path:
    """Where the record of a shard lies."""
    return folder / f"shard-{shard:05d}-of-{shards:05d}.parquet"


def open_campaign(
    folder: Path, checkpoint: Checkpoint, puzzles: PuzzleSet, *, shards: int, **settings: Unpack[Settings]
) -> Campaign:
    """The campaign of a folder: begun with so many shards, or the one that was begun there before, with its own number.

    Raises:
        UserError: an id comes twice, arguments fit nothing, or the folder holds another measurement.
    """
    if len(np.unique(puzzles.ids)) != len(puzzles):
        raise UserError("an example id comes twice in the puzzle set", mend="ids must tell the rows apart")
    whole = provenance_of(checkpoint, puzzles, **settings)
    path = folder / MANIFEST
    try:
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _begin(path, _campaign(whole, puzzles, min(shards, len(puzzles))))
    except OSError as error:
        raise UserError(f"cannot begin: {error.strerror or error}", where=folder) from None
    kept = read_campaign(folder)
    expected = _campaign(whole, puzzles, kept.shards)
    if kept != expected:
        before, now = kept.provenance, expected.provenance
        names = [name for name in Provenance.model_fields if getattr(before, name) != getattr(now, name)]
        raise UserError(
            f"holds another measurement: its {names[0] if names else 'list of puzzles'} differs",
            where=folder,
            mend="remove the folder, or name another one",
        )
    return kept


def read_campaign(folder: Path) -> Campaign:
    """What `campaign.json` says. Raises UserError when it is missing or malformed."""
    path = folder / MANIFEST
    try:
        return Campaign.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("no measurement was begun here", where=folder, mend="begin one with `python -m measure`") from None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", where=path) from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise UserError(f"{'.'.join(map(str, problem['loc'])) or 'file'}: {problem['msg']}", where=path) from None


def measure_shard(
    folder: Path,
    campaign: Campaign,
    shard: int,
    checkpoint: Checkpoint,
    puzzles: PuzzleSet,
    *,
    noise_rows: int = 0,
    advance: Advance = lambda rows: None,
    **settings: Unpack[Settings],
) -> None:
    """Measure one shard, or finish it; nothing is done when its record is there.

    ``noise_rows`` are re-measured in shard 0 alone: its puzzles, one in S, are a fair sample of all.

    Raises:
        UserError: the shard's record is of another measurement, or another process writes it.
    """
    path, mine = shard_path(folder, shard, campaign.shards), part_of(puzzles, shard, campaign.shards)
    rows = noise_rows_of(shard, noise_rows, len(mine))
    if path.exists():
        check_shard(path, campaign, shard)
        advance(len(mine) + FLOOR_PASSES * rows)
        return
    noise: Callable | None = floor_of_sample(checkpoint, mine, rows=rows, advance=advance) if rows else None
    measure(checkpoint, mine, path, noise=noise, advance=advance, **settings)


def noise_rows_of(shard: int, noise_rows: int, rows: int) -> int:
    """How many rows of a shard are re-measured for the noise."""
    return min(noise_rows, rows) if shard == 0 else 0


def check_shard(path: Path, campaign: Campaign, shard: int) -> Provenance:
    """The provenance of a shard's record. Raises UserError when it is not what the campaign says."""
    found, expected = read_provenance(path), campaign.provenance_of(shard)
    for name in Provenance.model_fields:
        if name != "noise" and getattr(found, name) != getattr(expected, name):
            raise UserError(f"is of another measurement: its {name} differs", where=path, mend="remove it and measure it again")
    return found


def _campaign(whole: Provenance, puzzles: PuzzleSet, shards: int) -> Campaign:
    digests = (part_of(puzzles, shard, shards).digest for shard in range(shards))
    return Campaign(shards=shards, ids=digest_ids(puzzles.ids), puzzles=tuple(digests), provenance=whole)


def _begin(path: Path, campaign: Campaign) -> None:
    """Write the manifest unless another rank was faster: a link fails where a file is, and is never half-written."""
    mine = path.with_name(f"{path.name}.{os.getpid()}.partial")
    mine.write_text(campaign.model_dump_json(indent=1) + "\n", encoding="utf-8")
    try:
        os.link(mine, path)
    except FileExistsError:
        pass
    finally:
        mine.unlink()
