"""The audit: one item per claim and population, named ``claim@population``."""

from unsettled.claims.plugin import more_verdicts, run_of, settle


def pytest_generate_tests(metafunc):
    keys = [*run_of(metafunc.config).pairs, *more_verdicts(metafunc.config)]
    metafunc.parametrize("key", keys, ids=str)


def test_claim(verdict, audit_run):
    settle(verdict, audit_run)
