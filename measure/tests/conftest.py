"""The command line, run in this process, for the tests of its commands."""

from unsettled.fixtures.synthetic.command_line import unsettled
from unsettled.fixtures.synthetic.unhurried import without_deadline

without_deadline()

__all__ = ["unsettled"]
