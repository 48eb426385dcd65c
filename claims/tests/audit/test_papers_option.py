"""``--paper NAME`` and ``--paper all``: which ledger is judged, and what cannot be shared by several runs."""

import sys
from types import SimpleNamespace

import pytest

from unsettled.claims import asked
from unsettled.claims.audit.audit import write_audit
from unsettled.claims.ledger import shipped as shipping
from unsettled.claims.ledger.load import PAPER
from unsettled.claims.ledger.shipped import PAPERS, auditing, shipped
from unsettled.measure.errors import UserError


def config(*args, told=None, **options):
    given = {"ledger": None, "paper": None, "audit": None} | options
    hook = SimpleNamespace(pytest_unsettled_audits=lambda config, audits: None if told is None else told.update(audits))
    return SimpleNamespace(option=SimpleNamespace(**given), invocation_params=SimpleNamespace(args=args, dir=PAPER.parent), hook=hook)


def test_a_paper_is_named_or_the_audited_one_is_judged(tmp_path):
    assert asked.ledger_of(config()) == asked.ledger_of(config(paper="paper")) == PAPER
    assert asked.ledger_of(config(paper="krishna")) == PAPERS / "krishna.toml"
    assert asked.ledger_of(config(ledger=str(tmp_path / "l.toml"))) == tmp_path / "l.toml"
    with pytest.raises(UserError, match=r"no paper 'nobody'.*ren-liu"):
        asked.ledger_of(config(paper="nobody"))
    with pytest.raises(UserError, match="both name what is judged"):
        asked.ledger_of(config(paper="krishna", ledger="l.toml"))


def test_every_ledger_is_judged_in_a_run_of_its_own_and_the_worst_code_counts(monkeypatch):
    ran = []

    def run(command, **_):
        ran.append(command)
        return SimpleNamespace(returncode=1 if "--paper=krishna" in command else 0)

    monkeypatch.setattr(asked.subprocess, "run", run)
    assert asked.judge_each(config("claims/", "--paper", "all", "-q")) == 1
    assert ran == [[sys.executable, "-m", "pytest", "claims/", "-q", f"--paper={name}"] for name in shipped()]
    assert asked.judge_each(config("--paper=all", "--report", "a/b.html")) == 1 and "--paper=all" not in ran[-1]
    assert [command[-2:] for command in ran[-2:]] == [[f"--report=a/b-{name}.html", f"--paper={name}"] for name in ("krishna", "ren-liu")]


def test_all_end_with_a_line_each(monkeypatch, tmp_path, capsys, make_audit, make_verdict):
    monkeypatch.setattr(asked, "CLONE", None)
    monkeypatch.setattr(asked.subprocess, "run", lambda command, **_: SimpleNamespace(returncode=2 if "--paper=krishna" in command else 0))
    for name in shipped():
        write_audit(make_audit([make_verdict()]), asked.audit_file(shipped()[name], tmp_path))
    made = {}
    given = config("--paper", "all", told=made)
    given.invocation_params.dir = tmp_path
    assert asked.judge_each(given) == 2
    told = capsys.readouterr().out.splitlines()
    assert told[-2] == "krishna: no audit (exit code 2)" and told[-1].startswith("ren-liu: 1 TRANSFERS (") and len(told) > 5
    assert made == {name: asked.audit_file(path, tmp_path) for name, path in shipped().items() if name != "krishna"}


@pytest.mark.parametrize("option", ["audit", "ledger", "manuscript"])
def test_what_each_run_would_write_over_is_refused(option):
    with pytest.raises(UserError, match=f"--paper all and --{option} do not go together"):
        asked.judge_each(config(**{option: "x"}))


def test_a_rival_ledger_has_an_audit_of_its_own_beside_the_papers():
    run = SimpleNamespace(ledger=SimpleNamespace(path=PAPERS / "krishna.toml"))
    assert asked.audit_path(config(), run) == PAPER.parent.parent / "reports" / "audit-krishna.json"


def test_installed_it_writes_into_the_working_folder_and_names_commands_that_work_there(monkeypatch):
    assert [auditing(path) for path in (PAPER, PAPERS / "krishna.toml")] == ["pytest claims/ ", "pytest claims/ --paper krishna "]
    for module in (asked, shipping):
        monkeypatch.setattr(module, "CLONE", None)
    assert [auditing(path) for path in (PAPER, PAPERS / "krishna.toml")] == ["unsettled audit ", "unsettled audit --paper krishna "]
    here = config(baseline_file=None, update_baseline=None, baseline=False)
    run = SimpleNamespace(ledger=SimpleNamespace(path=PAPER), settings=SimpleNamespace(ledger=PAPER))
    assert asked.audit_path(here, run) == here.invocation_params.dir / "audit.json"
    here.invocation_params.dir = PAPERS
    assert asked.read_gate(here, run).path == PAPERS / "paper.baseline.json"
