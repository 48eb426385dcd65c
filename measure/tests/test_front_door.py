"""The public names: all there, each with a line in the index, loaded when they are used, and without torch where it can be."""

from __future__ import annotations

import subprocess
import sys

import pytest

import unsettled.measure as door
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.measure import synthetic_record

WITHOUT_TORCH = [
    "Estimate",
    "Record",
    "UserError",
    "auc",
    "auc_difference",
    "equivalence",
    "matched_auc",
    "median",
    "paired_difference",
    "proportion",
    "read_puzzles",
    "read_record",
    "references_of",
    "summarise",
    "synthetic_record",
    "write_record",
]


def test_every_public_name_is_there_and_in_the_index():
    home_of = {name: home for home, names in door._HOMES.items() for name in names}
    assert sorted(home_of) == sorted(door.__all__) and set(door.__all__) <= set(dir(door))
    for name in door.__all__:
        found = getattr(door, name)
        assert found.__module__ == f"unsettled.measure{home_of[name]}", name
        assert found.__doc__, name
        assert f"\n    {name} " in door.__doc__, f"{name} has no line in the index"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'measured'"):
        _ = door.measured
    with pytest.raises(ImportError):
        exec("from unsettled.measure import nothing_of_the_kind")


def test_readers_and_statistics_load_no_torch():
    code = f"import sys\nfrom unsettled.measure import {', '.join(WITHOUT_TORCH)}\nsys.exit('torch' in sys.modules)"
    assert fresh(code).returncode == 0


def test_importing_the_package_loads_none_of_its_wings():
    code = "import sys, unsettled.measure\nprint(*sorted(m for m in sys.modules if m.startswith('unsettled.measure.')))"
    loaded = subprocess.run([sys.executable, "-c", code], timeout=120, check=True, capture_output=True, text=True).stdout.split()
    assert loaded == ["unsettled.measure.support", "unsettled.measure.support.front_door"]


def test_a_synthetic_record_has_both_outcomes():
    record = synthetic_record(64)
    assert 0 < record.solved.sum() < len(record)
