"""The audit: one item per claim and population, named ``claim@population``."""

from unsettled.claims.plugin import run_of, settle, vanished


def pytest_generate_tests(metafunc):
    keys = [*run_of(metafunc.config).pairs, *vanished(metafunc.config)]
    metafunc.parametrize("key", keys, ids=str)


def test_claim(verdict, audit_run):
    settle(verdict, audit_run)
