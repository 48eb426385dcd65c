"""What every measuring command does first: load the checkpoint, read the examples, and say what was taken for granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from unsettled.measure.errors import UserError

if TYPE_CHECKING:
    from unsettled.measure.campaign.workers import Workers
    from unsettled.measure.networks.adapter import Adapted
    from unsettled.measure.networks.checkpoints import Checkpoint
    from unsettled.measure.networks.published import Which
    from unsettled.measure.tasks.examples import Examples
    from unsettled.measure.tasks.reading import Reading
    from unsettled.measure.tasks.sudoku.vetted import Several

USUAL_SEGMENTS = 16


def load(
    path: Path, *, h_cycles: int | None = None, l_cycles: int | None = None, heads: int | None = None, weights: Which | None = None
) -> Checkpoint:
    """The checkpoint at a path; its notes go to standard error."""
    from unsettled.measure.networks.checkpoints import load_checkpoint

    loaded: Checkpoint = load_checkpoint(path, H_cycles=h_cycles, L_cycles=l_cycles, heads=heads, weights=weights)
    say(f"{loaded.path.name}: {note}" for note in loaded.notes)
    return loaded


def network(path: Path, adapter: str | None, **structure: Any) -> Checkpoint | Adapted:
    """What a user's own adapter builds of the checkpoint at a path, if one is named; else the checkpoint itself."""
    if adapter is None:
        return load(path, **structure)
    from unsettled.measure.networks.adapter import load_network

    return load_network(adapter, path)


def examples(
    path: Path,
    *,
    split: str = "test",
    limit: int | None = None,
    seed: int | None = None,
    task: str | None = None,
    columns: str | None = None,
    several: Several = "refuse",
) -> Examples:
    """The examples at a path; which task was taken and why, and what there is to say of them, goes to standard error."""
    from unsettled.measure.tasks.reading import read_examples
    from unsettled.measure.tasks.tables import parse_columns
    from unsettled.measure.tasks.task import described

    named = parse_columns(columns) if columns else None
    found: Reading = read_examples(path, split=split, limit=limit, seed=seed, task=task, columns=named, several=several)
    say((f"task {described(found.examples.task)}: {found.why}", *found.notes))
    return found.examples


def depth(loaded: Checkpoint | Adapted, segments: int | None) -> int:
    """How many segments to run: as asked, else as many as the checkpoint's own evaluation, else the usual number."""
    if segments is not None:
        return segments
    if loaded.segments is not None and loaded.segments != USUAL_SEGMENTS:
        say([f"{loaded.segments} segments, as its configuration evaluates (halt_max_steps)"])
    return loaded.segments or USUAL_SEGMENTS


@contextmanager
def workers(processes: int, engine: str | None, address: str | None, *, device: str = "cpu") -> Iterator[Workers]:
    """Who measures: this process, ``--processes`` of them, or the cluster that ``--engine`` and ``--address`` name. Raises UserError."""
    if engine is None:
        if address is not None:
            raise UserError("--address names a cluster, but there is no --engine", hint="--engine ray")
        if processes == 1:
            from unsettled.measure.campaign.workers import here

            yield here
            return
        from unsettled.measure.scale.processes import process_workers

        with process_workers(processes, device=device) as found:
            yield found
        return
    if processes > 1:
        raise UserError("--processes and --engine each say who measures", hint="give one of them")
    try:
        from unsettled.measure.scale.engine import ray_workers
    except ImportError:
        raise UserError("--engine ray needs the extra `ray`", hint="pip install 'unsettled[ray]'") from None
    with ray_workers(address, device=device) as found:
        yield found


def say(notes: Iterable[str]) -> None:
    """Lines on standard error, without what could steer a terminal."""
    for note in notes:
        typer.echo("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in f"note: {note}"), err=True)
