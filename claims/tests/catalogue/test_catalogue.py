"""Every statistic that a claim may name, against a count by hand, and on records that have little to count."""

import time

import numpy as np
import pytest

from unsettled.claims.catalogue.parameters import Settling
from unsettled.claims.catalogue.registered import STATISTICS, lookup, statistic
from unsettled.claims.catalogue.registry import MissingInput
from unsettled.claims.catalogue.settling import band_of
from unsettled.claims.judgement.case import estimate
from unsettled.claims.judgement.judge import judge, judge_all
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record, with_noise
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate

RECORD = synthetic_record(600, accuracy=0.6, seed=11)
NEEDED = {
    "failures_per": {"of": 1200},
    "external": {"needs": "something"},
    "matched_auc": {"by": "givens"},
    "least_mobile_failure": {"failures": 254},
    "confident_failures_settled": {"logit": -30.0},
}


def compute(name, record=RECORD, **parameters):
    found = lookup(name)
    return found.function(record, found.parameters.model_validate(NEEDED.get(name, {}) | parameters))


def brute_auc(scores, positives):
    """P(positive > negative) + ½ P(tie), pair by pair."""
    gaps = scores[positives][:, None] - scores[~positives][None, :]
    return float((gaps > 0).mean() + 0.5 * (gaps == 0).mean())


def with_late(record, late):
    """The record with this displacement in every segment."""
    moves = np.repeat(np.asarray(late, dtype=float)[:, None], record.segments, axis=1)
    return record.replace(displacement_H=moves, displacement_L=moves)


def two_bands(record, settled):
    """The record with late displacements around 1 (settled) and around 100."""
    rng = np.random.default_rng(0)
    return with_late(record, np.where(settled, 1.0, 100.0) * rng.uniform(0.9, 1.1, len(record)))


def with_nan_in_row_0(array):
    array = array.astype(float).copy()
    array[0] = np.nan
    return array


SHORTENED = ("solved_at", "displacement_H", "displacement_L", "norm_H", "norm_L", "halting_logit", "conflicts", "growth")


def test_counts_and_settings():
    wrong = int((~RECORD.solved).sum())
    assert compute("accuracy").value == (600 - wrong) / 600
    assert compute("failures_per").value == pytest.approx(2 * wrong)
    assert compute("failures_per", of=600).value == wrong
    assert compute("failures_per").low < 2 * wrong < compute("failures_per").high
    assert compute("sample_size").value == 600 and compute("segments").value == 16
    assert compute("hidden_size").value == 512
    assert compute("updates_per_puzzle").value == 336
    assert compute("updates_per_puzzle", synthetic_record(9, facts=HRM_FACTS)).value == 96
    assert compute("updates_per_puzzle", segments=4).value == 84


def test_facts_of_a_checkpoint_and_choices_of_a_measurer_have_no_sampling_error():
    exact = {name: found.exact for name, found in STATISTICS.items() if found.exact}
    assert exact == {"sample_size": "choice", "segments": "choice", "hidden_size": "checkpoint", "updates_per_puzzle": "checkpoint"}
    for name in exact:
        measured = compute(name)
        assert measured.low == measured.value == measured.high


def test_settled_and_wandering_shares_are_complements_and_count_by_hand():
    settled = np.arange(600) % 3 == 0
    record = two_bands(RECORD, settled)
    for who, chosen in (("failures", ~record.solved), ("successes", record.solved), ("all", np.ones(600, bool))):
        share = compute("settled_share", record, of=who)
        assert share.counts["successes"] == int((settled & chosen).sum()) and share.n == int(chosen.sum())
        assert compute("wandering_share", record, of=who).value == pytest.approx(1 - share.value)
    assert compute("settled_share", record).extra["separation"] > 0.95
    assert compute("settled_share", record, rule="fixed", edge=10.0).value == compute("settled_share", record).value
    assert compute("settled_share", record, rule="fixed", edge=0.1, of="all").value == 0
    for percentile, held in ((20.0, 0.2), (50.0, 1 / 3)):  # no more than settle, however many the percentile asks for
        assert compute("settled_share", record, rule="percentile", percentile=percentile, of="all").value == pytest.approx(held, abs=0.002)


