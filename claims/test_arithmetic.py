"""What the printed digits say about each other without any model: one item per check of the ledger."""

import pytest

from unsettled.claims.session import keep, run_of, settle
from unsettled.claims.verdict import Verdict


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run = run_of(metafunc.config)
    verdicts = [run.known.acknowledge(run.reproduced(verdict)) for verdict in run.digits.verdicts]
    metafunc.parametrize("checked", verdicts, ids=lambda verdict: verdict.key)


@pytest.fixture
def digits(request: pytest.FixtureRequest, checked: Verdict) -> Verdict:
    return keep(request.node, "arithmetic", checked)


def test_digits(request: pytest.FixtureRequest, digits: Verdict) -> None:
    settle(digits, run_of(request.config))
