"""Wires the audit into pytest when it runs from the repository, and leaves out what must be asked for with ``-m``."""

from pathlib import Path

PLUGINS = ("pytester", "unsettled.claims.plugin", "unsettled.reports.plugin")
SLOW = ("asymptotic", "benchmark")
CLAIMS = Path(__file__).parent / "claims"


def pytest_addoption(parser, pluginmanager):
    """Load the plugins: nothing that is installed loads them by itself."""
    for name in PLUGINS:
        pluginmanager.import_plugin(name)


def pytest_ignore_collect(collection_path, config):
    """``pytest claims/`` is the audit; the unit tests of claims are asked for as ``claims/tests``, or with all others."""
    if collection_path != CLAIMS / "tests":
        return None
    asked = {(config.invocation_params.dir / argument).resolve() for argument in config.args}
    return True if asked == {CLAIMS} else None


def pytest_collection_modifyitems(config, items):
    """Leave out the slow tests unless ``-m`` names their marker."""
    asked = config.option.markexpr or ""
    left_out = [item for item in items if any(item.get_closest_marker(m) and m not in asked for m in SLOW)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
