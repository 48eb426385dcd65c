"""The house rules that no reader should have to check: one-way imports, torch only where it is needed, module sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from unsettled.measure.commands.app import PANELS, build

ROOT = Path(__file__).parents[2]
PACKAGES = ("measure", "claims", "fixtures", "reports")
# package → packages that its code must never name, neither in an import nor in a string; fixtures serve the tests of all.
FORBIDDEN = {
    "measure": ("claims", "reports", "fixtures"),
    "claims": ("reports", "fixtures"),
    "reports": ("fixtures",),
    "fixtures": ("reports",),
}
# These must be importable without torch: judging never measures.
WITHOUT_TORCH = (
    "unsettled.claims.ledger.load",
    "unsettled.claims.judgement.judge",
    "unsettled.claims.catalogue.registered",
    "unsettled.claims.digits.arithmetic",
    "unsettled.claims.populations.populations",
    "unsettled.measure.record.parquet",
    "unsettled.measure.record.record",
    "unsettled.measure.analysis.settling",
    "unsettled.measure.statistics.auc",
    "unsettled.measure.tasks.read",
    "unsettled.measure.commands.app",
    "unsettled.claims.audit.audit",
    "unsettled.reports.text.terminal",
)


def modules(package: str) -> list[Path]:
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "tests" not in path.parts]


def named(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, and every string in it, docstrings too: a name in a string is an import that hides."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value, node.lineno


@pytest.mark.parametrize("package", PACKAGES)
def test_names_point_one_way(package):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} names unsettled.{other}"
        for path in modules(package)
        for name, line in named(path)
        for other in FORBIDDEN[package]
        if f"unsettled.{other}" in name
    ]
    assert not wrong


def test_every_entry_point_is_in_a_panel_and_names_a_module_here():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["unsettled.commands"]
    root = build(EntryPoint(name, value, "unsettled.commands") for name, value in points.items())
    names = {name for name, command in typer.main.get_command(root).commands.items() if not command.hidden}
    assert names == {name for panel in PANELS.values() for name in panel}


def test_judging_needs_no_torch():
    code = f"import sys, {', '.join(WITHOUT_TORCH)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120).returncode == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is_for_and_holds_one_idea(package):
    for path in modules(package):
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), f"{path.relative_to(ROOT)} does not say what it is for"
        assert text.count("\n") <= 350, f"{path.relative_to(ROOT)} has {text.count(chr(10))} lines"


def test_the_readme_test_command_is_what_continuous_integration_runs():
    readme = (ROOT / "README.md").read_text()
    between = readme.split("<!-- test command -->")[1].split("<!-- end -->")[0]
    assert between.count("```") == 2 and ".venv/bin/pytest" in between and "-c constraints.txt" in between
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text()


def test_constraints_pin_every_dependency_once():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    names = [line.split("==")[0].lower().replace("_", "-") for line in lines]
    assert len(set(names)) == len(names) and all(line.count("==") == 1 for line in lines)
    for name in ("torch", "numpy", "scipy", "pyarrow", "pydantic", "pytest", "typer", "safetensors", "hypothesis"):
        assert name in names
