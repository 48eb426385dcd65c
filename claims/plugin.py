"""The pytest plugin that makes an audit: its one run, the drift gate, audit.json, and what pytest reports of a verdict."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless

if TYPE_CHECKING:
    from collections.abc import Generator

    from pydantic import BaseModel

    from unsettled.claims.audit.again import MeasuringAgain
    from unsettled.claims.audit.gate import Gate
    from unsettled.claims.audit.run import Run
    from unsettled.claims.audit.sharing import Sharing
    from unsettled.claims.verdict import Verdict

CLAIMS = Path(__file__).parent
RUN: pytest.StashKey[Run] = pytest.StashKey()
GATE: pytest.StashKey[Gate] = pytest.StashKey()
RIVALS: pytest.StashKey[dict[str, Run]] = pytest.StashKey()
SHARING: pytest.StashKey[Sharing] = pytest.StashKey()
SEED: pytest.StashKey[int] = pytest.StashKey()
FINDINGS: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()


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
    config.stash[SEED] = _seed(config)
    run = _read(config)
    collects = not is_worker(config) and not config.option.collectonly
    if collects:
        from unsettled.claims.asked import audit_path, read_gate
        from unsettled.claims.audit.collector import Collector

        gate, path = read_gate(config, run), audit_path(config, run)
        if run.to_measure():
            gc.enable()  # measuring takes hours and makes garbage; what reads an audit may have left the search for it off
            from unsettled.claims.audit.remeasure import measured_run

            run = measured_run(run, _folder(config))
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


def collects_audit(config: pytest.Config) -> bool:
    """Whether the paths that pytest was given reach the audit's folder."""
    paths = [(config.invocation_params.dir / str(a).split("::")[0]).resolve() for a in config.args]
    here = CLAIMS.resolve()
    return any(path == here or path in here.parents or here in path.parents for path in paths)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def _share_cores(config: pytest.Config) -> None:
    """Let the workers of pytest-xdist share the cores: threads of one that wait for another's cost more than they give."""
    from unsettled.measure.support.cores import cores

    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores() // _workerinput(config)["workercount"])))


def run_of(config: pytest.Config) -> Run:
    """The one run of this session; a user's mistake ends the session with exit code 2."""
    run = config.stash.get(RUN, None)
    if run is None:
        try:
            run = config.stash[RUN] = _read(config)
        except UserError as error:
            pytest.exit(harmless(f"error: {error}"), returncode=2)
    return run


def rivals_of(config: pytest.Config) -> dict[str, Run]:
    """The runs on other papers' ledgers beside the one of this session, by name; none where one ledger was asked for."""
    if RIVALS not in config.stash:
        run = run_of(config)
        found: dict[str, Run] = {}
        if run.settings.rivals:
            from unsettled.claims.audit.rivals import rivals

            found = rivals(run)
        config.stash[RIVALS] = found
    return config.stash[RIVALS]


def sharing_of(config: pytest.Config) -> Sharing:
    """The tasks of this session; a second process takes some where it is registered as a plugin."""
    if SHARING not in config.stash:
        from unsettled.claims.audit.sharing import Sharing

        run = run_of(config)
        config.stash[SHARING] = Sharing(run, partial(rivals_of, config), partial(_measuring, run, _folder(config)))
    return config.stash[SHARING]


def vanished(config: pytest.Config) -> dict[str, Verdict]:
    """Verdicts that need no judging: on claims and populations of the locked baseline that are gone, by key."""
    gate = config.stash.get(GATE, None)
    return {verdict.key: verdict for verdict in gate.vanished(run_of(config))} if gate else {}


def find(item: pytest.Item, kind: str, finding: BaseModel) -> None:
    """Keep what an item found (a kind of `unsettled.claims.audit.summary.KINDS`), for the audit of the controller."""
    item.stash.setdefault(FINDINGS, []).append((kind, finding.model_dump_json()))


@pytest.fixture
def verdict(request: pytest.FixtureRequest, key: str) -> Verdict:
    """The verdict on ``claim@population``, held to the baseline; an ERROR verdict makes the item an error."""
    config = request.config
    verdict = vanished(config).get(key)
    if verdict is None:
        verdict, gate = sharing_of(config).judge(key), config.stash.get(GATE, None)
        verdict = (gate and gate.review(run_of(config), verdict)) or verdict
    return keep(request.node, "verdict", verdict)


def keep(item: pytest.Item, kind: str, verdict: Verdict) -> Verdict:
    """Keep a verdict for the audit and for JUnit XML; an ERROR fails in the caller's phase."""
    item.user_properties.append(("verdict", str(verdict.outcome)))
    find(item, kind, verdict)
    if verdict.outcome == "ERROR":
        pytest.fail(harmless(f"ERROR: {verdict.reason}"), pytrace=False)
    return verdict


def settle(verdict: Verdict, run: Run) -> None:
    """Make pytest report a verdict as the run's policy says."""
    from unsettled.claims.judgement.policy import fate

    decided = fate(verdict, run.policy, stale=run.stale(verdict))
    match decided.report:
        case "failed" | "error":
            pytest.fail(decided.message, pytrace=False)
        case "xfailed":
            # an expected failure is its message: pytest.xfail would have this file read and parsed for each
            raise pytest.xfail.Exception(decided.message, pytrace=False)
        case "skipped":
            pytest.skip(decided.message)


def _seed(config: pytest.Config) -> int:
    from unsettled.claims.asked import seed_of

    shared = _shared(config)
    return int(shared["seed"]) if shared else seed_of(config)


def _read(config: pytest.Config) -> Run:
    """The run that the options ask for. Raises UserError."""
    from unsettled.claims.asked import read_run

    return read_run(config, seed=config.stash.get(SEED, 0), records=_shared(config).get("records", {}))


def _workerinput(config: pytest.Config) -> dict[str, Any]:
    """What pytest-xdist gives a worker; empty on the controller."""
    return cast(dict[str, Any], getattr(config, "workerinput", {}))


def _shared(config: pytest.Config) -> dict[str, Any]:
    return cast(dict[str, Any], _workerinput(config).get("unsettled", {}))


def _measuring(run: Run, folder: Path) -> MeasuringAgain:
    """What measures again for a run; it is imported with the first row that is, because it needs torch."""
    from unsettled.claims.audit.again import MeasuringAgain

    return MeasuringAgain(run, folder)


def _folder(config: pytest.Config) -> Path:
    """Where records are kept that a run measures: in pytest's cache folder below the working folder."""
    return config.invocation_params.dir / ".pytest_cache" / "d" / "unsettled"
