"""`unsettled audit`: what it gives to pytest."""

import pytest
from typer.testing import CliRunner

from unsettled.claims.ledger.load import PAPER
from unsettled.measure.errors import UserError
from unsettled.reports.commands import app

OWN = ["--ledger", str(PAPER)]


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["my.toml", "-q"], ["--ledger", "my.toml", "-q"]),
        (["-q"], [*OWN, "-q"]),
        (["--record", "a=b.parquet"], [*OWN, "--record", "a=b.parquet"]),
        (["--paper", "krishna"], ["--paper", "krishna"]),
        (["--paper=krishna", "-c", "pytest.toml"], ["--paper=krishna", "-c", "pytest.toml"]),
        ([], OWN),
    ],
)
def test_the_ledger_comes_first_or_is_the_papers_own(monkeypatch, words, given):
    ran = []
    monkeypatch.setattr(pytest, "main", lambda arguments: ran.append(arguments) or 0)
    assert CliRunner().invoke(app, ["audit", *words], catch_exceptions=False).exit_code == 0
    assert ran == [["-p", "unsettled.reports.plugin", *given]]


def test_a_mistyped_option_is_told_what_it_may_mean(monkeypatch):
    monkeypatch.setattr(pytest, "main", lambda arguments: pytest.ExitCode.USAGE_ERROR)
    done = CliRunner().invoke(app, ["audit", "my.toml", "--recrod", "a=b.parquet", "--tb=short"])
    assert done.exit_code == 4 and done.stderr == "did you mean --record instead of --recrod?\n"


def test_a_ledger_after_an_option_is_said():
    with pytest.raises(UserError, match=r"my.toml: the ledger comes first"):
        CliRunner().invoke(app, ["audit", "--report", "x.html", "my.toml"], catch_exceptions=False)
