"""P-values and intervals are one decision, its errors have their rates, and noise moves what its floor says."""

import math
import tempfile
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
from unsettled.claims.judgement.families import adjust
from unsettled.claims.judgement.judge import judge
from unsettled.claims.judgement.noise_band import disturb, flip_rate, largest_change, under_noise
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.asking import FORM, RECORD, interval, noisy
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.measure.record.provenance import NoiseFloor, TangentStarts
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion


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
