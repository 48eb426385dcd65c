"""Every verdict is reached, and only by what earns it: the paper's own examples, fresh ones, and what cannot be judged."""

from dataclasses import replace

import numpy as np
import pytest

from unsettled.claims.catalogue.bands import area_over_lines, over_lines
from unsettled.claims.judgement.judge import judge
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.asking import FORM, RECORD, accuracy_of, interval, noisy
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.proportion import proportion

# --- recompute: the digits, and nothing but numerical noise -------------------------------------------------------


def test_the_same_examples_print_the_same_digits_or_do_not(ask):
    assert ask(stated=accuracy_of(RECORD)).outcome is Outcome.REPRODUCED
    off = f"{RECORD.solved.mean() * 100 + 0.2:.1f}%"
    verdict = ask(stated=off)
    assert verdict.outcome is Outcome.REFUTED and verdict.mode == "recompute"
    assert off in verdict.reason and "no numerical noise is on record" in verdict.reason
    # two tenths of a percent are nothing to a sample of 400, so sampling error did not enter
    assert ask("replicate", stated=off).outcome is not Outcome.REFUTED


@pytest.mark.parametrize(("value", "outcome"), [(0.5995, "REPRODUCED"), (0.6005, "REPRODUCED"), (0.6006, "REFUTED"), (0.5994, "REFUTED")])
def test_both_sides_of_a_tie_reproduce(ask, measuring, value, outcome):
    measuring(Estimate(value=value, n=10))
    assert ask(stated="60.0%").outcome == outcome


def test_measured_noise_widens_the_rounding_interval_and_nothing_else_does(ask):
    off = f"{RECORD.solved.mean() * 100 + 0.2:.1f}%"
    spared = ask(stated=off, record=noisy(RECORD, flips=10))
    assert spared.outcome is Outcome.REPRODUCED and 0 < spared.noise < 0.02 and "within numerical noise" in spared.reason
    far = f"{RECORD.solved.mean() * 100 + 20:.1f}%"
    refuted = ask(stated=far, record=noisy(RECORD, flips=10))
    assert refuted.outcome is Outcome.REFUTED and "numerical noise moves it by" in refuted.reason
    more = f"{RECORD.solved.mean() * 100 + 1.5:.1f}%"  # no change in 1,000 comparisons leaves .3 % possible
    assert ask(stated=more, record=noisy(RECORD)).outcome is Outcome.REFUTED


def test_a_hedge_concedes_rounding_and_what_the_ledger_declares(ask, measuring):
    near = {"stated": "~0.5%", "smallest_contradiction": 0.02}
    for value, outcome in ((0.0054, "REPRODUCED"), (0.0056, "REFUTED"), (0.0149, "REFUTED")):
        measuring(Estimate(value=value, n=1000))
        assert ask(**near).outcome == outcome
    measuring(Estimate(value=0.0149, n=1000))
    assert ask(**near, tolerance=0.01).outcome == "REPRODUCED" and ask(**near, tolerance=0.009).outcome == "REFUTED"
    measuring(Estimate(value=0.00545, n=1000))
    for printed in ("~0%", "~0.05%", "~1.4%"):
        assert ask(**(near | {"stated": printed})).outcome == "REFUTED"


def test_k_of_n_must_be_found_as_counted(ask):
    k, n = int(RECORD.solved.sum()), len(RECORD)
    assert ask(stated=f"{k} of {n}").outcome is Outcome.REPRODUCED
    assert ask(stated=f"{k + 1} of {n}").outcome is Outcome.REFUTED
    assert ask(stated=f"{2 * k} of {2 * n}").outcome is Outcome.REFUTED  # the same share of other examples
    assert ask(stated=f"{k + 1} of {n}", record=noisy(RECORD, flips=20)).outcome is Outcome.REPRODUCED
    assert ask(stated=f"{k + 60} of {n}", record=noisy(RECORD, flips=20)).outcome is Outcome.REFUTED


