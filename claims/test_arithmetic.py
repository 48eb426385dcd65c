"""What the printed digits say about each other without any model: one item per check of the ledger."""

import pytest

from unsettled.claims.session import keep, run_of, settle
from unsettled.claims.verdict import Verdict


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    checks = run_of(metafunc.config).ledger.checks
    metafunc.parametrize("place", range(len(checks)), ids=[f"{check.id}@{check.population}" for check in checks])


@pytest.fixture
def digits(request: pytest.FixtureRequest, place: int) -> Verdict:
    run = run_of(request.config)
    return keep(request.node, "arithmetic", run.known.acknowledge(run.reproduced(run.digits.verdicts[place])))


def test_digits(request: pytest.FixtureRequest, digits: Verdict) -> None:
    settle(digits, run_of(request.config))