def test_a_band_may_be_drawn_on_either_latent():
    record = two_bands(RECORD, np.arange(600) % 2 == 0).replace(displacement_L=np.ones_like(RECORD.displacement_L))
    assert compute("settled_share", record, part="H").defined
    assert not compute("settled_share", record, part="L").defined
    joint = band_of(record, Settling(part="joint"))
    assert joint.part == "joint" and compute("settled_share", record, part="joint").defined


def test_who_stays_is_in_the_band_to_the_end():
    record = two_bands(RECORD, RECORD.solved)
    assert compute("stays_share", record, of="successes").value == 1 and compute("stays_share", record, of="failures").value == 0
    moves = record.displacement_H.copy()
    rows = np.flatnonzero(record.solved)[:10]
    moves[rows, -1] = 100.0  # out of the band in the last segment
    left = compute("stays_share", record.replace(displacement_H=moves), rule="fixed", edge=10.0)
    assert left.counts["stayed"] == int(record.solved.sum()) - 10


def test_confident_failures_count_by_hand():
    logit = RECORD.halting_logit.copy()
    wrong = np.flatnonzero(~RECORD.solved)
    logit[:, -1] = np.where(RECORD.solved, 5.0, -5.0)
    logit[wrong[:7], -1] = 5.0
    settled = np.zeros(600, bool)
    settled[wrong[:3]] = settled[wrong[-2:]] = True
    record = two_bands(RECORD, settled).replace(halting_logit=logit)
    assert compute("confident_share", record).counts["successes"] == 7
    assert compute("confident_share", record, settled=True).counts["successes"] == 3
    extra = compute("confident_share", record).extra
    right = int(RECORD.solved.sum())
    assert extra["right_if_confident"] == pytest.approx(right / (right + 7)) and extra["confident_if_right"] == 1
    assert extra["auc_halting"] == pytest.approx(brute_auc(logit[:, -1], RECORD.solved))


def test_a_confidence_that_never_speaks_vouches_for_nothing():
    silent = RECORD.replace(halting_logit=np.full_like(RECORD.halting_logit, -3.0))
    for settled in (True, False):
        measured = compute("confident_share", silent, settled=settled)
        assert not measured.defined and "only 0.0% of successes" in measured.undefined_reason
    assert compute("confident_share", silent, logit=-4.0).value == 1


def test_the_least_mobile_failure_against_a_sort():
    late = np.random.default_rng(3).uniform(0, 1, 600)
    record = with_late(RECORD, late)
    expected = (late[RECORD.solved] < late[~RECORD.solved].min()).mean()
    assert compute("least_mobile_failure", record).value == pytest.approx(expected)


def test_medians_and_expansion_in_their_units():
    exponents = RECORD.exponents(unit="update")
    for of, chosen in (("failures", ~RECORD.solved), ("successes", RECORD.solved)):
        measured = compute("median_exponent", of=of, index=2)
        assert measured.value == pytest.approx(np.median(exponents[chosen, 1])) and measured.unit == "nats per update"
        segment = compute("median_exponent", of=of, index=2, unit="segment")
        assert segment.value == pytest.approx(21 * measured.value) and segment.unit == "nats per segment"
        assert compute("expansive_share", of=of).counts["successes"] == int((exponents[chosen, 0] > 0).sum())


@pytest.mark.parametrize("positives", ["failures", "successes"])
@pytest.mark.parametrize("score", ["exponent", "spectrum_mean", "displacement", "halting"])
def test_areas_pair_by_pair(score, positives):
    values = {
        "exponent": RECORD.exponents()[:, 0],
        "spectrum_mean": RECORD.exponents().mean(axis=1),
        "displacement": RECORD.late_displacement(),
        "halting": RECORD.halting_logit[:, -1],
    }[score]
    mask = RECORD.solved if positives == "successes" else ~RECORD.solved
    assert compute("auc", score=score, positives=positives).value == pytest.approx(brute_auc(values, mask))