def test_a_range_holds_its_ends(ask, measuring):
    printed = {"kind": "range", "stated": "0.88–0.90"}
    for value, outcome in ((0.875, "REPRODUCED"), (0.905, "REPRODUCED"), (0.874, "REFUTED"), (0.906, "REFUTED")):
        measuring(Estimate(value=value, n=10))
        assert ask(**printed).outcome == outcome


def test_a_qualitative_claim_is_judged_by_its_form(ask, measuring):
    told = {"kind": "direction", "stated": "qualitative", "form": FORM}
    for value, outcome in ((0.51, "REPRODUCED"), (0.49, "REFUTED"), (0.5, "REFUTED")):
        measuring(Estimate(value=value, low=0.1, high=0.9, n=10))
        assert ask(**told).outcome == outcome


def test_a_form_within_noise_is_not_decided(ask):
    threshold = float(RECORD.solved.mean()) - 0.001
    told = {"kind": "direction", "stated": "qualitative", "form": FORM | {"threshold": threshold}}
    assert ask(**told).outcome is Outcome.REPRODUCED
    verdict = ask(record=noisy(RECORD, flips=20), **told)
    assert verdict.outcome is Outcome.UNDERPOWERED and "within numerical noise of the threshold" in verdict.reason
    below = FORM | {"test": "share_below", "threshold": threshold}
    assert ask(**told | {"form": below}).outcome is Outcome.REFUTED
    assert ask(record=noisy(RECORD, flips=20), **told | {"form": below}).outcome is Outcome.UNDERPOWERED


# --- lines between settled and unsettled, where one hump is cut --------------------------------------------------

AREA = Estimate(value=0.45, low=0.3, high=0.58, n=40)


def reached(value, *others, lost=False):
    """An area over lines as the catalogue gives it: its own value, and those with other lines."""
    found = [replace(AREA, value=other) for other in others]
    return area_over_lines(replace(AREA, value=value), [*found, undefined("no failures")] if lost else found)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (AREA, "REFUTED"),
        (reached(0.45, 0.4), "REFUTED"),
        (reached(0.45, 0.52), "UNDERPOWERED"),  # once "refuted": of an area only the one line was looked at
        (reached(0.55, 0.52), "REPRODUCED"),
        (reached(0.55, 0.48), "UNDERPOWERED"),
        (reached(0.45, 0.4, lost=True), "UNDERPOWERED"),
        (reached(0.55, 0.6, lost=True), "UNDERPOWERED"),
    ],
)
def test_an_area_that_hangs_on_the_line_decides_no_form_on_the_same_examples(ask, measuring, found, outcome):
    measuring(found)
    verdict = ask(kind="direction", stated="qualitative", form=FORM)
    assert verdict.outcome == outcome
    assert ("it depends on the line between settled and unsettled" in verdict.reason) == (outcome == "UNDERPOWERED")
    assert "numerical noise" not in verdict.reason


def test_what_hangs_on_the_line_refutes_no_digits_that_another_line_gives(ask, measuring):
    for found, stated, outcome in (
        (reached(0.45, 0.52), "0.45", "REPRODUCED"),
        (reached(0.45, 0.52), "0.50", "UNDERPOWERED"),
        (reached(0.45, 0.52), "0.53", "REFUTED"),
        (reached(0.45, 0.52, lost=True), "0.53", "UNDERPOWERED"),
        (over_lines(proportion(5, 20), [proportion(8, 20)]), "8 of 20", "UNDERPOWERED"),
        (over_lines(proportion(5, 20), [proportion(8, 20)]), "9 of 20", "REFUTED"),
        (over_lines(proportion(5, 20), [proportion(8, 20)]), "8 of 21", "REFUTED"),
    ):
        measuring(found)
        verdict = ask(stated=stated)
        assert verdict.outcome == outcome, (stated, verdict.reason)


