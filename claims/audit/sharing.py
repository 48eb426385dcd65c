"""Which tasks an audit's items come to, so that a second process can take some of them before pytest comes there."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from unsettled.claims.audit.ahead import Ahead, Task, can_share
from unsettled.claims.audit.pictures import Pictured, pictures_of
from unsettled.claims.audit.planted import Falsehood, Planted, outcome_of, planted_in
from unsettled.claims.audit.run import Run
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Verdict
from unsettled.measure.statistics.libraries import ready

if TYPE_CHECKING:
    from unsettled.claims.audit.again import MeasuringAgain

# The items that measure again, and the method of `MeasuringAgain` that does it.
MEASURING = {"test_rows": "rows", "test_tampered_rows": "tampered", "test_boards": "boards"}
PICTURES: Task = ("pictures",)


def _ready() -> None:
    """In the second process: import what every estimate needs; what was read is not searched for garbage, and the rest is seldom."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
    ready()


class Sharing:
    """The plugin object of the second process, which is forked once all is read, offered tasks before the first item, and ended after the
    last.

    There is none where cores are shared already (pytest-xdist), where one is debugging, or where `can_share` says no: then every item
    computes what it needs. It makes no difference to what is found.

    Args:
        others: gives the runs on other papers' ledgers, by name.
        again: gives what measures again; it is asked for with the first row, since that needs torch.
    """

    def __init__(self, run: Run, others: Callable[[], Mapping[str, Run]], again: Callable[[], MeasuringAgain]) -> None:
        self.run, self.others, self._made_again = run, others, again
        self.ahead: Ahead | None = None
        self._pictures: tuple[Pictured, ...] | None = None

    def fork(self, option: Any) -> None:
        """Start the second process: while pytest collects, it imports what every estimate needs."""
        if not (option.usepdb or getattr(option, "dist", "no") != "no") and can_share():
            self.others()  # both read what they share once
            self.ahead = Ahead(self.perform, _ready)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Offer it the tasks that the items hold, where they are enough for two."""
        tasks = self.tasks(session.items)
        if self.ahead is not None and len(tasks) > 1:
            self.ahead.offer(tasks)
        else:
            self._end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """End it: what it has not found by now is not needed, but for the pictures, which are drawn after the last item."""
        self._pictures = self._taken(PICTURES)
        self._end()

    def _end(self) -> None:
        if self.ahead is not None:
            self.ahead.close()
            self.ahead = None

    def tasks(self, items: Sequence[pytest.Item]) -> dict[Task, tuple[Any, ...]]:
        """The tasks of the items: falsehoods, verdicts, rows to measure again, as the items come; and last the pictures.

        The falsehoods of a record are one task, the verdicts of a paper on a network are one. Those of all papers on one network stand
        together, so that one process asks most of what is asked of its record.
        """
        runs = {"": self.run, **self.others()}
        planted: dict[Task, tuple[Any, ...]] = {}
        measured: dict[Task, tuple[Any, ...]] = {}
        known = {population.name for population in self.run.populations}
        keys: dict[str, dict[str, list[str]]] = {}
        for item in items:
            params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
            paper, key = params.get("paper", ""), params.get("of_rival", params.get("key"))
            population, what = params.get("population"), MEASURING.get(getattr(item, "originalname", ""))
            if paper in runs and key in runs[paper].pairs:
                keys.setdefault(runs[paper].pairs[key][1].name, {}).setdefault(paper, []).append(key)
            elif not isinstance(population, Population) or population.name not in known:
                continue  # pytest's own mark, where there is none to measure again; or falsehoods in a record that was made up for them
            elif "falsehood" in params:
                planted["planted", population.name] = ()
            elif what is not None:
                measured[what, population.name] = ()
        verdicts = {("judged", name, paper): tuple(asked) for name, papers in keys.items() for paper, asked in papers.items()}
        found = planted | verdicts | measured
        return found | {PICTURES: ()} if found else {}

    def perform(self, task: Task, *keys: str) -> Any:
        """Do one of `tasks`."""
        if task == PICTURES:
            return pictures_of(self.run.populations)
        what, name, *paper = task
        if what == "judged":
            return self._of(*paper).alone(keys)
        groups = {"planted": lambda: self.run.populations, "boards": self.run.watchable}
        population = next(population for population in groups.get(what, self.run.verifiable)() if population.name == name)
        return planted_in(population) if what == "planted" else self._measured(what, population)

    def _of(self, paper: str) -> Run:
        """The run on the audited paper, or on another."""
        return self.others()[paper] if paper else self.run

    def judge(self, key: str, *, paper: str = "") -> Verdict:
        """The verdict on ``claim@population``, of the audited paper or of another: by the second process, or judged here."""
        run = self._of(paper)
        run.learn(self._taken(("judged", run.pairs[key][1].name, paper)) or ())
        return run.judge(key)

    def pictures(self) -> tuple[Pictured, ...]:
        """The portraits of the populations that hold a record."""
        return pictures_of(self.run.populations) if self._pictures is None else self._pictures

    def planted(self, falsehood: Falsehood, population: Population) -> Planted | None:
        """What became of one falsehood; None of a corruption that noise explains."""
        known = self._taken(("planted", population.name))
        return outcome_of(falsehood, population) if known is None else known[falsehood.name]

    def measured(self, what: str, population: Population) -> Any:
        """What measuring ``population`` again gave, by that method of `MeasuringAgain`. Raises UserError as it does."""
        found = self._taken((what, population.name))
        return self._measured(what, population) if found is None else found

    @cached_property
    def again(self) -> MeasuringAgain:
        """What measures again, imported now."""
        return self._made_again()

    def _measured(self, what: str, population: Population) -> Any:
        return getattr(self.again, what)(population)

    def _taken(self, task: Task) -> Any | None:
        return None if self.ahead is None else self.ahead.take(task)
