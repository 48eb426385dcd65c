"""The command line, run in this process, for the tests of its commands."""

import sys

import pytest

from unsettled.fixtures.synthetic.unhurried import without_deadline
from unsettled.measure.commands.app import main

without_deadline()


@pytest.fixture
def unsettled(monkeypatch, capsys):
    """Run the command line in this process; returns (exit code, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["unsettled", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code or 0, *capsys.readouterr())

    return run