def test_one_case_that_hangs_on_the_line_is_none_that_exists_on_the_same_examples(ask, measuring):
    told = {"kind": "direction", "stated": "qualitative", "form": {"test": "exists", "rate": 0.1, "why": "one is enough"}}
    for hits, other, outcome in ((2, 0, "UNDERPOWERED"), (0, 2, "UNDERPOWERED"), (2, 1, "REPRODUCED"), (0, 0, "REFUTED")):
        measuring(over_lines(proportion(hits, 20), [proportion(other, 20)]))
        assert ask(**told).outcome == outcome


# --- replicate: an interval, and a sample that could have refuted --------------------------------------------------


def test_a_fresh_sample_covers_excludes_or_is_too_small(ask):
    big = synthetic_record(4000, accuracy=0.6, seed=1)
    consistent = ask("replicate", record=big)
    assert consistent.outcome is Outcome.CONSISTENT and consistent.mode == "replicate"
    assert consistent.power.power >= 0.8 and consistent.power.smallest_contradiction == 0.1
    small = ask("replicate", record=big.take(np.arange(40)))
    assert small.outcome is Outcome.UNDERPOWERED and small.power.power < 0.8 and "power 0." in small.reason
    refuted = ask("replicate", record=big, stated="80.0%")
    assert refuted.outcome is Outcome.REFUTED and refuted.p_value < 1e-6 and "rejects 80.0%" in refuted.reason


def test_a_replication_never_asks_for_the_same_digits(ask):
    big = synthetic_record(4000, accuracy=0.6, seed=1)
    printed = f"{big.solved.mean() * 100 - 0.7:.1f}%"
    assert ask("recompute", record=big, stated=printed).outcome is Outcome.REFUTED
    assert ask("replicate", record=big, stated=printed).outcome is Outcome.CONSISTENT


def test_the_printed_figure_has_a_sampling_error_of_its_own(ask, measuring):
    measuring(interval(0.61, 0.69, n=200))
    assert ask("replicate", stated="60.0%").outcome is Outcome.REFUTED
    as_large = {"sample": len(RECORD)}  # the record has 400 rows, of which the statistic counts 200
    assert ask("replicate", stated="60.0%", **as_large).outcome is Outcome.CONSISTENT
    assert ask("replicate", stated="55.0%", **as_large).outcome is Outcome.REFUTED
    assert ask("replicate", stated="60.0%", sample=10**6).outcome is Outcome.REFUTED
    assert ask("replicate", stated="60.0%", of=200).outcome is Outcome.CONSISTENT


def test_a_claim_may_ask_for_replication_even_on_its_own_examples(ask):
    off = f"{RECORD.solved.mean() * 100 + 0.2:.1f}%"
    assert ask(stated=off).mode == "recompute" and ask(stated=off).outcome is Outcome.REFUTED
    spared = ask(stated=off, mode="replicate")
    assert spared.mode == "replicate" and spared.outcome in (Outcome.CONSISTENT, Outcome.UNDERPOWERED)


def test_none_of_m_is_compared_by_fishers_exact_test(ask, measuring):
    zero = {"kind": "zero_count", "stated": "0 of 254", "smallest_contradiction": 0.05}
    for hits, outcome in ((0, "CONSISTENT"), (5, "CONSISTENT"), (6, "REFUTED")):
        measuring(proportion(hits, 254))
        verdict = ask("replicate", **zero)
        assert verdict.outcome == outcome, (hits, verdict.reason)
    measuring(proportion(0, 30))
    assert ask("replicate", **zero).outcome is Outcome.UNDERPOWERED


def test_bounds_are_placed(ask, measuring):
    most = {"kind": "bound", "stated": "≤ 30%", "statistic": "accuracy"}
    for low, high, outcome in ((0.1, 0.2, "CONSISTENT"), (0.2, 0.4, "UNDERPOWERED"), (0.4, 0.5, "REFUTED")):
        measuring(interval(low, high))
        assert ask("replicate", **most).outcome == outcome
    measuring(Estimate(value=0.2, n=10))
    assert ask(**most).outcome is Outcome.REPRODUCED


