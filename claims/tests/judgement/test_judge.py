"""Every verdict is reached, and only by what earns it."""

import math
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as quick
from hypothesis import strategies as st

from unsettled.claims.catalogue.registered import STATISTICS
from unsettled.claims.judgement.evidence import ALPHA, against_fresh, level_reached
from unsettled.claims.judgement.judge import adjust, judge, judge_all
from unsettled.claims.judgement.noise_band import disturb, flip_rate, largest_change, under_noise
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.stated import parse_stated
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.measure.record.provenance import NoiseFloor, TangentStarts
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.proportion import proportion

RECORD = synthetic_record(400, accuracy=0.6, seed=4)
FORM = {"test": "share_above", "threshold": 0.5, "why": "more often than not"}


@pytest.fixture(scope="module")
def paper():
    return load_ledger()


@pytest.fixture
def ask(tmp_path):
    """The verdict on a claim, changed from the one of `unsettled.fixtures.synthetic.ledgers`, for a record and a question."""

    def answer(question="recompute", record=RECORD, **changes):
        path = tmp_path / "ledger.toml"
        path.write_text(ledger_text(("claim", claim_table(**changes))), encoding="utf-8")
        name = "reference.trm" if question == "transfer" else "paper.trm"
        population = stand_in(name=name, record=record, same_examples=question == "recompute")
        ledger = load_ledger(path)
        return judge(ledger.claims[0], population, ledger=ledger)

    return answer


@pytest.fixture
def measuring(monkeypatch):
    """Let the statistic `accuracy` return a given estimate, whatever the record."""

    def let(estimate):
        def function(record, parameters):
            if isinstance(estimate, Exception):
                raise estimate
            return estimate

        monkeypatch.setitem(STATISTICS, "accuracy", replace(STATISTICS["accuracy"], function=function, limits=None))

    return let


def noisy(record, *, flips=0, displacement=0.0, exponents=0.0, halting=0.0):
    """A record with a noise floor: so many flipped outcomes among 1000 comparisons, and quantiles."""
    sizes = {"exponents": exponents, "displacement": displacement, "halting": halting}
    quantiles = {name: {"median": x / 2, "q90": x, "q99": x, "largest": x} for name, x in sizes.items()}
    floor = NoiseFloor(rows=500, alternates=["a", "b"], quantiles=quantiles, label_flips=flips)
    return record.replace(provenance=record.provenance.model_copy(update={"noise": floor}))


def interval(low, high, value=None, n=500):
    value = (low + high) / 2 if value is None else value
    return Estimate(value=value, low=low, high=high, n=n, error=(high - low) / (2 * 1.959964))


def accuracy_of(record):
    return f"{record.solved.mean() * 100:.1f}%"


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


# --- transfer: the whole interval on one side ----------------------------------------------------------------------

FORMS = [
    ({"test": "auc_above", "threshold": 0.5}, [(0.51, 0.6, "T"), (0.4, 0.6, "U"), (0.5, 0.6, "U"), (0.3, 0.5, "D"), (0.3, 0.4, "D")]),
    ({"test": "share_above", "threshold": 0.5}, [(0.51, 0.6, "T"), (0.4, 0.6, "U"), (0.3, 0.4, "D")]),
    ({"test": "share_below", "threshold": 0.5}, [(0.51, 0.6, "D"), (0.4, 0.6, "U"), (0.3, 0.4, "T")]),
    ({"test": "value_above", "threshold": -1.0}, [(-0.9, 0.6, "T"), (-2, 0.6, "U"), (-3, -2, "D")]),
    ({"test": "value_below", "threshold": -1.0}, [(-0.9, 0.6, "D"), (-2, 0.6, "U"), (-3, -2, "T")]),
    ({"test": "difference_positive"}, [(0.1, 0.6, "T"), (-0.1, 0.6, "U"), (-0.6, -0.1, "D"), (-0.6, 0.0, "D")]),
    (
        {"test": "equivalent", "to": 0.5, "margin": 0.05},
        [(0.46, 0.54, "T"), (0.4, 0.54, "U"), (0.46, 0.6, "U"), (0.4, 0.6, "U"), (0.56, 0.6, "D"), (0.4, 0.44, "D")],
    ),
]
LETTERS = {"T": Outcome.TRANSFERS, "D": Outcome.DOES_NOT_TRANSFER, "U": Outcome.UNDERPOWERED}


