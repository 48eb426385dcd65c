"""How a verdict is worded and what reruns it: notations, criteria, commands, and the ratio of two samples."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from unsettled.claims.judgement import other_sample, same_examples
from unsettled.claims.judgement.case import Case, command, estimate_over, form_of, how_to_get, is_exact, mode_of, notation_of
from unsettled.claims.judgement.judge import judge
from unsettled.claims.judgement.other_sample import ratio_of
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion

RECORD = synthetic_record(120, accuracy=0.6, seed=4)


@pytest.fixture
def made(tmp_path):
    def ledger_of(**changes):
        (tmp_path / "l.toml").write_text(ledger_text(("claim", claim_table(**changes))), encoding="utf-8")
        ledger = load_ledger(tmp_path / "l.toml")
        return ledger, ledger.claims[0]

    return ledger_of


AREA = {
    "statistic": "auc",
    "kind": "point",
    "form": {"test": "value_above", "threshold": 0.5, "why": "more"},
    "smallest_contradiction": 0.05,
}


@pytest.mark.parametrize(
    ("changes", "mode", "percent", "digits"),
    [
        ({"stated": "60.0%"}, "recompute", True, 6),
        ({"stated": "60.0%"}, "replicate", True, 4),
        ({"stated": "3 of 5"}, "replicate", True, 4),
        ({"stated": "3 of 5"}, "recompute", True, 6),
        (AREA | {"stated": "0.9931"}, "replicate", False, 4),
        (AREA | {"stated": "0.99312"}, "replicate", False, 5),
        (AREA | {"stated": "0.99312"}, "recompute", False, 7),
        (AREA | {"stated": "0.9931"}, "recompute", False, 6),
    ],
)
def test_a_value_is_written_as_the_paper_writes_its_own(made, changes, mode, percent, digits):
    _, claim = made(**changes)
    assert tuple(vars(notation_of(claim, mode)).values())[:2] == (percent, digits)
    in_nats = Estimate(value=0.5, unit="nats per update")
    assert not notation_of(claim, mode, in_nats).percent


def test_without_digits_the_form_or_the_statistic_says_whether_it_is_a_share(made):
    told = {"kind": "direction", "stated": "qualitative"}
    _, share = made(**told, form={"test": "share_below", "threshold": 0.5, "why": "few"})
    _, area = made(**AREA | told)
    assert notation_of(share, "replicate").percent and not notation_of(area, "replicate").percent
    assert notation_of(area, "replicate", proportion(1, 4)).percent and notation_of(area, "replicate").digits == 4


def test_which_question_a_population_answers_and_by_which_form(made):
    ledger, claim = made()
    here, elsewhere = stand_in(), stand_in(name="reference.trm", kind="reference")
    same = stand_in(same_examples=True)
    assert [mode_of(claim, p, ledger) for p in (here, elsewhere, same)] == ["replicate", "transfer", "recompute"]
    _, fresh = made(mode="replicate")
    assert mode_of(fresh, same, ledger) == "replicate"
    assert form_of(claim, "transfer") is claim.form and form_of(claim, "replicate") is claim.own_form
    _, width = made(statistic="hidden_size", kind="point", stated="512", smallest_contradiction=1)
    assert [is_exact(width, mode) for mode in ("recompute", "replicate", "transfer")] == [True, True, False]
    assert [is_exact(claim, mode) for mode in ("recompute", "replicate", "transfer")] == [True, False, False]


def test_the_command_of_a_verdict_names_what_was_brought_and_nothing_for_a_shipped_one(made):
    _, claim = made()
    kinds = {"record_path": Path("r.parquet"), "checkpoint": Path("c"), "puzzles": Path("p q.csv"), "adapter": "n.py:f"}
    brought = stand_in(kind="user", name="mine", further=(Path("s.parquet"),), unlike=("seed: 1, 2", "batch: 3"), **kinds)
    assert command(claim, brought).split("claims/ ")[1] == (
        "--record mine=r.parquet --checkpoint mine=c --puzzles 'mine=p q.csv' --network mine=n.py:f --record mine=s.parquet"
        " --unlike seed --unlike batch --claim some.claim@mine"
    )
    assert "--same-examples mine --claim" in command(claim, stand_in(kind="user", name="mine", same_examples=True, record_path=Path("r")))
    assert command(claim, stand_in(kind="reference", name="ref", same_examples=True, **kinds)).endswith("claims/ --claim some.claim@ref")


def test_what_is_missing_is_said_once(made):
    assert how_to_get(stand_in()) == "no record of paper.trm" and how_to_get(stand_in(missing="no file")) == "no file"
    assert how_to_get(stand_in(missing="no file", command="get it")) == "no file; get it with `get it`"
    assert how_to_get(stand_in(missing="run `get it`", command="get it")) == "run `get it`"


def test_a_case_words_its_criterion_and_leaves_out_what_depends(made):
    _, claim = made()
    told = {mode: Case(claim, stand_in(), mode) for mode in ("recompute", "replicate", "transfer")}
    assert told["recompute"].criterion() == "the same examples give 60.0%"
    assert told["replicate"].criterion() == "an adequately powered independent sample does not reject 60.0%"
    assert told["transfer"].criterion().startswith("accuracy of puzzles:")
    assert [case.agrees for case in told.values()] == [Outcome.REPRODUCED, Outcome.CONSISTENT, Outcome.TRANSFERS]
    assert [case.disagrees for case in told.values()] == [Outcome.REFUTED, Outcome.REFUTED, Outcome.DOES_NOT_TRANSFER]
    assert told["recompute"].got(proportion(3, 5)).startswith("the same examples give") and told["replicate"].got(
        proportion(3, 5)
    ).startswith("the checkpoint gives")
    case = told["replicate"]
    verdict = case.verdict(Outcome.CONSISTENT, "a\n reason", proportion(3, 5), p_value=math.nan)
    assert (verdict.reason, verdict.p_value, verdict.family_tests, verdict.power, verdict.mode) == ("a reason", None, 1, None, "replicate")
    case.dependent = 1200
    assert (
        case.verdict(Outcome.CONSISTENT, "so", p_value=0.25).reason
        == "so; one example of each group is counted, 1,200 others depend on these"
    )
    assert case.verdict(Outcome.CONSISTENT, "so", p_value=0.25).p_value == 0.25
    several = Case(claim, stand_in(unlike=("seed: 1, 2",)), "replicate")
    mean = Estimate(value=0.5, counts={"networks": 3}, extra={"sd": 0.1})
    assert several.verdict(Outcome.CONSISTENT, "so", mean).reason == "so; records unlike in seed: 1, 2"
    assert (
        several.verdict(Outcome.CONSISTENT, "so", proportion(3, 5)).reason
        == "so"
        == Case(claim, stand_in(), "replicate").verdict(Outcome.CONSISTENT, "so", mean).reason
    )


def test_a_mean_over_networks_is_of_records_alone(made):
    _, claim = made()
    found = estimate_over(claim, [RECORD, synthetic_record(120, accuracy=0.7, seed=5)], examples=False)
    assert found.counts == {"networks": 2} and found.extra["examples_error"] == 0
    assert estimate_over(claim, [RECORD, RECORD]).extra["examples_error"] > 0
    _, side = made(statistic="never_lost_share")
    with pytest.raises(UserError, match="of one network, not of several"):
        estimate_over(side, [RECORD, RECORD])


def test_the_ratio_is_of_sizes_or_of_squared_errors_where_one_is_printed(made):
    measured = proportion(30, 50)
    assert (
        ratio_of(made(of=25)[1], measured, 400) == 2
        and ratio_of(made(sample=100)[1], measured, 400) == 4
        and ratio_of(made()[1], measured, 400) == 0
    )
    shared = AREA | {"stated": "0.72 ± 0.04"}
    area, z = Estimate(value=0.7, low=0.6, high=0.8, error=0.05, n=9), norm.isf(0.025)
    assert ratio_of(made(**shared, spread="se")[1], area, 1) == pytest.approx((0.04 / 0.05) ** 2)
    assert ratio_of(made(**shared, spread="interval")[1], area, 1) == pytest.approx((0.04 / z / 0.05) ** 2)
    _, of_networks = made(**shared, spread="sd", networks=4)
    mean = Estimate(value=0.7, low=0.6, high=0.8, error=0.05, n=9, counts={"networks": 3}, extra={"sd": 0.1})
    assert ratio_of(of_networks, mean, 1) == pytest.approx((0.04 * math.sqrt(1 / 4) / 0.05) ** 2)
    assert ratio_of(of_networks, area, 1) == pytest.approx((0.04 * math.sqrt(1 / 4 + 1) / 0.05) ** 2)
    unbounded = Estimate(value=0.7, low=-math.inf, high=math.inf, n=9)
    assert ratio_of(of_networks, unbounded, 1) == 0


@pytest.mark.parametrize("mode", ["replicate", "transfer"])
def test_the_p_value_of_a_placement_is_that_of_the_side_that_was_not_found(made, mode):
    _, claim = made()
    case, span = Case(claim, stand_in(), mode), (0.4, 0.6)

    def reached(value, edge):
        return 2 * norm.sf(abs(value - edge) / 0.1 * norm.isf(0.025))

    for value in (0.2, 0.4, 0.45, 0.55, 0.6, 0.9):
        measured = Estimate(value=value, low=value - 0.1, high=value + 0.1, n=9)
        nearest = max(reached(value, edge) for edge in span)
        wanted = 1.0 if mode == "replicate" and 0.4 <= value <= 0.6 else nearest
        assert other_sample._placed_p_value(case, measured, span) == pytest.approx(wanted)
    half = Estimate(value=0.5, low=0.4, high=0.6, n=9)
    assert other_sample._placed_p_value(case, half, (0.7, math.inf)) == pytest.approx(reached(0.5, 0.7))
    assert other_sample._placed_p_value(case, half, (-math.inf, 0.7)) == pytest.approx(1.0 if mode == "replicate" else reached(0.5, 0.7))


@pytest.mark.parametrize(
    ("k", "n", "moved", "within"), [(3, 9, 0, True), (4, 9, 0, False), (4, 9, 1, True), (2, 9, 1, True), (5, 9, 1, False), (3, 8, 3, False)]
)
def test_counts_may_be_off_by_what_noise_moves_them(k, n, moved, within):
    versions = [proportion(3 + moved, 9), proportion(3, 9), Estimate(value=math.nan)]
    assert same_examples._counts_within(parse_stated(f"{k} of {n}"), proportion(3, 9), versions) == within
    assert same_examples._counts_within(parse_stated("3 of 9"), proportion(3, 9), [])
    with pytest.raises(TypeError, match="does not count cases"):
        same_examples._counts_within(parse_stated("3 of 9"), Estimate(value=0.3), [])


def test_what_a_statistic_is_asked_of_a_fresh_sample(made):
    _, claim = made(stated="60.0%", tolerance=0.01, sample=300)
    asked = other_sample._freshly(Case(claim, stand_in(), "replicate", tests=4), claim.printed)
    assert (asked.value, asked.half, asked.smallest, asked.sample, asked.alpha) == pytest.approx((0.6, 0.0105, 0.1, 300, 0.0125))
    _, counted = made(stated="60.0%", of=200, sample=300)
    assert other_sample._freshly(Case(counted, stand_in(), "replicate"), counted.printed).sample == 200
    assert other_sample._freshly(Case(claim, stand_in(), "replicate"), parse_stated("≤ 5%")).half == 0.01


def test_a_draft_decides_nothing_and_impossible_digits_need_no_record(made):
    ledger, claim = made(draft=True)
    assert judge(claim, stand_in(record=RECORD), ledger=ledger).reason.startswith("a draft of the ledger that nobody has confirmed")
    ledger, claim = made(of=7)
    verdict = judge(claim, stand_in(), ledger=ledger)
    assert (verdict.outcome, verdict.mode, verdict.criterion) == (
        Outcome.IMPOSSIBLE,
        "arithmetic",
        "the printed digits are possible with their declared denominator",
    )
    elsewhere = judge(claim, stand_in(name="reference.trm", kind="reference", record=RECORD), ledger=ledger)
    assert elsewhere.outcome is not Outcome.IMPOSSIBLE


def test_examples_of_a_group_are_counted_once_unless_they_are_the_papers_own(made):
    ledger, claim = made()
    twice = RECORD.take(np.repeat(np.arange(60), 2)).replace(example_id=np.arange(120), group=np.repeat(np.arange(60), 2))
    assert judge(claim, stand_in(record=twice), ledger=ledger).measured.estimate.n == 60
    assert judge(claim, stand_in(record=twice, same_examples=True), ledger=ledger).measured.estimate.n == 120
    assert judge(claim, stand_in(record=RECORD), ledger=ledger).measured.estimate.n == 120


def test_elsewhere_the_parameters_of_the_form_are_taken_and_on_the_papers_own_those_of_the_claim(made):
    form = {"test": "share_below", "threshold": 0.9, "why": "few", "parameters": {"rule": "fixed", "edge": 7.0}}
    settings = {"rule": "percentile", "percentile": 45.0}
    ledger, claim = made(statistic="settled_share", parameters=settings, form=form, of=None)
    methods = [
        judge(claim, stand_in(record=RECORD, **where), ledger=ledger).measured.estimate.method
        for where in ({"same_examples": True}, {}, {"name": "reference.trm", "kind": "reference"})
    ]
    assert ["percentile 45" in method for method in methods] == [True, True, False] and "fixed 7 band" in methods[2]


def test_claims_of_several_networks_are_means_only_of_the_populations_own_records(made):
    others = tuple(synthetic_record(120, accuracy=accuracy, seed=seed) for accuracy, seed in ((0.5, 5), (0.7, 6)))
    ledger, claim = made(stated="60 ± 4%", spread="sd", networks=3)
    several = stand_in(record=RECORD, networks=others)
    mean = judge(claim, several, ledger=ledger).measured.estimate
    assert mean.counts == {"networks": 3} and mean.value == pytest.approx(np.mean([one.solved.mean() for one in (RECORD, *others)]))
    assert judge(claim, several, others[0], ledger=ledger).measured.estimate.n == 120
    assert "networks" not in judge(claim, stand_in(record=RECORD), ledger=ledger).measured.estimate.counts
    assert (
        judge(claim, stand_in(record=RECORD, networks=others, same_examples=True), ledger=ledger).measured.estimate.extra["examples_error"]
        == 0
    )
    assert mean.extra["examples_error"] > 0
