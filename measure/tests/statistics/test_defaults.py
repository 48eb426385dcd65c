"""What is not asked for is the same everywhere: a level of 95 %, an alpha of 5 %, the seed 0."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

from unsettled.measure import lyapunov, statistics

CONVENTIONS = {
    "level": {0.95},
    "alpha": {0.05},
    "power": {0.8},
    "sided": {2},
    "seed": {0},
    "bins": {10},
    "folds": {5},
    "horizon": {4},
    "margin": {0.1, None},
    "resamples": {1000, 2000},
    "minimum": {1, 5},
    "target": {0.5},
    "rank": {1},
    "widen": {1.0},
    "points": {160},
    "keep": {0.95},
    "logit": {0.0},
    "stated_below": {0},
    "difference": {0.0},
    "share": {0.5},
}


def functions(package):
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return [
        pytest.param(f, id=f"{module.__name__.rpartition('.')[2]}.{name}")
        for module in modules
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__
    ]


@pytest.mark.parametrize("function", [*functions(statistics), *functions(lyapunov)])
def test_a_default_is_that_of_its_name(function):
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not parameter.empty and name in CONVENTIONS:
            assert parameter.default in CONVENTIONS[name], name