@pytest.mark.parametrize(("form", "low", "high", "letter"), [(form, *case) for form, cases in FORMS for case in cases], ids=str)
def test_a_form_holds_only_with_the_whole_interval_on_its_side(ask, measuring, form, low, high, letter):
    measuring(interval(low, high))
    verdict = ask("transfer", form=form | {"why": "because"})
    assert verdict.outcome is LETTERS[letter] and verdict.mode == "transfer"
    own = ask("replicate", kind="direction", stated="qualitative", form=form | {"why": "because"})
    mirrored = {"T": Outcome.CONSISTENT, "D": Outcome.REFUTED, "U": Outcome.UNDERPOWERED}
    assert own.outcome is mirrored[letter] and (own.p_value <= ALPHA) == (letter == "D")


def test_existence_needs_one_case_and_absence_needs_a_sample(ask, measuring):
    form = {"test": "exists", "rate": 0.01, "why": "one is enough"}
    for hits, n, outcome, p in ((1, 10, "TRANSFERS", None), (0, 298, "UNDERPOWERED", 0.99**298), (0, 299, "DOES_NOT_TRANSFER", 0.99**299)):
        measuring(proportion(hits, n))
        verdict = ask("transfer", form=form)
        assert verdict.outcome == outcome and verdict.p_value == (p and pytest.approx(p))
    measuring(proportion(0, 5))
    assert ask(kind="existence", stated="qualitative", form=form).outcome is Outcome.REFUTED


def test_agreement_that_a_network_without_the_behaviour_would_meet_is_not_green(ask, measuring):
    form = {"test": "share_below", "threshold": 0.5, "why": "few"}
    for extra, value, outcome in (
        ({}, 0.1, "TRANSFERS"),
        ({"vacuous": "none at rest"}, 0.1, "UNDERPOWERED"),
        ({}, 0.9, "DOES_NOT_TRANSFER"),
        ({"vacuous": "none at rest"}, 0.9, "DOES_NOT_TRANSFER"),
    ):
        measuring(replace(interval(value - 0.05, value + 0.05), extra=extra))
        verdict = ask("transfer", form=form)
        assert verdict.outcome == outcome
        assert ("agreement is no evidence: none at rest" in verdict.reason) == bool(extra)


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


# --- the evidence behind a decision --------------------------------------------------------------------------------


@quick(deadline=None)  # the first waits for scipy
@given(st.integers(0, 300), st.integers(0, 1000), st.sampled_from([0.0, 0.1, 1.0, 6.0]))
def test_p_values_and_intervals_of_shares_are_one_decision(hits, permille, ratio):
    measured, stated = proportion(min(hits, 300), 300), parse_stated(f"{permille / 10}%")
    evidence = against_fresh(stated, measured, smallest=0.05, ratio=ratio)
    assert (evidence.p_value <= ALPHA) == evidence.excluded


@quick(deadline=None)  # the first waits for scipy
@given(st.floats(-1, 1), st.floats(0.001, 0.5), st.floats(0.001, 0.5), st.integers(-900, 900), st.sampled_from([0.0, 1.0]))
def test_p_values_and_intervals_are_one_decision(value, below, above, thousandths, ratio):
    measured = Estimate(value=value, low=value - below, high=value + above, n=100, error=0.1)
    stated = parse_stated(f"{thousandths / 1000:.3f}")
    evidence = against_fresh(stated, measured, smallest=0.05, ratio=ratio)
    if abs(evidence.p_value - ALPHA) > 1e-9:
        assert (evidence.p_value <= ALPHA) == evidence.excluded


def test_none_found_is_close_where_the_declared_rate_is_excluded_one_sided_at_5_percent():
    """Of 99 without a case, 3 % would show with 95.1 %; of 98 with 94.9 %."""
    found = [against_fresh(parse_stated("0 of 254"), proportion(0, n), smallest=0.03, ratio=n / 254) for n in (98, 99)]
    assert [evidence.close for evidence in found] == [False, True]


