"""What a run measures again: random rows of its records, made-up rows among them, and puzzles for the boards of a page. Imports torch."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from unsettled.claims.audit.boards import kept_boards_of
from unsettled.claims.audit.pictures import Boards
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.remeasure import compare_records, costs_of, plant_tampering, verify_sample
from unsettled.claims.audit.run import Run
from unsettled.claims.audit.sampling import Remeasured, drawn_populations, rows_of_run
from unsettled.claims.populations.populations import Population
from unsettled.measure.support.memory import keep_freed_memory


class MeasuringAgain:
    """Measures again for one run; ``folder`` is where boards are kept between runs.

    Each method raises UserError where checkpoint, puzzles and record do not fit.
    """

    def __init__(self, run: Run, folder: Path) -> None:
        keep_freed_memory()  # an audit that measures is a program of its own, like the commands
        self.run, self.folder, self.seed = run, folder, run.settings.seed

    @cached_property
    def costs(self) -> dict[str, int]:
        """What a row of each record costs."""
        return costs_of(self.run.verifiable())

    def rows(self, population: Population) -> Remeasured:
        """Rows of a record measured again: as many as were asked for, or what falls to it of the run's seconds."""
        shipped = next(p for p in self.run.shipped if p.name == population.name)
        again = self.run.settings.records.get(population.name) if shipped.record is not None else None
        if again:
            return compare_records(population, again, seed=self.seed)
        rows = self.run.settings.rows
        return verify_sample(
            population, rows=rows_of_run(self.costs, seed=self.seed).get(population.name) if rows is None else rows, seed=self.seed
        )

    def tampered(self, population: Population) -> list[Planted] | str:
        """What became of made-up rows in a record, or why none were planted."""
        names = [each.name for each in self.run.verifiable()]
        if population.name not in drawn_populations(names, seed=self.seed, costs=self.costs):
            return "made-up rows were planted in other records, the next runs draw others"
        return plant_tampering(population, seed=self.seed) or "a row takes minutes"

    def boards(self, population: Population) -> Boards:
        """The boards of a few puzzles after every segment."""
        return kept_boards_of(population, folder=self.folder, each=self.run.boards_each)