def test_baselines_stand_beside_lambda1_on_the_same_side_of_one_half():
    unsure = RECORD.replace(halting_logit=RECORD.halting_logit + 9 * np.random.default_rng(1).normal(size=(600, 16)))
    wrong, extra = ~RECORD.solved, compute("auc", unsure).extra
    assert extra["auc_displacement"] == pytest.approx(brute_auc(RECORD.late_displacement(), wrong))
    assert extra["auc_halting"] == pytest.approx(brute_auc(-unsure.halting_logit[:, -1], wrong))
    assert extra["auc_spectrum_mean"] == pytest.approx(brute_auc(RECORD.exponents().mean(axis=1), wrong))
    assert min(extra[f"auc_{name}"] for name in ("displacement", "halting", "spectrum_mean")) > 0.7
    assert extra["increment_low"] <= extra["increment"] <= extra["increment_high"] and 0 <= extra["increment_p_value"] <= 1
    mirrored = compute("auc", unsure, positives="successes").extra
    for name in ("auc_displacement", "auc_halting", "auc_spectrum_mean"):
        assert mirrored[name] == pytest.approx(extra[name])
    assert not {"auc_halting", "increment"} & set(compute("auc", unsure, baselines=False).extra)


def test_what_lambda1_adds_is_nothing_where_it_copies_and_much_where_it_alone_knows():
    rng = np.random.default_rng(5)
    blank = with_late(RECORD, rng.uniform(1, 2, 600)).replace(halting_logit=rng.normal(size=RECORD.halting_logit.shape))
    assert compute("auc", blank).extra["increment_low"] > 0.2
    told = blank.replace(halting_logit=np.where(RECORD.solved_at, 5.0, -5.0) + blank.halting_logit)
    assert abs(compute("auc", told).extra["increment"]) < 0.01


def test_matching_on_givens_is_a_mean_over_pairs_within_bins():
    scores, wrong = RECORD.exponents()[:, 0], ~RECORD.solved
    total = weight = 0.0
    for givens in np.unique(RECORD.givens):
        inside = RECORD.givens == givens
        pairs = int((inside & wrong).sum()) * int((inside & ~wrong).sum())
        total, weight = total + pairs * brute_auc(scores[inside], wrong[inside]), weight + pairs
    measured = compute("matched_auc", by="givens")
    assert measured.value == pytest.approx(total / weight)
    assert {"auc with positives weights", "auc with macro weights", "auc_displacement"} <= set(measured.extra)


def test_matching_on_displacement_takes_displacement_away():
    rng = np.random.default_rng(7)
    late = np.exp(rng.normal(size=600) + np.where(RECORD.solved, 0.0, 1.5))
    growth = RECORD.growth.copy()
    growth[:, :, 0] = (np.log(late) + 0.01 * rng.normal(size=600))[:, None]  # λ₁ knows displacement and nothing else
    record = with_late(RECORD, late).replace(growth=growth)
    overall, matched = compute("auc", record).value, compute("matched_auc", record, by="displacement", bins=20).value
    assert overall > 0.8 and matched < overall - 0.15


def test_matching_among_the_unsettled_leaves_the_settled_out():
    settled = np.arange(600) % 2 == 0
    record = two_bands(RECORD, settled)
    both = {"by": "displacement", "among": "unsettled", "bins": 1}
    assert compute("matched_auc", record, **both).value == pytest.approx(
        brute_auc(record.exponents()[~settled, 0], ~record.solved[~settled])
    )


def test_what_is_lacking_is_named():
    unsettled_failures = two_bands(RECORD, RECORD.solved)
    reason = compute("matched_auc", unsettled_failures, by="displacement", among="unsettled").undefined_reason
    assert reason == "none of the unsettled is a success"
    assert compute("auc", RECORD.take(RECORD.solved)).undefined_reason == "none of the puzzles is a failure"


