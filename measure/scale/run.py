"""Measuring the shards of one measurement: beginning it, or joining the one that was begun, and finishing a shard."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import numpy as np

from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.noise import FLOOR_PASSES, FloorOfSample
from unsettled.measure.campaign.run import Advance, Settings, measure, provenance_of
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.scale.manifest import MANIFEST, Manifest, check_shard, digest_ids, part_of, read_manifest, shard_path
from unsettled.measure.support.counts import at_least
from unsettled.measure.support.files import write_whole
from unsettled.measure.tasks.examples import Examples


def open_manifest(
    folder: Path, checkpoint: Checkpoint | Adapted, puzzles: Examples, *, shards: int, **settings: Unpack[Settings]
) -> Manifest:
    """The manifest of a folder: begun with so many shards, or the one that was begun there before, with its own number.

    Raises:
        UserError: an id comes twice, arguments fit nothing, or the folder holds another measurement.
    """
    if len(np.unique(puzzles.ids)) != len(puzzles):
        raise UserError("an example id comes twice in the puzzle set", hint="ids must tell the rows apart")
    at_least(1, shards, "shards")
    whole = provenance_of(checkpoint, puzzles, **settings)
    fingerprint, path = fingerprint_of(checkpoint, puzzles), folder / MANIFEST
    try:
        if not path.exists():
            # unless another rank is faster
            begun = _manifest(whole, puzzles, min(shards, len(puzzles)), fingerprint)
            write_whole(path, begun.model_dump_json(indent=1) + "\n", what="manifest", make_folder=True, only_new=True)
    except OSError as error:
        raise UserError(f"cannot begin: {error.strerror or error}", where=folder) from None
    kept = read_manifest(folder)
    expected = _manifest(whole, puzzles, kept.shards, fingerprint)
    if kept != expected:
        before, now = kept.provenance, expected.provenance
        names = [name for name in Provenance.model_fields if getattr(before, name) != getattr(now, name)]
        same_list = (kept.ids, kept.puzzles) == (expected.ids, expected.puzzles)
        other = "way in which the network is built, its code or a version" if same_list else "list of puzzles"
        raise UserError(
            f"holds another measurement: its {names[0] if names else other} differs",
            where=folder,
            hint="remove the folder, or name another one",
        )
    return kept


def measure_shard(
    folder: Path,
    manifest: Manifest,
    shard: int,
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
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
    path, mine = shard_path(folder, shard, manifest.shards), part_of(puzzles, shard, manifest.shards)
    rows = noise_rows_of(shard, noise_rows, len(mine))
    if path.exists():
        check_shard(path, manifest, shard)
        advance(len(mine) + FLOOR_PASSES * rows)
        return
    noise = FloorOfSample(checkpoint, mine, rows=rows, advance=advance) if rows else None
    measure(checkpoint, mine, path, noise=noise, advance=advance, **settings)


def noise_rows_of(shard: int, noise_rows: int, rows: int) -> int:
    """How many rows of a shard are re-measured for the noise."""
    return min(noise_rows, rows) if shard == 0 else 0


def _manifest(whole: Provenance, puzzles: Examples, shards: int, fingerprint: str) -> Manifest:
    digests = (part_of(puzzles, shard, shards).digest for shard in range(shards))
    return Manifest(shards=shards, ids=digest_ids(puzzles.ids), puzzles=tuple(digests), provenance=whole, fingerprint=fingerprint)
