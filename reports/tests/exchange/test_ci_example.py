"""The workflow that users copy: it is well-formed, names only options and files that exist, and its steps run."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from unsettled.claims.audit.audit import read_audit
from unsettled.claims.session import cache_folder
from unsettled.fixtures.synthetic.forked import python_m_pytest
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import write_record
from unsettled.reports.problems import problems
from unsettled.reports.renderings import targets

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / "reports" / "ci" / "unsettled.yml"


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def steps(workflow):
    return workflow["jobs"]["audit"]["steps"]


def commands(steps):
    """Every command of the ``run`` steps as words."""
    text = "\n".join(step["run"] for step in steps if "run" in step).replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line.strip()]


def test_it_runs_in_pull_requests_with_few_rights(workflow, steps):
    assert {"pull_request", "push"} <= set(workflow[True])  # YAML 1.1 reads the key "on" as true
    assert workflow["permissions"] == {"contents": "read", "security-events": "write"}
    assert all(bool(step.get("run")) != bool(step.get("uses")) for step in steps)
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", step["uses"]) for step in steps if "uses" in step)


def test_no_foreign_text_is_pasted_into_a_command(steps):
    assert not [step for step in steps if "${{" in step.get("run", "")]


def test_every_option_it_names_exists(steps, tmp_path):
    known = python_m_pytest(tmp_path, "-p", "unsettled.reports.plugin", "--help").stdout
    (audit,) = [words for words in commands(steps) if words[:2] == ["unsettled", "audit"]]
    options = [word for word in audit if word.startswith("--")] + ["--baseline"]
    assert {"--report", "--audit"} <= set(options) and "gate=--baseline" in str(steps)
    assert not [option for option in options if not re.search(rf"^  (?:\S+, )*{option}\b", known, re.MULTILINE)]


def test_every_file_it_names_is_there_or_written(steps, tmp_path):
    (audit,) = [words for words in commands(steps) if words[:2] == ["unsettled", "audit"]]
    (tmp_path / "audit").mkdir()
    reports = targets([path for option, path in pairwise(audit) if option == "--report"], tmp_path)
    assert {path.suffix for path in reports} == {".html", ".md", ".sarif", ".json"}
    upload = next(step for step in steps if "upload-sarif" in step.get("uses", ""))
    assert tmp_path / upload["with"]["sarif_file"] in reports
    install = next(words for words in commands(steps) if "install" in words)
    assert (ROOT / install[install.index("-c") + 1]).is_file() and (ROOT / "claims" / "paper.toml").is_file()
    kept = next(step for step in steps if step.get("uses", "").startswith("actions/cache@"))
    assert kept["with"]["path"] == ".pytest_cache/d/unsettled"


def test_records_are_kept_where_the_cache_looks(pytestconfig):
    assert cache_folder(pytestconfig) == pytestconfig.invocation_params.dir / ".pytest_cache" / "d" / "unsettled"


@pytest.mark.asymptotic
def test_its_audit_step_runs_as_it_is_written(steps, tmp_path):
    """In a copy of the repository, with what is installed here instead of a new installation; it fails just if something did."""
    copy = tmp_path / "repository"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "*.egg-info", "__pycache__", ".pytest_cache", "shared")
    )
    step = next(step for step in steps if step.get("name") == "Audit")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PYTHONPATH": str(copy),
        "GITHUB_ACTIONS": "true",
        "HOME": str(tmp_path),
        "OMP_NUM_THREADS": "1",
        "PYTEST_ADDOPTS": "--remeasure-rows 4",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_WORKSPACE": str(copy),
    }
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    subprocess.run(["git", "add", "claims/paper.toml"], cwd=copy, check=True)
    script = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
    done = subprocess.run(script, cwd=copy, env=environment, capture_output=True, text=True, timeout=3_000, check=False)
    assert done.returncode in (0, 1), done.stdout[-3000:] + done.stderr[-1000:]
    assert {p.name for p in (copy / "audit").iterdir()} == {
        "audit.json",
        "junit.xml",
        "audit.html",
        "audit.md",
        "audit.sarif",
        "badge.json",
    }
    failing = [p for p in problems(read_audit(copy / "audit" / "audit.json")) if p.level == "error"]
    assert done.returncode == bool(failing)
    assert (tmp_path / "summary.md").read_text().startswith("## Audit of")
    assert [
        line
        for line in done.stdout.splitlines()
        if line.startswith(("::warning file=claims/paper.toml", "::notice file=claims/paper.toml"))
    ]


LEDGER = """
[paper]
title = "Made up"
source = "for a test"

[[population]]
name = "my.net"
words = "my network"

[[claim]]
id = "accuracy"
kind = "share"
words = "Share of puzzles that are solved"
locator = "abstract"
population = "my.net"
stated = "12.3%"
denominator = "puzzles"
statistic = "accuracy"
smallest_contradiction = 0.05
form = { test = "not_applicable", reason = "a figure of this checkpoint" }
"""


@pytest.fixture
def theirs(steps, tmp_path):
    """A repository with a ledger in a folder of its own, a record, and none of ours; runs its audit step with these programs."""
    repository = tmp_path / "theirs"
    (repository / "docs" / "claims").mkdir(parents=True)
    (repository / "docs" / "the paper.toml").write_text(LEDGER)
    write_record(synthetic_record(150, accuracy=0.547, seed=1), repository / "record.parquet")
    (repository / "none").mkdir()
    for words in (["init", "-q"], ["add", "docs/the paper.toml"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    step = next(step for step in steps if step.get("name") == "Audit")

    def run(programs: Path) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "GITHUB_ACTIONS": "true",
            "HOME": str(tmp_path),
            "LEDGER": "",
            "ARGUMENTS": "--record my.net=record.parquet --same-examples my.net --references none",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_WORKSPACE": str(repository),
        }
        script = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
        return subprocess.run(script, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=False)

    return repository, run


def test_it_works_pasted_into_somebody_elses_repository(theirs):
    """The steps find the ledger, judge it, name its path and fail with it."""
    repository, run = theirs
    done = run(Path(sys.executable).parent)
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads((repository / "audit" / "audit.sarif").read_text())["runs"][0]["results"]
    assert [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in found] == ["docs/the%20paper.toml"]
    assert sum(line.startswith("::error file=docs/the paper.toml,line=") for line in done.stdout.splitlines()) == 1


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_audit_step_ends_as_the_audit_does_and_is_gated_where_a_baseline_is_locked(theirs, tmp_path, code):
    repository, run = theirs
    (tmp_path / "bin").mkdir()
    stand_in = tmp_path / "bin" / "unsettled"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@"\nexit {code}\n')
    stand_in.chmod(0o755)
    if code:
        (repository / "docs" / "the paper.baseline.json").write_text("{}")
    done = run(stand_in.parent)
    given = ["--record", "my.net=record.parquet", "--same-examples", "my.net", "--references", "none"]
    words = done.stdout.splitlines()
    start = ["audit", "docs/the paper.toml", *(["--baseline"] if code else []), *given, "--audit", "audit/audit.json"]
    assert done.returncode == code and words[: len(start)] == start and (repository / "audit").is_dir()
