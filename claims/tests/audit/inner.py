"""An audit of a made-up ledger, run by pytest within a test of pytest."""

import pytest

from unsettled.claims.audit.planted import outcome_of, read_falsehoods
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.audits import accuracy_of, write_ledger
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import write_record

PLUGINS = ("-p", "unsettled.claims.plugin", "-p", "unsettled.reports.plugin", "-p", "no:cacheprovider")
RECORD = synthetic_record(300)
TRUE, FALSE = accuracy_of(RECORD), f"{RECORD.solved.mean() - 0.2:.1%}"
GOOD = {"right": ("share", "accuracy", TRUE)}
BAD = {"wrong": ("share", "accuracy", FALSE)}


@pytest.fixture(scope="session")
def preloaded():
    """Import whatever an inner run imports: pytester forgets what an inner run was first to import, and importing an
    extension module twice can crash the interpreter."""
    for falsehood in read_falsehoods():
        outcome_of(falsehood, Population(name="any", kind="user", architecture="trm", record=RECORD))


@pytest.fixture
def folder(pytester, preloaded):
    """A working folder with a record and no references."""
    write_record(RECORD, pytester.path / "r.parquet")
    (pytester.path / "none").mkdir()
    return pytester.path


@pytest.fixture
def audit(pytester, folder):
    """Run the audit of a made-up ledger in the working folder; ``claims`` are id → (kind, statistic, stated)."""

    def run(claims, *options, record=True):
        write_ledger(folder / "my.toml", claims)
        given = ("--record", "my=r.parquet", "--same-examples", "my") if record else ()
        return pytester.runpytest_inprocess(*PLUGINS, "--ledger", "my.toml", "--references", "none", *given, *options)

    return run
