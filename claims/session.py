"""What the items of an audit share in one session of pytest: the run, those on other papers, the tasks of two processes, what was found."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless

if TYPE_CHECKING:
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
            run = config.stash[RUN] = read_of(config)
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
        config.stash[SHARING] = Sharing(run, partial(rivals_of, config), partial(_measuring, run, cache_folder(config)))
    return config.stash[SHARING]


def vanished(config: pytest.Config) -> dict[str, Verdict]:
    """Verdicts that need no judging: on claims and populations of the locked baseline that are gone, by key."""
    gate = config.stash.get(GATE, None)
    return {verdict.key: verdict for verdict in gate.vanished(run_of(config))} if gate else {}


def find(item: pytest.Item, kind: str, finding: BaseModel) -> None:
    """Keep what an item found (a kind of `unsettled.claims.audit.summary.KINDS`), for the audit of the controller."""
    item.stash.setdefault(FINDINGS, []).append((kind, finding.model_dump_json()))


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


def seed_of_session(config: pytest.Config) -> int:
    from unsettled.claims.asked import seed_of

    shared = _shared(config)
    return int(shared["seed"]) if shared else seed_of(config)


def read_of(config: pytest.Config) -> Run:
    """The run that the options ask for. Raises UserError."""
    from unsettled.claims.asked import read_run

    return read_run(config, seed=config.stash.get(SEED, 0), records=_shared(config).get("records", {}))


def workerinput(config: pytest.Config) -> dict[str, Any]:
    """What pytest-xdist gives a worker; empty on the controller."""
    return cast(dict[str, Any], getattr(config, "workerinput", {}))


def _shared(config: pytest.Config) -> dict[str, Any]:
    return cast(dict[str, Any], workerinput(config).get("unsettled", {}))


def _measuring(run: Run, folder: Path) -> MeasuringAgain:
    """What measures again for a run; it is imported with the first row that is, because it needs torch."""
    from unsettled.claims.audit.again import MeasuringAgain

    return MeasuringAgain(run, folder)


def cache_folder(config: pytest.Config) -> Path:
    """Where records are kept that a run measures: in pytest's cache folder below the working folder."""
    return config.invocation_params.dir / ".pytest_cache" / "d" / "unsettled"
