"""A run over a made-up reference; an audit of a shipped one, its page, and the browser that opens it: each made once for all modules."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from unsettled.claims.audit.boards import boards_of
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.summary import audit_of
from unsettled.claims.populations.inputs import Inputs
from unsettled.fixtures.synthetic.browsing import Tab
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.reports.renderings import write_report

SMALL = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-6x6"


@pytest.fixture(scope="session")
def small():
    return synthetic_record(60, segments=4, k=2)


@pytest.fixture(scope="session")
def judged(tmp_path_factory):
    """A real run over a made-up reference, and its ledger and populations: no checkpoint, so no boards."""
    root = tmp_path_factory.mktemp("references")
    write_reference(root, synthetic_record(300, separation=2.5, seed=5), name="reference.trm")
    return Run(Settings(seed=1, inputs=Inputs(references=root)))


@pytest.fixture(scope="session")
def verdicts(judged):
    return [judged.judge(key) for key in judged.pairs]


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A real audit of one shipped reference: a run that judges everything on it."""
    root = tmp_path_factory.mktemp("references")
    shutil.copytree(SMALL, root / SMALL.name)
    return Run(Settings(seed=1, inputs=Inputs(references=root)))


@pytest.fixture(scope="session")
def audit(run):
    boards = [boards_of(population, each=run.boards_each) for population in run.watchable()]
    return audit_of(run, {"verdict": [run.judge(key) for key in run.pairs], "boards": boards})


@pytest.fixture(scope="session")
def file(audit, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "audit.html"
    assert write_report(audit, path) < 1_000_000
    return path


@pytest.fixture(scope="session")
def chromium():
    """Where Chromium is; a test that needs it is skipped where it, or playwright, is not installed."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra `test` has it)")
    from unsettled.fixtures.screenshot import chromium as installed  # noqa: PLC0415  it imports playwright

    return installed() or pytest.skip("no Chromium is installed: `apt-get install chromium`")


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  it may not be installed

    with sync_playwright() as engine:
        launched = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def idle():
    """Tabs that no test uses, by their options."""
    return defaultdict(list)


@pytest.fixture
def visit(browser, idle, file):
    """Open the page; whatever it says on the console, raises or requests is gathered, and there must be nothing."""
    used = []

    def open_page(*, at: Path = file, width: str = "desk", scheme: str = "light", **more):
        waiting = idle[tuple(more.items())]
        tab = waiting.pop() if waiting else Tab(browser, **more)
        used.append((waiting, tab))
        return tab.open(at, width, scheme)

    yield open_page
    said = [what for _, tab in used for what in tab.leave()]
    for waiting, tab in used:
        waiting.append(tab)
    assert not said
