"""Covariant vectors against closed forms, and each of the two certificates where the other is blind."""

from __future__ import annotations

import math
from unittest.mock import patch

import pytest
import torch

from unsettled.fixtures.systems.random_maps import second_vector, sheared
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov import covariant
from unsettled.measure.lyapunov.covariant import covariant_vectors, tail_for
from unsettled.measure.lyapunov.estimator import tangent_growth

DOUBLE = torch.float64
FIXED = torch.tensor([[1.5, 2.0, 0.3], [0.0, 0.9, -1.0], [0.0, 0.0, 0.4]], dtype=DOUBLE)
ZERO = torch.zeros(1, 3, dtype=DOUBLE)


def fixed(z):
    return z @ FIXED.T


def sine(one, other):
    return covariant._sine(one / one.norm(dim=-1, keepdim=True), other / other.norm(dim=-1, keepdim=True))


@pytest.mark.parametrize("angle", [1e-9, 0.3, 1.2, 3.0])
def test_the_sine_of_an_angle_between_lines(angle):
    one, other = (torch.tensor([math.cos(x), math.sin(x)], dtype=DOUBLE) for x in (0.5, 0.5 + angle))
    assert sine(one, other).item() == pytest.approx(math.sin(angle), rel=1e-6)


def test_of_a_constant_map_they_are_its_eigenvectors():
    found = covariant_vectors(fixed, ZERO, k=3, segments=4, warmup=tail_for(0.5), tail=tail_for(0.5))
    values, vectors = torch.linalg.eig(FIXED)
    order = values.abs().argsort(descending=True)
    assert sine(found.vectors[0], vectors.real.T[order]).max() < 1e-10
    assert torch.allclose(found.exponents()[0], values.abs().log()[order], atol=1e-10)
    assert found.covariance.max() < 1e-10 and found.convergence.max() < 1e-9
    one, other = vectors.real.T[order][:2]
    assert found.angles()[0, 0, 0, 1].item() == pytest.approx(math.acos(abs(one @ other) / one.norm() / other.norm()), abs=1e-9)


def test_of_a_triangular_product_they_follow_from_what_is_to_come():
    """v₁ = e₁; v₂(n) ∝ (x_n, 1) with x_n = −Σ_j (c/a)^j b_{n+j} / a: the future decides it, no matrix of the present does."""
    found = covariant_vectors(sheared, ZERO[:, :2], k=2, segments=3, warmup=40, tail=40, time_dependent=True)
    for n in range(4):
        wanted = torch.tensor([[1.0, 0.0], [second_vector(40 + n), 1.0]], dtype=DOUBLE)
        assert sine(found.vectors[0, n], wanted).max() < 1e-10, n
    assert found.covariance.max() < 1e-10 and found.convergence.max() < 1e-10


def test_a_tail_that_is_too_short_passes_the_first_certificate_and_fails_the_second():
    found = covariant_vectors(fixed, ZERO, k=3, segments=2, warmup=60, tail=0)
    assert found.covariance.max() < 1e-10, "covariance holds whatever the coefficients"
    assert found.convergence[..., 1:].max() > 0.05 and found.convergence[..., 0].max() < 1e-9


def test_gram_schmidt_vectors_fail_the_first_certificate():
    """The planted bug: the columns of Q, which many plots call covariant vectors."""
    with patch.object(covariant.torch.linalg, "solve_triangular", lambda factor, columns, upper: torch.eye(3, dtype=DOUBLE)[None]):
        found = covariant_vectors(fixed, ZERO, k=3, segments=2, warmup=60, tail=60)
    assert found.covariance[..., 1:].max() > 0.1


def test_equal_moduli_have_no_vectors_of_their_own():
    turn = torch.tensor([[math.cos(1.0), -math.sin(1.0)], [math.sin(1.0), math.cos(1.0)]], dtype=DOUBLE)
    found = covariant_vectors(lambda z: 1.1 * z @ turn.T, ZERO[:, :2], k=2, segments=2, warmup=50, tail=50)
    assert found.convergence.max() > 0.05 and torch.allclose(found.exponents(), torch.tensor(1.1, dtype=DOUBLE).log(), atol=1e-9)


