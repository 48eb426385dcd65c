"""Settling on three scales, and raw displacement where there is no scale of rest."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.noise_band import under_noise
from unsettled.measure import synthetic_record
from unsettled.measure.analysis.band import otsu_band
from unsettled.measure.errors import UserError
from unsettled.measure.record.provenance import NoiseFloor
from unsettled.measure.record.record import Record

PLAIN = synthetic_record(120, seed=3)
SEGMENTS = np.arange(1, PLAIN.segments + 1)


def grown(by: np.ndarray) -> Record:
    """The same movements over the norm, of a state whose norm is ``by`` (S,) times what it was; with its angles."""
    columns = {f"{name}_{x}": getattr(PLAIN, f"{name}_{x}") * by for name in ("displacement", "norm") for x in "HL"}
    return PLAIN.replace(**columns, angle_H=np.asarray(PLAIN.relative_displacement()), angle_L=np.asarray(PLAIN.relative_displacement("L")))


GROWING = grown(1.0 + SEGMENTS)
# statistic, parameters but for the scale
READING_DISPLACEMENT = [
    ("settled_share", {}),
    ("settled_share", {"rule": "percentile", "percentile": 30}),
    ("wandering_share", {"part": "L"}),
    ("stays_share", {}),
    ("confident_share", {"settled": True}),
    ("confident_failures_settled", {"logit": -9.0}),
    ("least_mobile_failure", {"failures": 20}),
    ("auc", {"score": "displacement"}),
    ("matched_auc", {"by": "displacement", "bins": 3, "baselines": False}),
    ("early_auc", {"score": "displacement"}),
    ("early_doom", {"score": "last_displacement"}),
    ("retrospective_gain", {"score": "displacement"}),
]


def measured(name: str, parameters: dict, record: Record):
    statistic = lookup(name)
    return statistic.on(record, statistic.parameters(**parameters))


@pytest.mark.parametrize(("name", "parameters"), READING_DISPLACEMENT)
def test_raw_displacement_is_refused_where_the_norm_grows_and_judged_over_it(name, parameters):
    with pytest.raises(UserError, match=r"displacement_.* says nothing by itself: the norm of the state grows"):
        measured(name, parameters, GROWING)
    relative = [measured(name, parameters | {"scale": scale}, GROWING) for scale in ("relative", "angle")]
    assert relative[0].value == pytest.approx(measured(name, parameters, PLAIN).value)  # the norm of the plain record is constant
    assert relative[1].value == relative[0].value


def test_a_fixed_edge_is_one_of_its_scale():
    share = [measured("settled_share", {"rule": "fixed", "edge": 0.02, "scale": scale}, GROWING).value for scale in ("relative", "angle")]
    assert share == [measured("settled_share", {"rule": "fixed", "edge": 0.02 * 220}, PLAIN).value] * 2


@pytest.mark.parametrize(("by", "grows"), [(1.0 + SEGMENTS, True), (SEGMENTS**0.5, True), (1 - 0.7**SEGMENTS, False), (SEGMENTS**0, False)])
def test_a_norm_that_levels_off_has_a_scale(by, grows):
    assert grown(by).grows() is grows
    assert isinstance(measured("settled_share", {"scale": "relative"}, grown(by)).value, float)


def test_what_does_not_hang_on_displacement_stands_and_names_what_is_beside_it():
    assert measured("accuracy", {}, GROWING) == measured("accuracy", {}, PLAIN)
    found = measured("auc", {}, GROWING)
    assert found.value == measured("auc", {}, PLAIN).value and "increment" in found.extra
    assert "auc_relative_displacement" in found.extra and "auc_displacement" not in found.extra
    assert "absolute" not in measured("relative_displacement", {}, GROWING).extra


def test_a_network_that_says_so_grows_whatever_its_norm():
    facts = PLAIN.provenance.model.model_copy(update={"grows": True})
    said = PLAIN.replace(provenance=PLAIN.provenance.model_copy(update={"model": facts}))
    with pytest.raises(UserError, match="no scale of rest"):
        measured("settled_share", {}, said)


def test_a_joint_angle_of_several_latents_is_refused():
    with pytest.raises(UserError, match="the angles of H and L make no joint angle"):
        otsu_band(GROWING, part="joint", scale="angle")


def test_noise_is_measured_before_raw_displacement_is_refused():
    floor = NoiseFloor(rows=8, alternates=["a"], quantiles={"displacement": {"largest": 1e-6}}, label_flips=0)
    noisy = GROWING.replace(provenance=GROWING.provenance.model_copy(update={"noise": floor}))
    statistic = lookup("settled_share")
    versions = under_noise(lambda record: statistic.on(record, statistic.parameters(scale="relative")), noisy)
    assert len(versions) == 8 and all(np.isfinite(version.value) for version in versions)
