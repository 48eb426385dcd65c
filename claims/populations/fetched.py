"""Checkpoints that `unsettled fetch` got, as populations of an audit: found where they lie, judged once they are measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from unsettled.claims.populations.populations import Population
from unsettled.measure.errors import UserError
from unsettled.measure.hub.registry import HubEntry, expected_digests, fetched_file, measure_command, record_path, registry

PUZZLES = "sudoku-extreme"


def fetched_populations(folder: Path) -> Iterator[Population]:
    """A population ``hub.NAME`` for each fetched checkpoint below ``folder``.

    Without a record it is not measured on the spot: thousands of puzzles on a published network take hours. It says
    what is missing, and the command for it. Files that were changed since are not used.
    """
    for name, entry in registry().items():
        if entry.kind == "checkpoint" and (folder / name / entry.main_file).is_file():
            yield _population(name, entry, folder)


def _population(name: str, entry: HubEntry, folder: Path) -> Population:
    population = Population(name=f"hub.{name}", kind="user", architecture=entry.architecture, title=entry.title)
    try:
        checkpoint, puzzles = fetched_file(name, folder), fetched_file(PUZZLES, folder)
    except UserError as error:
        return _without(population, f"a fetched file was changed: {error}")
    record = record_path(name, folder)
    if checkpoint is None:
        return _without(population, "it was not fetched completely", f"unsettled fetch {name}")
    if not record.is_file():
        need, get = "it was not measured yet", measure_command(name, folder)
        if puzzles is None:
            need, get = "it was not measured yet, and the puzzles for it are not there", f"unsettled fetch {PUZZLES} && {get}"
        return _without(population, need, get)
    measured = population.with_record(record)
    if measured.record is not None and measured.record.provenance.checkpoint_bytes != expected_digests(name, folder)[entry.main_file]:
        return _without(population, f"{record.name} is of another checkpoint", measure_command(name, folder))
    return replace(measured, checkpoint=checkpoint, puzzles=puzzles, structure=entry.structure)


def _without(population: Population, missing: str, command: str | None = None) -> Population:
    return replace(population, missing=missing, command=command)
