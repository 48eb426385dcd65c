"""The public names of claims: all there, each with a line in the index, loaded when they are used, without torch; examples run."""

from __future__ import annotations

import doctest
import subprocess
import sys
from importlib import import_module

import pytest

import unsettled.claims as door
from unsettled.fixtures.synthetic.fresh import fresh

EXAMPLES = ("", ".ledger.load", ".ledger.printed", ".digits.arithmetic", ".wording", ".verdict")


def test_every_public_name_is_there_and_in_the_index():
    home_of = {name: home for home, names in door._HOMES.items() for name in names}
    assert sorted(home_of) == sorted(door.__all__) and set(door.__all__) <= set(dir(door))
    for name in door.__all__:
        found = getattr(door, name)
        home = f"unsettled.claims{home_of[name]}"
        assert found is getattr(import_module(home), name) and found.__doc__, name
        assert f"\n    {name} " in door.__doc__, f"{name} has no line in the index"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'judged'"):
        _ = door.judged


@pytest.mark.parametrize("module", EXAMPLES)
def test_examples_run(module):
    found = doctest.testmod(import_module(f"unsettled.claims{module}"))
    assert found.attempted and not found.failed


def test_all_names_load_no_torch_and_the_package_alone_loads_nothing():
    code = "import sys, unsettled.claims\nsys.exit(any(m.startswith('unsettled.claims.') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0
    assert fresh("import sys\nfrom unsettled.claims import *\nsys.exit('torch' in sys.modules)").returncode == 0
