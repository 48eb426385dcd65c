"""Stopping at a declared precision: errors that know of serial correlation, and runs that end when, and only when, it is met."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.fixtures.systems.random_maps import correlated
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov import precision
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


@pytest.mark.parametrize("n", [20, 39, 47, 200])
def test_batch_means_by_their_sums(n):
    """Twenty batches of the last values, the first few left out; of their means the error and the correlation of neighbours."""
    x = torch.randn(2, n, 3, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    size = n // 20
    means = torch.stack([x[:, n - 20 * size + b * size : n - 20 * size + (b + 1) * size].mean(dim=1) for b in range(20)], dim=1)
    away = means - means.mean(dim=1, keepdim=True)
    errors, correlation = batch_means(x)
    torch.testing.assert_close(errors, means.std(dim=1) / 20**0.5)
    torch.testing.assert_close(correlation, (away[:, 1:] * away[:, :-1]).sum(dim=1) / away.square().sum(dim=1))
    four, _ = batch_means(x, batches=4)
    assert four.shape == (2, 3) and not torch.allclose(four, errors)
    assert all(one.isnan().all() and one.shape == (2, 3) for one in batch_means(x[:, :19]))
    equal = batch_means(torch.full((1, 60, 1), 0.1, dtype=torch.float64))
    assert [one.item() for one in equal] == [0.0, 0.0]


def test_it_looks_after_200_segments_and_then_at_half_as_many_again(monkeypatch):
    asked = []

    def counted(step, state, **options):
        asked.append((options["segments"], options["warmup"], options.get("clock")))
        return tangent_growth(step, state, **options)

    monkeypatch.setattr(precision, "tangent_growth", counted)
    step, _, _ = correlated(0.6, 1200)
    found = exponents_to_precision(step, ONE, k=1, precision=1e-9, most=500, warmup=3, time_dependent=True, updates_per_segment=2)
    assert [segments for segments, _, _ in asked] == [200, 100, 150, 50] and [warmup for _, warmup, _ in asked] == [3, 0, 0, 0]
    assert [clock for _, _, clock in asked] == [None, 406, 606, 906]
    torch.testing.assert_close(found.exponents(), found.growth.mean(dim=1) / 2)
    torch.testing.assert_close(found.standard_errors(unit="segment"), found.errors)
    torch.testing.assert_close(found.standard_errors(), found.errors / 2)
    few = exponents_to_precision(lambda z: 0.5 * z, ONE, k=1, precision=1.0, most=20, warmup=0)
    assert few.segments == 20 and few.met.all()
    for wrong in ({"most": 19}, {"k": 0}, {"precision": -1.0}):
        with pytest.raises(UserError):
            exponents_to_precision(lambda z: z, ONE, **({"k": 1, "precision": 1.0} | wrong))


@pytest.mark.parametrize(("trend", "met"), [(0.0, True), (1.0, False)])
def test_batches_that_hang_together_do_not_meet_a_precision(trend, met):
    """Growth that rises steadily: its batch means are ordered, so that what they say of the error is too small."""
    kicks = torch.randn(300, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    rates = (0.01 * kicks + trend * torch.arange(300) / 300).exp()
    found = exponents_to_precision(lambda z, n: rates[n] * z, ONE, k=1, precision=0.5, most=200, warmup=0, time_dependent=True)
    assert found.met.item() == met and (found.correlation.item() > 0.5) == (not met) and found.errors.item() < 0.5
