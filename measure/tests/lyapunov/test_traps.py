"""The traps that the systems name, each shown to bite: dead orbits, transient growth, coarse QR, sorted spectra."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.growth import Status


def test_doubling_map_dies_in_binary_and_the_exponent_does_not_show_it():
    doubling = SYSTEMS["doubling"]
    result = tangent_growth(doubling.step, doubling.starts(8), k=1, segments=60)
    assert (result.state == 0).all(), "53 bits have been shifted out"
    assert torch.allclose(result.exponents(), torch.full((8, 1), math.log(2)).double())


def test_tent_map_dies_on_its_corner_and_says_so():
    tent = SYSTEMS["tent"]
    result = tangent_growth(tent.step, tent.starts(8), k=1, segments=80)
    assert (result.state == 0).all()
    assert (result.status == Status.RANK_DEFICIENT).all() and (result.exponents() == -torch.inf).all()
    assert torch.allclose(result.exponents(last=40), torch.full((8, 1), math.log(2)).double())


def test_whole_numbers_modulo_a_prime_keep_the_kaplan_yorke_map_alive():
    system = SYSTEMS["kaplan-yorke"]
    for dtype in (torch.float64, torch.float32):
        orbit = system.orbit(system.starts(4, dtype=dtype), 300)[:, :, 0]
        assert (orbit == orbit.round()).all() and (orbit > 0).all()
        assert all(len(orbit[:, example].unique()) == len(orbit) for example in range(4))


def test_contracting_map_grows_fifty_fold_at_first():
    system = SYSTEMS["linear-non-normal"]
    assert max(known for known in (math.log(0.9), math.log(0.8))) < 0
    first = tangent_growth(system.step, system.starts(1), k=1, segments=1, basis=torch.tensor([[0.0, 1.0]]).double())
    assert first.exponents().item() > math.log(49)
    late = tangent_growth(system.step, system.starts(1), k=1, segments=50, warmup=150)
    assert late.exponents().item() == pytest.approx(math.log(0.9), abs=1e-3)


def test_coarse_qr_loses_the_contracting_tangent_of_lorenz_in_float32():
    lorenz = SYSTEMS["lorenz-63"]
    start = lorenz.starts(2).float()
    options = {"k": 3, "segments": 1, "updates_per_segment": 50}
    coarse = tangent_growth(lorenz.step, start, qr_every=50, **options)
    fine = tangent_growth(lorenz.step, start, qr_every=5, **options)
    assert (coarse.status == Status.RANK_DEFICIENT).all() and (fine.status == Status.OK).all()
    assert (fine.exponents(unit="time").sum(dim=1) + 41 / 3).abs().max() < 0.01


def test_a_rational_start_of_the_gauss_map_is_nan():
    gauss = SYSTEMS["gauss"]
    result = tangent_growth(gauss.step, torch.tensor([[0.25], [math.sqrt(2) - 1]], dtype=torch.float64), k=1, segments=4)
    assert result.status.tolist() == [Status.NON_FINITE, Status.OK]
    assert result.growth[0].isnan().any() and result.growth[1].isfinite().all()


def test_conformal_map_has_no_leading_direction():
    system = SYSTEMS["linear-conformal"]
    growth = tangent_growth(system.step, system.starts(1), k=7, segments=16).exponents()
    assert (growth - math.log(1.2)).abs().max() < 1e-13


def test_ikeda_orbits_are_on_the_attractor_not_in_the_sink():
    ikeda = SYSTEMS["ikeda"]
    assert (tangent_growth(ikeda.step, ikeda.starts(64), k=1, segments=400).exponents() > 0.3).all()