def test_power_of_a_share_is_the_smaller_rate_at_which_the_decision_refutes():
    stated, smallest, n = parse_stated("12.0%"), 0.09, 120

    def evidence(k):
        return against_fresh(stated, proportion(k, n), smallest=smallest, ratio=n / 2048)

    excluded = np.array([evidence(k).excluded for k in range(n + 1)])
    rng = np.random.default_rng(0)
    down, up = (excluded[rng.binomial(n, stated.value + side * smallest, 20_000)].mean() for side in (-1, 1))
    assert abs(down - up) > 0.05 and evidence(14).power == pytest.approx(min(down, up), abs=0.015)


def test_true_claims_are_refuted_at_the_nominal_rate_only_with_the_printed_error():
    """Two samples of 2,048 and 1,000 of one truth: the plain interval refutes far too often."""
    rng = np.random.default_rng(1)
    wrong = {True: 0, False: 0}
    for _ in range(400):
        stated = parse_stated(f"{rng.binomial(1000, 0.53) / 10}%")
        measured = proportion(int(rng.binomial(2048, 0.53)), 2048)
        for aware in wrong:
            span = float(stated.low), float(stated.high)
            widen = math.sqrt(1 + 2048 / 1000) if aware else 1.0
            wrong[aware] += level_reached(measured, span, widen=widen) <= ALPHA
    assert wrong[True] / 400 < 0.08 and wrong[False] / 400 > 0.2


def test_holm_spares_what_chance_explains_and_keeps_what_it_does_not(ask, measuring):
    measuring(interval(0.615, 0.685))
    weak = ask("replicate", stated="61.0%")
    measuring(interval(0.9, 0.92))
    strong = ask("replicate", stated="61.0%")
    assert weak.outcome is strong.outcome is Outcome.REFUTED and 0.001 < weak.p_value < 0.05
    measuring(interval(0.55, 0.67))
    calm = [ask("replicate", stated="61.0%").model_copy(update={"claim": f"calm.{i}"}) for i in range(30)]
    family = adjust([weak.model_copy(update={"claim": "weak"}), strong, *calm])
    assert family[0].outcome is Outcome.UNDERPOWERED and family[0].p_adjusted > 0.05 and "Holm" in family[0].reason
    assert family[1].outcome is Outcome.REFUTED and family[1].p_adjusted < 0.05
    assert adjust([weak])[0].outcome is Outcome.REFUTED and adjust([weak])[0].p_adjusted == weak.p_value


def test_noise_moves_a_statistic_as_much_as_the_floor_says():
    record = noisy(RECORD, exponents=0.01, displacement=0.0, flips=0)
    moved = disturb(record, record.provenance.noise, np.random.default_rng(0), possible=False)
    gap = np.abs(moved.exponents() - record.exponents())
    assert 0.004 < np.median(gap) < 0.006 and gap.max() <= 0.01 + 1e-12
    assert (moved.solved == record.solved).all() and np.array_equal(moved.displacement_H, record.displacement_H)
    possible = disturb(record, record.provenance.noise, np.random.default_rng(0))
    assert 0 < np.mean(possible.solved != record.solved) <= 0.01
    flipped = disturb(noisy(RECORD, flips=100), noisy(RECORD, flips=100).provenance.noise, np.random.default_rng(0))
    assert 0.05 < np.mean(flipped.solved != RECORD.solved) < 0.16
    assert (flipped.solved == flipped.solved_at[:, -1]).all()
    loud = disturb(record, noisy(RECORD, halting=0.3).provenance.noise, np.random.default_rng(0), possible=False)
    gap = np.abs(loud.halting_logit - record.halting_logit)
    assert 0.1 < np.median(gap) < 0.2 and gap.max() <= 0.3 + 1e-12 and np.array_equal(moved.halting_logit, record.halting_logit)
    assert under_noise(lambda record: proportion(1, 2), RECORD) == []
    assert flip_rate(NoiseFloor(rows=3, alternates=["a"], quantiles={}, label_flips=3)) == 1.0
    assert largest_change([Estimate(value=0.3), Estimate(value=math.nan)], 0.1) == pytest.approx(0.2)


