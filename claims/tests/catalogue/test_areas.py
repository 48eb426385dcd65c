"""What the exponents tell apart: medians, areas under the ROC curve, what λ₁ adds and what is left of it when others are alike."""

import numpy as np
import pytest

from unsettled.fixtures.synthetic.by_hand import RECORD, brute_auc, compute, two_bands, with_late


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
