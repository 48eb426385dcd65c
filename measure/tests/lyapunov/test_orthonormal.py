"""All ways to orthonormalise against 50-digit arithmetic, and the seeded start."""

from __future__ import annotations

import mpmath
import pytest
import torch

from unsettled.measure.lyapunov.orthonormal import default_method, in_one_loop, least_share, orthonormalise, seeded_basis

METHODS = ("householder", "cholesky", "compiled")


def naive(x):
    """Q and R of the rows of one example by classical Gram-Schmidt in 50 digits."""
    with mpmath.workdps(50):
        given = [[mpmath.mpf(value) for value in row] for row in x.tolist()]
        q, r = [], mpmath.zeros(len(given))
        for j, row in enumerate(given):
            left = row
            for i, unit in enumerate(q):
                r[i, j] = mpmath.fdot(unit, row)
                left = [a - r[i, j] * b for a, b in zip(left, unit, strict=True)]
            r[j, j] = mpmath.sqrt(mpmath.fdot(left, left))
            q.append([value / r[j, j] for value in left])
        return torch.tensor([[float(v) for v in row] for row in q], dtype=torch.float64), torch.tensor(
            [[float(v) for v in row] for row in r.tolist()], dtype=torch.float64
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1, 5), (3, 3), (4, 40), (5, 300)])
@pytest.mark.parametrize("method", METHODS)
def test_orthonormalise_matches_naive(method, shape, dtype):
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)
    q, r = orthonormalise(x, method=method)
    assert q.dtype == dtype and r.dtype == torch.float64
    tolerance = 64 * torch.finfo(dtype).eps
    for one, mine, factor in zip(x, q, r, strict=True):
        wanted, triangle = naive(one)
        torch.testing.assert_close(mine.double(), wanted, rtol=0, atol=tolerance)
        torch.testing.assert_close(factor, triangle, rtol=0, atol=tolerance * shape[1] ** 0.5)


@pytest.mark.parametrize("method", METHODS)
def test_a_dependent_row_is_lost_and_disturbs_no_other(method):
    x = torch.randn(1, 4, 20, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    x[0, 2] = 3 * x[0, 0] - x[0, 1]
    q, r = orthonormalise(x, method=method)
    wanted, triangle = naive(x[0, [0, 1, 3]])
    assert r[0, 2, 2] == 0 and not q[0, 2].any()
    torch.testing.assert_close(q[0, [0, 1, 3]], wanted, rtol=0, atol=1e-12)
    torch.testing.assert_close(r[0, [0, 1, 3]][:, [0, 1, 3]], triangle, rtol=0, atol=1e-11)


def test_the_first_rows_of_a_seeded_basis_do_not_depend_on_k():
    few, many = (seeded_basis(30, k, 7, dtype=torch.float64) for k in (2, 6))
    assert torch.equal(few, many[:2]) and not torch.equal(few, seeded_basis(30, 2, 8, dtype=torch.float64))
    torch.testing.assert_close(many @ many.T, torch.eye(6, dtype=torch.float64), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [6, 300])
@pytest.mark.parametrize("method", METHODS)
def test_rows_whose_squares_overflow_are_kept(method, size):
    x = torch.randn(3, 3, size, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    scale = torch.tensor([1.0, 2.0**600, 2.0**1000], dtype=torch.float64)[:, None, None]
    q, r = orthonormalise(x, method=method)
    far, triangle = orthonormalise(x * scale, method=method)
    torch.testing.assert_close(far, q, rtol=0, atol=1e-13)
    torch.testing.assert_close(triangle / scale, r, rtol=0, atol=1e-12)
    lost = orthonormalise(torch.full_like(x, torch.inf), method=method)
    assert lost[1].isnan().all() and not lost[0].any()


@pytest.mark.parametrize("size", [6, 300])
@pytest.mark.parametrize("method", METHODS)
def test_a_row_is_kept_by_what_it_has_of_its_own_and_lost_where_that_is_rounding(method, size):
    """Of a copy with an added part of its own: one in a thousand is kept, one in 10¹⁶ is rounding; a short row alone is no copy."""
    q = seeded_basis(size, 3, 3, dtype=torch.float64)
    for own, kept in ((1e-3, True), (1e-9, True), (1e-17, False), (0.0, False)):
        x = torch.stack((q[0], q[1], q[0] + q[1] + own * q[2]))[None]
        found, r = orthonormalise(x, method=method)
        assert bool(r[0, 2, 2] > 0) == kept and bool(found[0, 2].any()) == kept
        assert not kept or r[0, 2, 2].item() == pytest.approx(own, rel=1e-5)
        assert r[0, :2, 2].tolist() == pytest.approx([1.0, 1.0]) and (r[0].tril(-1) == 0).all()
    short = orthonormalise(torch.stack((q[0], 1e-30 * q[1], 1e-12 * (q[1] + q[2])))[None], method=method)[1][0]
    assert short.diagonal().tolist() == pytest.approx([1.0, 1e-30, 1e-12]) and short[1, 2].item() == pytest.approx(1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_examples_of_a_batch_do_not_hang_on_each_other(method):
    x = torch.randn(4, 3, 200, generator=torch.Generator().manual_seed(6), dtype=torch.float32)
    x[1, 2] = x[1, 0]
    x[2, 1, 5] = torch.nan
    q, r = orthonormalise(x, method=method)
    for row in range(4):
        alone = orthonormalise(x[row : row + 1], method=method)
        torch.testing.assert_close(q[row], alone[0][0], rtol=1e-6, atol=1e-6, equal_nan=True)
        torch.testing.assert_close(r[row], alone[1][0], rtol=1e-6, atol=1e-6, equal_nan=True)
    assert r[1, 2, 2] == 0 and r[2].isnan().all() and not q[2].any() and q.dtype == torch.float32 and r.dtype == torch.float64
    torch.testing.assert_close(r[0].mT.float() @ q[0], x[0], rtol=1e-5, atol=1e-5)
    zero = orthonormalise(torch.zeros(2, 3, 200), method=method)
    assert not zero[0].any() and not zero[1].any()


def test_the_method_is_what_suits_the_device_and_small_or_lone_tangents_are_looped():
    assert [default_method(torch.device(name)) for name in ("cpu", "cuda", "meta")] == ["compiled", "cholesky", "householder"]
    assert [in_one_loop(k, size) for k, size in ((1, 10**6), (2, 128), (2, 129), (5, 1))] == [True, True, False, True]
    assert least_share(torch.float64) == torch.finfo(torch.float64).eps ** 0.5


def test_long_rows_of_float32_are_summed_piece_by_piece_in_float64():
    """At once, a row of 300,000 entries loses two more digits."""
    x = torch.rand(1, 2, 300_000, generator=torch.Generator().manual_seed(0)) + 1
    _, r = orthonormalise(x, method="compiled")
    exact = torch.linalg.cholesky(x.double() @ x.double().mT).mT
    assert ((r - exact).abs().max() / exact.abs().max()) < 4e-7