def test_without_an_interval_nothing_fresh_is_decided(ask, measuring):
    measuring(Estimate(value=0.6, n=3))
    assert ask("replicate").outcome is Outcome.UNDERPOWERED
    assert ask("transfer").outcome is Outcome.UNDERPOWERED


def test_what_the_measurer_chose_says_nothing_of_the_paper(ask):
    size = {"statistic": "sample_size", "kind": "point", "stated": "2,048", "smallest_contradiction": 1}
    assert ask(**size).outcome is Outcome.REFUTED
    assert ask("replicate", **size).outcome is Outcome.UNVERIFIABLE
    width = {"statistic": "hidden_size", "kind": "point", "stated": "512", "smallest_contradiction": 1}
    assert ask("replicate", **width).outcome is Outcome.CONSISTENT
    assert ask("replicate", **(width | {"stated": "256"})).outcome is Outcome.REFUTED


def test_the_least_mobile_failure_is_replicated_by_a_count_of_failures(ask):
    def record(quiet, n=2048, seed=5):
        base = synthetic_record(n, accuracy=0.876, seed=seed)
        rng = np.random.default_rng(seed)
        late = np.where(base.solved, rng.uniform(0, 1, n), rng.uniform(1, 2, n))
        late[np.flatnonzero(~base.solved)[:quiet]] = 0.1
        return base.replace(displacement_H=np.repeat(late[:, None], base.segments, axis=1))

    extreme = {"statistic": "least_mobile_failure", "parameters": {"failures": 254}, "stated": "96.5%", "smallest_contradiction": 0.05}
    # one quiet failure ruins the share itself (10 %), yet one of 254 does not contradict none of 254
    assert ask("replicate", record=record(1), **extreme).outcome is Outcome.CONSISTENT
    assert ask("replicate", record=record(12), **extreme).outcome is Outcome.REFUTED
    assert ask("replicate", record=record(0, n=200), **extreme).outcome is Outcome.UNDERPOWERED


def test_a_size_of_the_papers_own_sample_transfers_to_nobody(ask):
    verdict = ask("transfer", form={"test": "not_applicable", "reason": "a size of the paper's own sample"})
    assert verdict.outcome is Outcome.UNVERIFIABLE and "a size of the paper's own sample" in verdict.reason


# --- what cannot be judged, and what must never look judged --------------------------------------------------------


def test_without_a_record_the_reason_names_the_command(paper):
    command = "pytest claims/ --checkpoint paper.trm=PATH --puzzles paper.trm=PATH"
    population = stand_in(missing="no checkpoint of paper.trm was given", command=command)
    verdict = judge(paper["trm.lambda1.auc"], population, ledger=paper)
    assert verdict.outcome is Outcome.UNVERIFIABLE
    assert verdict.reason == f"no checkpoint of paper.trm was given; get it with `{command}`"
    whole = stand_in(missing=f"none given: `{command}`", command=command)
    assert judge(paper["trm.lambda1.auc"], whole, ledger=paper).reason == f"none given: `{command}`"


def test_what_no_record_holds_is_unverifiable_on_every_record(paper):
    for name in ("restarts.beat_pruning", "tooling.released"):
        verdict = judge(paper[name], stand_in(record=RECORD), ledger=paper)
        assert verdict.outcome is Outcome.UNVERIFIABLE and verdict.reason.startswith("this needs")
    assert "restarts" in judge(paper["restarts.beat_pruning"], stand_in(record=RECORD), ledger=paper).reason


def test_an_undefined_statistic_says_why(ask, measuring):
    measuring(undefined("no failures", n=0))
    assert ask().outcome is Outcome.UNDERPOWERED and "no failures" in ask().reason
    measuring(undefined("3 of 9 scores are NaN", n=9))
    for mode in ("recompute", "replicate", "transfer"):
        assert ask(mode).outcome is Outcome.UNVERIFIABLE and "NaN" in ask(mode).reason


