"""Stopping at a declared precision: errors that know of serial correlation, and runs that end when, and only when, it is met."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.fixtures.systems.random_maps import correlated
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.precision import batch_means, exponents_to_precision

ONE = torch.ones(1, 1, dtype=torch.float64)


def autoregressive(memory, n, rows):
    """(rows, n, 1) of a stationary autoregression with unit innovations."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(n, rows, generator=generator, dtype=torch.float64)
    x = [noise[0] / math.sqrt(1 - memory**2)]
    for row in noise[1:]:
        x.append(memory * x[-1] + row)
    return torch.stack(x).T[..., None]


@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_batch_means_find_the_error_of_a_correlated_mean(memory):
    x = autoregressive(memory, 2000, 300)
    truth = x.mean(dim=1).std()
    errors = batch_means(x)[0]
    assert errors.square().mean().sqrt() / truth == pytest.approx(1, abs=0.12)
    naive = (x.std(dim=1) / 2000**0.5).mean()
    if memory:
        assert naive < 0.3 * truth, "taken as independent the error would be a quarter of what it is"
    covered = ((x.mean(dim=1)).abs() < 2.09 * errors).double().mean()  # t with 19 degrees of freedom
    assert 0.9 < covered < 0.98


def test_batches_shorter_than_the_memory_are_seen():
    short = autoregressive(0.99, 200, 50)
    assert (batch_means(short)[1] > 0.5).double().mean() > 0.5


def test_a_run_ends_where_the_precision_is_met_and_the_exponent_is_there():
    step, exact, _ = correlated(0.6, 6000)
    found = exponents_to_precision(step, ONE, k=1, precision=0.01, most=4000, warmup=1, time_dependent=True)
    assert found.met.all() and 200 <= found.segments < 4000 and found.standard_errors().item() <= 0.01
    assert abs(found.exponents().item() - exact) < 4 * found.standard_errors().item()
    again = exponents_to_precision(step, ONE, k=1, precision=10.0, warmup=1, time_dependent=True)
    assert again.segments == 200 and torch.equal(again.growth, found.growth[:, :200]), "a resumed run is the uninterrupted one"
    plain = tangent_growth(step, ONE, k=1, segments=200, warmup=1, time_dependent=True)
    assert torch.equal(again.growth, plain.growth), "the warm-up comes first"


def test_a_run_that_does_not_get_there_says_so():
    step, _, _ = correlated(0.6, 600)
    found = exponents_to_precision(step, ONE, k=1, precision=1e-6, most=300, warmup=1, time_dependent=True)
    assert not found.met.any() and found.segments == 300 and found.standard_errors().item() > 1e-6


def test_constant_growth_has_no_error_and_lost_directions_none_that_is_known():
    still = exponents_to_precision(lambda z: 0.5 * z, torch.ones(2, 1, dtype=torch.float64), k=1, precision=1e-9)
    assert still.met.all() and (still.errors == 0).all() and still.segments == 200
    lost = exponents_to_precision(lambda z: 0 * z, ONE, k=1, precision=1.0, most=200)
    assert not lost.met.any() and lost.errors.isnan().all()
    for wrong in ({"precision": 0.0}, {"precision": 1.0, "most": 5}):
        with pytest.raises(UserError):
            exponents_to_precision(lambda z: z, ONE, k=1, **wrong)
