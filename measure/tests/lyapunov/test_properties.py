"""Growth of random linear cocycles, by hypothesis: structured matrices of capped conditioning that shrink to d = 1, T = 1."""

from __future__ import annotations

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.orthonormal import orthonormalise, seeded_basis
from unsettled.measure.lyapunov.singular import log_singular_values

FAST = settings(max_examples=25, deadline=None)
_SPREAD = 2.0  # nats from the largest to the smallest singular value of one matrix


@st.composite
def matrices(draw, size: int, kinds=("dense", "triangular", "diagonal", "orthogonal", "permutation")):
    """A (size, size) float64 matrix of known kind, condition number at most e^2 but for triangular ones."""
    kind = draw(st.sampled_from(kinds))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    logs = draw(st.lists(st.floats(-_SPREAD / 2, _SPREAD / 2, width=32), min_size=size, max_size=size))
    scale = torch.tensor(logs, dtype=torch.float64).exp()

    def frame():
        return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64)).Q

    if kind == "triangular":
        return torch.diag(scale) + 0.3 * torch.randn(size, size, generator=generator, dtype=torch.float64).triu(1)
    if kind == "diagonal":
        return torch.diag(scale)
    if kind == "orthogonal":
        return frame()
    if kind == "permutation":
        return torch.eye(size, dtype=torch.float64)[torch.randperm(size, generator=generator)]
    return frame() @ torch.diag(scale) @ frame()


@st.composite
def cocycles(draw, **options):
    """(T, d, d) matrices, 1 ≤ d ≤ 6, 1 ≤ T ≤ 5."""
    size, length = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    return torch.stack([draw(matrices(size, **options)) for _ in range(length)])


def run(cocycle, *, k=None, **options):
    """Growth (T, k) of one example along a cocycle."""
    size = cocycle.shape[-1]
    options = {"k": size if k is None else k, "segments": len(cocycle)} | options
    state = torch.zeros(1, size, dtype=torch.float64)
    return tangent_growth(lambda z, n: z @ cocycle[n].T, state, time_dependent=True, **options)


def product(cocycle):
    total = torch.eye(cocycle.shape[-1], dtype=torch.float64)
    for matrix in cocycle:
        total = matrix @ total
    return total


@FAST
@given(cocycles())
def test_sum_is_the_determinant(cocycle):
    log_det = torch.linalg.slogdet(cocycle).logabsdet
    assert (run(cocycle).growth[0].sum(dim=1) - log_det).abs().max() < 1e-10


@FAST
@given(cocycles(), st.integers(1, 6))
def test_prefix_is_the_shorter_run(cocycle, k):
    k = min(k, cocycle.shape[-1])
    assert (run(cocycle, k=k).growth - run(cocycle).growth[..., :k]).abs().max() < 1e-10


@FAST
@given(cocycles())
def test_majorised_by_singular_values(cocycle):
    growth = run(cocycle)
    singular = torch.linalg.svdvals(product(cocycle)).log()
    assert (growth.growth[0].sum(dim=0).cumsum(dim=0) <= singular.cumsum(dim=0) + 1e-10).all()
    assert (growth.singular_exponents()[0] * len(cocycle) - singular).abs().max() < 1e-10


@FAST
@given(cocycles(), st.floats(-20, 20))
def test_scaling_by_any_factor(cocycle, log_factor):
    shifted = run(cocycle * math.exp(log_factor)).growth
    assert (shifted - run(cocycle).growth - log_factor).abs().max() < 1e-10


@FAST
@given(cocycles(), st.integers(0, 1000))
def test_orthogonal_frames_do_not_matter(cocycle, seed):
    size = cocycle.shape[-1]
    frames = [seeded_basis(size, size, seed + n, dtype=torch.float64) for n in range(len(cocycle) + 1)]
    turned = torch.stack([frames[n + 1] @ matrix @ frames[n].T for n, matrix in enumerate(cocycle)])
    basis = seeded_basis(size, size, 0, dtype=torch.float64)
    assert (run(turned, basis=basis @ frames[0].T).growth - run(cocycle, basis=basis).growth).abs().max() < 1e-10


@FAST
@given(cocycles(kinds=("triangular", "diagonal")))
def test_triangular_growth_is_the_diagonal_by_index(cocycle):
    growth = run(cocycle, basis=torch.eye(cocycle.shape[-1], dtype=torch.float64)).growth[0]
    assert (growth - cocycle.diagonal(dim1=1, dim2=2).abs().log()).abs().max() < 1e-10


@FAST
@given(cocycles(kinds=("orthogonal", "permutation")), st.floats(0.01, 100))
def test_conformal_growth_is_the_factor(cocycle, factor):
    assert (run(factor * cocycle).growth - math.log(factor)).abs().max() < 1e-10


@FAST
@given(cocycles())
def test_backwards_is_minus_the_growth_by_index(cocycle):
    forwards = run(cocycle)
    backwards = run(torch.linalg.inv(cocycle).flip(0), basis=forwards.basis)
    assert (backwards.growth.flip(1) + forwards.growth).abs().max() < 1e-8


@FAST
@given(cocycles(kinds=("dense", "orthogonal")), st.data())
def test_rank_deficiency_is_exactly_so_many_lost(cocycle, data):
    size = cocycle.shape[-1]
    rank, when = data.draw(st.integers(0, size)), data.draw(st.integers(0, len(cocycle) - 1))
    seed = data.draw(st.integers(0, 1000))
    span = seeded_basis(size, rank, seed, dtype=torch.float64)
    cocycle = cocycle.clone()
    cocycle[when] = span.T @ span @ cocycle[when]
    growth = run(cocycle)
    assert growth.lost.item() == size - rank
    lost = growth.growth[0] == -torch.inf
    assert not lost[:when].any() and (lost[when:].sum(dim=1) == size - rank).all()


@FAST
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**31), st.floats(-5, 0))
def test_methods_agree_and_rebuild_their_input(k, extra, seed, log_gap):
    x = torch.randn(3, k, k + extra, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    x[:, -1] = x[:, 0] + math.exp(log_gap) * x[:, -1]  # nearly dependent
    for method in ("householder", "cholesky"):
        q, r = orthonormalise(x, method=method)
        assert (q @ q.mT - torch.eye(k)).abs().max() < 1e-12
        assert (r.mT @ q - x).abs().max() < 1e-12 * x.abs().max()
        assert (r.diagonal(dim1=1, dim2=2) > 0).all() and r.tril(-1).abs().max() == 0
    assert (orthonormalise(x, method="cholesky")[1] - orthonormalise(x, method="householder")[1]).abs().max() < 1e-9


@FAST
@given(st.integers(1, 6), st.integers(0, 2**31), st.floats(0, 300))
def test_log_singular_values_survive_any_grading(size, seed, spread):
    """A graded matrix diag(e^s)·X: compared with the same computation shifted into range, σ(c·A) = c·σ(A)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(1, size, size, generator=generator, dtype=torch.float64)
    scale = torch.linspace(spread, -spread, size, dtype=torch.float64)[None]
    found = log_singular_values(rows, scale)
    assert (found.diff(dim=1) <= 0).all()
    assert abs((found.sum() - scale.sum() - torch.linalg.slogdet(rows).logabsdet).item()) < 1e-9
    if spread < 3:
        dense = torch.linalg.svdvals(scale.exp().unsqueeze(2) * rows).log()
        assert (found - dense).abs().max() < 1e-6
    assert torch.allclose(log_singular_values(rows, scale + 1e5), found + 1e5, atol=1e-9)
