"""Who settles, who stays settled, and what confidence says of it: against counts by hand."""

import numpy as np
import pytest

from unsettled.claims.catalogue.parameters import Settling
from unsettled.claims.catalogue.settling import band_of
from unsettled.fixtures.synthetic.by_hand import RECORD, brute_auc, compute, two_bands, with_late


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
