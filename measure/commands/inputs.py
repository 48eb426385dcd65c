"""What every measuring command does first: load the checkpoint, read the examples, and say what was taken for granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from unsettled.measure.commands.options import ExampleOptions, NetworkOptions, RunOptions, SampleOptions, StructureOptions, WorkerOptions
from unsettled.measure.errors import UserError

if TYPE_CHECKING:
    from unsettled.measure.campaign.finished import IfWhole
    from unsettled.measure.campaign.run import Settings
    from unsettled.measure.campaign.workers import Workers
    from unsettled.measure.networks.adapter import Adapted
    from unsettled.measure.networks.checkpoints import Checkpoint
    from unsettled.measure.networks.published import Which
    from unsettled.measure.tasks.examples import Examples
    from unsettled.measure.tasks.reading import Reading

USUAL_SEGMENTS = 16
ALL = SampleOptions()


def load(path: Path, structure: StructureOptions, weights: Which | None = None) -> Checkpoint:
    """The checkpoint at a path; its notes go to standard error."""
    from unsettled.measure.networks.checkpoints import load_checkpoint

    loaded: Checkpoint = load_checkpoint(
        path, H_cycles=structure.h_cycles, L_cycles=structure.l_cycles, heads=structure.heads, weights=weights
    )
    say(f"{loaded.path.name}: {note}" for note in loaded.notes)
    return loaded


def network(path: Path, asked: NetworkOptions) -> Checkpoint | Adapted:
    """What a user's own adapter builds of the checkpoint at a path, if one is named; else the checkpoint itself. Raises UserError."""
    if asked.network is None:
        return load(path, asked, asked.weights)
    for option, value in (("h-cycles", asked.h_cycles), ("l-cycles", asked.l_cycles), ("heads", asked.heads), ("weights", asked.weights)):
        if value is not None:
            raise UserError(f"--{option} says nothing of a network that --network builds", hint="leave it out, and let the builder choose")
    from unsettled.measure.networks.adapter import load_network

    return load_network(asked.network, path)


def examples(path: Path, asked: ExampleOptions, sample: SampleOptions = ALL) -> Examples:
    """The examples at a path; which task was taken and why, and what there is to say of them, goes to standard error."""
    from unsettled.measure.tasks.reading import read_examples
    from unsettled.measure.tasks.tables import parse_columns
    from unsettled.measure.tasks.task import described

    named = parse_columns(asked.columns) if asked.columns else None
    found: Reading = read_examples(
        path, split=asked.split, limit=sample.limit, seed=sample.sample_seed, task=asked.task, columns=named, several=asked.several
    )
    say((f"task {described(found.examples.task)}: {found.why}", *found.notes))
    return found.examples


def settings(loaded: Checkpoint | Adapted, asked: RunOptions, noise_seed: int | None) -> Settings:
    """How to measure a network, as asked."""
    return {
        "k": asked.k,
        "segments": depth(loaded, asked.segments),
        "seed": asked.seed,
        "batch": asked.batch,
        "device": asked.device,
        "dtype": asked.dtype,
        "qr_every": asked.qr_every,
        "noise_seed": noise_seed,
    }


def depth(loaded: Checkpoint | Adapted, segments: int | None) -> int:
    """How many segments to run: as asked, else as many as the checkpoint's own evaluation, else the usual number."""
    if segments is not None:
        return segments
    if loaded.segments is not None and loaded.segments != USUAL_SEGMENTS:
        say([f"{loaded.segments} segments, as its configuration evaluates (halt_max_steps)"])
    return loaded.segments or USUAL_SEGMENTS


@contextmanager
def workers(asked: WorkerOptions, *, device: str = "cpu") -> Iterator[Workers]:
    """Who measures: this process, ``--processes`` of them, or the cluster that ``--engine`` and ``--address`` name. Raises UserError."""
    if asked.engine is None:
        if asked.address is not None:
            raise UserError("--address names a cluster, but there is no --engine", hint="--engine ray")
        if asked.processes == 1:
            from unsettled.measure.campaign.workers import here

            yield here
            return
        from unsettled.measure.scale.processes import process_workers

        with process_workers(asked.processes, device=device) as found:
            yield found
        return
    if asked.processes > 1:
        raise UserError("--processes and --engine each say who measures", hint="give one of them")
    try:
        from unsettled.measure.scale.engine import ray_workers
    except ImportError:
        raise UserError("--engine ray needs the extra `ray`", hint="pip install 'unsettled[ray]'") from None
    with ray_workers(asked.address, device=device) as found:
        yield found


def if_whole(again: bool) -> IfWhole:
    """What to do with an output that is whole already; the line about one that is taken goes to standard error."""
    from unsettled.measure.campaign.finished import IfWhole

    return IfWhole(again=again, tell=lambda line: say([line]))


def say(notes: Iterable[str]) -> None:
    """Lines on standard error, without what could steer a terminal."""
    for note in notes:
        typer.echo("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in f"note: {note}"), err=True)