def test_early_windows_see_nothing_of_what_comes_later():
    unsolved = ~RECORD.solved_at[:, 3]
    measured = compute("early_auc", score="displacement")
    early = RECORD.displacement_H[:, :4].mean(axis=1)
    assert measured.value == pytest.approx(brute_auc(early[unsolved], RECORD.solved[unsolved]))
    moved = RECORD.displacement_H.copy()
    moved[:, 4:] = 7.0
    assert compute("early_auc", RECORD.replace(displacement_H=moved), score="displacement").value == measured.value


def test_the_gain_of_hindsight_is_late_minus_early_distance_from_one_half():
    rng = np.random.default_rng(2)
    growth = rng.normal(size=RECORD.growth.shape)
    growth[:, 4:, 0] += np.where(RECORD.solved, -0.2, 0.2)[:, None]
    record = RECORD.replace(growth=growth)
    unsolved = ~record.solved_at[:, 3]
    solved = record.solved[unsolved]
    late = brute_auc(growth[unsolved, 4:, 0].mean(axis=1), solved)
    early = brute_auc(growth[unsolved, :4, 0].mean(axis=1), solved)
    assert late < 0.2  # informative, not perfect: the windows must matter
    measured = compute("retrospective_gain", record)
    assert measured.value == pytest.approx(abs(late - 0.5) - abs(early - 0.5))
    assert measured.extra["auc_late"] == pytest.approx(late) and measured.extra["auc_early"] == pytest.approx(early)
    omen = record.replace(growth=np.repeat(growth[:, 4:5], 16, axis=1))  # an early sign as strong as the late one
    assert abs(compute("retrospective_gain", omen).value) < 0.01


def test_what_no_record_holds():
    for name in ("restarts_over_pruning", "external"):
        with pytest.raises(MissingInput):
            compute(name)


def test_a_statistic_is_registered_once_and_an_unknown_one_lists_the_known():
    with pytest.raises(ValueError, match="registered twice"):
        statistic("accuracy", lookup("accuracy").parameters)(lambda record, parameters: None)
    with pytest.raises(UserError, match=r"unknown statistic 'nothing'.*--statistics FILE.py"):
        lookup("nothing")
    assert all(found.summary.endswith(".") for found in STATISTICS.values())


