"""Wires the audit into pytest when it runs from the repository, and leaves out what must be asked for with ``-m``."""

import atexit
import gc
import os
import sys
from pathlib import Path

import pytest

from unsettled.measure.support.garbage import leave

# Bytecode is kept, as numba's is in the same folders: without it each of the dozens of processes that tests start compiles every module
# again, and each worker rewrites every assertion.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# before anything imports torch: workers of pytest-xdist share the cores, since threads that wait for others cost more than they give
if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // int(workers))))
    # registered first and so called last: what a worker holds goes with its process, and takes seconds to be taken apart
    atexit.register(os._exit, 0)

# What is imported from here on and what is collected lives to the end: it is not searched for garbage, neither while it grows nor when
# a test makes some, nor when the process ends.
gc.disable()
atexit.register(leave)

PLUGINS = ("pytester", "unsettled.claims.plugin", "unsettled.reports.plugin")
SLOW = ("asymptotic", "benchmark")


def pytest_addoption(parser, pluginmanager):
    """Load the plugins: nothing that is installed loads them by itself."""
    for name in PLUGINS:
        pluginmanager.import_plugin(name)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Workers gather no logged messages: the plugin hangs itself three times a test on each of the dozens of loggers that keep theirs."""
    gathers = config.pluginmanager.get_plugin("logging-plugin")
    if workers and gathers is not None:
        config.pluginmanager.unregister(gathers)


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Every second worker collects all tests from the last file to the first: in a fresh clone each compiles half of the files, and reads
    what the other has made of the rest.
    """
    config = session.config
    if config.args_source is config.ArgsSource.TESTPATHS and os.environ.get("PYTEST_XDIST_WORKER", "gw0")[-1] in "13579":
        config.args = [str(path) for folder in reversed(config.args) for path in sorted(Path(folder).rglob("test_*.py"), reverse=True)]
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)  # tests make little that points at itself
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests of a file stay with one worker, where they share what it has made; one that is done takes half of what another has left."""
    from xdist.scheduler import WorkStealingScheduling  # noqa: PLC0415 - an audit is installed without it

    return WorkStealingScheduling(config, log) if config.getvalue("dist") == "load" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """All workers have the same order; the slow tests are left out unless ``-m`` names their marker."""
    # an audit from the folder of one clone by the program of another collects what does not lie in that folder
    if config.args_source is config.ArgsSource.TESTPATHS and all(item.path.is_relative_to(config.rootpath) for item in items):
        folders = config.getini("testpaths")
        items.sort(key=lambda item: (folders.index(item.path.relative_to(config.rootpath).parts[0]), item.path.parts))
    asked = config.option.markexpr or ""
    left_out = [item for item in items if any(item.get_closest_marker(m) and m not in asked for m in SLOW)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
