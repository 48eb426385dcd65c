"""Statistics of the one-step Jacobian, counted by hand, and what is said where there is no spectrum record."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.claims.catalogue.registered import SIDE_KINDS, MissingInput, lookup
from unsettled.claims.populations.sides import find_side
from unsettled.fixtures.synthetic.records import TRM_FACTS, synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.side import SideProvenance, SideRecord, write_side
from unsettled.measure.statistics.auc import auc

RECORD = synthetic_record(200, k=1, seed=5)
N, S, AT = 200, 4, [2, 4]


def spectra() -> SideRecord:
    """Made-up spectra: failures have gain above 1; solved runs are at rest from segment 3 on, and one radius is missing."""
    rng = np.random.default_rng(0)
    solved = np.zeros((N, S), np.uint8)
    solved[:120, 1:] = 1
    gain = np.where(solved[:, -1:] == 1, 0.3, 2.0) * rng.uniform(0.5, 1.5, (N, S))
    gain[:120, 2:] = np.nan
    radius = np.where(solved[:, AT[-1] - 1 :] == 1, 0.8, 1.4) * rng.uniform(0.7, 1.3, (N, 2))
    radius[150, 1] = np.nan
    columns = {"example_id": RECORD.example_id, "solved_at": solved, "gain": gain, "radius": radius, "sigma": 10 * radius}
    provenance = SideProvenance(
        kind="spectrum",
        model=TRM_FACTS,
        checkpoint_bytes="0" * 64,
        checkpoint_tensors=RECORD.provenance.checkpoint_tensors,
        puzzles_digest="0" * 64,
        puzzles=N,
        settings={"segments": S, "at": AT},
        versions={},
    )
    return SideRecord({name: np.asarray(array) for name, array in columns.items()}, provenance)


SIDE = spectra()


def compute(name, **parameters):
    found = lookup(name)
    return found.function(RECORD, found.parameters.model_validate(parameters), SIDE)


def test_medians_and_shares_are_those_counted_by_hand():
    failed = SIDE["solved_at"][:, -1] == 0
    assert compute("one_step_median").value == np.median(SIDE["gain"][failed, -1])
    # solved runs are at rest at the end: their gain is that of their last move
    assert compute("one_step_median", of="successes").value == np.median(SIDE["gain"][~failed, 1])
    assert compute("one_step_median", quantity="sigma", segment=2).value == np.median(SIDE["sigma"][SIDE["solved_at"][:, 1] == 0, 0])
    share = compute("one_step_above", limit=2.0)
    assert share.value == (SIDE["gain"][failed, -1] > 2).mean() and share.counts["without_a_value"] == 0
    radii = compute("one_step_median", quantity="radius")
    assert radii.counts["without_a_value"] == 1 and radii.value == np.nanmedian(SIDE["radius"][failed, 1])


def test_auc_of_gain_is_1_where_failures_stretch_and_successes_shrink():
    assert compute("one_step_auc").value == 1
    radius = SIDE["radius"][:, 1]
    known = np.isfinite(radius)
    assert compute("one_step_auc", quantity="radius").value == auc(radius[known], SIDE["solved_at"][known, -1] == 0).value < 1


@pytest.mark.parametrize(("parameters", "why"), [({"quantity": "sigma", "segment": 3}, "--at 3"), ({"segment": 5}, "longer rollouts")])
def test_what_was_not_measured_is_refused_with_the_way_to_measure_it(parameters, why):
    with pytest.raises(UserError, match=why):
        compute("one_step_auc", **parameters)


def test_a_record_without_one_names_the_command_of_networks_of_ones_own_too(tmp_path):
    with pytest.raises(MissingInput) as missing:
        find_side("spectrum", record=RECORD, record_path=tmp_path / "record.parquet")
    assert missing.value.command.startswith("unsettled spectrum CHECKPOINT PUZZLES --out ")
    for kind in ("spectrum", "long"):
        complaint = SIDE_KINDS[kind].missing(None, None, None, network="my_net.py:build")
        assert complaint.command.endswith("--network my_net.py:build")
    write_side(SIDE, tmp_path / "spectrum.parquet")
    assert find_side("spectrum", record=RECORD, record_path=tmp_path / "record.parquet").digest() == SIDE.digest()
