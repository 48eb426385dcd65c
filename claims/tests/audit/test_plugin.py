"""The plugin, run by pytest inside pytest: items, reports, exit codes, another paper from another folder, xdist."""

from fnmatch import fnmatch
from xml.etree import ElementTree

import pytest

import unsettled.claims.audit.run
from unsettled.claims.audit.audit import read_audit
from unsettled.claims.audit.planted import read_falsehoods
from unsettled.claims.audit.tampering import TAMPERINGS, never_judged
from unsettled.claims.catalogue.registry import STATISTICS
from unsettled.claims.tests.audit.inner import BAD, GOOD, PLUGINS, RECORD, TRUE
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.audits import write_ledger
from unsettled.fixtures.synthetic.forked import python_m_pytest

pytestmark = pytest.mark.usefixtures("preloaded")


def test_another_paper_is_audited_without_a_change_of_code(audit, folder):
    result = audit(GOOD | BAD, "--junitxml", "junit.xml")
    result.assert_outcomes(passed=7, failed=1, skipped=4)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["* stated, * measured: REFUTED: the same examples give*", "*1 REPRODUCED · 1 REFUTED*", "FAILED *test_claim?wrong@my? - *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*def test_claim*")
    found = read_audit(folder / "audit.json")
    assert {v.key: v.outcome for v in found.verdicts} == {"right@my": "REPRODUCED", "wrong@my": "REFUTED"}
    assert found.complete
    assert (len(found.planted), all(p.caught for p in found.planted)) == (5, True)
    assert found.populations[0].fingerprints["record"] == RECORD.digest()
    cases = ElementTree.parse(folder / "junit.xml").iter("testcase")
    assert {p.get("value") for c in cases for p in c.iter("property") if p.get("name") == "verdict"} == {"REPRODUCED", "REFUTED"}


@pytest.mark.parametrize(
    ("claims", "options", "record", "code", "told"),
    [
        (GOOD, (), True, 0, "*1 claim held and 0 failed*"),
        (BAD, (), True, 1, "*0 claims held and 1 failed*"),
        (GOOD, (), False, 1, "*Nothing was decided*"),
        (GOOD, ("-k", "planted_nowhere"), True, 5, "*deselected*"),
        (GOOD, ("-k", "falsehood"), True, 0, "*caught: 5 of 5*"),
        (GOOD, ("--policy", "strict"), False, 1, "*1 failed*"),
    ],
)
def test_exit_codes(audit, claims, options, record, code, told):
    result = audit(claims, *options, record=record)
    assert result.ret == code
    result.stdout.fnmatch_lines([told])


def test_one_verdict_by_its_exact_name(audit, folder):
    result = audit({"right": ("share", "accuracy", TRUE), "right.too": ("share", "accuracy", TRUE)}, "--claim", "right@my", "-v")
    result.assert_outcomes(passed=1, deselected=11)
    assert [v.key for v in read_audit(folder / "audit.json").verdicts] == ["right@my"]


@pytest.mark.parametrize("asked", ["rihgt", "right@mine"])
def test_a_name_that_is_not_there_is_one_line_with_the_nearest(audit, asked):
    result = audit(GOOD, "--claim", asked)
    assert result.ret == 2
    assert "(nearest: right" in result.stdout.str() + result.stderr.str() or "(nearest: my)" in result.stdout.str() + result.stderr.str()


def test_a_part_never_takes_the_place_of_a_whole_audit(audit, folder):
    audit(GOOD | BAD)
    whole = (folder / "audit.json").read_bytes()
    result = audit(GOOD | BAD, "--claim", "right")
    assert (folder / "audit.json").read_bytes() == whole and not read_audit(folder / "audit.part.json").complete
    result.stdout.fnmatch_lines(["*audit.part.json"])
    audit(GOOD | BAD, "--claim", "right", "--audit", "audit.json")
    assert not read_audit(folder / "audit.json").complete


