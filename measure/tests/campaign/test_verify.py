"""Rows are judged by their own noise: honest re-measurements stand, forged ones fall whatever their record says of its noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unsettled.measure.campaign.noise import remeasure
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.campaign.verify import measuring, verify_rows
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint, save_checkpoint
from unsettled.measure.record.own_noise import beyond_rounding, profile
from unsettled.measure.record.provenance import NoiseFloor
from unsettled.measure.rollout.starts import last_bit_start

SETTINGS = {"k": 2, "segments": 4, "batch": 4}


def test_another_batch_size_stands(calm, puzzles, calm_record):
    outcome = verify_rows(calm, puzzles, calm_record.take(np.array([7, 2, 5])), batch=3)
    assert outcome.rows == 3 and outcome.differing == [] and outcome.sensitive == []
    assert 0 <= outcome.largest["exponents"] < 1e-5


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (lambda r: r.replace(growth=r.growth + np.where(np.arange(12) == 3, 0.05, 0.0)[:, None, None]), "exponents by"),
        (lambda r: r.replace(solved=r.solved ^ (np.arange(12) == 3)), "outcome"),
        (lambda r: r.replace(halting_logit=r.halting_logit + 0.1 * (np.arange(12) == 3)[:, None]), "halting by"),
        (lambda r: r.replace(displacement_L=r.displacement_L * (1 + (np.arange(12) == 3))[:, None]), "displacement by"),
    ],
)
def test_a_tampered_row_falls_and_no_other(calm, puzzles, calm_record, tamper, told):
    outcome = verify_rows(calm, puzzles, tamper(calm_record))
    assert len(outcome.differing) == 1 and told in outcome.differing[0]
    assert outcome.differing[0].startswith(f"example {calm_record.example_id[3]}: ")


def test_shuffled_exponents_fall(calm, puzzles, calm_record):
    outcome = verify_rows(calm, puzzles, calm_record.replace(growth=np.roll(calm_record.growth, 1, axis=0)))
    assert len(outcome.differing) >= 10


def test_a_chaotic_row_is_judged_by_its_own_noise(calm, puzzles, tmp_path):
    """A net whose last-bit differences grow to full size: the floor is passed, the row still stands."""
    model = load_checkpoint(calm.path.parent).model
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".layers." in name:
                parameter.mul_(4.0)
    save_checkpoint(model, tmp_path)
    wild = load_checkpoint(tmp_path)
    record = measure_rows(wild, puzzles, **{**SETTINGS, "segments": 12})
    assert (record.exponents(unit="segment")[:, 0] > 0.2).sum() >= 6, "the net is not expansive, the test shows nothing"
    moved = remeasure(wild, puzzles, record, start=last_bit_start(99))
    assert beyond_rounding(profile(record), profile(moved)).sum() >= 3, "last-bit differences did not grow, the test shows nothing"
    outcome = verify_rows(wild, puzzles, moved)
    assert outcome.differing == outcome.shifted == [] and len(outcome.sensitive) >= 1
    tampered = moved.replace(growth=moved.growth + 10.0)
    outcome = verify_rows(wild, puzzles, tampered)
    assert len(outcome.differing) == len(record) and outcome.shifted[0].startswith("exponents")


LOUD = {
    name: {"median": 2e-5, "q90": loud, "q99": loud, "largest": loud}
    for name, loud in (("exponents", 0.007), ("displacement", 0.045), ("halting", 0.87))
}


def test_a_record_that_declares_much_noise_may_not_be_shifted_within_it(calm, puzzles, calm_record):
    """The noise that a record declares of itself widens nothing: .069 nats and 8.6 logits in every row were "all as recorded"."""
    floor = NoiseFloor(rows=12, alternates=["batch 2"], quantiles=LOUD, label_flips=0)
    provenance = calm_record.provenance.model_copy(update={"noise": floor})
    updates = provenance.model.updates_per_segment
    forged = calm_record.replace(
        provenance=provenance, growth=calm_record.growth + 0.069 * updates, halting_logit=calm_record.halting_logit - 8.6
    )
    assert len(verify_rows(calm, puzzles, forged).differing) == 12


def test_what_happens_before_the_end_is_compared_too(calm, puzzles, calm_record):
    """Growth moved from one segment to another leaves every exponent over the whole rollout as it was."""
    growth = calm_record.growth.copy()
    growth[3, 0] += 0.5
    growth[3, 1] -= 0.5
    outcome = verify_rows(calm, puzzles, calm_record.replace(growth=growth))
    assert len(outcome.differing) == 1 and "exponents by" in outcome.differing[0]
    sooner = calm_record.solved_at.copy()
    sooner[5, 1] ^= True
    outcome = verify_rows(calm, puzzles, calm_record.replace(solved_at=sooner))
    assert len(outcome.differing) == 1 and "right after other segments" in outcome.differing[0]


def test_a_record_that_lies_about_its_network_is_refused(calm, puzzles, calm_record):
    """Its cost was read from there: ten thousand million parameters, and no row was measured again."""
    model = calm_record.provenance.model.model_copy(update={"parameters": 10**10})
    forged = calm_record.replace(provenance=calm_record.provenance.model_copy(update={"model": model}))
    with pytest.raises(UserError, match="says otherwise of the network"):
        verify_rows(calm, puzzles, forged)


def test_every_re_measurement_of_a_row_has_another_start(calm, puzzles, calm_record):
    """Replicas within one batch, and over batches; a repeated one would make a row's noise look small."""
    again = measuring(calm, puzzles, calm_record)(np.array([2, 7]), range(12), None)
    assert again.values.shape[:2] == (12, 2) and again.outcomes.shape == (12, 2, 5)
    assert len({row.tobytes() for row in again.values[:, 0]}) == 12


def test_a_coarser_arithmetic_has_a_coarser_last_bit(calm, puzzles):
    record = measure_rows(calm, puzzles.take(slice(0, 2)), **SETTINGS, dtype="bfloat16")
    moved = remeasure(calm, puzzles.take(slice(0, 2)), record, start=last_bit_start(1))
    assert not np.array_equal(record.displacement_H, moved.displacement_H)