def test_a_record_that_is_too_short_is_unverifiable(ask):
    few = {"statistic": "median_exponent", "parameters": {"index": 9}, "kind": "point", "stated": "+0.1"}
    assert ask(**few).outcome is Outcome.UNVERIFIABLE and "--k 9" in ask(**few).reason


@pytest.mark.parametrize("fault", [ZeroDivisionError("by zero"), KeyError("successes"), ValueError("odd")])
def test_a_fault_inside_a_statistic_is_an_error_and_no_verdict(ask, measuring, fault):
    measuring(fault)
    for mode in ("recompute", "replicate", "transfer"):
        verdict = ask(mode)
        assert verdict.outcome is Outcome.ERROR and type(fault).__name__ in verdict.reason


def test_a_count_from_a_statistic_that_counts_nothing_is_an_error(ask, measuring):
    measuring(interval(0.1, 0.2))
    assert ask(stated="0 of 254", kind="zero_count").outcome is Outcome.ERROR


def test_digits_that_contradict_each_other_are_impossible_with_or_without_a_record(ask):
    for record in (RECORD, None):
        for mode in ("recompute", "replicate"):
            verdict = ask(mode, record=record, stated="60.0%", of=7)
            assert verdict.outcome is Outcome.IMPOSSIBLE and verdict.mode == "arithmetic"
            assert "no whole number of 7 rounds to 60.0%" in verdict.reason and "4/7" in verdict.reason
    form = FORM | {"threshold": 0.3}
    assert ask("transfer", stated="60.0%", of=7, form=form).outcome is Outcome.TRANSFERS  # its form can still be asked for


@pytest.mark.parametrize(("stated", "low", "high"), [("≤ 30%", 0.2, 0.31), ("≥ 30%", 0.29, 0.4)])
def test_a_printed_bound_is_named_with_its_digits(ask, measuring, stated, low, high):
    bound = {"kind": "bound", "stated": stated, "statistic": "accuracy"}
    measuring(interval(low, high))
    limit = "below 30.5%" if stated[0] == "≤" else "above 29.5%"
    assert "contains the threshold" in ask("replicate", **bound).reason
    measuring(interval(*((0.1, 0.2) if stated[0] == "≤" else (0.5, 0.6))))
    assert f"lies entirely {limit}" in ask("replicate", **bound).reason


def test_a_record_that_is_given_is_judged_instead_of_the_populations(paper):
    other = synthetic_record(300, accuracy=0.9, seed=7)
    claim, population = paper["trm.accuracy"], stand_in(record=RECORD)
    own, given_, none = (
        judge(claim, population, ledger=paper),
        judge(claim, population, other, ledger=paper),
        judge(claim, stand_in(), other, ledger=paper),
    )
    assert own.measured.estimate.n == 400 and given_.measured.estimate.n == none.measured.estimate.n == 300
    assert judge(claim, population, RECORD, ledger=paper) == own


@pytest.mark.parametrize(("reason", "outcome"), [("no failures", "UNDERPOWERED"), ("2 of 9 are NaN", "UNVERIFIABLE")])
def test_faults_of_a_statistic_are_no_verdicts(ask, measuring, reason, outcome):
    measuring(undefined(reason, n=3))
    assert ask("replicate").outcome == outcome
    measuring(ZeroDivisionError("by nothing"))
    broken = ask("replicate")
    assert broken.outcome is Outcome.ERROR and broken.reason == "accuracy failed: ZeroDivisionError: by nothing"


@pytest.mark.parametrize("ratio", [0, 2])
def test_a_reason_tells_the_interval_with_the_printed_error_only_where_there_is_one(ask, measuring, ratio):
    measuring(interval(0.58, 0.64, n=400))
    told = ask("replicate", **({"of": 200} if ratio else {})).reason
    assert ("with the sampling error of the printed figure added" in told) == bool(ratio)
    assert ("but a difference of 10 percentage points" in told or "nor a difference of 10 percentage points" in told) and "power " in told
