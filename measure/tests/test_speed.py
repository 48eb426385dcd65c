"""What makes it fast changes no number: compiled QR and bookkeeping, tiles, freed memory that is kept."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from unsettled.fixtures.networks import STRUCTURES, tiny_model
from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.frame import Frame
from unsettled.measure.lyapunov.orthonormal import SMALL, orthonormalise
from unsettled.measure.lyapunov.tangents import WithJacobian
from unsettled.measure.networks import recursive


@pytest.mark.parametrize("share", [1.0, 3e-2, 2e-3, 1e-4])
@pytest.mark.parametrize(("size", "dtype"), [(5, torch.float64), (SMALL, torch.float32), (9001, torch.float32)])
def test_compiled_qr_is_householders(size, dtype, share):
    """The last row keeps only a ``share`` of its own: one pass, two passes, and Householder for it."""
    x = torch.randn(3, 4, size, dtype=dtype, generator=torch.Generator().manual_seed(0))
    x[:, 3] = x[:, 0] + share * x[:, 3]
    q, r = orthonormalise(x, method="compiled")
    theirs = orthonormalise(x, method="householder")
    unit = torch.finfo(dtype).eps
    identity = torch.eye(4, dtype=torch.float64)
    assert (q.double() @ q.double().mT - identity).abs().max() < 40 * unit
    assert (r.mT @ q.double() - x.double()).abs().max() < 40 * unit * x.abs().max()
    error = (r.diagonal(dim1=1, dim2=2) / theirs[1].diagonal(dim1=1, dim2=2) - 1).abs().max()
    assert error < 200 * unit / share


@pytest.mark.parametrize("size", [6, 700])
def test_compiled_qr_hands_on_what_is_lost_or_broken(size):
    x = torch.randn(4, 3, size)
    x[0, 1] = 0
    x[1, 2] = x[1, 0] * 2
    x[2, 0, 0] = torch.nan
    q, r = orthonormalise(x, method="compiled")
    theirs_q, theirs_r = orthonormalise(x, method="householder")
    torch.testing.assert_close(q, theirs_q, rtol=0, atol=1e-5)
    torch.testing.assert_close(r, theirs_r, rtol=1e-4, atol=1e-4, equal_nan=True)
    assert (r[0, 1, 1], r[1, 2, 2]) == (0, 0) and r[2].isnan().all()


@pytest.mark.parametrize(("k", "size"), [(1, 5000), (3, 40)])
def test_one_loop_counts_what_qr_and_bookkeeping_count(k, size):
    """Over many factors of any size, with an example that is lost on the way and one that breaks."""
    generator = torch.Generator().manual_seed(0)
    basis = orthonormalise(torch.randn(4, k, size, dtype=torch.float64, generator=generator))[0]
    fast, slow = Frame(basis, "compiled"), Frame(basis, "householder")
    for n in range(12):
        stretch = 10.0 ** torch.randint(-40, 40, (4, 1, 1), generator=generator, dtype=torch.float64)
        turn = torch.randn(4, k, k, dtype=torch.float64, generator=generator) + 3 * torch.eye(k, dtype=torch.float64)
        for frame in (fast, slow):
            tangents = stretch * turn @ frame.basis
            tangents[1] *= float(n != 5)
            tangents[2, 0, 0] += torch.nan if n == 7 else 0.0
            frame.absorb(tangents)
    torch.testing.assert_close(fast.take(), slow.take(), rtol=1e-9, atol=1e-9)
    assert fast.take().isinf().any(dim=1).tolist() == [False, False, True, False]
    assert (fast.overflow == slow.overflow).all() and (fast.basis[1] == 0).all()
    torch.testing.assert_close(fast.basis, slow.basis, rtol=0, atol=1e-9)
    for one, other in zip(fast.product(), slow.product(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_the_frames_product_is_that_of_its_factors_over_any_range():
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(60, 2, 3, 3, dtype=torch.float64, generator=generator).triu()
    factors.diagonal(dim1=2, dim2=3).abs_()
    frame = Frame(torch.eye(3, 9).expand(2, 3, 9), "householder")
    for factor in factors * torch.tensor([1e30, 1e-30], dtype=torch.float64).repeat(30)[:, None, None, None]:
        frame._accumulate(factor)
    dense = torch.eye(3, dtype=torch.float64).expand(2, 3, 3)
    for factor in factors:
        dense = factor @ dense
    triangular, log_scale = frame.product()
    assert (triangular.abs().amax(dim=2) == 1).all()
    largest = dense.abs().amax(dim=2)
    torch.testing.assert_close(triangular, dense / largest[:, :, None], rtol=0, atol=1e-12)
    torch.testing.assert_close(log_scale, largest.log(), rtol=0, atol=1e-11)
    torch.testing.assert_close(frame.take(), factors.diagonal(dim1=2, dim2=3).log().sum(dim=0), rtol=1e-9, atol=1e-9)


@torch.no_grad()
@pytest.mark.parametrize("structure", STRUCTURES)
def test_tiles_change_nothing(structure, monkeypatch):
    model = tiny_model(structure).double()
    embedded = model.embed(torch.randint(1, 6, (5, 16), generator=torch.Generator().manual_seed(1)))
    run = lambda k: tangent_growth(model.updates(embedded), model.initial_state(5), k=k, segments=2)  # noqa: E731
    whole = run(3), run(0)
    monkeypatch.setattr(recursive, "TILE_BYTES", 1)
    for one, tiled in zip(whole, (run(3), run(0)), strict=True):
        torch.testing.assert_close(one.growth, tiled.growth, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(one.state, tiled.state, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["henon", "ikeda", "standard"])
def test_a_known_jacobian_pushes_what_jvp_pushes(name):
    system = SYSTEMS[name]
    start = system.starts(3)
    known = tangent_growth(WithJacobian(system.step, system.jacobian), start, k=2, segments=20)
    torch.testing.assert_close(known.growth, tangent_growth(system.step, start, k=2, segments=20).growth)


@pytest.mark.parametrize(("environment", "kept"), [({}, "True"), ({"MALLOC_TOP_PAD_": "0"}, "False")])
def test_freed_memory_is_kept_unless_the_user_has_said_otherwise(environment, kept):
    import os

    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    code = "from unsettled.measure.support.memory import keep_freed_memory as keep; print(keep())"
    run = subprocess.run([sys.executable, "-c", code], env=clean | environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == (kept if sys.platform.startswith("linux") else "False")
