"""`unsettled lyapunov`: what it prints, what it refuses, and its exit codes."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from unsettled.fixtures.systems.commands import app
from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.measure.errors import UserError


def invoke(*arguments: str):
    return CliRunner().invoke(app, [*arguments], catch_exceptions=False, env={"COLUMNS": "120"})


def test_a_system_with_its_reference_and_a_picture(tmp_path):
    picture = tmp_path / "henon.png"
    result = invoke("--system", "henon", "--updates", "60", "--batch", "8", "--plot", str(picture))
    assert result.exit_code == 0, result.output
    assert "+0.4192" in result.output and "Sprott" in result.output and "trap:" in result.output
    assert "Kaplan–Yorke dimension: 1." in result.output
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_closed_form_is_compared_at_this_time():
    result = invoke("--system", "logistic", "--updates", "16")
    assert result.exit_code == 0 and "closed form at this T" in result.output


def test_a_large_ring_refuses_its_dimension():
    result = invoke("--system", "ring-500", "--updates", "4", "--batch", "2")
    assert result.exit_code == 0 and "at least" in result.output and "refused" in result.output


def test_the_list_names_every_system():
    result = invoke("--list")
    assert result.exit_code == 0
    assert all(name in result.output for name in SYSTEMS)


def test_a_wrong_answer_fails(monkeypatch):
    from dataclasses import replace

    from unsettled.fixtures.systems.system import Known

    monkeypatch.setitem(SYSTEMS, "henon", replace(SYSTEMS["henon"], known=(Known(0.9), Known(-1.6))))
    result = invoke("--system", "henon", "--updates", "60", "--batch", "8")
    assert result.exit_code == 1 and "✗" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to run"),
        (["--list", "--identities"], "say what to run"),
        (["--system", "lorenz"], "no system 'lorenz'"),
        (["--system", "all", "--plot", "x.png"], "a plot shows one system"),
        (["--checkpoint", "x"], "a network needs puzzles"),
        (["--system", "cat", "--updates", "2", "--plot", "no/such/folder/x.png"], "cannot write the plot"),
    ],
)
def test_mistakes_are_one_line(arguments, message):
    with pytest.raises(UserError, match=message) as caught:
        invoke(*arguments)
    assert "\n" not in str(caught.value)
