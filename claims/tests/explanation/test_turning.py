"""What would change a verdict: the sample sizes that it names decide, and smaller ones do not."""

from __future__ import annotations

import math
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest

from unsettled.claims.explanation.turning import Asked, turning
from unsettled.claims.judgement.case import Case
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.fixtures.synthetic.records import TRM_FACTS, synthetic_record

FORM = {"test": "auc_above", "threshold": 0.93, "why": "made up"}

# what is claimed, the record, and where it is judged; each is undecided on the record as it is
UNDECIDED = {
    "share across an edge": (
        claim_table(form={"test": "share_above", "threshold": 0.48, "why": "made up"}),
        {"accuracy": 0.6, "n": 60},
        "reference.trm",
    ),
    "share below an edge": (
        claim_table(form={"test": "share_above", "threshold": 0.62, "why": "made up"}),
        {"accuracy": 0.6, "n": 60},
        "reference.trm",
    ),
    "area": (claim_table(kind="point", stated="0.9", statistic="auc", form=FORM), {"separation": 2.2, "n": 80}, "reference.trm"),
    "equivalence": (
        claim_table(kind="point", stated="≈ 0.5", statistic="auc", form={"test": "equivalent", "to": 0.5, "margin": 0.1, "why": "made up"}),
        {"separation": 0.0, "n": 60, "seed": 2},
        "reference.trm",
    ),
    "median": (
        claim_table(
            kind="point",
            stated="0.1",
            statistic="median_exponent",
            parameters={"of": "failures"},
            form={"test": "value_above", "threshold": 0.0255, "why": "made up"},
        ),
        {"n": 600},
        "reference.trm",
    ),
    "printed share, one large sample": (
        claim_table(stated="60%", smallest_contradiction=0.1, sample=100_000),
        {"accuracy": 0.6, "n": 80},
        "paper.trm",
    ),
    "printed share, a sample as small": (
        claim_table(stated="60%", smallest_contradiction=0.12, sample=400),
        {"accuracy": 0.6, "n": 80},
        "paper.trm",
    ),
    "printed area": (
        claim_table(kind="point", stated="0.92", statistic="auc", smallest_contradiction=0.04, sample=100_000, form=FORM),
        {"separation": 2.0, "n": 60},
        "paper.trm",
    ),
}


def _ledger(table):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.toml"
        path.write_text(ledger_text(("claim", table)), encoding="utf-8")
        return load_ledger(path)


def asked_of(table, record, where):
    """The verdict on one made-up claim and what would change it."""
    ledger = _ledger(table)
    population = stand_in(name=where, kind=where.split(".")[0], record=record)
    claim = ledger["some.claim"]
    verdict = judge(claim, population, ledger=ledger)
    form = Case(claim, population, verdict.mode).form
    return verdict, turning(Asked(claim=claim, verdict=verdict, form=form, rows=len(record)))


@pytest.mark.parametrize("name", UNDECIDED)
def test_the_sample_that_is_named_decides_and_a_smaller_one_does_not(name):
    """The same rows several times over keep every estimate: the judge must decide where the size is said to suffice."""
    table, settings, where = UNDECIDED[name]
    record = synthetic_record(**{"seed": 0, **settings})
    verdict, told = asked_of(table, record, where)
    assert verdict.outcome is Outcome.UNDERPOWERED, verdict.reason
    found = re.search(r"about n = ([\d,]+) in place of ([\d,]+).*: ([A-Z_]+)", told[0])
    assert found, told
    factor = int(found[1].replace(",", "")) / int(found[2].replace(",", ""))
    assert factor > 1.15, "a case that shows nothing"

    def many(times):
        ids = np.arange(len(record) * times)  # each as if it were another puzzle
        return record.take(ids % len(record)).replace(example_id=ids, group=ids)

    slack = 1.5 if name == "median" else 1.1  # an order statistic moves in steps
    enough = math.ceil(factor * slack)
    assert asked_of(table, many(enough), where)[0].outcome == found[3]
    short = math.floor(factor / slack)
    if short >= 1:
        assert asked_of(table, many(short), where)[0].outcome is Outcome.UNDERPOWERED


def test_no_size_decides_on_the_edge_or_against_a_small_printed_sample():
    record = synthetic_record(80, seed=0)
    edge = {"test": "share_above", "threshold": float(record.solved.mean()), "why": "made up"}
    assert "equals the threshold" in asked_of(claim_table(form=edge), record, "reference.trm")[1][0]
    small = claim_table(stated=f"{record.solved.mean():.0%}", smallest_contradiction=0.05, sample=100)
    assert "no practicable sample size" in asked_of(small, record, "paper.trm")[1][0]


def test_no_number_of_puzzles_is_named_where_the_lines_decide():
    """One hump of late displacement: the interval reaches over every line that could be drawn, which more puzzles do not narrow."""
    form = {"test": "share_below", "threshold": 0.5, "why": "made up"}
    table = claim_table(statistic="settled_share", parameters={"of": "failures"}, form=form)

    def one_hump(n):
        moves = 10.0 ** np.random.default_rng(0).normal(0.5, 1.0, n)[:, None] * np.ones(16)
        return synthetic_record(n, seed=0).replace(displacement_H=moves, displacement_L=moves)

    verdict, told = asked_of(table, one_hump(300), "reference.trm")
    assert verdict.outcome is Outcome.UNDERPOWERED and "most" in verdict.measured.estimate.counts
    assert any("lines between settled and unsettled" in line for line in told) and not any("in place of" in line for line in told)
    assert asked_of(table, one_hump(6000), "reference.trm")[0].outcome is Outcome.UNDERPOWERED