def test_growth_of_the_vectors_is_the_exponents_of_a_chaotic_map():
    def henon(z):
        return torch.stack((1 - 1.4 * z[:, 0] ** 2 + z[:, 1], 0.3 * z[:, 0]), dim=1)

    start = torch.tensor([[0.1, 0.1]], dtype=DOUBLE)
    found = covariant_vectors(henon, start, k=2, segments=60, warmup=50, tail=50)
    warm = tangent_growth(henon, start, k=2, segments=1, warmup=49)
    along = tangent_growth(henon, warm.state, basis=warm.basis, k=2, segments=60).growth
    assert abs(found.growth[..., 0].sum() - along[..., 0].sum()) < 1e-9  # the first covariant vector is the first column of Q
    assert found.convergence.median() < 1e-8 and found.angles()[:, :, 0, 1].min() > 0


def test_lost_directions_and_one_seed_are_refused():
    flat = torch.diag(torch.tensor([2.0, 0.0, 0.0], dtype=DOUBLE))
    with pytest.raises(UserError, match="lost"):
        covariant_vectors(lambda z: z @ flat.T, ZERO, k=2, segments=1, warmup=1, tail=1)
    with pytest.raises(UserError, match="different"):
        covariant_vectors(fixed, ZERO, k=1, segments=1, warmup=0, tail=0, seeds=(1, 1))


def test_units_clock_components_and_defaults_are_those_of_the_estimator():
    def turned(state, n):
        x, y = state
        return x * (2.0 if n % 2 else 3.0), 0.5 * y

    state = torch.ones(1, 1, dtype=DOUBLE), torch.ones(1, 1, dtype=DOUBLE)
    asked = {"k": 2, "segments": 2, "warmup": 20, "tail": 20, "time_dependent": True}
    for clock, updates, wanted in ((0, 1, [3, 2]), (1, 1, [2, 3]), (0, 2, [6, 6])):
        found = covariant_vectors(turned, state, clock=clock, updates_per_segment=updates, **asked)
        assert found.growth[0, :, 0].exp().tolist() == pytest.approx(wanted) and found.growth[0, :, 1].exp().tolist() == pytest.approx(
            [0.5**updates] * 2
        )
        assert found.vectors.shape == (1, 3, 2, 2) and found.updates_per_segment == updates and found.covariance.max() < 1e-10
        torch.testing.assert_close(found.exponents(), found.growth.mean(dim=1) / updates)
        torch.testing.assert_close(found.exponents(unit="segment"), found.growth.mean(dim=1))
    plain, same = (covariant_vectors(fixed, ZERO, k=1, segments=1, warmup=2, tail=0, **more) for more in ({}, {"seeds": (0, 1)}))
    assert torch.equal(plain.convergence, same.convergence) and torch.equal(plain.vectors, same.vectors)


@pytest.mark.parametrize("change", [{"k": 0}, {"k": 4}, {"segments": 0}, {"tail": -1}, {"warmup": -1}])
def test_counts_out_of_range_are_refused(change):
    with pytest.raises(UserError):
        covariant_vectors(fixed, ZERO, **({"k": 1, "segments": 1, "warmup": 0, "tail": 0} | change))
    assert tail_for(1.0, 0.5) == 1 and tail_for(2.0) == 12
    for gap, precision in ((0.0, 0.1), (math.nan, 0.1), (1.0, 0.0), (1.0, 1.0)):
        with pytest.raises(UserError, match="both positive"):
            tail_for(gap, precision)


def test_examples_of_a_batch_do_not_hang_on_each_other():
    rates = torch.tensor([[1.5, 0.5], [1.2, 0.9], [4.0, 0.1]], dtype=DOUBLE)

    def step(z):
        return torch.stack((z[:, 2] * z[:, 0] + z[:, 1], z[:, 3] * z[:, 1], z[:, 2], z[:, 3]), dim=1)

    state = torch.cat((torch.zeros(3, 2, dtype=DOUBLE), rates), dim=1)
    asked = {"k": 2, "segments": 2, "warmup": 30, "tail": 30}
    whole = covariant_vectors(step, state, **asked)
    for row in range(3):
        alone = covariant_vectors(step, state[row : row + 1], **asked)
        assert sine(whole.vectors[row], alone.vectors[0]).max() < 1e-9
        torch.testing.assert_close(whole.growth[row], alone.growth[0], rtol=1e-9, atol=1e-9)
