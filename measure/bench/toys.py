"""Exponents of known systems against other people's estimators, in one run: chaotax and lyapax (JAX, jitted)."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest.mock import patch

import torch

from measure.bench.timing import Row, alternating, ratios, row
from measure.errors import UserError
from measure.lyapunov import tangent_growth
from measure.tangents import WithJacobian

HENON = dict(orbits=2000, steps=5000)
LORENZ = dict(orbits=64, steps=200, exponents=40)
STEP = 0.01


def _jax():
    try:
        import chaotax
        import jax
        import lyapax
    except ImportError as error:
        raise UserError(f"{error.name} is not installed", mend="pip install 'unsettled[compare]'") from None
    jax.config.update("jax_enable_x64", True)
    return jax, chaotax, lyapax


def _theirs(step: Callable, start: torch.Tensor, k: int, updates: int) -> dict[str, Callable[[], object]]:
    """Both estimators on a batch of starts: ``vmap`` of the whole run, compiled in the turn that does not count."""
    jax, chaotax, lyapax = _jax()
    from measure.orthonormal import seeded_basis

    states = jax.numpy.array(start.numpy())
    basis = jax.numpy.array(seeded_basis(start.shape[1], k, 0, dtype=torch.float64).numpy())
    # chaotax asks jax.numpy for the product of a shape, which no compiler can know: it is told here
    with patch.object(jax.numpy, "prod", lambda shape: start.shape[1]):
        growth = jax.vmap(lambda z: chaotax.rollout_growth_spectrum(step, updates)(z, basis))
        spectrum = jax.jit(growth).lower(states).compile()
    several = jax.jit(jax.vmap(lambda z: lyapax.lyapunov_spectrum(step, z, 1.0, updates, k=k).exponents))
    several = several.lower(states).compile()
    return {
        "chaotax": lambda: jax.block_until_ready(spectrum(states)),
        "lyapax": lambda: jax.block_until_ready(several(states)),
    }


def henon(*, repetitions: int = 3, orbits: int = HENON["orbits"], steps: int = HENON["steps"]) -> list[Row]:
    """Both exponents of many Hénon orbits, QR at every update; ours with the Jacobian by hand (`WithJacobian`)."""
    jax, _, _ = _jax()
    from fixtures.systems import SYSTEMS

    jnp = jax.numpy
    start = SYSTEMS["henon"].starts(orbits)
    system = SYSTEMS["henon"]
    known = WithJacobian(system.step, system.jacobian)
    runs = {"ours": lambda: tangent_growth(known, start, k=2, segments=1, updates_per_segment=steps)}
    runs |= _theirs(lambda z: jnp.array([-1.4 * z[0] * z[0] + z[1] + 1, 0.3 * z[0]]), start, 2, steps)
    return _rows(f"{orbits} Hénon orbits × {steps} updates, k = 2", runs, repetitions)


def lorenz96(
    *, repetitions: int = 3, orbits: int = LORENZ["orbits"], steps: int = LORENZ["steps"], k: int = LORENZ["exponents"]
) -> list[Row]:
    """Lorenz 96 with 40 variables: one Runge–Kutta step of length .01 an update, as all three run it."""
    jax, _, _ = _jax()
    from fixtures.systems import SYSTEMS

    def step(z, roll):
        def velocity(x):
            return (roll(x, -1) - roll(x, 2)) * roll(x, 1) - x + 8

        first = velocity(z)
        second = velocity(z + STEP / 2 * first)
        third = velocity(z + STEP / 2 * second)
        return z + STEP / 6 * (first + 2 * second + 2 * third + velocity(z + STEP * third))

    start = SYSTEMS["lorenz-96"].starts(orbits)
    mine = lambda z: step(z, lambda x, n: torch.roll(x, n, -1))  # noqa: E731
    runs = {"ours": lambda: tangent_growth(mine, start, k=k, segments=1, updates_per_segment=steps)}
    runs |= _theirs(lambda z: step(z, jax.numpy.roll), start, k, steps)
    return _rows(f"{orbits} orbits of Lorenz 96 × {steps} updates, k = {k}", runs, repetitions)


def _rows(what: str, runs: dict[str, Callable[[], object]], repetitions: int) -> list[Row]:
    # JAX brings threads of its own, so that the clock is that of the process
    seconds = alternating(runs, repetitions=repetitions, clock=time.process_time)
    own = sorted(seconds["ours"])[len(seconds["ours"]) // 2]
    return [
        row("toys", f"{what}, over {name}", ratios(seconds, "ours", name), bar=1.0,
            note=f"ours {own:.2f} s, {name} {sorted(seconds[name])[len(seconds[name]) // 2]:.2f} s of CPU")
        for name in runs if name != "ours"
    ]  # fmt: skip
