"""Which tasks an audit's items come to, so that a second process can take some of them before pytest comes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pytest

from unsettled.claims.audit.ahead import Ahead, Task, can_share
from unsettled.claims.audit.planted import Falsehood, Planted, outcome_of, planted_in
from unsettled.claims.audit.run import Run
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Verdict

if TYPE_CHECKING:
    from unsettled.claims.audit.again import MeasuringAgain

# The items that measure again, and the method of `MeasuringAgain` that does it.
MEASURING = {"test_rows": "rows", "test_tampered_rows": "tampered", "test_boards": "boards"}


class Sharing:
    """The plugin object that starts the second process before the first item, and ends it after the last.

    There is none where cores are shared already (pytest-xdist), where one is debugging, or where `can_share` says no: then every item
    computes what it needs. It makes no difference to what is found.

    Args:
        others: gives the runs on other papers' ledgers, by name.
        again: gives what measures again; it is asked for with the first row, since that needs torch.
    """

    def __init__(self, run: Run, others: Callable[[], Mapping[str, Run]], again: Callable[[], MeasuringAgain]) -> None:
        self.run, self.others, self._made_again = run, others, again
        self.ahead: Ahead | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Start the second process, where the items hold tasks for two."""
        option = session.config.option
        if option.usepdb or getattr(option, "dist", "no") != "no" or not can_share():
            return
        tasks = self.tasks(session.items)
        if len(tasks) > 1:
            self.ahead = Ahead(tasks)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """End it: what it has not found by now is not needed."""
        if self.ahead is not None:
            self.ahead.close()
            self.ahead = None

    def tasks(self, items: Sequence[pytest.Item]) -> dict[Task, Callable[[], Any]]:
        """The tasks of the items, in their order: the verdicts of a paper on a network are one, the falsehoods of a record are one."""
        runs = {"": self.run, **self.others()}
        keys: dict[Task, list[str]] = {}
        found: dict[Task, Callable[[], Any]] = {}
        for item in items:
            params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
            run, key = runs.get(params.get("paper", "")), params.get("of_rival", params.get("key"))
            population: Population | None = params.get("population")
            what = MEASURING.get(getattr(item, "originalname", ""))
            if run is not None and key in run.pairs:
                task = judged(run, key, params.get("paper", ""))
                keys.setdefault(task, []).append(key)
                found[task] = partial(run.alone, keys[task])
            elif population is not None and "falsehood" in params:
                found["planted", population.name] = partial(planted_in, population)
            elif population is not None and what is not None:
                found[what, population.name] = partial(self._measured, what, population)
        return found

    def judge(self, key: str, *, paper: str = "") -> Verdict:
        """The verdict on ``claim@population``, of the audited paper or of another: by the second process, or judged here."""
        run = self.others()[paper] if paper else self.run
        run.learn(self._taken(judged(run, key, paper)) or ())
        return run.judge(key)

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


def judged(run: Run, key: str, paper: str) -> Task:
    """The task that a verdict belongs to: those of one paper on one network are judged together."""
    return ("judged", paper, run.pairs[key][1].name)
