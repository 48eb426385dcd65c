"""Long runs against asymptotic exponents, and the law of Gaussian products: statistical tolerances, 4 standard errors."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

from unsettled.fixtures.systems.comparison import compare
from unsettled.fixtures.systems.known import SYSTEMS, system
from unsettled.fixtures.systems.linear import GAUSSIAN_SIZE, gaussian_growth_law
from unsettled.measure.lyapunov.estimator import tangent_growth

LONG = [name for name, one in SYSTEMS.items() if one.known and one.finite is None and one.name != "gaussian-products"]
CHAOTIC = ["logistic", "chebyshev-2", "chebyshev-3", "chebyshev-5", "skew-tent", "gauss", "cat", "baker", "kaplan-yorke"]


def test_gaussian_products_follow_their_law():
    """R_ii² are independent χ² of d−i+1 degrees of freedom, by index and by update: an honest z-test at finite T."""
    products, updates = SYSTEMS["gaussian-products"], 600
    run = tangent_growth(products.step, products.starts(1), k=GAUSSIAN_SIZE, segments=updates, time_dependent=True)
    mean, variance = gaussian_growth_law(GAUSSIAN_SIZE)
    scores = (run.growth[0] - mean) / variance.sqrt()
    assert scores.mean(dim=0).abs().max() * updates**0.5 < 4
    correlation = torch.corrcoef(scores.T) - torch.eye(GAUSSIAN_SIZE)
    assert correlation.abs().max() * updates**0.5 < 4.5
    for i, squares in enumerate((2 * run.growth[0]).exp().T.numpy()):
        assert stats.kstest(squares, stats.chi2(GAUSSIAN_SIZE - i).cdf).pvalue > 1e-4, i


@pytest.mark.asymptotic
@pytest.mark.parametrize("name", LONG)
def test_known_exponents_of_long_runs(name):
    result = compare(SYSTEMS[name], batch=64)
    wrong = [line for line in result.lines if not line.agrees]
    assert not wrong, wrong
    sharp = [line.standard_error for line in result.lines if line.source]
    assert max(sharp) < 0.02, "too short a run to say anything"


@pytest.mark.asymptotic
@pytest.mark.parametrize("name", CHAOTIC)
def test_random_tangents_find_the_exponents_in_order(name):
    """From random tangents and after a warm-up, the limits of systems whose finite-time growth is known exactly."""
    one = SYSTEMS[name]
    growth = tangent_growth(one.step, one.starts(64), k=one.size, segments=2000, warmup=200).exponents()
    mean, error = growth.mean(dim=0), growth.std(dim=0) / 8
    for i, known in enumerate(one.known):
        assert abs(mean[i].item() - known.value) < 4 * error[i].item() + 1e-9, (name, i)


@pytest.mark.asymptotic
def test_large_ring_is_found_from_random_tangents():
    """Smooth modes on a ring grow almost alike: after t updates some 1/4t is still missing (they diffuse away)."""
    ring = system("ring-2000")
    growth = tangent_growth(ring.step, ring.starts(1), k=1, segments=1000, warmup=1000, seed=3)
    missing = math.log(2) - growth.exponents().item()
    assert 0 < missing < 2 * math.log(2) / 4000


@pytest.mark.asymptotic
def test_float32_orbits_lie():
    """In float32 the logistic map leaves its attractor: a share of orbits sits on the fixed point 0 at 2 ln 2."""
    logistic = SYSTEMS["logistic"]
    start = logistic.starts(64)
    single = tangent_growth(logistic.step, start.float(), k=1, segments=3000).exponents(first=1500)
    assert single.mean().item() > math.log(2) + 0.05
    assert ((single - 2 * math.log(2)).abs() < 1e-6).sum() >= 4
    double = tangent_growth(logistic.step, start, k=1, segments=3000).exponents(first=1500)
    assert abs(double.mean().item() - math.log(2)) < 4 * double.std().item() / 8
