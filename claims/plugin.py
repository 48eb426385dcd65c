"""The pytest plugin that makes an audit: its one run, the drift gate, audit.json, and what pytest reports of a verdict."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from unsettled.claims.session import (
    CLAIMS,
    FINDINGS,
    GATE,
    RUN,
    SEED,
    cache_folder,
    collects_audit,
    is_worker,
    keep,
    read_of,
    rivals_of,
    run_of,
    seed_of_session,
    sharing_of,
    vanished,
    workerinput,
)
from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless

if TYPE_CHECKING:
    from collections.abc import Generator

    from unsettled.claims.verdict import Verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `unsettled.claims.options`."""
    from unsettled.claims.options import OPTIONS

    group = parser.getgroup("unsettled", "unsettled: audit a paper's claims")
    for flag, keywords in OPTIONS:
        group.addoption(flag, **keywords)
    parser.addini("unsettled_references", "the folder of reference checkpoints", type="string", default="")
    parser.addini("unsettled_rows", "random rows of each record to measure again", type="string", default="")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Offer the audit to the plugins that render it."""
    from unsettled.claims import hooks

    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Read all that the user brings before the session starts: a mistake is one line and exit code 2."""
    from unsettled.claims.options import asked_by, meant_by

    asked = asked_by(config)
    if asked and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(CLAIMS)]
        config.option.importmode = "importlib"  # the user's own folders `claims`, `measure`, … stay importable
    if config.option.help or config.option.version:
        return None
    try:
        if collects_audit(config):
            if config.option.paper == "all":
                from unsettled.claims.asked import judge_each

                return judge_each(config)
            _prepare(config, asked)
        elif meant := meant_by(config):
            hint = f"name no path, or {CLAIMS}"
            raise UserError(f"{meant} asks for an audit, but the given paths do not hold it", where=" ".join(config.args), hint=hint)
    except UserError as error:
        print(harmless(f"error: {error}"), file=sys.stderr)
        return 2
    return None


def _prepare(config: pytest.Config, asked: str | None) -> None:
    """The run, its gate, and on the controller what collects its audit. Raises UserError."""
    if is_worker(config):
        _share_cores(config)
    alone = "PYTEST_CURRENT_TEST" not in os.environ  # a test that audits goes on after it
    if alone and not is_worker(config):
        from unsettled.measure.support.memory import keep_freed_memory

        keep_freed_memory()  # an audit is a program of its own, like the commands
    # torch's own forward mode compiles its decompositions with it
    config.addinivalue_line("filterwarnings", "ignore:`torch.jit.script` is deprecated:DeprecationWarning")
    config.stash[SEED] = seed_of_session(config)
    run = read_of(config)
    collects = not is_worker(config) and not config.option.collectonly
    if collects:
        from unsettled.claims.asked import audit_path, read_gate
        from unsettled.claims.audit.collector import Collector

        gate, path = read_gate(config, run), audit_path(config, run)
        if run.to_measure():
            gc.enable()  # measuring takes hours and makes garbage; what reads an audit may have left the search for it off
            from unsettled.claims.audit.whole import measured_run

            run = measured_run(run, cache_folder(config))
        others, sent = partial(rivals_of, config), bool(config.option.audit)
        collector = Collector(run, gate, path, asked=asked, sent=sent, others=others, pictures=lambda: sharing_of(config).pictures())
        config.pluginmanager.register(collector, "unsettled-collector")
    else:
        from unsettled.claims.asked import read_gate

        gate = read_gate(config, run)
    config.stash[RUN], config.stash[GATE] = run, gate
    if collects:
        config.pluginmanager.register(sharing_of(config), "unsettled-sharing")
        sharing_of(config).fork(config.option)
        if alone:
            config.pluginmanager.register(Lasting(), "unsettled-lasting")


class Lasting:
    """What an audit has imported and read stays until it ends: the search for garbage need not go through it again and again, which
    took a sixth of the time of judging."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """All that is there before the first item; registered last, it is asked before the second process is forked."""
        gc.freeze()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """What was judged is kept too. Where no property was tested, Hypothesis' plugin would import all of it, to tell in the summary
        that it found nothing."""
        gc.freeze()
        if "hypothesis" not in sys.modules:
            session.config.pluginmanager.unregister(name="hypothesispytest")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The rest: pytest collects garbage once more as it ends."""
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """``--claim`` leaves nothing of the audit but the verdicts that it names. Raises UserError, told in one line."""
    if not getattr(config.option, "claim", None) or not collects_audit(config):
        return
    from unsettled.claims.audit.selection import selected

    try:
        wanted = selected(run_of(config), config.option.claim)
    except UserError as error:
        pytest.exit(harmless(f"error: {error}"), returncode=2)
    left_out = [item for item in items if CLAIMS in item.path.parents and _key(item) not in wanted]
    items[:] = [item for item in items if CLAIMS not in item.path.parents or _key(item) in wanted]
    config.hook.pytest_deselected(items=left_out)


def _key(item: pytest.Item) -> str | None:
    """``claim@population`` of an item that judges one; None of the others."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("key") or getattr(params.get("checked"), "key", None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """``pytest claims/`` is the audit; the unit tests of claims are asked for as ``claims/tests``, or with all others.

    Other papers are left out where there is nothing to judge them on, or one ledger was asked for.
    """
    if collection_path == CLAIMS / "test_papers.py":
        return True if not rivals_of(config) else None
    if collection_path != CLAIMS / "tests":
        return None
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    return True if asked == {CLAIMS} else None


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What is judged, by which seed, on which records that this run measured."""
    run = config.stash.get(RUN, None)
    if run is None:
        return []
    from unsettled.measure.support.files import short_path

    settings = run.settings
    lines = [
        f"unsettled: ledger {short_path(settings.ledger)}, {len(run.pairs)} claims × populations, policy {run.policy.name}",
        f"unsettled: seed {settings.seed} (the same draws again: --audit-seed {settings.seed})",
    ]
    lines += [f"unsettled: record of {name}: {short_path(path)}" for name, path in settings.records.items()]
    return [harmless(line) for line in lines]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the seed and what was measured, so that all workers run the same audit."""
    run = node.config.stash.get(RUN, None)
    records = {name: str(path) for name, path in run.settings.records.items()} if run else {}
    node.workerinput["unsettled"] = {"seed": node.config.stash.get(SEED, 0), "records": records}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Send what an item found with its last report, which xdist carries to the controller."""
    report = (yield).get_result()
    if report.when == "teardown":
        report.unsettled = item.stash.get(FINDINGS, [])


def _share_cores(config: pytest.Config) -> None:
    """Let the workers of pytest-xdist share the cores: threads of one that wait for another's cost more than they give."""
    from unsettled.measure.support.cores import cores

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // workerinput(config)["workercount"])))


@pytest.fixture
def verdict(request: pytest.FixtureRequest, key: str) -> Verdict:
    """The verdict on ``claim@population``, held to the baseline; an ERROR verdict makes the item an error."""
    config = request.config
    verdict = vanished(config).get(key)
    if verdict is None:
        verdict, gate = sharing_of(config).judge(key), config.stash.get(GATE, None)
        verdict = (gate and gate.review(run_of(config), verdict)) or verdict
    return keep(request.node, "verdict", verdict)
