"""The pytest plugin that collects an audit: its options, its one run, and what pytest reports of a verdict."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unsettled.claims.populations.inputs import one_of, read_inputs, read_measuring, whole_number
from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless

if TYPE_CHECKING:
    from pydantic import BaseModel

    from unsettled.claims.audit.run import Run
    from unsettled.claims.verdict import Verdict

CLAIMS = Path(__file__).parent
RUN, FINDINGS, SEED = pytest.StashKey["Run"](), pytest.StashKey[list](), pytest.StashKey[int]()
# Options that make a bare `pytest` run the audit, from whatever folder.
ASKING = ("ledger", "record", "checkpoint", "puzzles", "remeasure", "baseline", "update_baseline", "report")

# (flag, keyword arguments of addoption)
OPTIONS: tuple[tuple[str, dict], ...] = (
    ("--ledger", {"metavar": "PATH", "help": "the ledger to judge (default: the paper's)"}),
    ("--record", {"action": "append", "metavar": "NAME=PATH", "help": "judge this record as population NAME"}),
    ("--checkpoint", {"action": "append", "metavar": "NAME=PATH", "help": "measure this checkpoint as population NAME"}),
    ("--puzzles", {"action": "append", "metavar": "NAME=PATH", "help": "… on these puzzles (a single one needs no NAME)"}),
    ("--cycles", {"action": "append", "metavar": "NAME=H,L[,HEADS]", "help": "what the tensors of a checkpoint do not tell"}),
    ("--same-examples", {"action": "append", "metavar": "NAME", "help": "NAME's record holds the paper's own examples"}),
    ("--measure", {"action": "append", "metavar": "KEY=VALUE", "help": "k, segments, seed, batch, limit, device, dtype"}),
    ("--remeasure", {"action": "store_true", "help": "measure every population afresh that has a checkpoint"}),
    ("--remeasure-rows", {"metavar": "N", "help": "random rows of each record to measure again (default: a few seconds' worth; 0: none)"}),
    ("--audit-seed", {"metavar": "N", "help": "seed of every random draw (default: a new one, printed)"}),
    ("--policy", {"metavar": "draft|strict", "help": "strict: undecided and acknowledged claims fail too"}),
    ("--references", {"metavar": "PATH", "help": "the folder of reference checkpoints (default: the shipped one)"}),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("unsettled", "unsettled: audit a paper's claims")
    for flag, keywords in OPTIONS:
        group.addoption(flag, **keywords)
    parser.addini("unsettled_references", "the folder of reference checkpoints", type="string", default="")
    parser.addini("unsettled_rows", "random rows of each record to measure again", type="string", default="")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from unsettled.claims import hooks

    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Read all that the user brings before the session starts: a mistake is one line and exit code 2."""
    asked = any(getattr(config.option, name, None) for name in ASKING)
    if asked and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(CLAIMS)]
    if config.option.help or config.option.version or not collects_audit(config):
        return None
    try:
        config.stash[SEED] = _seed(config)
        run = _read(config)
        if not is_worker(config) and not config.option.collectonly:
            run = run.with_measurements(_folder(config))
    except UserError as error:
        print(harmless(f"error: {error}"), file=sys.stderr)
        return 2
    config.stash[RUN] = run
    return None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker of pytest-xdist the seed and what was measured, so that all workers run the same audit."""
    run = node.config.stash.get(RUN, None)
    records = {name: str(path) for name, path in run.settings.records.items()} if run else {}
    node.workerinput["unsettled"] = {"seed": node.config.stash.get(SEED, 0), "records": records}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Send what an item found with its last report, which xdist carries to the controller."""
    report = (yield).get_result()
    if report.when == "teardown":
        report.unsettled = item.stash.get(FINDINGS, [])


def pytest_configure(config: pytest.Config) -> None:
    """Let the workers of pytest-xdist share the cores: threads of one that wait for another's cost more than they give."""
    if is_worker(config):
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // config.workerinput["workercount"])))


def collects_audit(config: pytest.Config) -> bool:
    """Whether the paths that pytest was given reach the audit's folder."""
    paths = [(config.invocation_params.dir / str(a).split("::")[0]).resolve() for a in config.args]
    here = CLAIMS.resolve()
    return any(path == here or path in here.parents or here in path.parents for path in paths)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def run_of(config: pytest.Config) -> Run:
    """The one run of this session; a user's mistake ends the session with exit code 2."""
    run = config.stash.get(RUN, None)
    if run is None:
        try:
            run = config.stash[RUN] = _read(config)
        except UserError as error:
            pytest.exit(harmless(f"error: {error}"), returncode=2)
    return run


def more_verdicts(config: pytest.Config) -> dict[str, Verdict]:
    """Verdicts of other plugins, by key."""
    found = config.hook.pytest_unsettled_more(config=config, run=run_of(config))
    return {verdict.key: verdict for verdicts in found for verdict in verdicts}


def find(item: pytest.Item, kind: str, finding: BaseModel) -> None:
    """Keep what an item found, for the audit of the controller."""
    item.stash.setdefault(FINDINGS, []).append((kind, finding.model_dump_json()))


@pytest.fixture(scope="session")
def audit_run(pytestconfig: pytest.Config) -> Run:
    """The ledger and the populations of this session."""
    return run_of(pytestconfig)


@pytest.fixture
def verdict(request: pytest.FixtureRequest, audit_run: Run, key: str) -> Verdict:
    """The verdict on ``claim@population``; an ERROR verdict makes the item an error."""
    config = request.config
    verdict = more_verdicts(config).get(key)
    if verdict is None:
        judged = audit_run.judge(key)
        verdict = config.hook.pytest_unsettled_review(config=config, run=audit_run, verdict=judged) or judged
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
            pytest.xfail(decided.message)
        case "skipped":
            pytest.skip(decided.message)


def _seed(config: pytest.Config) -> int:
    shared = getattr(config, "workerinput", {}).get("unsettled")
    if shared:
        return shared["seed"]
    given = config.option.audit_seed
    return whole_number("--audit-seed", given) if given else random.SystemRandom().randrange(2**32)


def _read(config: pytest.Config) -> Run:
    """The run that the options ask for. Raises UserError."""
    from unsettled.claims.audit.run import Run, Settings
    from unsettled.claims.judgement.policy import POLICIES
    from unsettled.claims.ledger.load import PAPER
    from unsettled.measure.hub.registry import cache_folder

    option = config.option
    shared = getattr(config, "workerinput", {}).get("unsettled", {})
    rows = option.remeasure_rows or config.getini("unsettled_rows")
    inputs = read_inputs(
        records=option.record or (),
        checkpoints=option.checkpoint or (),
        puzzles=option.puzzles or (),
        cycles=option.cycles or (),
        same_examples=option.same_examples or (),
        references=option.references or config.getini("unsettled_references") or None,
        fetched=cache_folder(),
    )
    return Run(
        Settings(
            ledger=Path(option.ledger).expanduser() if option.ledger else PAPER,
            inputs=inputs,
            policy=one_of("--policy", option.policy or "draft", POLICIES),
            seed=config.stash.get(SEED, 0),
            rows=whole_number("--remeasure-rows", rows) if rows else None,
            remeasure=option.remeasure,
            changes=read_measuring(option.measure or ()),
            records={name: Path(path) for name, path in shared.get("records", {}).items()},
        )
    )


def _folder(config: pytest.Config) -> Path:
    """Where records are kept that a run measures: in pytest's cache folder below the working folder."""
    return config.invocation_params.dir / ".pytest_cache" / "d" / "unsettled"
