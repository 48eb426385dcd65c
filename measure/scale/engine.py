"""One measurement on a Ray cluster: a task a shard, scheduled, retried elsewhere when a node dies; the record is that of one process.

What is ours is what a shard is and that the shards make the record; who runs what where, and again, is Ray's. Network and examples
travel through its object store, so that nodes share no disk, and a shard comes back as the bytes of its file. Nodes need the same version
of this program. Whoever may submit to the cluster may run anything on it.
"""

from __future__ import annotations

import logging
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import ray
from ray.exceptions import RayError, RayTaskError

from unsettled.measure.campaign.noise import FLOOR_PASSES, measure_floor, spread
from unsettled.measure.campaign.run import Advance, Settings
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.provenance import NoiseFloor, version_of_program
from unsettled.measure.scale.manifest import Manifest, check_shard, shard_path
from unsettled.measure.scale.merge import merge
from unsettled.measure.scale.run import measure_shard, open_manifest
from unsettled.measure.support.files import write_whole
from unsettled.measure.tasks.examples import Examples

# Batches of one task: small enough that little is lost with a node, large enough that sending the network costs nothing.
BATCHES = 8
# How often a task is tried again, on whatever node is left.
RETRIES = 5
# Seconds within which a cluster must answer.
PATIENCE = 5.0


def measure_by_engine(
    checkpoint: Checkpoint | Adapted,
    puzzles: Examples,
    out: Path,
    *,
    address: str | None = None,
    noise_rows: int = 0,
    advance: Advance = lambda rows: None,
    **settings: Unpack[Settings],
) -> None:
    """Measure ``puzzles`` into ``out`` on the cluster at ``address``, or on one of this machine's cores.

    Finished shards are kept beside ``out`` until all are there: the same call goes on from them.

    Raises:
        UserError: no cluster answers, a node has another version of the program, or a task fails by itself.
    """
    shards = max(1, -(-len(puzzles) // (BATCHES * settings.get("batch", 8))))
    folder = out.with_name(out.name + ".shards")
    manifest = open_manifest(folder, checkpoint, puzzles, shards=shards, **settings)
    ours = not ray.is_initialized()
    try:
        if ours:
            _join(address)
        given = _given(checkpoint, puzzles)
        cores = {"num_gpus": 1} if settings.get("device", "cpu").startswith("cuda") else {"num_cpus": 1}
        on_a_node = partial(_submit, {**cores, "max_retries": RETRIES}, *given)
        _measure(on_a_node, folder, manifest, advance, settings)
        noise = _noise(on_a_node, folder, noise_rows) if noise_rows else None
        advance(FLOOR_PASSES * noise_rows)
    finally:
        if ours:
            ray.shutdown()
    merge(folder, out, noise=noise)
    shutil.rmtree(folder)


def _join(address: str | None) -> None:
    """Join the cluster, or begin one here. Raises UserError."""
    begin: dict[str, Any] = {} if address else {"include_dashboard": False}
    try:
        if address and (host_and_port := re.fullmatch(r"(?:ray://)?\[?([^\[\]]+)\]?:(\d+)", address)):  # Ray itself waits for minutes
            socket.create_connection((host_and_port[1], int(host_and_port[2])), timeout=PATIENCE).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **begin)
    except (OSError, RuntimeError, ValueError) as error:
        what = f"no Ray cluster answers: {str(error).splitlines()[0]}"
        raise UserError(what, where=address or "this machine", hint="`ray start --head` begins one") from None


def _given(checkpoint: Checkpoint | Adapted, puzzles: Examples) -> tuple[Any, Any]:
    """Network and examples in the object store. The code of a user's own file, which is on no node, travels with the network."""
    module = sys.modules[type(checkpoint.model).__module__]
    if not module.__name__.startswith("unsettled."):
        by_value: Any = ray.cloudpickle.register_pickle_by_value
        by_value(module)
    return ray.put(checkpoint), ray.put(puzzles)


def _submit(options: Mapping[str, Any], network: Any, examples: Any, function: Callable[..., Any], *more: Any) -> Any:
    """A task on some node: ``function(network, examples, *more)``."""
    remote: Any = ray.remote
    return remote(**options)(function).remote(network, examples, *more)


def _measure(on_a_node: Callable[..., Any], folder: Path, manifest: Manifest, advance: Advance, settings: Settings) -> None:
    """Submit the shards that are missing, and write each as it comes back."""
    waiting: dict[Any, int] = {}
    for shard in range(manifest.shards):
        if (path := shard_path(folder, shard, manifest.shards)).exists():
            check_shard(path, manifest, shard)
            advance(manifest.rows(shard))
        else:
            waiting[on_a_node(_shard, manifest, shard, version_of_program(), dict(settings))] = shard
    while waiting:
        (done, *_), _ = ray.wait(list(waiting), num_returns=1)
        shard = waiting.pop(done)
        path = shard_path(folder, shard, manifest.shards)
        write_whole(path, _result(done, f"shard {shard} of {manifest.shards}", folder), what="shard")
        check_shard(path, manifest, shard)
        advance(manifest.rows(shard))


def _noise(on_a_node: Callable[..., Any], folder: Path, rows: int) -> NoiseFloor:
    """The numerical noise of so many rows of the record that the shards make."""
    plain = folder / "plain.parquet"
    merge(folder, plain)
    record = read_record(plain)
    found: NoiseFloor = _result(on_a_node(measure_floor, record.take(spread(len(record), rows))), "the noise", folder)
    return found


def _result(task: Any, what: str, folder: Path) -> Any:
    """What a task returned. Raises UserError for what it raised, or where every try of it was lost with its node."""
    try:
        return ray.get(task)
    except RayTaskError as error:
        cause = error.cause
        raise UserError(str(cause) if isinstance(cause, UserError) else f"a task failed: {type(cause).__name__}: {cause}") from None
    except RayError as error:
        told = f"{what} was lost {RETRIES + 1} times: {str(error).splitlines()[0]}"
        raise UserError(told, where=folder, hint="the shards that are done are kept; run the same command again") from None


def _shard(checkpoint: Checkpoint | Adapted, puzzles: Examples, manifest: Manifest, shard: int, version: str, settings: Settings) -> bytes:
    """On a node: measure one shard in a folder of its own, and return the bytes of its record."""
    if version_of_program() != version:
        raise UserError(f"a node has version {version_of_program()} of this program, the one that submits has {version}")
    with tempfile.TemporaryDirectory(prefix="unsettled-") as folder:
        measure_shard(Path(folder), manifest, shard, checkpoint, puzzles, **settings)
        return shard_path(Path(folder), shard, manifest.shards).read_bytes()
