"""What the printed digits say about each other without any model: one item per check of the ledger."""

import pytest

from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.plugin import keep, run_of, settle


def pytest_generate_tests(metafunc):
    run = run_of(metafunc.config)
    verdicts = [run.known.acknowledge(verdict) for verdict in arithmetic(run.ledger).verdicts]
    metafunc.parametrize("checked", verdicts, ids=lambda verdict: verdict.key)


@pytest.fixture
def digits(request, checked):
    return keep(request.node, "arithmetic", checked)


def test_digits(digits, audit_run):
    settle(digits, audit_run)