DEGENERATE = {
    "no rows": RECORD.take(np.zeros(0, dtype=int)),
    "one row": RECORD.take(np.array([0])),
    "all right": RECORD.replace(solved=np.ones(600, bool), solved_at=np.ones_like(RECORD.solved_at)),
    "all wrong": RECORD.replace(solved=np.zeros(600, bool), solved_at=np.zeros_like(RECORD.solved_at)),
    "one failure": RECORD.replace(solved=np.arange(600) > 0),
    "no motion": with_late(RECORD, np.zeros(600)),
    "NaN": RECORD.replace(**{name: with_nan_in_row_0(getattr(RECORD, name)) for name in ("growth", "displacement_H", "halting_logit")}),
    "minus infinity": RECORD.replace(growth=np.full_like(RECORD.growth, -np.inf)),
    "no exponents": RECORD.replace(growth=RECORD.growth[:, :, :0]),
    "two segments": RECORD.replace(**{name: getattr(RECORD, name)[:, :2] for name in SHORTENED}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("record", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_a_degenerate_record_never_breaks_a_statistic(record):
    ledger = load_ledger()
    for name, architecture, same in (("paper.trm", "trm", True), ("paper.hrm", "hrm", False), ("reference.any", None, False)):
        population = stand_in(name=name, architecture=architecture, record=record, same_examples=same)
        for verdict in judge_all(ledger, [population]):
            assert verdict.outcome is not Outcome.ERROR, (verdict.claim, verdict.reason)


def test_nan_is_never_counted_on_either_side():
    """A NaN compares false with every threshold: it must not pass for unsettled, contracting or unsure."""
    record = DEGENERATE["NaN"].replace(solved=RECORD.solved & (np.arange(600) > 0))
    for name in ("settled_share", "wandering_share", "stays_share", "confident_share", "expansive_share"):
        measured = compute(name, record, of="failures")
        assert not measured.defined and "NaN" in measured.undefined_reason, name


def test_every_statistic_returns_an_estimate_with_ordered_limits():
    for name in STATISTICS:
        if name == "external" or STATISTICS[name].needs:
            continue
        measured = compute(name)
        assert isinstance(measured, Estimate) and measured.low <= measured.value <= measured.high, name
        limits = STATISTICS[name].limits
        assert limits is None or limits[0] <= measured.low <= measured.high <= limits[1], name


def test_judging_needs_no_torch():
    modules = ", ".join(f"unsettled.claims.{name}" for name in ("judgement.judge", "digits.arithmetic", "audit.known"))
    assert fresh(f"import sys, {modules}; assert 'torch' not in sys.modules").returncode == 0


@pytest.mark.benchmark
def test_a_record_of_8192_rows_is_judged_in_seconds():
    ledger = load_ledger()
    record = with_noise(synthetic_record(8192, accuracy=0.55, facts=HRM_FACTS, seed=2))
    population = stand_in(name="paper.hrm", architecture="hrm", record=record, same_examples=True)
    start = time.process_time()  # of this process: other work on the machine does not count
    concerned = [claim for claim in ledger.claims if ledger.concerns(claim, "paper.hrm", "hrm")]
    assert len(judge_all(ledger, [population])) == len(concerned) > 22
    assert time.process_time() - start < 5


def test_a_claim_is_evaluated_with_its_own_parameters_and_with_those_of_its_form_elsewhere():
    ledger = load_ledger()
    claim = ledger["hrm.settled_failures"]
    here, there = estimate(claim, RECORD), estimate(claim, RECORD, elsewhere=True)
    assert "percentile 45" in here.method and "otsu" in there.method
    verdict = judge(claim, stand_in(name="reference.hrm", architecture="hrm", record=RECORD), ledger=ledger)
    assert verdict.measured.estimate.method == there.method


@pytest.mark.parametrize(("firing", "defined"), [(180, True), (179, False)])
def test_a_confidence_that_is_high_for_half_of_the_successes_says_something(firing, defined):
    right = np.flatnonzero(RECORD.solved)[:360]
    record = RECORD.replace(solved=np.isin(np.arange(600), right))
    logit = np.full_like(RECORD.halting_logit, -1.0)
    logit[right[:firing], -1] = 1.0
    measured = compute("confident_share", record.replace(halting_logit=logit))
    assert measured.defined == defined
    if defined:
        assert (measured.extra["confident_if_right"], measured.extra["wrong_and_confident"], measured.extra["right_if_confident"]) == (
            0.5,
            0,
            1,
        )
    else:
        assert "only 49.7% of successes have a halting logit above 0" in measured.undefined_reason and measured.n == 600


def test_agreement_with_a_confidence_that_failures_share_is_no_evidence():
    logit = np.full_like(RECORD.halting_logit, 1.0)
    shared = compute("confident_share", RECORD.replace(halting_logit=logit))
    assert shared.value == 1 and "confident no less often than successes" in shared.extra["vacuous"]
    logit[~RECORD.solved, -1] = -1.0
    told = compute("confident_share", RECORD.replace(halting_logit=logit))
    assert told.value == 0 and "vacuous" not in told.extra and told.extra["auc_halting"] == 1.0
    assert compute("confident_share", RECORD.replace(halting_logit=logit), of="successes").value == 1
    at = compute("confident_share", RECORD.replace(halting_logit=logit), logit=1.0)
    assert not at.defined  # not above it


@pytest.mark.parametrize("stay", [1, 3, 16])
def test_who_stays_is_there_for_so_many_last_segments(stay):
    moves = np.full_like(RECORD.displacement_H, 100.0)
    since = np.arange(600) % 17  # the segment, from 0, from which a run stays in the band; 16 for never
    moves[np.arange(16) >= since[:, None]] = 1.0
    record = RECORD.replace(displacement_H=moves)
    found = compute("stays_share", record, of="successes", stay=stay, rule="fixed", edge=10.0)
    assert found.counts["stayed"] == (RECORD.solved & (since <= 16 - stay)).sum() and "log10_threshold" in found.extra
