"""Two processes share tasks: what each does, and that no end of the second one holds up the first."""

import os
import signal
import sys
import time
from types import SimpleNamespace

import pytest
from _pytest.compat import NOTSET

from unsettled.claims.audit.ahead import Ahead, can_share
from unsettled.claims.audit.sharing import PICTURES, Sharing
from unsettled.claims.populations.populations import Population

SLEEPS = {("a",): os.getpid, ("b",): lambda: time.sleep(60), ("c",): os.getpid}


def offered(tasks, **keywords):
    """A second process that does these tasks."""
    ahead = Ahead(lambda task: tasks[task](), **keywords)
    ahead.offer(dict.fromkeys(tasks, ()))
    return ahead


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


def test_the_second_process_begins_with_the_last_and_leaves_alone_what_was_begun_here():
    with offered(SLEEPS) as ahead:
        until(lambda: ("b",) not in ahead._open)
        assert ahead.take(("c",)) not in (None, os.getpid())
        assert ahead.take(("a",)) is None, "not begun there: it is to be done here"
        assert ahead.take(("c",)) == ahead.take(("c",)), "what was found can be asked for again"
        assert ahead.take(("unknown",)) is None


def test_what_was_begun_here_is_not_begun_there(tmp_path):
    here, go = tmp_path / "here", tmp_path / "go"
    with offered({("a",): here.touch, ("b",): lambda: until(go.exists)}) as ahead:
        until(lambda: ("b",) not in ahead._open)
        assert ahead.take(("a",)) is None
        go.touch()
        until(lambda: not ahead._process.is_alive())
    assert not here.exists()


def test_it_gets_ready_before_it_knows_of_any_task_and_may_be_ended_then(tmp_path):
    ready = tmp_path / "ready"
    with Ahead(lambda task, *given: (task, given), ready.touch) as ahead:
        until(ready.exists)
        assert ahead.take(("a",)) is None and ahead._process.is_alive()
        ahead.offer({("a",): (1, 2)})
        until(lambda: not ahead._open)
        assert ahead.take(("a",)) == (("a",), (1, 2))
    idle = Ahead(lambda task: task)
    idle.close()
    assert not idle._process.is_alive()


def test_what_fails_there_is_done_here():
    with offered({("a",): lambda: 1, ("b",): lambda: 1 / 0}) as ahead:
        until(lambda: not ahead._open)
        assert (ahead.take(("b",)), ahead.take(("a",))) == (None, 1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_second_process_that_dies_holds_up_nothing(how):
    with offered({("a",): lambda: 1, ("b",): lambda: os.kill(os.getpid(), how)}) as ahead:
        until(lambda: not ahead._process.is_alive())
        assert (ahead.take(("b",)), ahead.take(("a",))) == (None, None)


def test_closing_ends_what_runs_and_an_interrupt_does_not():
    ahead = offered({("a",): lambda: time.sleep(60)})
    until(lambda: not ahead._open)
    time.sleep(0.05)
    os.kill(ahead._process.pid, signal.SIGINT)
    ahead._process.join(0.1)
    assert ahead._process.is_alive(), "an interrupt is for the first process"
    ahead.close()
    assert not ahead._process.is_alive()


def test_items_without_a_population_are_no_task():
    """`--remeasure-rows 0` leaves one of each test that measures, with pytest's own mark in place of a population."""
    p, made_up = Population(name="p", kind="user"), Population(name="synthetic.trm", kind="user")
    run = SimpleNamespace(pairs={}, populations=[p])
    name = "test_rows"
    without = SimpleNamespace(callspec=SimpleNamespace(params={"population": NOTSET}), originalname=name)
    record = SimpleNamespace(callspec=SimpleNamespace(params={"population": p}), originalname=name)
    lie = SimpleNamespace(callspec=SimpleNamespace(params={"population": made_up, "falsehood": None}), originalname="test_falsehood")
    sharing = Sharing(run, dict, lambda: pytest.fail("nothing is measured here"))
    assert sharing.tasks([without, lie]) == {}
    assert list(sharing.tasks([without, record])) == [("rows", "p"), PICTURES]


def test_with_torch_loaded_or_on_one_core_nothing_is_forked(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not can_share()
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr("unsettled.claims.audit.ahead.cores", lambda: 1)
    assert not can_share()
