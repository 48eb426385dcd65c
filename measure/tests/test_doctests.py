"""The examples in the docstrings of the public names run as they are printed."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

import unsettled.measure as door

MODULES = ["unsettled.measure", *(f"unsettled.measure{home}" for home in door._HOMES)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = import_module(name)
    failed, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not failed, "the output above is not what the docstring says"


def test_public_functions_have_an_example():
    without = {name for name in door.__all__ if ">>>" not in (getattr(door, name).__doc__ or "")}
    # what needs files, or is returned by a function whose example shows it
    assert without <= {
        "Network",
        "Record",
        "Status",
        "TangentGrowth",
        "UserError",
        "load_checkpoint",
        "load_network",
        "measure",
        "read_examples",
        "read_puzzles",
        "read_record",
        "write_record",
    }
