"""The estimator against other people's: chaotax and lyapax (JAX) and scipy, on the same orbits and tangents."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from unsettled.fixtures.systems.flows import lorenz63
from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.flow import Flow
from unsettled.measure.lyapunov.orthonormal import seeded_basis

UPDATES = 16  # as many as a network has segments


@pytest.fixture(scope="module")
def jax():
    """JAX in float64, or a skip that says how to get it."""
    module = pytest.importorskip("jax", reason="not installed: pip install 'unsettled[compare]'")
    module.config.update("jax_enable_x64", True)
    return module


def jax_steps(jnp):
    """The same maps once more, for arrays (d,)."""
    return {
        "henon": lambda z: jnp.array([-1.4 * z[0] * z[0] + z[1] + 1, 0.3 * z[0]]),
        "lozi": lambda z: jnp.array([-1.7 * jnp.abs(z[0]) + z[1] + 1, 0.5 * z[0]]),
        "logistic": lambda z: -4 * z * (z - 1),
        "tinkerbell": lambda z: jnp.array([z[0] ** 2 - z[1] ** 2 + 0.9 * z[0] - 0.6013 * z[1], 2 * z[0] * z[1] + 2 * z[0] + 0.5 * z[1]]),
        "lorenz-96": lambda z: z + 0.01 * ((jnp.roll(z, -1) - jnp.roll(z, 2)) * jnp.roll(z, 1) - z + 8),
    }


@pytest.mark.parametrize("name", ["henon", "lozi", "logistic", "tinkerbell", "lorenz-96"])
def test_chaotax_gives_the_same_growth_at_every_update(jax, name):
    chaotax = pytest.importorskip("chaotax", reason="not installed: pip install 'unsettled[compare]'")
    system = SYSTEMS[name]
    k = min(system.size, 4)
    step = system.step if name != "lorenz-96" else lambda z: z + 0.01 * system.step.velocity(z)
    state = system.starts(2)
    basis = seeded_basis(system.size, k, 0, dtype=torch.float64)
    mine = tangent_growth(step, state, k=k, segments=UPDATES, basis=basis).growth
    theirs = chaotax.rollout_growth_spectrum(jax_steps(jax.numpy)[name], UPDATES)
    growth = np.asarray(jax.vmap(theirs, in_axes=(0, None))(jax.numpy.array(state.numpy()), jax.numpy.array(basis.numpy())))
    assert np.abs(np.log(np.abs(growth)) - mine.numpy()).max() < 1e-10


def test_lyapax_resumed_from_the_same_basis_agrees(jax):
    lyapax = pytest.importorskip("lyapax", reason="not installed: pip install 'unsettled[compare]'")
    step = jax_steps(jax.numpy)["henon"]
    start = SYSTEMS["henon"].starts(1)
    # its own random basis cannot be set, but the one that it ends with can be taken over
    head = lyapax.lyapunov_spectrum(step, jax.numpy.array(start[0].numpy()), 1.0, UPDATES).checkpoint
    tail = lyapax.lyapunov_spectrum(step, jax.numpy.array(start[0].numpy()), 1.0, UPDATES, resume=head)
    state, basis = torch.tensor(np.asarray(head.state))[None], torch.tensor(np.asarray(head.Y).T)
    mine = tangent_growth(SYSTEMS["henon"].step, state, k=2, segments=UPDATES, basis=basis)
    summed = np.asarray(tail.checkpoint.cum_log_growth) - np.asarray(head.cum_log_growth)
    assert np.abs(summed - mine.growth.sum(dim=1)[0].numpy()).max() < 1e-10


def variational(_, z):
    """Lorenz 1963 and its linearisation, written out: 3 entries of state and 9 of a matrix."""
    x, y, height = z[:3]
    jacobian = np.array([[-10, 10, 0], [28 - height, -1, -x], [y, x, -8 / 3]])
    flow = [10 * (y - x), x * (28 - height) - y, x * y - 8 / 3 * height]
    return np.concatenate((flow, (jacobian @ z[3:].reshape(3, 3)).ravel()))


def test_scipys_adaptive_integrator_gives_the_flow():
    """DOP853 on the variational equation, at tolerance 1e-12, and the fixed-step scheme refined: one answer."""
    start, duration, updates = np.array([1.0, 2.0, 20.0]), 0.1, 8
    basis = seeded_basis(3, 3, 0, dtype=torch.float64)
    state, columns, logs = start, basis.numpy().T, []
    for _ in range(updates):
        packed = np.concatenate((state, columns.ravel()))
        end = solve_ivp(variational, (0, duration), packed, method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
        columns, triangle = np.linalg.qr(end[3:].reshape(3, 3))
        state = end[:3]
        logs.append(np.log(np.abs(np.diag(triangle))))
    errors = []
    for steps in (5, 10):
        flow = Flow(lorenz63, duration, steps=steps)
        growth = tangent_growth(flow, torch.tensor(start)[None], k=3, segments=updates, basis=basis)
        errors.append((growth.growth[0] - torch.tensor(np.array(logs))).abs().max().item())
        assert growth.exponents(unit="time").shape == (1, 3)
    assert errors[1] < 1e-4 and errors[1] < errors[0] / 8, f"not of fourth order: {errors}"
