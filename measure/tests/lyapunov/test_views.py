"""Views of a result: dimensions, entropy, participation, and singular values against 300-digit arithmetic."""

from __future__ import annotations

import math

import mpmath
import pytest
import torch

from unsettled.fixtures.systems.finite_difference import difference_growth
from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.flow import Flow
from unsettled.measure.lyapunov.spectrum import kaplan_yorke, ks_entropy
from unsettled.measure.lyapunov.sweeps import singular_growth


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(
    ("exponents", "dimension"),
    [
        ((0.5, -1.0), 1.5),
        ((-1.0, 0.5), 1.5),  # QR order is not size order
        ((-0.1, -1.0), 0.0),
        ((0.9056, 0.0, -14.5723), 2 + 0.9056 / 14.5723),
        ((0.3, -math.inf), 1.0),
        ((1.0, 0.5, -0.5, -1.5), 3 + 1 / 1.5),
    ],
)
def test_kaplan_yorke_dimension(exponents, dimension):
    assert kaplan_yorke(tensor(*exponents)).item() == pytest.approx(dimension, abs=1e-14)


def test_kaplan_yorke_refuses_what_the_exponents_do_not_determine():
    open_ended = torch.stack((tensor(0.5, 0.1), tensor(0.5, -1.0)))
    with pytest.raises(UserError, match="never turns negative in 1 of 2 examples"):
        kaplan_yorke(open_ended)
    decided = kaplan_yorke(open_ended, undecided="nan")
    assert decided[0].isnan() and decided[1] == 1.5
    assert kaplan_yorke(open_ended, complete=True).tolist() == [2.0, 1.5], "all exponents known: the space is filled"
    with pytest.raises(UserError):
        kaplan_yorke(tensor(math.nan, -1.0))


def test_entropy_says_when_it_is_a_lower_bound():
    value, bound = ks_entropy(torch.stack((tensor(0.5, 0.1), tensor(0.5, -1.0))))
    assert value.tolist() == [0.6, 0.5] and bound.tolist() == [True, False]
    assert not ks_entropy(tensor(0.5, 0.1), complete=True).lower_bound


def test_result_knows_whether_it_is_complete():
    cat = SYSTEMS["cat"]
    whole = tangent_growth(cat.step, cat.starts(2), k=2, segments=30)
    part = tangent_growth(cat.step, cat.starts(2), k=1, segments=30)
    assert whole.complete and not part.complete
    dimension = whole.kaplan_yorke()  # area is kept: that of the plane
    torch.testing.assert_close(dimension, tensor(2.0, 2.0), rtol=0, atol=1e-12)
    assert part.ks_entropy().lower_bound.all() and not whole.ks_entropy().lower_bound.any()
    with pytest.raises(UserError, match="larger k"):
        part.kaplan_yorke()


def test_participation_counts_the_coordinates_that_share_a_tangent():
    rows = torch.stack((tensor(1, 0, 0, 0), tensor(0, 0.5**0.5, 0.5**0.5, 0)))
    result = tangent_growth(lambda z: 1.0 * z, torch.zeros(1, 4, dtype=torch.float64), k=2, segments=1, basis=rows)
    assert torch.allclose(result.participation(), tensor(1.0, 2.0)[None])


def test_singular_values_of_150_matrices_against_arbitrary_precision():
    system = SYSTEMS["gaussian-products"]
    state, length = system.starts(1), 60
    result = tangent_growth(system.step, state, k=6, segments=length, time_dependent=True)
    with mpmath.workdps(300):
        total = mpmath.eye(6)
        for jacobian in system.jacobians(system.orbit(state, length)):
            total = mpmath.matrix(jacobian[0].tolist()) * total
        exact = [float(mpmath.log(value)) for value in mpmath.svd_r(total, compute_uv=False)]
    assert exact[0] - exact[-1] > 60, "the test must span more digits than float64 has"
    assert (result.singular_exponents()[0] * length - tensor(*exact)).abs().max() < 1e-9


def test_logistic_growth_from_the_start_alone():
    """No orbit needed: x = sin²θ, so f^T is sin²(2^T θ), here in 60 digits; T = 16 costs the orbit 2^16 units of rounding."""
    start = SYSTEMS["logistic"].starts(6)
    measured = tangent_growth(SYSTEMS["logistic"].step, start, k=1, segments=16).growth.sum(dim=1)
    with mpmath.workdps(60):
        for x, growth in zip(start.flatten().tolist(), measured.flatten().tolist(), strict=True):
            angle = mpmath.asin(mpmath.sqrt(mpmath.mpf(x)))
            slope = 2**16 * mpmath.sin(2**17 * angle) / mpmath.sin(2 * angle)
            assert growth == pytest.approx(float(mpmath.log(abs(slope))), abs=1e-8)


def test_sweeps_rise_to_the_true_singular_values():
    system = SYSTEMS["tanh-network"]
    state, length = system.starts(2), 8
    product = torch.eye(12, dtype=torch.float64)
    for jacobian in system.jacobians(system.orbit(state, length)):
        product = jacobian @ product
    exact = torch.linalg.svdvals(product)[:, :3].log()
    found = singular_growth(system.step, state, k=3, segments=length, sweeps=3)
    assert found.passes.shape == (7, 2, 3)
    assert (found.passes.diff(dim=0) > -1e-9).all(), "a later pass may not fall"
    errors = (exact - found.passes[::2]).amax(dim=(1, 2))
    assert errors[0] > 0.5 and errors[1] < 0.2 * errors[0] and errors[2] < errors[1] and errors[3] < errors[2]
    assert (found.shortfall().sum(dim=0) + found.passes[0] - found.passes[-1]).abs().max() < 1e-12
    assert torch.allclose(found.exponents(unit="segment", sweeps=1) * length, found.passes[2])


def test_restricted_singular_exponents_never_exceed_the_true_ones():
    system = SYSTEMS["tanh-network"]
    state = system.starts(2)
    restricted = tangent_growth(system.step, state, k=3, segments=8).singular_exponents()
    whole = tangent_growth(system.step, state, k=12, segments=8).singular_exponents()
    assert (restricted <= whole[:, :3] + 1e-12).all() and (restricted < whole[:, :3] - 1e-3).any()


def test_differences_refuse_float32():
    system = SYSTEMS["henon"]
    with pytest.raises(UserError, match="drown in rounding"):
        difference_growth(system.step, system.starts(1).float(), basis=torch.eye(2), segments=1)


def test_flows_are_exact_where_the_flow_is_known():
    """dz/dt = Az with normal A: exponents per unit of time are the real parts, for any length of the update."""
    field = torch.tensor([[-0.3, 2.0], [-2.0, -0.3]], dtype=torch.float64)
    flow = Flow(lambda z: z @ field.T, 0.25, steps=20)
    growth = tangent_growth(flow, torch.ones(1, 2, dtype=torch.float64), k=2, segments=4, updates_per_segment=3)
    assert (growth.exponents(unit="time") + 0.3).abs().max() < 1e-6
    assert torch.allclose(growth.exponents(unit="update"), 0.25 * growth.exponents(unit="time"))
    assert torch.allclose(growth.exponents(unit="segment"), 0.75 * growth.exponents(unit="time"))
    for duration, steps in ((0.0, 1), (1.0, 0), (-1.0, 1)):
        with pytest.raises(UserError, match=r"must be positive|of at least 1"):
            Flow(lambda z: z, duration, steps=steps)
    with pytest.raises(UserError, match="fixed steps"):
        Flow(lambda z: z, 1.0, method="dopri5")
