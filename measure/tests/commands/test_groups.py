"""Groups of options: a command that names one takes its options, where the group stands, and gets them in one object."""

from __future__ import annotations

import ast
import doctest
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer.testing import CliRunner

from unsettled.measure.commands import groups, options

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Where:
    folder: Annotated[str, typer.Option(help="A folder.")] = "here"


@dataclass(frozen=True)
class Deeper(Where):
    deeper: Annotated[int, typer.Option(help="How deep.", min=1)] = 1


def test_the_example_in_the_docstring_runs():
    assert doctest.testmod(groups).failed == 0


def test_typer_sees_the_options_of_a_group_where_it_stands():
    seen = []
    app = typer.Typer(add_completion=False)

    @app.command()
    @groups.grouped
    def go(*, name: str, quiet: bool = False, deeper: Deeper, last: int = 7) -> None:
        """Go."""
        seen.append((name, quiet, deeper, last))

    command = typer.main.get_command(app)
    assert [option.name for option in command.params] == ["name", "quiet", "folder", "deeper", "last"]
    assert CliRunner().invoke(app, ["me"]).exit_code == 0
    assert CliRunner().invoke(app, ["me", "--deeper", "3", "--folder", "there", "--quiet"]).exit_code == 0
    assert seen == [("me", False, Deeper("here", 1), 7), ("me", True, Deeper("there", 3), 7)]
    assert CliRunner().invoke(app, ["me", "--deeper", "0"]).exit_code == 2  # the limits of an option hold in a group
    assert "A folder." in CliRunner().invoke(app, ["--help"]).output


def test_a_group_may_have_the_name_of_one_of_its_options():
    @groups.grouped
    def network(*, network: options.NetworkOptions, noise_seed: options.NoiseSeed = None) -> None:
        assert network == options.NetworkOptions(heads=2, network="my_net.py:build") and noise_seed == 5

    network(network="my_net.py:build", noise_seed=5, heads=2)


def test_no_option_is_declared_twice():
    """Two commands that take the same option name it in one place, so that its help is mended for both."""
    declared = Counter(
        ast.unparse(node.slice)
        for folder in ("measure", "claims", "reports", "fixtures")
        for path in (ROOT / folder).rglob("*.py")
        if path.parent.name == "commands" or path.name in ("commands.py", "__main__.py")
        if "tests" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Annotated" and "help=" in ast.unparse(node.slice)
    )
    assert len(declared) > 150
    assert not [text for text, times in declared.items() if times > 1]
