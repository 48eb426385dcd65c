"""Slow libraries are imported with the first use of one of their names, not with the modules that use them."""

import subprocess
import sys

from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.synthetic import synthetic_record
from unsettled.measure.support.later import Later

LIGHT = ("unsettled.claims.options", "unsettled.claims.plugin", "unsettled.reports.plugin")
# what judges needs them with the first statistic only
JUDGING = ("unsettled.claims.asked", "unsettled.claims.audit.audit", "unsettled.reports.renderings")


def test_a_function_a_class_and_a_namespace_come_with_the_first_use():
    assert Later("math", "hypot")(3, 4) == 5 and Later("fractions", "Fraction")("1/2") == 0.5
    assert Later("math").sqrt(9) == 3 and repr(Later("math", "hypot")) == "math.hypot"


def test_who_judges_nothing_imports_no_library_that_estimates_and_who_judges_no_slow_one(tmp_path):
    """An unrelated pytest run with the plugin loads none of ours; `show` and `report` of a finished audit need no more than pyarrow."""
    code = (
        "import importlib, sys\n"
        f"for name in {LIGHT!r}: importlib.import_module(name)\n"
        "assert not {'numpy', 'pydantic', 'pyarrow'} & sys.modules.keys(), sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    code = (
        "import importlib, sys\n"
        f"for name in {JUDGING!r}: importlib.import_module(name)\n"
        "assert not {'scipy', 'sklearn', 'pandas', 'numba', 'torch', 'matplotlib'} & sys.modules.keys(), sys.modules.keys()\n"
        # what judges takes scipy.special alone: the others would take a second of an audit of three
        "from unsettled.claims.judgement.judge import judge_all\n"
        "from unsettled.claims.ledger.load import load_ledger\n"
        "from unsettled.claims.populations.populations import Population\n"
        "from unsettled.measure.record.parquet import read_record\n"
        "judge_all(load_ledger(), [Population(name='my', kind='user', architecture='trm', record=read_record(sys.argv[1]))])\n"
        "slow = {'pyarrow.compute', 'scipy.stats', 'scipy.optimize', 'sklearn', 'pandas', 'numba', 'torch', 'matplotlib'}\n"
        "heavy = slow & sys.modules.keys()\n"
        "assert 'scipy.special' in sys.modules and not heavy, heavy\n"
    )
    record = tmp_path / "record.parquet"
    write_record(synthetic_record(150), record)
    done = fresh(code, record)
    assert done.returncode == 0, done.stderr[-500:]