def test_another_tangent_start_moves_each_exponent_by_its_own_measure():
    sizes = [0.001 * (index + 1) for index in range(RECORD.k)]
    starts = TangentStarts(seeds=4, shared=[0.0] * RECORD.k, own=[{"median": x, "largest": x} for x in sizes])
    floor = noisy(RECORD).provenance.noise.model_copy(update={"tangent_starts": starts})
    moved = disturb(RECORD, floor, np.random.default_rng(0), starts=True, possible=False)
    gap = np.abs(moved.exponents() - RECORD.exponents())
    assert gap.max(axis=0) == pytest.approx(sizes)  # a draw per row and exponent, never above its quantiles


# --- the whole audit -----------------------------------------------------------------------------------------------


def populations():
    trm = synthetic_record(1500, accuracy=0.85, seed=1)
    hrm = synthetic_record(1500, accuracy=0.55, facts=HRM_FACTS, seed=2)
    return [
        stand_in(name="paper.trm", record=trm, same_examples=True),
        stand_in(name="paper.hrm", architecture="hrm", record=hrm),
        stand_in(name="reference.trm", kind="reference", record=trm),
        stand_in(name="reference.hrm", architecture="hrm", kind="reference", record=hrm),
    ]


def test_the_paper_is_judged_whole_and_every_verdict_can_be_stored(paper):
    verdicts = judge_all(paper, populations())
    judged = Counter(verdict.population for verdict in verdicts)
    # every claim on one of the paper's own populations or on both; on another checkpoint only those of its architecture
    assert judged["paper.trm"] + judged["paper.hrm"] >= len(paper.claims) > 40
    assert all(15 <= judged[f"reference.{name}"] <= judged[f"paper.{name}"] for name in ("trm", "hrm"))
    assert len({verdict.key for verdict in verdicts}) == len(verdicts)
    assert Outcome.ERROR not in {verdict.outcome for verdict in verdicts}
    for verdict in verdicts:
        kept = verdict.model_dump_json()
        assert type(verdict).model_validate_json(kept).model_dump_json() == kept
        assert "\n" not in verdict.reason and len(verdict.reason) > 20
        if verdict.outcome is Outcome.CONSISTENT and verdict.power is not None:
            assert verdict.power.power >= 0.8


def test_every_claim_on_lambda1_carries_what_it_must_beat(paper):
    verdicts = {v.key: v for v in judge_all(paper, populations())}
    for key in ("trm.lambda1.auc@reference.trm", "hrm.lambda1.auc@paper.hrm", "matched.givens.auc@reference.hrm"):
        extra = verdicts[key].measured.estimate.extra
        assert {"auc_displacement", "auc_halting", "auc_spectrum_mean", "increment"} <= set(extra)


def test_the_command_reruns_just_this_claim(paper):
    verdict = judge(paper["trm.lambda1.auc"], stand_in(name="reference.trm", kind="reference", record=RECORD), ledger=paper)
    assert verdict.command == "pytest claims/ --claim trm.lambda1.auc@reference.trm"


def test_the_command_brings_what_was_brought(paper):
    brought = stand_in(record=RECORD, record_path=Path("my records/trm.parquet"), same_examples=True)
    verdict = judge(paper["trm.lambda1.auc"], brought, ledger=paper)
    assert verdict.command == (
        "pytest claims/ --record 'paper.trm=my records/trm.parquet' --same-examples paper.trm --claim trm.lambda1.auc@paper.trm"
    )