def test_the_printed_command_judges_that_verdict_again(audit, folder):
    audit(GOOD | BAD)
    (verdict,) = [v for v in read_audit(folder / "audit.json").verdicts if v.claim == "right"]
    assert verdict.command.startswith("unsettled audit my.toml --references none --record my=") and verdict.command.endswith(
        " --claim right@my"
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--ledger", "nowhere.toml"), "error: nowhere.toml: no such file"),
        (("--ledger", "bad.toml"), "error: bad.toml:3: *"),
        (("--record", "my=nowhere"), "error: nowhere: no such file or folder"),
        (("--record", "my=bad.toml"), "error: bad.toml: not a readable Parquet file*"),
        (("--policy", "lax"), "error: --policy is 'lax'*"),
        (("--remeasure-rows", "-1"), "error: --remeasure-rows is '-1', not a whole number*"),
        (("--audit-seed", "x"), "error: --audit-seed is 'x'*"),
        (("--audit", "nowhere/audit.json"), "error: nowhere: the audit cannot be written*"),
        (("--audit", "none"), "error: none: the audit cannot be written: a folder of that name is there"),
        (
            ("--update-baseline", "all", "--baseline-file", "nowhere/b.json"),
            "error: nowhere: the baseline cannot be written: no such folder",
        ),
        (("--baseline",), "error: *my.baseline.json: no baseline is locked*"),
        (("--update-baseline", "some"), "error: --update-baseline is 'some'*"),
        (("--checkpoint", "my=bad.toml", "--puzzles", "bad.toml"), "error: bad.toml: checkpoint is damaged*"),
    ],
)
def test_bad_input_is_one_line_and_two(folder, capfd, options, told):
    write_ledger(folder / "my.toml", GOOD)
    (folder / "bad.toml").write_text("[paper]\ntitle = 'bad'\ntitle = 'worse'\n")
    before = sorted(p.name for p in folder.iterdir())
    code = pytest.main([*PLUGINS, "--ledger", "my.toml", "--references", "none", *options])
    assert code == 2
    out, err = capfd.readouterr()
    assert fnmatch(err, told + "\n")
    assert (out, err.count("\n")) == ("", 1)
    assert sorted(p.name for p in folder.iterdir()) == before


def test_collecting_lists_the_items_and_does_nothing(audit, folder):
    result = audit(GOOD | BAD, "--collect-only", "-q")
    result.stdout.fnmatch_lines(["*test_claim?right@my?", "*test_claim?wrong@my?"])
    assert not (folder / "audit.json").exists()


def test_part_of_an_audit_says_so(audit, folder):
    assert audit(GOOD | BAD, "-k", "right and my").ret == 0
    found = read_audit(folder / "audit.json")
    assert ([v.key for v in found.verdicts], found.complete) == (["right@my"], False)


KNOWN = '[[known]]\nclaim = "{}"\noutcome = "REFUTED"\nreason = "the authors were told"\n'


@pytest.mark.parametrize(
    ("claim", "options", "code", "told"),
    [
        ("wrong", (), 0, "*1 xfailed*"),
        ("right", (), 1, "*known.toml acknowledges a contradiction that no longer occurs*"),
        ("wrong", ("--policy", "strict"), 1, "*acknowledged: the authors were told*"),
    ],
)
def test_acknowledgements_are_strict(audit, folder, claim, options, code, told):
    (folder / "known.toml").write_text(KNOWN.format(claim))
    result = audit({"right": GOOD["right"]} | ({} if claim == "right" else BAD), *options)
    assert result.ret == code
    result.stdout.fnmatch_lines([told])


def test_fault_of_the_harness_is_an_error(audit, monkeypatch):
    judge = unsettled.claims.audit.run.judge
    broken = {"outcome": Outcome.ERROR, "reason": "broke"}
    monkeypatch.setattr(unsettled.claims.audit.run, "judge", lambda *given, **more: judge(*given, **more).model_copy(update=broken))
    result = audit(GOOD)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*Nothing was decided*", "ERROR *test_claim?right@my?*broke*"])
    assert result.parseoutcomes()["errors"] == 1


