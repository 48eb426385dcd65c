"""The gate of a run: what it holds to the baseline, what it tells of what it lets pass, and what it writes."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from unsettled.claims.audit.baseline import Baseline, lock, read_baseline
from unsettled.claims.audit.gate import Gate
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.tests.audit.inner import GOOD as RIGHT
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.locked import ANOTHER, LOCKED, judge_plainly, locked_as

GOOD = RIGHT | {"wide": ("point", "hidden_size", "512")}


def test_a_change_that_the_slack_hides_is_said_and_a_slack_that_hides_what_matters(judged):
    ledger, population = judged
    claim = "trm.lambda1.median.failure"
    verdict = judge_plainly(judged, claim, population)
    locked = locked_as(judged, claim, noise=True)
    run = SimpleNamespace(pairs={verdict.key: (ledger[claim], population)})

    def told(**changes):
        return Gate(Path("b.json"), Baseline(locked={verdict.key: locked.model_copy(update=changes)}), True, None).let_pass(run, [verdict])

    assert told() == []
    another = {"fingerprints": locked.fingerprints | {"record": "another"}}
    assert told(**another) == ["paper.trm: the record is another than was locked, 1 verdict within noise of it; no figure moved"]
    near = told(value=locked.value + 0.001, **another)
    assert near[0].endswith(f"figures moved by up to 0.001 ({claim})") and len(near) == 1
    assert told(noise=ledger[claim].smallest_contradiction) == [
        f"paper.trm: noise as large as the smallest effect of interest hides what matters in {claim}"
    ]
    assert Gate(Path("b.json"), Baseline(), False, None).let_pass(run, [verdict]) == []


def test_what_a_run_locks_has_its_noise_and_each_change_a_line(judged, tmp_path):
    ledger, population = judged
    claim = "trm.lambda1.median.failure"
    verdict = judge_plainly(judged, claim, population)
    run = SimpleNamespace(pairs={verdict.key: (ledger[claim], population)})
    gone = locked_as(judged, claim)
    gate = Gate(tmp_path / "b.json", Baseline(locked={"gone@x": gone}), True, "all")
    assert gate.write(run, [verdict]) == ["gone@x: dropped", f"{verdict.key}: new, {verdict.outcome}"]
    held = read_baseline(tmp_path / "b.json")
    locked = held.locked[verdict.key]
    assert locked.start_noise > locked.noise > 0 and locked.model_copy(update={"noise": 0.0, "start_noise": 0.0}) == gone
    assert Gate(tmp_path / "c.json", held, True, None).write(run, [verdict]) == [] and not (tmp_path / "c.json").exists()
    user = SimpleNamespace(pairs={verdict.key: (ledger[claim], replace(population, kind="user"))})
    assert Gate(tmp_path / "c.json", Baseline(), True, "new").write(user, [verdict]) == []  # nobody else has that record


@pytest.fixture
def claims_of(audit):
    """Run the audit of a made-up ledger, claims only."""
    return lambda claims, *options: audit(claims, "-k", "test_claim", *options)


def test_lock_then_hold_then_notice(claims_of, pytester):
    first = claims_of(GOOD, "--update-baseline=new")
    assert first.ret == 1
    first.stdout.fnmatch_lines(["*right@my: new, REPRODUCED*", "*baseline written to my.baseline.json; this run fails*"])
    assert claims_of(GOOD, "--baseline").ret == 0

    changed = {"right": ("share", "accuracy", "99%"), "fresh": GOOD["wide"]}
    second = claims_of(changed, "--baseline")
    assert second.ret == 1
    second.assert_outcomes(failed=3, deselected=10)
    second.stdout.fnmatch_lines_random(
        [
            "*DRIFTED: the acceptance criterion changed: stated was*is '99%'",
            "*DRIFTED: new verdict, not in the baseline",
            "DRIFTED: vanished: was REPRODUCED, but the claim is gone",
        ]
    )

    before = (pytester.path / "my.baseline.json").read_bytes()
    assert claims_of(changed).ret == 1
    assert (pytester.path / "my.baseline.json").read_bytes() == before
    third = claims_of(changed, "--update-baseline=all")
    third.stdout.fnmatch_lines(["*right@my: the acceptance criterion changed*", "*wide@my: dropped*", "*fresh@my: new*"])
    assert list(read_baseline(pytester.path / "my.baseline.json").locked) == ["right@my", "fresh@my"]


@pytest.mark.parametrize(("locked", "now"), [("TRANSFERS", "DOES_NOT_TRANSFER"), ("DOES_NOT_TRANSFER", "TRANSFERS")])
def test_change_of_what_does_not_transfer_is_drift_even_when_not_asked(references, locked, now, monkeypatch, tmp_path):

    run = Run(Settings(seed=1, inputs=Inputs(references=references)))
    key = "trm.lambda1.auc@reference.trm"
    verdict = run.judge(key).model_copy(update={"outcome": locked})
    gate = Gate(path=tmp_path / "b.json", baseline=Baseline(locked={key: lock(verdict, *run.pairs[key])}), compare=False, writes=None)
    assert gate.review(run, verdict) is None
    review = gate.review(run, verdict.model_copy(update={"outcome": now}))
    assert (review.outcome, review.reason) == ("DRIFTED", f"was {locked}, is {now}")
    assert gate.review(run, verdict.model_copy(update={"outcome": "UNDERPOWERED", "claim": "trm.failures.expansive"})) is None


def gated(judged, *, compare=True, writes=None, locked=None, kind="paper", claim="trm.accuracy", tmp=Path("b.json")):
    """A gate on one locked verdict, the run of that verdict, and the verdict."""
    ledger, population = judged
    verdict = judge_plainly(judged, claim, population)
    run = SimpleNamespace(pairs={verdict.key: (ledger[claim], replace(population, kind=kind))}, ledger=ledger)
    return Gate(tmp, Baseline(locked={verdict.key: locked} if locked else {}), compare, writes), run, verdict


def test_a_run_is_held_to_the_gate_where_it_asks_for_it(judged):
    here = locked_as(judged, "trm.accuracy")
    off = here.model_copy(update={"value": 0.1})
    gate, run, verdict = gated(judged, locked=off)
    assert gate.review(run, verdict).reason.startswith("value was 10%, is 6")
    assert gate.review(run, verdict).outcome is Outcome.DRIFTED and gated(judged, locked=here)[0].review(run, verdict) is None
    for asked in ({"writes": "new"}, {"writes": "all"}, {"compare": False}):
        assert gated(judged, locked=off, **asked)[0].review(run, verdict) is None
    assert gated(judged)[0].review(run, verdict).reason == "new verdict, not in the baseline"
    user, its_run, _ = gated(judged, kind="user")
    assert user.review(its_run, verdict) is None and gated(judged, compare=False)[0].review(run, verdict) is None


@pytest.mark.parametrize("change", [{"fingerprints": {}}, {"bar": {}}])
def test_what_does_not_transfer_is_held_only_to_the_same_checkpoint_and_bar(judged, change):
    fails = judge_plainly(judged, "trm.accuracy", judged[1]).model_copy(update={"outcome": Outcome.DOES_NOT_TRANSFER})
    same = locked_as(judged, "trm.accuracy")
    gate, run, _ = gated(judged, compare=False, locked=same)
    assert gate.review(run, fails).reason == f"was {same.verdict}, is DOES_NOT_TRANSFER"
    assert gated(judged, compare=False, locked=same.model_copy(update=change))[0].review(run, fails) is None
    assert gated(judged, compare=False, locked=same.model_copy(update={"verdict": Outcome.DOES_NOT_TRANSFER}))[0].review(run, fails) is None


def test_what_vanished_is_told_as_a_claim_or_a_population(judged):
    gate, run, verdict = gated(judged, locked=LOCKED)
    assert gate.vanished(run) == []
    gone = Baseline(locked={"no.claim@paper.trm": LOCKED, "trm.accuracy@nowhere": LOCKED, verdict.key: LOCKED})
    told = Gate(Path("b.json"), gone, True, None).vanished(run)
    assert [(one.key, one.reason.rsplit(" ", 3)[1], one.stated) for one in told] == [
        ("no.claim@paper.trm", "claim", "50%"),
        ("trm.accuracy@nowhere", "population", "50%"),
    ]
    assert Gate(Path("b.json"), gone, False, None).vanished(run) == [] == Gate(Path("b.json"), gone, True, "all").vanished(run)


def test_of_what_moved_the_largest_is_told_and_a_drifted_or_forgotten_verdict_is_not(judged):
    here = locked_as(judged, "trm.accuracy")
    again = here.model_copy(update={"fingerprints": here.fingerprints | ANOTHER, "value": here.value + 0.02})
    gate, run, verdict = gated(judged, locked=again)
    (line,) = gate.let_pass(run, [verdict])
    assert line.endswith("1 verdict within noise of it; figures moved by up to 2 percentage points (trm.accuracy)")
    assert gate.let_pass(run, [verdict.model_copy(update={"outcome": Outcome.DRIFTED})]) == []
    assert gate.let_pass(run, [verdict.model_copy(update={"claim": "another"})]) == []
    assert gated(judged, locked=again, writes="all")[0].let_pass(run, [verdict]) == []


def test_what_is_written_again_is_told_by_what_changed(judged, tmp_path):
    path, here = tmp_path / "b.json", locked_as(judged, "trm.accuracy", noise=True)
    for locked, words in (
        (here, []),
        (here.model_copy(update={"noise": 9.0}), ["measured again"]),
        (here.model_copy(update={"verdict": Outcome.ERROR}), [f"was ERROR, is {here.verdict}"]),
    ):
        gate, run, verdict = gated(judged, locked=locked, writes="all", tmp=path)
        assert gate.write(run, [verdict, verdict.model_copy(update={"claim": "nobody"})]) == [f"{verdict.key}: {told}" for told in words]
        assert read_baseline(path).locked == {verdict.key: here}
    kept = gated(judged, locked=LOCKED, writes="new", tmp=path)
    assert kept[0].write(*[kept[1], [kept[2]]]) == [] and read_baseline(path).locked == {kept[2].key: LOCKED}
