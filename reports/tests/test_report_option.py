"""`--report` and GitHub Actions within a real run of pytest: files, job summary, annotations, and no command of foreign text."""

from fnmatch import fnmatch

import hypothesis
import numpy as np
import pytest
import torch

import unsettled.claims.audit.run
import unsettled.reports.exchange.latex
import unsettled.reports.session
from unsettled.claims.audit.audit import read_audit
from unsettled.fixtures.faults.hostile import HOSTILE, write_hostile_ledger
from unsettled.fixtures.synthetic.audits import accuracy_of, write_ledger
from unsettled.fixtures.synthetic.forked import WARM
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import write_record
from unsettled.measure.statistics.minorant import knots_of
from unsettled.reports.text.markdown import render

# an inner run of pytest must not be the first to import these: pytester forgets them again
PRELOADED = (hypothesis, torch, knots_of(np.array([0.0, 1.0, 3.0]), False), *WARM)

RECORD = synthetic_record(200)
PLUGINS = ("-p", "unsettled.claims.plugin", "-p", "unsettled.reports.plugin", "-p", "no:cacheprovider")
GIVEN = ("--references", "none", "--record", "my=r.parquet", "--same-examples", "my", "-k", "test_claim")
QUIET = (".md", ".sarif", ".svg", ".json", ".tex", ".csv", ".txt")


@pytest.fixture
def folder(pytester, monkeypatch):
    """A working folder with a record, outside of GitHub Actions whatever this runs in."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    write_record(RECORD, pytester.path / "r.parquet")
    (pytester.path / "none").mkdir()
    return pytester.path


def audit(pytester, folder, *options, ledger=None):
    if ledger is None:
        write_ledger(folder / "my.toml", {"right": ("share", "accuracy", accuracy_of(RECORD)), "wrong": ("share", "accuracy", "1%")})
    return pytester.runpytest_inprocess(*PLUGINS, "--ledger", ledger or "my.toml", *GIVEN, *options)


def test_every_report_of_one_run(pytester, folder):
    result = audit(pytester, folder, *(part for suffix in QUIET for part in ("--report", f"out{suffix}")))
    assert result.ret == 1
    assert sorted(p.name for p in folder.glob("out.*")) == sorted(f"out{suffix}" for suffix in QUIET)
    result.stdout.fnmatch_lines([f"report out{suffix}, *B" for suffix in QUIET])
    assert "| REFUTED | wrong | my | 1% |" in (folder / "out.md").read_text()
    assert not any("::stop-commands" in line or line.startswith("::") for line in result.stdout.lines)


def test_collecting_writes_no_report(pytester, folder):
    audit(pytester, folder, "--report", "out.md", "--collect-only")
    assert not (folder / "out.md").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--report", "out.json", "--audit", "out.json"), "error: *out.json: the report would overwrite the audit"),
        (("--report", "out.docx"), "error: out.docx: no rendering has a name like that (suffixes: .html, *"),
        (("--report", "nowhere/out.md"), "error: nowhere: the report cannot be written: no such folder"),
    ],
)
def test_bad_report_is_one_line_before_the_session(folder, capfd, options, told):
    write_ledger(folder / "my.toml", {"right": ("share", "accuracy", "50%")})
    assert pytest.main([*PLUGINS, "--ledger", "my.toml", "--references", "none", *options]) == 2
    out, err = capfd.readouterr()
    assert (out, fnmatch(err, told + "\n"), err.count("\n")) == ("", True, 1)
    assert not (folder / "audit.json").exists()


def test_names_are_looked_at_before_anything_is_measured(folder, capfd, monkeypatch):
    def measured(run):
        raise AssertionError("measured before the names were looked at")

    monkeypatch.setattr(unsettled.claims.audit.run.Run, "to_measure", measured)
    write_ledger(folder / "my.toml", {"right": ("share", "accuracy", "50%")})
    assert pytest.main([*PLUGINS, "--ledger", "my.toml", "--references", "none", "--report", "out.docx"]) == 2
    assert capfd.readouterr().err.startswith("error: out.docx")


def test_in_actions_summary_and_annotations_come_by_themselves(pytester, folder, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    result = audit(pytester, folder)
    found = read_audit(folder / "audit.json")
    assert (folder / "summary.md").read_text() == render(found) + "\n"
    assert result.stdout.lines[-1].startswith(
        "::error file=my.toml,line=23,title=REFUTED wrong@my::made up for a test: stated 1%25. the same"
    )
    assert (folder / "my.toml").read_text().splitlines()[22:24] == ["[[claim]]", 'id = "wrong"']


@pytest.mark.parametrize("name", ["workflow", "terminal", "block"])
def test_in_actions_foreign_text_is_no_command(pytester, folder, monkeypatch, name):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    write_hostile_ledger(folder / "hostile.toml", HOSTILE[name])
    result = audit(pytester, folder, "--report", "out.md", ledger="hostile.toml")
    assert result.ret == 1
    lines = result.stdout.lines
    stop = next(index for index, line in enumerate(lines) if line.startswith("::stop-commands::"))
    resume = lines.index(f"::{lines[stop].removeprefix('::stop-commands::')}::")
    heard = [line for line in (*lines[:stop], *lines[resume + 1 :]) if line.lstrip().startswith("::") or "##[" in line]
    assert [line.split(" ")[0] for line in heard] == ["::error"]
    assert heard[0].startswith("::error file=hostile.toml,line=10,title=REFUTED hostile@my::")


def test_a_broken_rendering_costs_neither_the_others_nor_the_summary(pytester, folder, monkeypatch):
    def broken(audit):
        raise RuntimeError("no\nluck")

    monkeypatch.setattr(unsettled.reports.exchange.latex, "render", broken)
    result = audit(pytester, folder, "--report", "out.tex", "--report", "out.md")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(
        ["error: out.tex is not written: RuntimeError: no luck (unsettled report audit.json --out out.tex shows where)", "*1 failed*"]
    )
    assert (folder / "out.md").exists() and not (folder / "out.tex").exists()
