"""Slow libraries are imported with the first use of one of their names, not with the modules that use them."""

import subprocess
import sys

from unsettled.measure.support.later import Later

LIGHT = ("unsettled.claims.options", "unsettled.claims.plugin", "unsettled.reports.plugin")
# what judges needs them with the first statistic only
JUDGING = ("unsettled.claims.asked", "unsettled.claims.audit.audit", "unsettled.reports.renderings")


def test_a_function_a_class_and_a_namespace_come_with_the_first_use():
    assert Later("math", "hypot")(3, 4) == 5 and Later("fractions", "Fraction")("1/2") == 0.5
    assert Later("math").sqrt(9) == 3 and repr(Later("math", "hypot")) == "math.hypot"


def test_what_judges_nothing_imports_no_library_that_estimates():
    """An unrelated pytest run with the plugin loads none of ours; `show` and `report` of a finished audit need no more than pyarrow."""
    code = (
        "import importlib, sys\n"
        f"for name in {LIGHT!r}: importlib.import_module(name)\n"
        "assert not {'numpy', 'pydantic', 'pyarrow'} & sys.modules.keys(), sys.modules.keys()\n"
        f"for name in {JUDGING!r}: importlib.import_module(name)\n"
        "assert not {'scipy', 'sklearn', 'pandas', 'numba', 'torch', 'matplotlib'} & sys.modules.keys(), sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-500:]
