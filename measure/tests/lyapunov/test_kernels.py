"""The compiled loops against plain numpy, one example after the other: factors, Gram-Schmidt, and the frame's bookkeeping."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.measure.lyapunov import kernels

LEAST = np.finfo(np.float64).eps ** 0.5


def rows(k: int, size: int, *, batch: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((batch, k, size))


def naive_qr(x):
    """Q and R of the rows of one example with R_ii ≥ 0, by LAPACK."""
    q, r = np.linalg.qr(x.T)
    sign = np.where(np.diag(r) < 0, -1.0, 1.0)
    return (q * sign).T, r * sign[:, None]


@pytest.mark.parametrize("shape", [(1, 3), (3, 3), (4, 30)])
def test_gram_schmidt_matches_naive(shape):
    x = rows(*shape)
    q, r = np.empty_like(x), np.empty((len(x), shape[0], shape[0]))
    assert kernels.gram_schmidt(x, q, r, LEAST).all()
    for one, mine, factor in zip(x, q, r, strict=True):
        wanted, triangle = naive_qr(one)
        np.testing.assert_allclose(mine, wanted, atol=1e-12)
        np.testing.assert_allclose(factor, triangle, atol=1e-12)


def test_gram_schmidt_says_which_examples_it_left_undone():
    x = rows(3, 6)
    x[1, 2] = 2 * x[1, 0] - x[1, 1]
    x[2, 0] = 0.0
    x[3, 1, 4] = np.nan
    done = kernels.gram_schmidt(x, np.empty_like(x), np.empty((5, 3, 3)), LEAST)
    assert done.tolist() == [True, False, False, False, True]


@pytest.mark.parametrize("k", [1, 2, 6])
def test_factorise_matches_naive(k):
    x = rows(k, 20)
    gram = x @ x.transpose(0, 2, 1)
    lower, inverse = np.empty_like(gram), np.empty_like(gram)
    share = kernels.factorise(gram, lower, inverse)
    for one, factor, undone, least in zip(gram, lower, inverse, share, strict=True):
        np.testing.assert_allclose(factor, np.linalg.cholesky(one), atol=1e-12)
        np.testing.assert_allclose(undone, np.linalg.inv(np.linalg.cholesky(one)), atol=1e-12)
        assert least == pytest.approx((np.diag(factor) / np.sqrt(np.diag(one))).min())
    broken = np.array([[[1.0, 1.0], [1.0, 1.0]], [[np.nan, 0.0], [0.0, 1.0]]])
    assert kernels.factorise(broken, np.empty((2, 2, 2)), np.empty((2, 2, 2))).tolist() == [0.0, 0.0]


def blank(batch: int, k: int) -> list[np.ndarray]:
    """Growth, stretch, triangular and log_scale of a frame that has counted nothing."""
    return [np.zeros((batch, k)), np.ones((batch, k)), np.tile(np.eye(k), (batch, 1, 1)), np.zeros((batch, k))]


def read(kept: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    growth, stretch, triangular, log_scale = kept
    return growth + np.log(stretch), np.exp(log_scale)[:, :, None] * triangular


@pytest.mark.parametrize("scale", [1.0, 1e-40, 1e40])  # beyond the range in which a product is kept as it is
def test_accumulate_matches_naive(scale):
    rng, kept, overflow = np.random.default_rng(1), blank(4, 3), np.zeros(4, bool)
    factors = [np.triu(rng.standard_normal((4, 3, 3))) for _ in range(6)]
    for factor in factors:
        factor[:, range(3), range(3)] = np.abs(factor[:, range(3), range(3)]) + 0.1
        kernels.accumulate(scale * factor, *kept, overflow)
    growth, product = kept[0] + np.log(kept[1]), kept[2] * np.exp(kept[3] - 6 * np.log(scale))[:, :, None]
    naive = np.tile(np.eye(3), (4, 1, 1))
    for factor in factors:
        naive = factor @ naive
    np.testing.assert_allclose(product, naive, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(growth, sum(np.log(f[:, range(3), range(3)]) for f in factors) + 6 * np.log(scale), rtol=1e-12)
    assert not overflow.any()


def test_accumulate_leaves_an_example_with_nan_as_it_was():
    kept, overflow = blank(2, 2), np.zeros(2, bool)
    factor = np.array([[[2.0, 1.0], [0.0, 3.0]], [[np.nan, 1.0], [0.0, 3.0]]])
    kernels.accumulate(factor, *kept, overflow)
    growth, product = read(kept)
    assert overflow.tolist() == [False, True]
    np.testing.assert_allclose(growth, [[np.log(2), np.log(3)], [0, 0]], rtol=1e-15)
    np.testing.assert_allclose(product, [factor[0], np.eye(2)], rtol=1e-15)


def test_absorb_matches_gram_schmidt_and_accumulate():
    x = rows(3, 7, seed=2)
    x[1, 2] = x[1, 0]
    together, apart = blank(5, 3), blank(5, 3)
    q, other, r = np.empty_like(x), np.empty_like(x), np.empty((5, 3, 3))
    done, number = kernels.absorb(x, q, LEAST, *together)
    undone = ~kernels.gram_schmidt(x, other, r, LEAST)
    parts = [array[~undone] for array in apart]
    kernels.accumulate(r[~undone], *parts, np.zeros(4, bool))
    assert number == 4 and done.tolist() == (~undone).tolist() == [True, False, True, True, True]
    np.testing.assert_array_equal(q[done], other[done])
    for array, part, untouched in zip(together, parts, blank(5, 3), strict=True):
        np.testing.assert_array_equal(array[done], part)
        np.testing.assert_array_equal(array[~done], untouched[~done])
