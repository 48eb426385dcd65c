"""The made-up audits and references that the tests of this storey share."""

from unsettled.fixtures.synthetic.pytest_fixtures import (
    make_audit,
    make_verdict,
    nothing_fetched,
    records,
    references,
    without_plugins_of_others,
)
from unsettled.fixtures.synthetic.unhurried import without_deadline

without_deadline()

__all__ = ["make_audit", "make_verdict", "nothing_fetched", "records", "references", "without_plugins_of_others"]
