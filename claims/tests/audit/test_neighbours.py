"""The installed package leaves other projects' runs of pytest alone, and an audit that was asked for is made or missed aloud."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import unsettled.claims
from unsettled.fixtures.faults.neighbours import PASSES, PROJECTS, ways, write
from unsettled.fixtures.synthetic.audits import accuracy_of, write_ledger
from unsettled.fixtures.synthetic.forked import python_m_pytest
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import write_record

PLUGIN = ("-p", "unsettled.reports.plugin")
# plugins of others that happen to be installed: two thirds of what a short run of pytest costs
FOREIGN = [f"-pno:{point.name}" for point in entry_points(group="pytest11") if not point.value.startswith(("unsettled", "xdist"))]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "OMP_", "GITHUB_"))}
    command = [sys.executable, "-m", "pytest", "-q", *FOREIGN, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_of_its_own_is_not_disturbed(name, tmp_path):
    files, arguments = PROJECTS[name]
    write(tmp_path, files)
    done = run(tmp_path, *arguments)
    tests = sum(Path(file).name.startswith("test_") for file in files)
    assert done.returncode == 0 and f"{tests} passed" in done.stdout, done.stdout + done.stderr
    assert "unsettled" not in done.stdout + done.stderr


@pytest.mark.benchmark
def test_the_installed_wheel_changes_no_run_of_others():
    found = list(ways())
    assert len(found) > 20 and not [(way.name, way.before, way.after) for way in found if not way.same or way.before[0]]


def test_an_audit_in_a_project_that_owns_such_folders(tmp_path):
    """It neither collects the project's tests nor the package's own unit tests, and imports none of the project's folders."""
    broken = "raise RuntimeError('nobody asked for this folder')\n"
    write(tmp_path, {f"{name}/__init__.py": broken for name in ("claims", "measure", "fixtures", "reports")} | {"claims/test_a.py": broken})
    record = synthetic_record(200)
    write_record(record, tmp_path / "r.parquet")
    write_ledger(tmp_path / "my.toml", {"right": ("share", "accuracy", accuracy_of(record))})
    (tmp_path / "none").mkdir()
    given = ("--ledger", "my.toml", "--references", "none", "--record", "my=r.parquet", "--same-examples", "my")
    done = python_m_pytest(tmp_path, *PLUGIN, *given, "--remeasure-rows", "0")
    assert done.returncode == 0 and "7 passed, 4 skipped" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "audit.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tests", "--ledger", "my.toml"), "error: tests: --ledger asks for an audit, but the given paths do not hold it (name no path"),
        (("tests", "--report", "a.html"), "error: tests: --report asks for an audit, but"),
        (("--pyargs", "unsettled.claims", "--record", "a=b"), "error: unsettled.claims: --record asks for an audit, but"),
        (("tests", "--policy", "strict"), "error: tests: --policy asks for an audit, but"),
        (("tests", "--baseline"), "error: tests: --baseline asks for an audit, but"),
    ],
)
def test_an_audit_that_was_asked_for_and_not_made_fails(tmp_path, arguments, told):
    write(tmp_path, {"tests/test_a.py": PASSES})
    done = python_m_pytest(tmp_path, "-q", *PLUGIN, *arguments)
    assert done.returncode == 2 and done.stderr.startswith(told) and done.stderr.count("\n") == 1, done.stdout + done.stderr


def test_a_run_of_other_tests_of_the_audit_s_folder_does_not_pass_for_an_audit(tmp_path):
    """The unit tests of claims lie below the audit's folder: asked for alone, they are not an audit."""
    unit = Path(unsettled.claims.__file__).parent / "tests" / "ledger" / "test_lock.py"
    if not unit.is_file():
        pytest.skip("the unit tests are not installed")
    (tmp_path / "none").mkdir()
    write_ledger(tmp_path / "my.toml", {"right": ("share", "accuracy", "50%")})
    done = python_m_pytest(tmp_path, *PLUGIN, str(unit), "--ledger", "my.toml", "--references", "none", "-k", "test_")
    assert done.returncode == 2 and "error: --ledger asks for an audit, but no item of the audit ran" in done.stdout, done.stdout
