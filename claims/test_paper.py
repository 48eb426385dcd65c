"""The audit: one item per claim and population, named ``claim@population``."""

import pytest

from unsettled.claims.session import run_of, settle, vanished
from unsettled.claims.verdict import Verdict


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    keys = [*run_of(metafunc.config).pairs, *vanished(metafunc.config)]
    metafunc.parametrize("key", keys, ids=str)


def test_claim(request: pytest.FixtureRequest, verdict: Verdict) -> None:
    settle(verdict, run_of(request.config))