def test_a_falsehood_whose_test_died_is_planted_and_not_caught(audit, folder, monkeypatch):
    monkeypatch.setattr("unsettled.claims.audit.planted.judge", None)  # the judge dies: no falsehood is judged
    audit({"right": ("share", "accuracy", TRUE)}, "-k", "falsehood")
    found = read_audit(folder / "audit.json").planted
    assert len(found) == len(read_falsehoods()) and not any(one.caught for one in found)
    assert {one.outcome for one in found} == {"never judged"} and {one.population for one in found} == {"synthetic.trm"}


def test_made_up_rows_whose_test_died_are_not_caught_either():
    lost = never_judged("claims/test_remeasure.py::test_tampered_rows[reference.trm]")
    assert [(one.name, one.population, one.caught) for one in lost] == [(name, "reference.trm", False) for name in TAMPERINGS]
    assert never_judged("claims/test_paper.py::test_claim[a@b]") == []


def test_plain_tests_hear_nothing_of_it(pytester):
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest_inprocess(*PLUGINS)
    result.assert_outcomes(passed=1)
    # pytest itself lists every installed plugin in one line of its header
    ours = [line for line in result.stdout.lines if not line.startswith("plugins: ")]
    assert "unsettled" not in "\n".join(ours).replace(str(pytester.path), "")
    assert "audit" not in result.stdout.str()


def test_elsewhere_one_plugin_is_asked_for_by_name(folder):
    """An installation registers nothing: without ``-p`` its options are unknown, with it the audit runs from any folder."""
    write_ledger(folder / "my.toml", GOOD)
    options = ("--ledger", "my.toml", "--record", "my=r.parquet", "--same-examples", "my", "--references", "none", "-k", "test_claim")
    refused = python_m_pytest(folder, *options)
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR and "unrecognized arguments: --ledger" in refused.stderr
    done = python_m_pytest(folder, "-p", "unsettled.reports.plugin", *options)
    assert done.returncode == 0 and "1 REPRODUCED" in done.stdout, done.stdout + done.stderr


def test_hostile_text_does_nothing_to_the_terminal(audit, folder):
    path = folder / "my.toml"
    write_ledger(path, GOOD)
    hostile = path.read_text().replace("made up for a test", "a\\u001b[31m[bold]b").replace("my own checkpoint", "x\\u202ey\\u0007")
    (folder / "hostile.toml").write_text(hostile)
    result = audit(GOOD, "--ledger", "hostile.toml", "-v")
    assert result.ret == 0
    assert all(c.isprintable() or c == "\n" for c in result.stdout.str())
    assert "x\\u202ey\\x07" in result.stdout.str()


def test_a_ledger_may_name_a_statistic_of_one_s_own(audit, folder):
    (folder / "own.py").write_text(
        "from unsettled.claims import statistic\n"
        "from unsettled.claims.catalogue.parameters import Nothing\n"
        "from unsettled.measure import proportion\n\n"
        "@statistic('early_right', Nothing, limits=(0, 1))\n"
        "def early_right(record, parameters):\n"
        '    """Share of examples that are right at the second segment."""\n'
        "    return proportion(int(record.solved_at[:, 1].sum()), len(record))\n"
    )
    claims = {"early": ("share", "early_right", f"{100 * RECORD.solved_at[:, 1].mean():.2f}%")}
    assert "unknown statistic 'early_right'" in "".join(audit(claims).errlines)
    try:
        result = audit(claims, "--statistics", "own.py")
    finally:
        STATISTICS.pop("early_right", None)
    assert [v.outcome for v in read_audit(folder / "audit.json").verdicts] == ["REPRODUCED"] and result.ret == 0
