"""Exponents of known systems against other people's estimators, in one run: chaotax, lyapax (JAX, jitted), nolds, dysts."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from unittest.mock import patch

import numpy as np
import torch

from unsettled.measure.bench import maps
from unsettled.measure.bench.timing import Row, alternating, ratios, row
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.tangents import WithJacobian

HENON = dict(orbits=2000, steps=5000)
LORENZ = dict(orbits=64, steps=200, exponents=40)


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
    from unsettled.measure.lyapunov.orthonormal import seeded_basis

    states = jax.numpy.array(start.numpy())
    basis = jax.numpy.array(seeded_basis(start.shape[1], k, 0, dtype=torch.float64).numpy())
    # chaotax asks jax.numpy for the product of a shape, which no compiler can know: it is told here
    with patch.object(jax.numpy, "prod", lambda shape: start.shape[1]):
        growth = jax.vmap(lambda z: chaotax.rollout_growth_spectrum(step, updates)(z, basis))
        spectrum = jax.jit(growth).lower(states).compile()
    several = jax.jit(jax.vmap(lambda z: lyapax.lyapunov_spectrum(step, z, 1.0, updates, k=k).exponents))
    several = several.lower(states).compile()
    return {"chaotax": lambda: jax.block_until_ready(spectrum(states)), "lyapax": lambda: jax.block_until_ready(several(states))}


def henon(*, repetitions: int = 3, orbits: int = HENON["orbits"], steps: int = HENON["steps"]) -> list[Row]:
    """Both exponents of many Hénon orbits, QR at every update: ours as a compiled map, and as functions of torch."""
    jax, _, _ = _jax()
    from unsettled.fixtures.systems.known import SYSTEMS

    jnp, system = jax.numpy, SYSTEMS["henon"]
    start = system.starts(orbits)
    runs = {"compiled": _ours(maps.henon(), start, 2, steps), "torch": _ours(WithJacobian(system.step, system.jacobian), start, 2, steps)}
    runs |= _theirs(lambda z: jnp.array([-1.4 * z[0] * z[0] + z[1] + 1, 0.3 * z[0]]), start, 2, steps)
    return _rows(f"{orbits} Hénon orbits × {steps} updates, k = 2", runs, repetitions)


def lorenz96(
    *, repetitions: int = 3, orbits: int = LORENZ["orbits"], steps: int = LORENZ["steps"], k: int = LORENZ["exponents"]
) -> list[Row]:
    """Lorenz 96 with 40 variables: one Runge–Kutta step of length .01 an update, as all run it."""
    jax, _, _ = _jax()
    from unsettled.fixtures.systems.known import SYSTEMS

    start = SYSTEMS["lorenz-96"].starts(orbits)
    runs = {
        "compiled": _ours(maps.lorenz96(), start, k, steps),
        "torch": _ours(lambda z: lorenz96_step(z, lambda x, n: torch.roll(x, n, -1)), start, k, steps),
    }
    runs |= _theirs(lambda z: lorenz96_step(z, jax.numpy.roll), start, k, steps)
    return _rows(f"{orbits} orbits of Lorenz 96 × {steps} updates, k = {k}", runs, repetitions)


def lorenz96_step(z, roll: Callable):
    """As `maps.lorenz96`, in the arrays of whatever library ``roll`` belongs to."""
    return maps.classical_step(z, lambda x: (roll(x, -1) - roll(x, 2)) * roll(x, 1) - x + maps.FORCING)


def _ours(step: Callable, start: torch.Tensor, k: int, updates: int) -> Callable[[], object]:
    return lambda: tangent_growth(step, start, k=k, segments=1, updates_per_segment=updates)


def _rows(what: str, runs: dict[str, Callable[[], object]], repetitions: int) -> list[Row]:
    # JAX brings threads of its own, so that the clock is that of the process
    seconds = alternating(runs, repetitions=repetitions, clock=time.process_time)
    spent = {name: statistics.median(values) for name, values in seconds.items()}
    return [
        row(
            "toys",
            f"{what}, {own}, over {name}",
            ratios(seconds, own, name),
            bar=1.0 if own == "compiled" else None,
            note=f"{spent[own]:.2f} s and {spent[name]:.2f} s of CPU",
        )
        for own in ("compiled", "torch")
        for name in runs
        if name not in ("compiled", "torch")
    ]


def from_series(*, repetitions: int = 3, points: int = 4000) -> list[Row]:
    """The largest exponent of one Hénon orbit against what nolds finds in its series of x (Rosenstein's and Eckmann's ways)."""
    nolds = _others("nolds")
    from unsettled.fixtures.systems.known import SYSTEMS

    system = SYSTEMS["henon"]
    start, known = system.starts(1), system.known[0].value
    orbit = [start]
    for _ in range(points - 1):
        orbit.append(system.step(orbit[-1]))
    series = torch.cat(orbit)[:, 0].numpy()
    found: dict[str, float] = {}

    def kept(name: str, run: Callable[[], float]) -> Callable[[], object]:
        return lambda: found.update({name: float(run())})

    step = maps.henon()
    runs = {
        "ours": kept("ours", lambda: tangent_growth(step, start, k=1, segments=1, updates_per_segment=points).exponents()),
        "lyap_r": kept("lyap_r", lambda: nolds.lyap_r(series, emb_dim=2, lag=1, min_tsep=10, trajectory_len=10)),
        "lyap_e": kept("lyap_e", lambda: nolds.lyap_e(series, emb_dim=3, matrix_dim=2, min_tsep=10)[0]),
    }
    seconds = alternating(runs, repetitions=repetitions, clock=time.process_time)
    return [
        row(
            "toys",
            f"one Hénon orbit of {points} points, k = 1, over nolds.{name}",
            ratios(seconds, "ours", name),
            bar=1.0,
            note=f"off by {found['ours'] - known:+.4f} and {found[name] - known:+.4f} nats of {known}",
        )
        for name in ("lyap_r", "lyap_e")
    ]


def from_flow(*, repetitions: int = 3, points: int = 20_000) -> list[Row]:
    """All exponents of one orbit of Lorenz 1963 over so many times `maps.STEP`, against dysts at the same points."""
    _others("dysts")
    from dysts.analysis import find_lyapunov_exponents
    from dysts.flows import Lorenz

    from unsettled.fixtures.systems.known import SYSTEMS

    system, model = SYSTEMS["lorenz-63"], Lorenz()
    model.ic, model.param_list = system.starts(1)[0].numpy(), [8 / 3, 28.0, 10.0]
    grid = dict(traj_length=points, pts_per_period=round(model.period / maps.STEP), tol=0.0)
    solver = dict(method="LSODA", rtol=1e-9, atol=1e-9)  # its default is an implicit method at 1e-12, and much slower
    found: dict[str, np.ndarray] = {}
    ours = _ours(maps.lorenz63(), system.starts(1), 3, points)
    runs = {
        "ours": lambda: found.update(ours=ours().exponents(unit="update")[0].numpy() / maps.STEP),
        "dysts": lambda: found.update(dysts=find_lyapunov_exponents(model, **grid, **solver)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it hands its solver an option that the solver does not know
        seconds = alternating(runs, repetitions=repetitions, clock=time.process_time)
    known = np.array([one.value for one in system.known])
    off = {name: ", ".join(f"{value:+.3f}" for value in values - known) for name, values in found.items()}
    return [
        row(
            "toys",
            f"one orbit of Lorenz 1963 × {points} updates, k = 3, over dysts",
            ratios(seconds, "ours", "dysts"),
            bar=1.0,
            note=f"off by {off['ours']} here, {off['dysts']} in dysts, nats per unit of time",
        )
    ]


def all_of_them(*, repetitions: int = 3) -> Iterator[Row]:
    """Every comparison of this module."""
    for compared in (henon, lorenz96, from_series, from_flow):
        yield from compared(repetitions=repetitions)


def _others(name: str):
    import importlib
    from importlib import resources

    # nolds asks for the folder of a module, which only later versions of Python take for the folder that it lies in
    files = resources.files
    inside = lambda package: files(package.rpartition(".")[0] if package == "nolds.datasets" else package)  # noqa: E731
    try:
        with patch.object(resources, "files", inside):
            return importlib.import_module(name)
    except ImportError as error:
        raise UserError(f"{error.name} is not installed", mend="pip install 'unsettled[test]'") from None