@quick(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5), st.sampled_from(["recompute", "replicate", "transfer"]))
def test_an_undecided_sample_is_never_green(value, below, above, mode):
    """Whatever the interval: a form that the interval straddles must not pass on fresh examples."""
    estimate = Estimate(value=value, low=value - below, high=value + above, n=100)
    patched = replace(STATISTICS["accuracy"], function=lambda record, parameters: estimate)
    with tempfile.TemporaryDirectory() as folder, patch.dict(STATISTICS, accuracy=patched):
        path = Path(folder) / "ledger.toml"
        path.write_text(ledger_text(("claim", claim_table(kind="direction", stated="qualitative", form=FORM))))
        ledger = load_ledger(path)
        name = "reference.trm" if mode == "transfer" else "paper.trm"
        population = stand_in(name=name, record=RECORD, same_examples=mode == "recompute")
        outcome = judge(ledger.claims[0], population, ledger=ledger).outcome
    if mode != "recompute" and value - below <= 0.5 <= value + above:
        assert outcome in (Outcome.UNDERPOWERED, Outcome.REFUTED, Outcome.DOES_NOT_TRANSFER)


# --- edges ---------------------------------------------------------------------------------------------------------

BETWEEN = {"test": "equivalent", "to": 0.5, "margin": 0.25, "why": "because"}


@pytest.mark.parametrize(
    ("low", "high", "letter", "words"),
    [
        (0.25, 0.5, "U", "contains the threshold 25%"),
        (0.26, 0.75, "U", "contains the threshold 75%"),
        (0.25, 0.75, "U", "contains the threshold 25% and 75%"),
        (0.2, 0.8, "U", "contains the threshold 25% and 75%"),
        (0.1, 0.25, "D", "lies entirely below 25%"),
        (0.75, 0.9, "D", "lies entirely above 75%"),
        (0.26, 0.74, "T", "lies entirely"),
        (math.nan, 0.5, "U", "no confidence interval is available"),
        (0.3, math.nan, "U", "no confidence interval is available"),
    ],
)
def test_an_interval_that_touches_a_threshold_contains_it_and_one_that_ends_there_lies_beyond(ask, measuring, low, high, letter, words):
    measuring(Estimate(value=0.5 if math.isnan(low + high) else (low + high) / 2, low=low, high=high, n=9, counts={"successes": 1}))
    verdict = ask("transfer", form=BETWEEN)
    assert verdict.outcome is LETTERS[letter] and words in verdict.reason


@pytest.mark.parametrize(
    ("least", "most", "own", "elsewhere", "words"),
    [
        (1, 2, "CONSISTENT", "TRANSFERS", "at least one case observed"),
        (0, 2, "UNDERPOWERED", "UNDERPOWERED", "inconclusive, it depends on the threshold"),
        (0, 0, "REFUTED", "DOES_NOT_TRANSFER", "no case observed; its probability at a rate of 5% is 0.0059"),
    ],
)
def test_a_case_must_be_one_under_every_threshold_and_none_none_under_any(ask, measuring, least, most, own, elsewhere, words):
    hits = proportion(1 if most else 0, 100)
    measuring(replace(hits, counts=dict(hits.counts) | {"least": least, "most": most}))
    told = {"kind": "existence", "stated": "qualitative", "form": {"test": "exists", "rate": 0.05, "why": "one is enough"}}
    here, there = ask("replicate", **told), ask("transfer", **told)
    assert (here.outcome, there.outcome) == (own, elsewhere) and words in here.reason and words in there.reason
    assert here.p_value == pytest.approx(1.0 if most else 0.95**100) and there.p_value == (None if most else pytest.approx(0.95**100))


@pytest.mark.parametrize(
    ("least", "most", "outcome"),
    [(0.55, 0.7, "REPRODUCED"), (0.45, 0.7, "UNDERPOWERED"), (0.5, 0.7, "UNDERPOWERED"), (0.6, 0.6, "REPRODUCED")],
)
def test_a_form_must_hold_for_every_line_of_one_hump(ask, measuring, least, most, outcome):
    found = proportion(60, 100)
    measuring(replace(found, counts=dict(found.counts) | {"least": int(100 * least), "most": int(100 * most)}))
    verdict = ask(kind="direction", stated="qualitative", form=FORM)
    assert verdict.outcome == outcome and verdict.noise == 0.0, verdict.reason
    assert ("inconclusive" in verdict.reason) == (outcome == "UNDERPOWERED")


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