def one_hump(n, *, told, line):
    """One hump of late displacement; the exponent tells the outcome with a chance of ``told`` where the state moves less than ``line``."""
    random = np.random.default_rng(1)
    moves, solved = 10.0 ** random.normal(0.5, 1.0, n), random.random(n) < 0.5
    knows = np.where(moves < line, random.random(n) < told, random.random(n) < 0.5)
    growth = np.where(knows == solved, -1.0, 1.0)[:, None, None] + random.normal(0, 0.1, (n, 16, 1))
    steps = moves[:, None] * np.ones(16)
    return synthetic_record(n, seed=0).replace(displacement_H=steps, displacement_L=steps, solved=solved, growth=growth)


AREA = claim_table(
    kind="point",
    stated="0.9",
    statistic="matched_auc",
    parameters={"by": "displacement", "among": "unsettled", "bins": 5, "baselines": False},
    form={"test": "auc_above", "threshold": 0.6, "why": "made up"},
)


def test_no_number_of_puzzles_is_named_where_the_lines_decide_an_area():
    verdict, told = asked_of(AREA, one_hump(2000, told=0.95, line=3.0), "reference.trm")
    assert verdict.outcome is Outcome.UNDERPOWERED and verdict.measured.estimate.extra["most over the lines"] > 0.59
    assert any("lines between settled and unsettled: those that" in line for line in told) and not any(
        "in place of" in line for line in told
    )
    assert asked_of(AREA, one_hump(20_000, told=0.95, line=3.0), "reference.trm")[0].outcome is Outcome.UNDERPOWERED


def test_a_line_that_leaves_nothing_to_compare_is_told():
    record = one_hump(400, told=0.5, line=3.0)
    alike = record.replace(solved=record.solved | (record.displacement_H[:, 0] > 10.0))
    verdict, told = asked_of(AREA, alike, "reference.trm")
    assert verdict.outcome is Outcome.UNDERPOWERED and "no failure or no success is left to compare" in told[0]


def test_a_verdict_within_chance_says_so():
    table = claim_table(form={"test": "share_above", "threshold": 0.48, "why": "made up"})
    verdict, _ = asked_of(table, synthetic_record(400, accuracy=0.6, seed=0), "reference.trm")
    held = verdict.model_copy(update={"outcome": Outcome.UNDERPOWERED, "p_adjusted": 0.07})
    claim = _ledger(table)["some.claim"]
    form = {"claim": claim, "verdict": held, "form": claim.form, "rows": 400}
    assert any("0.07 among the claims judged on this network" in line for line in turning(Asked(**form)))


def test_how_many_without_a_case_exclude_a_rate_is_exact():
    table = claim_table(
        kind="existence",
        stated="qualitative",
        statistic="expansive_share",
        parameters={"of": "failures"},
        form={"test": "exists", "rate": 0.02, "why": "made up"},
    )
    calm = synthetic_record(100, seed=0)
    calm = calm.replace(growth=-np.abs(calm.growth) - 0.1)
    verdict, told = asked_of(table, calm, "reference.trm")
    needed = math.ceil(math.log(0.05) / math.log(0.98))
    assert verdict.outcome is Outcome.UNDERPOWERED and f"n = {needed:,}" in told[0]
    assert 0.98**needed <= 0.05 < 0.98 ** (needed - 1)


def test_counts_that_do_not_reject_are_those_that_the_judge_does_not_exclude():
    table = claim_table(stated="60%", smallest_contradiction=0.2, sample=200)
    record = synthetic_record(200, accuracy=0.6, seed=3)
    _, told = asked_of(table, record, "paper.trm")
    low, high = (int(x) for x in re.search(r"(\d+) to (\d+) of 200 do not reject", told[-1]).groups())
    for hits, refuted in ((low - 1, True), (low, False), (high, False), (high + 1, True)):
        solved = np.arange(200) < hits
        verdict, _ = asked_of(table, record.replace(solved=solved), "paper.trm")
        assert (verdict.outcome is Outcome.REFUTED) is refuted


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"stated": "96.5%", "statistic": "least_mobile_failure", "parameters": {"failures": 50}}, "no sample size can be given"),
        ({"kind": "point", "stated": "16", "statistic": "segments"}, "a design choice"),
        ({"kind": "point", "stated": "512", "statistic": "hidden_size"}, "no sample size matters"),
        ({"kind": "point", "stated": "1", "statistic": "external", "parameters": {"needs": "something else"}}, "missing input"),
        ({"stated": "60.03%", "of": 50}, "other digits"),
    ],
)
def test_it_says_where_no_size_is_computed(changes, told):
    form = {"test": "not_applicable", "reason": "made up"}
    _, found = asked_of(claim_table(form=form, **changes), synthetic_record(60, facts=TRM_FACTS), "paper.trm")
    assert told in " ".join(found)
