"""The pytest plugin that gathers an audit: the drift gate, audit.json, the summary, and the exit code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unsettled.claims.plugin import RUN, collects_audit, is_worker
from unsettled.claims.populations.inputs import one_of
from unsettled.measure.errors import UserError
from unsettled.measure.support.text import harmless

pytest_plugins = ("unsettled.claims.plugin",)
HERE = Path(__file__).parent
GATE, COLLECTOR, REPORTS = pytest.StashKey(), pytest.StashKey(), pytest.StashKey[tuple[Path, ...]]()


class NamesOfReports:
    """Looks at the names of reports before anything else is done: a run may measure for hours before it writes them."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int | None:
        if not config.option.report:
            return None
        from unsettled.reports.renderings import targets

        try:
            config.stash[REPORTS] = targets(config.option.report, config.invocation_params.dir)
        except UserError as error:
            print(harmless(f"error: {error}"), file=sys.stderr)
            return 2
        return None


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    # what is registered last is asked first: before the claims' plugin, which measures
    pluginmanager.register(NamesOfReports(), "unsettled-names-of-reports")
    group = parser.getgroup("unsettled")
    group.addoption("--audit", metavar="PATH", help="where audit.json goes (default: reports/audit.json)")
    group.addoption("--baseline", action="store_true", help="fail on every verdict that left the locked baseline")
    group.addoption("--baseline-file", metavar="PATH", help="the locked baseline (default: LEDGER.baseline.json beside the ledger)")
    group.addoption("--update-baseline", metavar="new|all", help="lock this run's verdicts, and fail")
    group.addoption("--report", action="append", metavar="PATH", help="render the audit there too: .html, .md, .sarif, …")


@pytest.hookimpl
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Read the baseline and see that the audit can be written, before the session starts."""
    run = config.stash.get(RUN, None)
    if run is None:
        return None
    from unsettled.reports.collector import Collector

    try:
        gate = config.stash[GATE] = _gate(config, run)
        if not is_worker(config) and not config.option.collectonly:
            path, reports = _audit_path(config, run), config.stash.get(REPORTS, ())
            if path.name != "audit.json" and path.resolve() in [report.resolve() for report in reports]:
                raise UserError("the report would overwrite the audit", where=path)
            collector = config.stash[COLLECTOR] = Collector(config, run, gate, path, reports=reports)
            config.pluginmanager.register(collector, "unsettled-collector")
    except UserError as error:
        print(harmless(f"error: {error}"), file=sys.stderr)
        return 2
    return None


def pytest_unsettled_review(config, run, verdict):
    gate = config.stash.get(GATE, None)
    return gate.review(run, verdict) if gate else None


def pytest_unsettled_more(config, run):
    gate = config.stash.get(GATE, None)
    return gate.vanished(run) if gate else []


def pytest_report_header(config: pytest.Config) -> list[str]:
    run = config.stash.get(RUN, None)
    if run is None or not collects_audit(config):
        return []
    from unsettled.measure.support.files import short_path

    settings = run.settings
    lines = [
        f"unsettled: ledger {short_path(settings.ledger)}, {len(run.pairs)} claims × populations, policy {run.policy.name}",
        f"unsettled: seed {settings.seed} (the same draws again: --audit-seed {settings.seed})",
    ]
    lines += [f"unsettled: record of {name}: {short_path(path)}" for name, path in settings.records.items()]
    return [harmless(line) for line in lines]


def _gate(config: pytest.Config, run):
    from unsettled.claims.audit.baseline import Baseline, read_baseline
    from unsettled.claims.audit.gate import Gate

    option = config.option
    writes = option.update_baseline and one_of("--update-baseline", option.update_baseline, ("new", "all"))
    path = Path(option.baseline_file) if option.baseline_file else default_baseline(run)
    must = option.baseline and not writes
    baseline = read_baseline(path) if must or path.is_file() else Baseline()
    return Gate(path=path, baseline=baseline, compare=option.baseline or bool(writes), writes=writes)


def default_baseline(run) -> Path:
    """The locked baseline of a ledger lies beside it."""
    ledger = run.settings.ledger
    return ledger.with_name(ledger.stem + ".baseline.json")


def _audit_path(config: pytest.Config, run) -> Path:
    """Where the audit goes: with the reports for the paper's ledger, else into the working folder. Raises UserError."""
    default = HERE / "audit.json" if run.own_ledger else config.invocation_params.dir / "audit.json"
    path = Path(config.option.audit) if config.option.audit else default
    if path.is_dir():
        raise UserError("the audit cannot be written: a folder of that name is there", where=path)
    if not path.parent.is_dir():
        raise UserError("the audit cannot be written: no such folder", where=path.parent)
    return path
