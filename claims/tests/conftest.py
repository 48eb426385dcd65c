"""The made-up audits and references that the tests of this storey share, and the command line."""

from unsettled.fixtures.synthetic.command_line import unsettled
from unsettled.fixtures.synthetic.pytest_fixtures import make_audit, make_verdict, nothing_fetched, records, references
from unsettled.fixtures.synthetic.unhurried import without_deadline


def pytest_collect_file() -> None:
    """Before the first file of these tests is collected: an audit of this folder reads this one too, and needs no test tools."""
    without_deadline()


__all__ = ["make_audit", "make_verdict", "nothing_fetched", "records", "references", "unsettled"]
