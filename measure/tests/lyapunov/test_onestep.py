"""One-step Jacobians against closed forms: non-normal, rotating, defective, degenerate and zero maps; planted bugs; networks."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from unsettled.fixtures.synthetic.networks import STRUCTURES, tiny_model
from unsettled.fixtures.systems.matrices import MATRICES, ONE_STEP_DEFECTS
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.linearised import linearised
from unsettled.measure.lyapunov.motion import alignment, gain_along_motion, motion, persistence
from unsettled.measure.lyapunov.onestep import largest_singular_value, leading_eigenvalues

NAMED = {one.name: one for one in MATRICES}


def found(quantity, one):
    """The quantity of a known matrix, and whether it is claimed to have converged, at two states."""
    if quantity == "singular":
        value = largest_singular_value(one.at())
        return value.value, value.converged
    values = leading_eigenvalues(one.at())
    return values.values[:, 0].abs(), values.converged


@pytest.mark.parametrize("name", NAMED)
def test_closed_forms(name):
    one = NAMED[name]
    for quantity, wanted, limit in (("singular", one.singular, 1e-12), ("radius", one.radius, one.limit)):
        value, converged = found(quantity, one)
        assert converged.all() and (value - wanted).abs().max() <= limit * max(1.0, wanted), quantity


@pytest.mark.parametrize("defect", ONE_STEP_DEFECTS, ids=lambda defect: defect.name)
def test_planted_defect_is_caught(defect):
    """Either the value is not certified, or it is the right one: a bug cannot pass as converged."""
    one = NAMED[defect.on]
    with defect.plant():
        value, converged = found(defect.quantity, one)
    assert (value - getattr(one, defect.quantity)).abs().min() > 0.1, "the bug changes nothing here"
    assert not converged.any(), f"{defect.bug} was certified"


def test_a_complex_pair_comes_as_a_pair_and_with_its_vectors():
    one = NAMED["rotation"]
    pair = leading_eigenvalues(one.at(), count=2)
    assert torch.allclose(pair.values[0], 1.2 * torch.tensor([1.0, -1.0]).mul(1j).exp().to(pair.values.dtype), atol=1e-12)
    image = pair.vectors @ one.matrix.T.to(pair.vectors.dtype)
    assert (image - pair.values[..., None] * pair.vectors).abs().max() < 1e-12 and pair.residual.max() < 1e-12


def test_what_has_not_converged_is_not_a_number():
    """300 eigenvalues on a circle: no Krylov space of 10 vectors knows one of them."""
    shift = torch.roll(torch.eye(300, dtype=torch.float64), 1, dims=0)
    jacobian = linearised(lambda z: z @ shift.T, torch.zeros(1, 300, dtype=torch.float64))
    few = leading_eigenvalues(jacobian, most=10)
    assert not few.converged and few.radius.isnan().all() and few.residual > 1e-3
    assert few.products == 12
    loose = largest_singular_value(jacobian, most=2)
    assert loose.converged and abs(loose.value.item() - 1) < 1e-12  # all its singular values are 1


@pytest.mark.parametrize("structure", STRUCTURES)
def test_networks_have_the_spectrum_of_their_dense_jacobian(structure):
    model = tiny_model(structure).double().requires_grad_(False)
    updates = model.updates(model.embed(torch.randint(1, 6, (2, 16), generator=torch.Generator().manual_seed(0))))
    state = model.segment(model.initial_state(2), updates[0].embedded)
    jacobian = linearised(updates, state)
    dense = jacobian.forward(torch.eye(jacobian.size, dtype=torch.float64).expand(2, -1, -1)).mT
    singular = largest_singular_value(jacobian, tolerance=1e-8)
    assert singular.converged.all()
    assert torch.allclose(singular.value, torch.linalg.svdvals(dense)[:, 0], rtol=1e-10)
    values = leading_eigenvalues(jacobian, tolerance=1e-8)
    assert values.converged.all()
    assert torch.allclose(values.radius, torch.linalg.eigvals(dense).abs().amax(dim=1), rtol=1e-6)


def test_gain_is_that_of_the_last_update_and_tends_to_the_radius_where_a_run_settles():
    matrix = torch.tensor([[0.9, 3.0], [0.0, 0.2]], dtype=torch.float64)

    def step(z):
        return z @ matrix.T

    states = [torch.tensor([[1.0, 1.0], [2.0, -1.0]], dtype=torch.float64)]
    for _ in range(60):
        states.append(step(states[-1]))
    moved = [after - before for before, after in itertools.pairwise(states)]
    for s in (0, 3):
        gain = gain_along_motion(linearised(step, states[s + 1]), states[s])
        assert torch.allclose(gain, moved[s + 1].norm(dim=1) / moved[s].norm(dim=1), rtol=1e-12)  # of a linear map the next step over this
    assert (gain_along_motion(linearised(step, states[60]), states[59]) - 0.9).abs().max() < 1e-8
    assert gain_along_motion(linearised(step, states[5]), states[5]).isnan().all(), "a state at rest has no direction"


def test_alignment_and_persistence_of_a_turning_run():
    angle = 0.3
    turn = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
    states = [torch.tensor([[1.0, 0.0]], dtype=torch.float64)]
    for _ in range(4):
        states.append(states[-1] @ turn.T)
    moved = [motion(a, b) for a, b in itertools.pairwise(states)]
    cosines = torch.stack([alignment(a, b) for a, b in itertools.pairwise(moved)], dim=1)
    assert (cosines - math.cos(angle)).abs().max() < 1e-12
    assert persistence(cosines, above=0.9).item() == 3 and persistence(cosines, above=0.99).item() == 0
    with pytest.raises(UserError):
        persistence(cosines, above=1.5)


def test_arguments_out_of_range_are_refused():
    jacobian = NAMED["rotation"].at()
    for call in (
        lambda: largest_singular_value(jacobian, tolerance=0.0),
        lambda: leading_eigenvalues(jacobian, most=0),
        lambda: leading_eigenvalues(jacobian, count=8),
        lambda: linearised(NAMED["zero"].step, torch.full((1, 3), torch.nan)),
        lambda: linearised(NAMED["zero"].step, torch.zeros(0, 3)),
    ):
        with pytest.raises(UserError):
            call()


def test_residuals_of_several_eigenvalues_are_those_of_their_vectors():
    matrix = torch.diag(torch.tensor([0.9, -0.7, 0.5, 0.2], dtype=torch.float64))
    found = leading_eigenvalues(linearised(lambda z: z @ matrix, torch.zeros(2, 4, dtype=torch.float64)), count=3)
    assert found.values[0].real.tolist() == pytest.approx([0.9, -0.7, 0.5]) and found.residual.max() < 1e-10


def test_a_state_whose_space_is_complete_waits_for_the_others_of_its_batch():
    """Half of the identity has one direction from any start; what is added while another state goes on must count for nothing."""
    matrices = torch.stack((0.5 * torch.eye(6, dtype=torch.float64), random_matrix(6)))
    found = leading_eigenvalues(linearised(lambda z: torch.einsum("bij,bj->bi", matrices, z), torch.zeros(2, 6, dtype=torch.float64)))
    assert found.products > 3 and found.radius.tolist() == pytest.approx([0.5, torch.linalg.eigvals(matrices[1]).abs().max().item()])


def of_matrix(matrix, batch=2, dtype=torch.float64):
    matrix = matrix.to(dtype)
    return linearised(lambda z: z @ matrix.T, torch.zeros(batch, len(matrix), dtype=dtype))


def random_matrix(size, seed=0):
    return torch.randn(size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) / size**0.5


@pytest.mark.parametrize("most", [1, 2, 3, 5, 9])
def test_a_singular_value_cut_short_is_below_the_largest_and_its_residual_is_that_of_its_direction(most):
    matrix = random_matrix(40)
    found = largest_singular_value(of_matrix(matrix), most=most)
    value, v = found.value[0], found.direction[0]
    assert found.products == most + 1 and not found.converged.any() and value < torch.linalg.svdvals(matrix)[0]
    image = matrix @ v
    assert v.norm().item() == pytest.approx(1) and image.norm().item() == pytest.approx(value.item())
    assert found.residual[0].item() == pytest.approx(((matrix.T @ (image / value) - value * v).norm() / value).item(), rel=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("most", [6, 13, 40])
def test_eigenvalues_cut_short_have_the_residuals_of_their_vectors_and_come_largest_first(count, most):
    matrix = random_matrix(40, seed=1)
    found = leading_eigenvalues(of_matrix(matrix), count=count, most=most)
    assert found.values.shape == (2, count) and found.vectors.shape == (2, count, 40) and found.products <= most + 2 * count
    assert torch.allclose(found.vectors.norm(dim=2), torch.ones(2, count, dtype=torch.float64))
    error = found.vectors @ matrix.T.to(torch.complex128) - found.values[..., None] * found.vectors
    torch.testing.assert_close(found.residual, error.norm(dim=2) / found.values.abs(), rtol=1e-5, atol=1e-12)
    assert (found.values.abs().diff(dim=1) <= 1e-9).all() and (found.converged == (found.residual[:, 0] <= 1e-6)).all()
    if most == 40:
        wanted = torch.linalg.eigvals(matrix).abs().sort(descending=True).values[:count]
        assert found.values[0].abs().tolist() == pytest.approx(wanted.tolist(), rel=1e-6) and found.radius[0] == found.values[0, 0].abs()


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_an_invariant_space_ends_the_iteration(rank):
    """Of a matrix of low rank nothing is left after that many products and one."""
    generator = torch.Generator().manual_seed(2)
    matrix = (
        torch.randn(50, rank, generator=generator, dtype=torch.float64)
        @ torch.randn(rank, 50, generator=generator, dtype=torch.float64)
        / 50
    )
    values, singular = leading_eigenvalues(of_matrix(matrix)), largest_singular_value(of_matrix(matrix))
    assert values.converged.all() and values.products <= rank + 1 + 4 + 2 and singular.products <= rank + 1 + 4
    assert values.radius[0].item() == pytest.approx(torch.linalg.eigvals(matrix).abs().max().item(), rel=1e-6)
    assert singular.value[0].item() == pytest.approx(torch.linalg.svdvals(matrix)[0].item(), rel=1e-6)


def test_in_float32_a_residual_of_rounding_is_converged_and_a_zero_map_has_nothing():
    matrix = torch.diag(torch.tensor([1.0, 0.5, 0.25, 0.1]))
    found = leading_eigenvalues(of_matrix(matrix, dtype=torch.float32), tolerance=1e-12)
    singular = largest_singular_value(of_matrix(matrix, dtype=torch.float32), tolerance=1e-12)
    assert found.converged.all() and singular.converged.all() and singular.value[0].item() == pytest.approx(1, rel=1e-6)
    nothing = of_matrix(torch.zeros(3, 3))
    assert largest_singular_value(nothing).value.tolist() == [0, 0] and largest_singular_value(nothing).residual.tolist() == [0, 0]
    assert leading_eigenvalues(nothing).values.abs().max() == 0 and leading_eigenvalues(nothing).converged.all()
    other = largest_singular_value(of_matrix(random_matrix(40)), most=3, seed=1)
    assert not torch.equal(other.direction, largest_singular_value(of_matrix(random_matrix(40)), most=3).direction)
    for most, count in ((0, 1), (1, 2), (64, 0), (64, 5)):
        with pytest.raises(UserError):
            leading_eigenvalues(of_matrix(matrix), most=most, count=count)
    assert leading_eigenvalues(of_matrix(matrix), most=4, count=4).values.shape == (2, 4)


def test_as_many_eigenvalues_as_are_asked_for_though_the_first_converge_before():
    """Of a matrix that is one direction and little else the first has converged when four vectors are there."""
    generator = torch.Generator().manual_seed(1)
    matrix = torch.diag(torch.tensor([1.0, 0.1] + [1e-3] * 38, dtype=torch.float64))
    matrix += 1e-6 * torch.randn(40, 40, dtype=torch.float64, generator=generator)
    found = leading_eigenvalues(linearised(lambda z: z @ matrix.T, torch.ones(1, 40, dtype=torch.float64)), count=5)
    assert found.values.shape == (1, 5) and torch.allclose(
        found.values[0, :2].abs(), torch.tensor([1.0, 0.1], dtype=torch.float64), rtol=1e-3
    )
