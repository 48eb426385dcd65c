"""The network and the examples of a population, read as its record was measured. Imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import torch

from unsettled.claims.populations.measuring import MEASURING
from unsettled.claims.populations.populations import Population
from unsettled.measure.campaign.noise import rows_of
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import Adapted, load_network
from unsettled.measure.networks.checkpoints import Checkpoint, load_checkpoint
from unsettled.measure.rollout.fitting import fitted
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.reading import read_examples
from unsettled.measure.tasks.sudoku.vetted import Several

# Below so many parameters, threads wait for each other longer than they work, above all where cores are shared.
SMALL = 2_000_000


def read_as(population: Population) -> dict[str, str]:
    """How the examples of a record were read, as far as it tells."""
    if population.record is None:
        return {}
    kept = population.record.provenance
    return {"task": kept.task, "several": "valid" if kept.by_rule else "refuse"}


@contextmanager
def suited_threads(parameters: int) -> Iterator[None]:
    """Within it torch uses one thread for a small network, and for a large one what it used before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if parameters < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def loaded_network(population: Population) -> Checkpoint | Adapted:
    """The network of a population, by its adapter where it has one. Raises UserError when there is none, or it cannot be read."""
    if population.checkpoint is None:
        raise UserError("the audit was not given its checkpoint", where=population.name)
    if population.adapter is not None:
        return load_network(population.adapter, population.checkpoint)
    told = population.structure
    return load_checkpoint(
        population.checkpoint,
        H_cycles=told.get("H_cycles"),
        L_cycles=told.get("L_cycles"),
        heads=told.get("heads"),
        prefix=told.get("prefix"),
    )


def loaded(population: Population, settings: Mapping[str, int | str] | None = None) -> tuple[Checkpoint | Adapted, Examples]:
    """Network and examples of a population, tried on each other, read as its record's were, or as ``settings`` say.

    Raises:
        UserError: either is missing or unreadable, or they do not fit.
    """
    if population.puzzles is None:
        raise UserError("the audit was not given its puzzles", where=population.name)
    network = loaded_network(population)
    how = {**MEASURING, "limit": 0, **read_as(population)} if settings is None else settings
    known = population.record is not None and how["several"] == "refuse"  # whether there are several was asked when it was measured
    found = read_examples(
        population.puzzles,
        split=str(how["split"]),
        limit=int(how["limit"]) or None,
        task=str(how["task"]) or None,
        several=None if known else cast("Several", how["several"]),
    )
    _check_examples(population, found.examples)
    return fitted(network, found.examples), found.examples


def _check_examples(population: Population, examples: Examples) -> None:
    """Raises UserError where a whole record is of other examples: ids alone do not tell those of another split."""
    record = population.record
    if record is None or len(record) != record.provenance.puzzles:
        return
    if rows_of(examples, record).digest != record.provenance.puzzles_digest:
        hint = "if the record is of another split, name the folder of that split"
        raise UserError("the record was measured on other examples", where=population.puzzles, hint=hint)
